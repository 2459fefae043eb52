"""Cell stores written by `cellswap simulate`, scaled per field, and composites of them."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import scipy.ndimage as ndi

CLIP = (-1.0, 6.0)  # as `clip` of a study, in units of the field
# Lengths for cells of 32 px, in proportion to the cells of a store (`unit`):
HALO = 3  # removed around the donor's center cell
GAP = 6  # from any cell that a pixel used for filling keeps
SIGMA = 1.0  # soft edge


class Cells:
    """x (n, channels, side, side) float32 after scaling, mask (n, side, side), and who the cells are."""

    def __init__(self, path):
        path = Path(path)
        self.manifest = json.loads((path / "cells.json").read_text())
        self.unit = self.manifest.get("diameter", min(self.manifest["height"], self.manifest["width"]) / 2) / 32
        table = pq.read_table(path / "metadata.parquet").to_pydict()
        self.protein = np.array(table["Metadata_Protein"])
        self.field = np.array(table["Metadata_Field"])
        self.localization = np.array(table["Metadata_Localization"])
        self.mask = np.load(path / "masks.npy")
        self.x = np.load(path / "crops.npy")
        for field in np.unique(self.field):
            rows = np.flatnonzero(self.field == field)
            for c in range(self.x.shape[1]):
                crops = self.x[rows, c]
                background = np.median(crops[self.mask[rows] == 0])
                cell = np.median([crop[m == 1].mean() for crop, m in zip(crops, self.mask[rows])])
                self.x[rows, c] = np.clip((crops - background) / (cell - background), *CLIP)

    def __len__(self):
        return len(self.x)


def alpha(mask, unit=1):
    """Weight of the center cell (h, w): Gaussian of its mask, neighbors left out (src/swap/paste.ts)."""
    blurred = ndi.gaussian_filter((mask == 1).astype(np.float32), SIGMA * unit, mode="nearest")
    others = ndi.gaussian_filter((mask == 2).astype(np.float32), SIGMA * unit, mode="nearest")
    soft = np.where(mask == 1, blurred, np.maximum(0, blurred - others))
    return np.where(mask == 2, 0, soft).astype(np.float32)


def filled(crop, mask, kind, rng, unit=1):
    """Crop (c, h, w) without its center cell ("center") or without all cells ("cell-free"): their places and the halo
    take pixels drawn from the crop's own cell-free ones (src/swap/fill/fill.ts)."""
    to_cell = ndi.distance_transform_edt(mask == 0)
    for gap in range(round(GAP * unit), -1, -1):
        pool = np.flatnonzero(to_cell > gap)
        if len(pool) >= mask.size / 20:
            break
    if kind == "center":
        removed = (ndi.distance_transform_edt(mask != 1) <= HALO * unit) & (mask != 2)
    else:
        removed = to_cell <= gap
    out = crop.copy()
    if len(pool) > 0:
        take = rng.choice(pool, removed.sum())
        out.reshape(len(crop), -1)[:, removed.ravel()] = crop.reshape(len(crop), -1)[:, take]
    return out


def backgrounds(cells, kind="center", seed=0):
    """Every crop of `cells` filled, and every cell's alpha; both float16 to save memory."""
    rng = np.random.default_rng(seed)
    empty = np.empty(cells.x.shape, np.float16)
    weight = np.empty(cells.mask.shape, np.float16)
    for i in range(len(cells)):
        empty[i] = filled(cells.x[i], cells.mask[i], kind, rng, cells.unit)
        weight[i] = alpha(cells.mask[i], cells.unit)
    return empty, weight
