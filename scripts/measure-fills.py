# requirements: numpy==1.26.4 scipy==1.13.1 scikit-learn==1.5.2
"""Can a classifier tell fills from medium? `measure-fills.py FOLDER` prints the placebo table of docs/method.md."""
import sys
from pathlib import Path

import numpy as np
import scipy.ndimage as ndi
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

folder = Path(sys.argv[1])
kinds = ("original", "center", "cell-free", "pixels-center", "pixels-cell-free")
crops = {k: np.load(folder / f"{k}.npy") for k in kinds}
masks = np.load(folder / "mask.npy")
SIDE, HALF = 10, 5
rng = np.random.default_rng(0)


def describe(patch):
    """31 features: level, SD, correlations of neighboring pixels, moments, gradients, correlation of the channels."""
    found = []
    for z in patch:
        sd = z.std() + 1e-9
        u = (z - z.mean()) / sd
        across, down = (z[:, :HALF], z[:, HALF:]), (z[:HALF], z[HALF:])
        found += [z.mean(), sd]
        found += [(u[:, k:] * u[:, :-k]).mean() if axis else (u[k:] * u[:-k]).mean() for k in (1, 2) for axis in (1, 0)]
        found += [(u**3).mean(), (u**4).mean(), np.abs(ndi.laplace(u)).mean()]
        found += [a.mean() - b.mean() for a, b in (across, down)]
        found += [abs(a.mean() - b.mean()) / sd for a, b in (across, down)]
        found += [a.std() / (b.std() + 1e-9) for a, b in (across, down)]
    return found + [np.corrcoef(patch[0].ravel(), patch[1].ravel())[0, 1]]


def draw(valid):
    """A random patch of valid pixels: its top left corner, or None."""
    inside = np.lib.stride_tricks.sliding_window_view(valid, (SIDE, SIDE)).all((2, 3))
    corners = np.argwhere(inside)
    return corners[rng.integers(len(corners))] if len(corners) else None


def cut(kind, i, corner):
    y, x = corner
    return describe(crops[kind][i][:, y : y + SIDE, x : x + SIDE])


pairs = {}


def compare(name, kind, i, medium, corner):
    if corner is not None:
        pairs.setdefault(name, []).append((i, medium, cut(kind, i, corner)))


for i, mask in enumerate(masks):
    to_center = ndi.distance_transform_edt(mask != 1)
    to_neighbor = ndi.distance_transform_edt(mask != 2) if (mask == 2).any() else np.full(mask.shape, 99.0)
    nearest = np.minimum(to_center, to_neighbor)
    first, second = draw(nearest > 8), draw(nearest > 8)
    if first is None:
        continue
    medium = cut("original", i, first)
    compare("two never-filled patches", "original", i, medium, second)
    inside = draw((to_center <= 3) & (to_neighbor > 10))
    rim = np.argwhere((to_center > 2.5) & (to_center < 3.5)) - HALF
    rim = [c for c in rng.permutation(rim) if (c >= 0).all() and (c + SIDE <= 64).all()]
    rim = next((c for c in rim if (to_neighbor[c[0] : c[0] + SIDE, c[1] : c[1] + SIDE] > 10).all()), None)
    free = draw(nearest <= 6)
    for label, prefix in (("fill", ""), ("single pixels at random", "pixels-")):
        compare(f"{label}, inside a center", f"{prefix}center", i, medium, inside)
        compare(f"{label}, across the rim", f"{prefix}center", i, medium, rim)
        compare(f"{label}, cell-free", f"{prefix}cell-free", i, medium, free)

print("| patches | pairs | logistic regression | random forest |\n| --- | --- | --- | --- |")
for name, found in pairs.items():
    groups = np.repeat([i for i, _, _ in found], 2)
    z = np.array([v for _, a, b in found for v in (a, b)])
    y = np.tile([0, 1], len(found))
    cells = []
    for model in (make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)), RandomForestClassifier(300, min_samples_leaf=3, random_state=0)):
        s = cross_val_score(model, z, y, groups=groups, cv=GroupKFold(5))
        cells.append(f"{s.mean():.3f} ± {s.std() / np.sqrt(5):.3f}")
    print(f"| {name} | {len(found)} | {' | '.join(cells)} |", flush=True)
