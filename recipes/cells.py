"""Cell stores written by `cellswap simulate`, scaled per field, and composites of them."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from swap_dataset import CLIP, alpha, filled, levels


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
        self.x = np.load(path / "crops.npy").astype(np.float32)
        for field in np.unique(self.field):
            rows = np.flatnonzero(self.field == field)
            for c in range(self.x.shape[1]):
                crops = self.x[rows, c]
                background, cell = levels(crops, self.mask[rows])
                self.x[rows, c] = np.clip((crops - background) / (cell - background), *CLIP)

    def __len__(self):
        return len(self.x)


def backgrounds(cells, kind="center", seed=0):
    """Every crop of `cells` filled, and every cell's alpha; both float16 to save memory."""
    rng = np.random.default_rng(seed)
    empty = np.empty(cells.x.shape, np.float16)
    weight = np.empty(cells.mask.shape, np.float16)
    for i in range(len(cells)):
        empty[i] = filled(cells.x[i], cells.mask[i], kind, rng, cells.unit)
        weight[i] = alpha(cells.mask[i], cells.unit)
    return empty, weight
