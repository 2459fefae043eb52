import { decodeFloat16 } from "../../core/float16.ts";
import { DataError, StudyError } from "../../errors.ts";
import type { Decoded } from "../../files/numbers.ts";
import { checkSize } from "../../image/planes.ts";
import { normalizeMask } from "../../masks/label-mask.ts";
import type { MaskKind } from "../../types.ts";
import { cropTypeOfNumbers, emptyCrop } from "../crop-type.ts";
import type { CellPixels, CellSource } from "../importer.ts";
import type { CellMetadata } from "../metadata/cells.ts";
import { type RowArray, rowReader } from "../readers/row-array.ts";

/** How the numbers of one crop lie in a row: planes, height and width, and the steps from one to the next. */
export interface StackLayout {
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly steps: readonly [plane: number, row: number, column: number];
}

/** Axes as they are written, first the cells: `NCHW`, `NHWC`, `NHW`; Y and X may stand for H and W. */
const AXES = /^N(?=[CHW]*$)(?!.*(.).*\1)(?=.*H)(?=.*W)/;
/** Most planes that are taken for channels where nobody says which axis they are. */
const MOST_PLANES = 32;

/**
 * Reads axes such as `NCHW` for an array of this shape.
 * @throws StudyError where they are no axes of crops; DataError where the array has another number of dimensions.
 */
export function layoutOf(axes: string, shape: readonly number[], path: string): StackLayout {
  const names = axes.toUpperCase().replaceAll("Y", "H").replaceAll("X", "W");
  if (!AXES.test(names))
    throw new StudyError(
      `${axes} are no axes of crops; write N, C, H, W in their order, N first: NCHW, NHWC, NHW`,
    );
  if (names.length !== shape.length)
    throw new DataError(
      `is ${shape.join(" x ")}, which are not the axes ${axes}; give --axes of ${shape.length} letters`,
      {
        path,
      },
    );
  const length = (axis: string) => (names.includes(axis) ? shape[names.indexOf(axis)] : 1);
  const step = (axis: string) =>
    names.includes(axis) ? shape.slice(names.indexOf(axis) + 1).reduce((a, b) => a * b, 1) : 0;
  const layout = {
    planes: length("C"),
    height: length("H"),
    width: length("W"),
    steps: [step("C"), step("H"), step("W")],
  } as const;
  checkSize(layout.planes, layout.height, layout.width, path);
  return layout;
}

/**
 * The axes of an array of crops whose order nobody said: NHW of three; of four, the axis that is as long as there are
 * channel names, or that is short (at most 32) where the other two are alike.
 * @throws DataError where both could be.
 */
export function guessAxes(shape: readonly number[], channels: number | null, path: string): string {
  const ask = (why: string) =>
    new DataError(`is ${shape.join(" x ")}: ${why}; say --axes NCHW or --axes NHWC`, { path });
  if (shape.length === 3) return "NHW";
  if (shape.length !== 4)
    throw new DataError(
      `is ${shape.join(" x ") || "one number"}; crops are N x C x H x W, N x H x W x C or N x H x W`,
      { path },
    );
  const [, a, b, c] = shape;
  const first = channels === null ? a <= MOST_PLANES && b === c : a === channels;
  const last = channels === null ? c <= MOST_PLANES && a === b : c === channels;
  if (first && last) throw ask("channels may be first or last");
  if (!first && !last)
    throw channels === null
      ? ask("which axis holds the channels is not clear")
      : ask(`no axis is as long as there are channel names (${channels})`);
  return first ? "NCHW" : "NHWC";
}

/** Where the pixels of a set of crops are. */
export interface Stack {
  readonly crops: RowArray;
  readonly layout: StackLayout;
  /** Planes that are channels, in the order of the channels. */
  readonly channelPlanes: readonly number[];
  /** Plane of the crops that is the mask; null where there is none. */
  readonly maskPlane?: number | null;
  /** Masks in an array of their own. */
  readonly masks?: { readonly array: RowArray; readonly layout: StackLayout } | null;
  /** What the masks are said to know; `center` drops labels of other cells. */
  readonly kind?: MaskKind | undefined;
}

/** Crops that stand in one array, all planes but those of masks being channels, with what is known of the cells. */
export function stackSource(
  source: Pick<CellSource, "source" | "path" | "channels"> & { readonly close: () => void },
  stack: Omit<Stack, "channelPlanes" | "maskPlane">,
  metadata: CellMetadata,
): CellSource {
  const { path, channels } = source;
  const read = stackReader({ ...stack, channelPlanes: channels.map((_, c) => c) });
  return {
    ...source,
    masks: stack.masks == null ? "none" : (stack.kind ?? "auto"),
    count: stack.crops.shape[0],
    notes: metadata.notes,
    record: metadata.record,
    file: (row) => `${path}: cell ${String(metadata.record(row).Metadata_Cell)}`,
    inputs: () => [path, ...(stack.masks == null ? [] : [stack.masks.array.path])],
    read: async (row) => read(row),
  };
}

/** Reads the crops of a stack one after the other. */
export function stackReader(stack: Stack): (row: number) => CellPixels {
  const { crops, layout, channelPlanes, maskPlane = null, masks = null, kind } = stack;
  const { height, width } = layout;
  const size = height * width;
  const type = cropTypeOfNumbers(crops.type);
  const half = type === "float16";
  const row = rowReader(crops, (length) => emptyCrop(type, length));
  const maskType = masks === null ? type : cropTypeOfNumbers(masks.array.type);
  // Labels beyond 2^24 stay apart in float64.
  const make = (length: number) =>
    maskType === "uint8" || maskType === "uint16" ? emptyCrop(maskType, length) : new Float64Array(length);
  const maskRow = masks === null ? null : rowReader(masks.array, make);
  const labels = masks === null ? emptyCrop(type, size) : make(size);
  return (cell) => {
    const values = row(cell);
    const crop = emptyCrop(type, channelPlanes.length * size);
    for (const [c, plane] of channelPlanes.entries())
      copyPlane(values, layout, plane, crop.subarray(c * size, (c + 1) * size));
    if (kind === "none" || (maskPlane === null && masks === null))
      return { height, width, crop, mask: null, half };
    if (masks !== null && maskRow !== null) copyPlane(maskRow(cell), masks.layout, 0, labels);
    else copyPlane(values, layout, maskPlane as number, labels);
    const path = `${masks?.array.path ?? crops.path}: row ${cell}`;
    const data = half && masks === null ? labelsOfHalves(labels as Uint16Array) : labels;
    const mask = normalizeMask({ planes: 1, height, width, data }, path);
    if (kind === "center") for (let p = 0; p < size; p++) if (mask[p] === 2) mask[p] = 0;
    return { height, width, crop, mask, half };
  };
}

const HALF_ONE = 0x3c00;

/** Labels that are stored as half-precision floats, mostly 0 and 1. */
function labelsOfHalves(bits: Uint16Array): Uint8Array | Float32Array {
  const binary = new Uint8Array(bits.length);
  let others = 0;
  for (let p = 0; p < bits.length; p++) {
    const one = bits[p] === HALF_ONE ? 1 : 0;
    binary[p] = one;
    others |= one === 1 ? 0 : bits[p];
  }
  if (others === 0) return binary;
  const labels = new Float32Array(bits.length);
  decodeFloat16(bits, labels);
  return labels;
}

/** Checks that masks fit the crops. @throws DataError where they do not. */
export function checkMasks(masks: RowArray, layout: StackLayout, crops: RowArray, own: StackLayout): void {
  if (
    layout.planes !== 1 ||
    layout.height !== own.height ||
    layout.width !== own.width ||
    masks.shape[0] !== crops.shape[0]
  )
    throw new DataError(
      `is ${masks.shape.join(" x ")}, its crops ${crops.path} are ${crops.shape.join(" x ")}; a mask is needed for every crop, of its height and width`,
      { path: masks.path },
    );
}

function copyPlane(
  values: Decoded,
  { height, width, steps }: StackLayout,
  plane: number,
  out: Decoded,
): void {
  const [planeStep, rowStep, columnStep] = steps;
  if (columnStep === 1 && rowStep === width) {
    out.set(values.subarray(plane * planeStep, plane * planeStep + out.length));
    return;
  }
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0, at = plane * planeStep + y * rowStep; x < width; x++, at += columnStep)
      out[to++] = values[at];
}

/**
 * Names of channels for so many planes.
 * @throws StudyError where none are given for several planes, or other than there are, or one comes twice.
 */
export function checkChannels(
  given: readonly string[] | undefined,
  planes: number,
  path: string,
): readonly string[] {
  if (given === undefined)
    throw new StudyError(
      `${path}: has ${planes} channel${planes === 1 ? "" : "s"}; name ${planes === 1 ? "it: --channels GFP" : "them in order: --channels A,B,..."}`,
    );
  if (given.length !== planes)
    throw new StudyError(
      `${path}: has ${planes} channel${planes === 1 ? "" : "s"}, --channels names ${given.length} (${given.join(", ")}); name each once`,
    );
  const twin = given.find((c, i) => given.findIndex((d) => d.toLowerCase() === c.toLowerCase()) < i);
  if (twin !== undefined) throw new StudyError(`--channels names ${twin} twice; rename one`);
  return given;
}
