"""Cuts the cells of fields as a script of a lab would: `fields.py MANIFEST SIDE OUT`; prints the seconds that it took, those of the processor, and the number of cells.
The whole cells of every field, center mask and neighbors, crops as float32 and masks as uint8, appended to two files."""
import csv
import sys
import time
from pathlib import Path

import numpy as np
import tifffile
from skimage.measure import regionprops

manifest, side, out = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
start = time.perf_counter()
cpu = time.process_time()
cells = 0
with open(out / "crops.bin", "wb") as crops, open(out / "masks.bin", "wb") as masks:
    for row in csv.DictReader(open(manifest)):
        labels = tifffile.imread(manifest.parent / row["Labels"])
        planes = np.stack([tifffile.imread(manifest.parent / v) for k, v in row.items() if k.startswith("File_")])
        height, width = labels.shape
        for region in regionprops(labels):
            top, left = [int(np.floor(c - (side - 1) / 2 + 0.5)) for c in region.centroid]
            if top < 0 or left < 0 or top + side > height or left + side > width:
                continue
            window = np.s_[top : top + side, left : left + side]
            seen = labels[window]
            crops.write(planes[:, window[0], window[1]].astype("f4").tobytes())
            masks.write(np.where(seen == 0, 0, np.where(seen == region.label, 1, 2)).astype("u1").tobytes())
            cells += 1
print(time.perf_counter() - start, time.process_time() - cpu, cells)
