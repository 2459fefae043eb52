"""Milliseconds of the processor per crop of scikit-image's usual watershed: smoothing, Otsu, opening, distances, peaks."""

import sys
import time

import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_otsu
from skimage.morphology import disk, opening
from skimage.segmentation import watershed

path, channel, diameter = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
crops = np.load(path, mmap_mode="r")
unit = diameter / 32
element = disk(round(2 * unit))


def segment(crop):
    smooth = gaussian(crop, 1.5 * unit, preserve_range=True)
    mask = ndimage.binary_fill_holes(smooth > threshold_otsu(smooth))
    mask = opening(mask, element)
    distances = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), unit)
    peaks = peak_local_max(distances, min_distance=max(1, round(4 * unit)), labels=mask.astype(np.int32))
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return watershed(-distances, markers, mask=mask)


segment(np.asarray(crops[0, channel]))
start = time.process_time()
for k in range(len(crops)):
    segment(np.asarray(crops[k, channel]))
print(1000 * (time.process_time() - start) / len(crops))
