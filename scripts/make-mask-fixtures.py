"""Writes test/fixtures/masks: what scipy 1.13.1 and scikit-image 0.24.0 (numpy 1.26) make of drawn blobs.

Run: python scripts/make-mask-fixtures.py
"""
from pathlib import Path

import numpy as np
import scipy.ndimage as ndi
from skimage.filters import threshold_otsu
from skimage.measure import label
from skimage.morphology import binary_closing, binary_opening, disk, h_maxima
from skimage.segmentation import watershed

OUT = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "masks"
OUT.mkdir(parents=True, exist_ok=True)
H, W = 37, 46
rng = np.random.default_rng(20240607)


def save(name, array):
    np.save(OUT / f"{name}.npy", np.ascontiguousarray(array))


def blobs():
    """Overlapping disks of different brightness with holes, some at the edge, and noise."""
    y, x = np.mgrid[:H, :W]
    image = np.zeros((H, W))
    for _ in range(7):
        cy, cx, r = rng.uniform(0, H), rng.uniform(0, W), rng.uniform(4, 9)
        image[np.hypot(y - cy, x - cx) < r] += rng.uniform(0.4, 1.0)
        image[np.hypot(y - cy, x - cx) < r / 4] = 0
    return image + rng.normal(0, 0.08, (H, W))


images = np.stack([blobs() for _ in range(4)])
thresholds, parts = [], {k: [] for k in ("g", "mask", "edt", "lab", "filled", "open", "close", "hills", "flood")}
for image in images:
    g = ndi.gaussian_filter(image, 1.5, mode="nearest")
    t = threshold_otsu(g)
    mask = g > t
    edt = ndi.distance_transform_edt(mask)
    smooth = ndi.gaussian_filter(edt, 1.0, mode="nearest")
    hills = label(h_maxima(smooth, 0.5), connectivity=2)
    parts["g"].append(g)
    parts["mask"].append(mask.astype(np.uint8))
    parts["edt"].append(edt)
    parts["lab"].append(ndi.label(mask)[0].astype(np.int32))
    parts["filled"].append(ndi.binary_fill_holes(mask).astype(np.uint8))
    parts["open"].append(binary_opening(mask, disk(2)).astype(np.uint8))
    parts["close"].append(binary_closing(np.pad(mask, 8), disk(5))[8:-8, 8:-8].astype(np.uint8))
    parts["hills"].append(hills.astype(np.int32))
    parts["flood"].append(watershed(-smooth, hills, mask=mask).astype(np.int32))
    thresholds.append(t)
save("images", images)
save("otsu", np.array(thresholds))
for name, arrays in parts.items():
    save(name, np.stack(arrays))
save("wide", ndi.gaussian_filter(images, (0, 9, 9), mode="nearest"))
