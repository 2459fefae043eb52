# requirements: numpy==1.26.4 torch==2.5.1 scikit-image==0.24.0
"""Writes test/fixtures/encode/preprocess.json: drawn crops and what numpy and PyTorch make of them."""
import json
from pathlib import Path

import numpy as np
import torch

out = Path(__file__).resolve().parent.parent / "test/fixtures/encode"
out.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(20250626)
crop = np.stack([rng.gamma(2.0, 0.7, (12, 12)), 3 + 40 * rng.random((12, 12))]).astype(np.float32)
x = crop.astype(np.float64)


def stretch(low, high, clip, over_one):
    lo, hi = np.percentile(x, [low, high], axis=(1, 2), keepdims=True)
    z = np.minimum(x, hi) if clip in ("both", "top") else x
    z = np.maximum(z, lo) if clip == "both" else z
    span = hi - lo
    return (z - lo) / (np.where(span > 1, span, 1) if over_one else span)


def resize(height, width):
    t = torch.from_numpy(x)[None]
    return torch.nn.functional.interpolate(t, (height, width), mode="bilinear", align_corners=False)[0].numpy()


mean, sd = x.mean((1, 2), keepdims=True), x.std((1, 2), keepdims=True)
cases = [
    ([{"step": "minmax"}], (x - x.min((1, 2), keepdims=True)) / (x.max((1, 2), keepdims=True) - x.min((1, 2), keepdims=True))),
    ([{"step": "standardize", "epsilon": 1e-6}], (x - mean) / (sd + 1e-6)),
    ([{"step": "standardize", "floor": "inverse-sqrt"}], (x - mean) / np.maximum(sd, 1 / 12)),
    ([{"step": "standardize", "over": "crop"}], (x - x.mean()) / x.std()),
    ([{"step": "percentile", "low": 0.1, "high": 99.9}], stretch(0.1, 99.9, "both", False)),
    ([{"step": "percentile", "low": 2, "high": 90, "clip": "top", "divide": "range-over-one"}], stretch(2, 90, "top", True)),
    ([{"step": "percentile", "low": 2, "high": 90, "clip": "none"}], stretch(2, 90, "none", False)),
    ([{"step": "fixed", "mean": [0.5, 20], "sd": [2, 7]}], (x - np.array([0.5, 20])[:, None, None]) / np.array([2, 7])[:, None, None]),
    ([{"step": "scale", "factor": 0.25, "offset": -1}, {"step": "clip", "low": -0.5, "high": 1}], np.clip(x * 0.25 - 1, -0.5, 1)),
    ([{"step": "crop", "height": 9, "width": 8}], x[:, 1:10, 2:10]),
    ([{"step": "pad", "height": 15, "width": 14}], np.pad(x, ((0, 0), (1, 2), (1, 1)), mode="edge")),
    ([{"step": "pad", "height": 15, "width": 14, "with": "zero"}], np.pad(x, ((0, 0), (1, 2), (1, 1)))),
    ([{"step": "resize", "height": 20, "width": 7}], resize(20, 7)),
    ([{"step": "resize", "height": 5, "width": 24}], resize(5, 24)),
]
five = [x[:, 2:10, 2:10], x[:, :8, :8], x[:, :8, 4:], x[:, 4:, :8], x[:, 4:, 4:]]
maps = rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
json.dump(
    {
        "crop": crop.ravel().tolist(),
        "cases": [
            {"steps": s, "height": z.shape[1], "width": z.shape[2], "expected": z.astype(np.float32).ravel().tolist()} for s, z in cases
        ],
        "five": [v.astype(np.float32).ravel().tolist() for v in five],
        "maps": maps.ravel().tolist(),
        "max": maps.max((2, 3)).ravel().tolist(),
        "mean": maps.mean((2, 3)).ravel().tolist(),
    },
    open(out / "preprocess.json", "w"),
)
