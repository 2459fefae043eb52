import { CHANNEL_COLORS, type ChannelColor } from "./look.ts";

/** A cell of the list, and where it is in the store. */
export interface NapariCell {
  readonly row: number;
  readonly id: string;
  readonly class: string;
}

/** A composite of the file that lies beside the script. */
export interface NapariComposite {
  /** Place of its cell among the cells of the script. */
  readonly cell: number;
  readonly label: string;
}

export interface NapariRequest {
  readonly title: string;
  readonly channels: readonly string[];
  readonly colors: readonly ChannelColor[];
  /** Of the store. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly masks: boolean;
  readonly cells: readonly NapariCell[];
  readonly composites: readonly NapariComposite[];
  /** Name of the file that holds the composites. */
  readonly file: string;
}

/** Text of JSON is text of Python, but for lone halves of characters. */
const python = (value: string | number | readonly unknown[]): string =>
  JSON.stringify(value).replaceAll("\u007f", "\\u007f");

const lines = (rows: readonly (readonly unknown[])[]): string =>
  rows.length === 0 ? "[]" : `[\n${rows.map((row) => `    ${python(row)},\n`).join("")}]`;

/**
 * A program in Python that opens cells in napari: their crops and masks from the cell store, by row, and their
 * composites from a file beside it.
 */
export function napariScript(of: NapariRequest): string {
  const known = of.colors.map((color) => (color in CHANNEL_COLORS ? color : "gray"));
  return `"""Opens cells that were chosen in cellswap's explorer in napari.

pip install "napari[all]"
python THIS_FILE CELLS              CELLS: the folder of the cell store (crops.npy, masks.npy)
python THIS_FILE CELLS --check      prints what would be shown; needs numpy alone

Composites are shown where their file (COMPOSITES below) lies beside this one.
"""
import argparse
import sys
from pathlib import Path

import numpy as np

TITLE = ${python(of.title)}
CHANNELS = ${python(of.channels)}
COLORMAPS = ${python(known)}
# Of the cell store: cells, channels, height, width.
SHAPE = (${of.count}, ${of.channels.length}, ${of.height}, ${of.width})
HAS_MASKS = ${of.masks ? "True" : "False"}
COMPOSITES = ${python(of.file)}
# Row of the store, id, class.
CELLS = ${lines(of.cells.map((c) => [c.row, c.id, c.class]))}
# Place in CELLS, what is shown.
FRAMES = ${lines(of.composites.map((c) => [c.cell, c.label]))}


def opened(path, shape):
    """A .npy file, read where it is looked at."""
    try:
        array = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        sys.exit(f"{path} cannot be read: {error}")
    if array.shape != shape:
        sys.exit(f"{path} has the shape {array.shape}, and not {shape}: it belongs to another study.")
    return array


def read(store):
    """Originals, masks and composites, frame by frame, and what each frame shows; None for what there is not."""
    crops = opened(store / "crops.npy", SHAPE)
    masks = opened(store / "masks.npy", SHAPE[:1] + SHAPE[2:]) if HAS_MASKS else None
    file = Path(__file__).resolve().parent / COMPOSITES
    composites = opened(file, (len(FRAMES),) + SHAPE[1:]) if FRAMES and file.exists() else None
    if composites is None:
        frames = [(place, "original") for place in range(len(CELLS))]
    else:
        frames = FRAMES
    rows = [CELLS[place][0] for place, _ in frames]
    labels = [f"{CELLS[place][1]} ({CELLS[place][2]}): {label}" for place, label in frames]
    return crops[rows], None if masks is None else masks[rows], composites, labels


def limits(channel):
    low, high = np.percentile(channel, [1, 99.7])
    return float(low), float(max(high, low + 1e-6))


def show(originals, masks, composites, labels):
    import napari

    viewer = napari.Viewer(title=TITLE)
    for c, (name, colormap) in enumerate(zip(CHANNELS, COLORMAPS)):
        style = dict(colormap=colormap, blending="additive", contrast_limits=limits(originals[:, c]))
        viewer.add_image(originals[:, c], name=f"{name}, original", visible=composites is None, **style)
        if composites is not None:
            viewer.add_image(np.asarray(composites[:, c]), name=f"{name}, composite", **style)
    if masks is not None:
        viewer.add_labels(masks, name="mask (1: the cell, 2: neighbors)", opacity=0.3, visible=False)
    viewer.text_overlay.visible = True

    def name_frame(event=None):
        frame = viewer.dims.current_step[0]
        if frame < len(labels):
            viewer.text_overlay.text = labels[frame]

    viewer.dims.events.current_step.connect(name_frame)
    viewer.dims.set_current_step(0, 0)
    name_frame()
    napari.run()


def main():
    parser = argparse.ArgumentParser(description="Opens chosen cells in napari.")
    parser.add_argument("store", type=Path, help="folder of the cell store")
    parser.add_argument("--check", action="store_true", help="print what would be shown")
    given = parser.parse_args()
    originals, masks, composites, labels = read(given.store)
    if not given.check:
        return show(originals, masks, composites, labels)
    print("originals", *originals.shape)
    print("masks", *(() if masks is None else masks.shape))
    print("composites", *(() if composites is None else composites.shape))
    for c, name in enumerate(CHANNELS):
        print("sum", c, f"{float(originals[:, c].sum(dtype=np.float64)):.6g}")
    for label in labels:
        print(label)


if __name__ == "__main__":
    main()
`;
}

/** First bytes of a .npy file of float32 values (numpy.lib.format, version 1.0). */
export function float32Header(shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  const length = 64 * Math.ceil((10 + text.length + 1) / 64);
  const bytes = new Uint8Array(length).fill(32);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, (length - 10) & 255, (length - 10) >> 8]);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[length - 1] = 10;
  return bytes;
}
