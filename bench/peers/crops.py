"""Writes drawn cells as scPortrait stores them, or reads such a file: crops.py write FILE CELLS | read FILE"""

import sys
import time

import h5py
import numpy as np

SIDE, MASKS, CHANNELS, BATCH = 128, 2, 3, 100


def write(path, cells):
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:SIDE, :SIDE]
    masks = [np.hypot(y - 63.5, x - 63.5) < r for r in (20, 45)]
    tiles = (rng.random((64, CHANNELS, SIDE, SIDE)) * masks[1]).astype("f2")
    with h5py.File(path, "w") as file:
        shape = (cells, MASKS + CHANNELS, SIDE, SIDE)
        images = file.create_dataset("obsm/single_cell_images", shape, "f2", chunks=(1, 1, SIDE, SIDE), compression="lzf")
        for from_ in range(0, cells, 64):
            count = min(64, cells - from_)
            images[from_ : from_ + count, :MASKS] = np.broadcast_to(masks, (count, MASKS, SIDE, SIDE))
            images[from_ : from_ + count, MASKS:] = tiles[:count]
        # No two crops are alike.
        for cell in range(cells):
            images[cell, MASKS, 64, 64] = cell % 2048 / 2048
        file["obs/scportrait_cell_id"] = np.arange(cells)
        file["var/channels"] = np.array(["nucleus", "cytosol", "a", "b", "c"], "S")
        file["var/channel_mapping"] = np.array(["mask"] * MASKS + ["image_channel"] * CHANNELS, "S")


def read(path):
    total = 0.0
    with h5py.File(path) as file:
        images = file["obsm/single_cell_images"]
        for from_ in range(0, len(images), BATCH):
            total += images[from_ : from_ + BATCH].astype("f4")[:, :, ::64, ::64].sum()
    print(time.process_time(), total)


if __name__ == "__main__":
    write(sys.argv[2], int(sys.argv[3])) if sys.argv[1] == "write" else read(sys.argv[2])
