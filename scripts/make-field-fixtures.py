"""Writes test/fixtures/fields: two drawn fields (A and B) with label images of cells and nuclei, field A in every kind of
file that is read. expected.npy holds the crops and expected-masks.npy the masks that numpy cuts out, expected.json what
scikit-image measures (regionprops) and where the windows lie.

Run with Python 3.11 and scripts/make-field-fixtures.txt:
    python scripts/make-field-fixtures.py
"""

import json
import shutil
from pathlib import Path

import numpy as np
import tifffile
from skimage.measure import regionprops

OUT = Path(__file__).parent.parent / "test/fixtures/fields"
HEIGHT, WIDTH = 48, 66
SIDE = 16
CHANNELS = ["DNA", "ER"]


def draw(number):
    """Pixels (2 x HEIGHT x WIDTH, uint16), labels of cells and of nuclei. Labels have gaps; some cells touch each other,
    some the edge; cell 7 has two nuclei, cell 9 none."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    cells = np.zeros((HEIGHT, WIDTH), "i8")
    nuclei = np.zeros((HEIGHT, WIDTH), "i8")
    nucleus = 100
    label = 0
    for row in range(8, HEIGHT, 12):
        for column in range(2 if row == 8 else 9, WIDTH, 13):
            label += 2 if label == 3 else 1
            r, c = row + rng.integers(-2, 3), column + rng.integers(-2, 3)
            shape = np.hypot((y - r) * rng.uniform(0.9, 1.2), x - c) < rng.uniform(4, 6.5)
            cells[shape & (cells == 0)] = label
            places = {7: [(-2, 0), (2, 0)], 9: []}.get(label, [(0, 0)])
            for dr, dc in places:
                nucleus += 1
                nuclei[(np.hypot(y - r - dr, x - c - dc) < 1.8) & (cells == label)] = nucleus
    pixels = rng.integers(90, 110, (2, HEIGHT, WIDTH)) + 20 * x // WIDTH
    pixels[0] += 900 * (nuclei > 0) + cells
    pixels[1] += 300 * (cells > 0) + 7 * cells
    return pixels.astype("u2"), cells, nuclei


def cut(plane, top, left):
    return plane[top : top + SIDE, left : left + SIDE]


def window(region):
    return [int(np.floor(center - (SIDE - 1) / 2 + 0.5)) for center in region.centroid]


def describe(cells, nuclei):
    """What scikit-image says of every cell, and numpy of its window and nuclei."""
    owner = {}
    for nucleus in np.unique(nuclei[nuclei > 0]):
        counts = np.bincount(cells[nuclei == nucleus])
        counts[0] = 0
        owner[int(nucleus)] = int(counts.argmax()) if counts.any() else 0
    found = []
    for region in regionprops(cells):
        top, left = window(region)
        bottom, right = region.bbox[2:]
        found.append(
            {
                "label": int(region.label),
                "row": float(region.centroid[0]),
                "column": float(region.centroid[1]),
                "area": int(region.area),
                "atEdge": min(region.bbox[:2]) == 0 or bottom == HEIGHT or right == WIDTH,
                "whole": top >= 0 and left >= 0 and top + SIDE <= HEIGHT and left + SIDE <= WIDTH,
                "nuclei": [n for n, cell in owner.items() if cell == region.label],
            }
        )
    return found


def save(path, data, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, data, metadata=options.pop("metadata", None), **options)


def plain(fields):
    """A TIFF per channel, uint16 labels; the manifest says plate, well and site."""
    rows = ["File_DNA,File_ER,Labels_Cells,Labels_Nuclei,Plate,Well,Site,Protein,Dose"]
    for name, (pixels, cells, nuclei) in fields.items():
        for channel, plane in zip(CHANNELS, pixels):
            save(OUT / f"plain/{name}_{channel}.tif", plane, compression="deflate")
        save(OUT / f"plain/{name}_cells.tif", cells.astype("u2"), compression="deflate")
        save(OUT / f"plain/{name}_nuclei.tif", nuclei.astype("u2"), compression="deflate")
        well, dose = {"A": ("B02", 0.5), "B": ("B03", 2)}[name]
        rows.append(f"{name}_DNA.tif,{name}_ER.tif,{name}_cells.tif,{name}_nuclei.tif,P1,{well},1,drug{name},{dose}")
    (OUT / "plain/fields.csv").write_text("\n".join(rows) + "\n")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    fields = {name: draw(n) for n, name in enumerate("AB")}
    expected = {name: describe(cells, nuclei) for name, (_, cells, nuclei) in fields.items()}
    crops, masks = [], []
    for name, (pixels, cells, _) in fields.items():
        for region in regionprops(cells):
            top, left = window(region)
            padded = np.pad(pixels, ((0, 0), (SIDE, SIDE), (SIDE, SIDE)), mode="edge")
            labels = np.pad(cells, SIDE)
            crops.append(np.stack([cut(plane, top + SIDE, left + SIDE) for plane in padded]))
            seen = cut(labels, top + SIDE, left + SIDE)
            masks.append(np.where(seen == 0, 0, np.where(seen == region.label, 1, 2)))
    np.save(OUT / "expected.npy", np.stack(crops).astype("f4"))
    np.save(OUT / "expected-masks.npy", np.stack(masks).astype("u1"))
    (OUT / "expected.json").write_text(json.dumps({"side": SIDE, "fields": expected}, indent=1) + "\n")
    plain(fields)


if __name__ == "__main__":
    main()
