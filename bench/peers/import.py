"""Draws cells in a format that cellswap imports, or reads them as a script of a lab would: `import.py write|read FORMAT FOLDER CELLS`.

`read` brings every crop to the memory and writes crops (as they are stored) and masks to two files in FOLDER/peer; it prints the
seconds of the processor that this took, without the start of Python and the import of its packages."""

import csv
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import tifffile
from PIL import Image

kind, folder, cells = sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
TILES = 64


def tiles(side, channels, masked):
    """Noisy disks with a neighbor, uint16, and their masks (1 the cell, 2 the neighbor)."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:side, :side] / side - 0.5
    for _ in range(TILES):
        radius = 0.2 + 0.06 * rng.random()
        mask = np.where(np.hypot(y, x) < radius, 1, np.where(np.hypot(y - 0.45, x - 0.4) < 0.2, 2, 0)).astype("u1")
        crop = np.stack([(300 + 1500 * (mask > 0) * rng.random() + rng.normal(0, 30, mask.shape)).clip(0, 65535) for _ in range(channels)])
        yield crop.astype("u2"), mask if masked else None


def write():
    folder.mkdir(parents=True)
    side = 128 if kind == "h5sc" else 96 if kind == "strips" else 64
    channels = 3 if kind in ("h5sc", "strips") else 2
    drawn = list(tiles(side, channels, True))

    def cell(i):
        crop, mask = drawn[i % TILES]
        crop = crop.copy()
        # No two crops are alike.
        crop[0, 0, 0], crop[0, 0, 1] = i // 1000, i % 1000
        return crop, mask

    rows = []
    if kind in ("folder", "packed"):
        with open(folder / "cells.csv", "w") as file:
            out = csv.writer(file)
            out.writerow(["Cell", "Protein", "Field", "Localization", "File_GFP", "File_RFP", "Mask"])
            for i in range(cells):
                crop, mask = cell(i)
                how = dict(compression="zlib", predictor=True) if kind == "packed" else {}
                for name, plane in zip(("gfp", "rfp", "mask"), (*crop, mask)):
                    tifffile.imwrite(folder / f"{i}_{name}.tif", plane, **how)
                out.writerow([f"c{i}", f"P{i % 40}", f"F{i // 50}", "ab"[i % 2], f"{i}_gfp.tif", f"{i}_rfp.tif", f"{i}_mask.tif"])
    elif kind == "pci":
        for i in range(cells):
            crop, _ = cell(i)
            place = folder / f"P{i % 40}"
            place.mkdir(exist_ok=True)
            for name, plane in zip(("gfp", "rfp"), crop):
                tifffile.imwrite(place / f"P{i % 40}_{i // 50}_rfp_{i}_{name}.tif", plane)
    elif kind == "strips":
        with open(folder / "sc-metadata.csv", "w") as file:
            out = csv.writer(file)
            out.writerow(["Image_Name", "Protein", "Field"])
            for i in range(cells):
                crop, mask = cell(i)
                planes = [*(crop // 16).astype("u1"), (mask == 1).astype("u1") * 255]
                planes[1][0, 0] = i % 256
                Image.fromarray(np.hstack(planes)).save(folder / f"{i}.png")
                out.writerow([f"{i}.png", f"P{i % 40}", f"F{i // 50}"])
    elif kind == "npy":
        np.save(folder / "crops.npy", np.stack([cell(i)[0] for i in range(cells)]))
        np.save(folder / "masks.npy", np.stack([cell(i)[1] for i in range(cells)]))
        with open(folder / "cells.csv", "w") as file:
            out = csv.writer(file)
            out.writerow(["Cell", "Protein", "Field"])
            out.writerows([f"c{i}", f"P{i % 40}", f"F{i // 50}"] for i in range(cells))
    elif kind == "deeploc":
        with h5py.File(folder / "cells.h5", "w") as file:
            data = np.stack([cell(i)[0].astype("f4").ravel() for i in range(cells)])
            file.create_dataset("data1", data=data)
            file["Index1"] = np.eye(19)[np.arange(cells) % 19]
    else:
        with h5py.File(folder / "cells.h5sc", "w") as file:
            shape = (cells, 5, side, side)
            images = file.create_dataset("obsm/single_cell_images", shape, "f2", chunks=(1, 1, side, side), compression="lzf")
            for i in range(cells):
                crop, mask = cell(i)
                own = mask == 1
                images[i] = np.stack([own, own, *(crop / 4096 * own)]).astype("f2")
            file["obs/scportrait_cell_id"] = np.arange(cells)
            file["var/channels"] = np.array(["nucleus", "cytosol", "a", "b", "c"], "S")
            file["var/channel_mapping"] = np.array(["mask"] * 2 + ["image_channel"] * 3, "S")


def each():
    """Crops and masks, some at a time."""
    if kind in ("folder", "packed"):
        for row in csv.DictReader(open(folder / "cells.csv")):
            planes = [tifffile.imread(folder / row[k]) for k in ("File_GFP", "File_RFP", "Mask")]
            yield np.stack(planes[:2]), planes[2]
    elif kind == "pci":
        for path in sorted(folder.glob("*/*_gfp.tif")):
            yield np.stack([tifffile.imread(path), tifffile.imread(str(path).replace("_gfp", "_rfp"))]), None
    elif kind == "strips":
        for row in csv.DictReader(open(folder / "sc-metadata.csv")):
            image = np.asarray(Image.open(folder / row["Image_Name"]))
            planes = image.reshape(len(image), -1, len(image)).swapaxes(0, 1)
            yield planes[:-1], planes[-1] > 0
    elif kind == "npy":
        crops, masks = np.load(folder / "crops.npy", mmap_mode="r"), np.load(folder / "masks.npy", mmap_mode="r")
        for i in range(0, len(crops), 100):
            yield crops[i : i + 100], masks[i : i + 100]
    elif kind == "deeploc":
        data = h5py.File(folder / "cells.h5")["data1"]
        for i in range(0, len(data), 100):
            yield data[i : i + 100], None
    else:
        images = h5py.File(folder / "cells.h5sc")["obsm/single_cell_images"]
        for i in range(0, len(images), 100):
            some = images[i : i + 100]
            yield some[:, 2:], some[:, 1] > 0


def read():
    start = time.process_time()
    (folder / "peer").mkdir(exist_ok=True)
    with open(folder / "peer/crops.bin", "wb") as crops, open(folder / "peer/masks.bin", "wb") as masks:
        for crop, mask in each():
            crops.write(np.ascontiguousarray(crop).data)
            if mask is not None:
                masks.write(np.ascontiguousarray(mask, "u1").data)
    print(time.process_time() - start)


write() if sys.argv[1] == "write" else read()
