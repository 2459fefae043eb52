"""Writes test/fixtures/published/pickles/: features as the authors' code pickles them, by the Python that runs this.

    python3.11 -m venv venv && venv/bin/pip install numpy==1.26.4 scikit-learn==1.5.2 && venv/bin/python scripts/make-pickle-fixtures.py
    python3.11 -m venv new  && new/bin/pip install numpy==2.4.6       && new/bin/python scripts/make-pickle-fixtures.py
    virtualenv -p python2.7 old && old/bin/pip install numpy==1.16.6  && old/bin/python scripts/make-pickle-fixtures.py

Runs in Python 2.7 and 3. Each writes its own files (`py2`, `py3`, `numpy2`) in every protocol that it knows; Python 3 with
numpy 1 also writes the folders of the authors' layout (`features/`).
"""

import json
import os
import pickle
import sys

import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "fixtures", "published")
WHO = "py2" if sys.version_info[0] == 2 else "numpy2" if np.__version__.startswith("2") else "py3"
CLASSES = ["bud neck", "ER", "nuclear periphery"]


def values(rows, columns, kind="<f4"):
    """Numbers that every type here holds exactly, without a random generator that versions could differ in."""
    grid = (np.arange(rows * columns) * 37 % 101 - 50).reshape(rows, columns)
    return (grid / 4.0 if "f" in kind else np.abs(grid)).astype(kind)


def samples():
    wide = values(3, 4)
    yield "vectors", [wide[0], wide[1], wide[2]]
    yield "matrices", [values(2, 4), values(1, 4, "<f8")]
    yield "matrix", values(3, 4)
    yield "tuple", (wide[0], wide[1])
    yield "fortran", np.asfortranarray(values(3, 4, "<f8"))
    yield "big-endian", [values(2, 4, ">f4"), values(1, 4, ">i2")]
    yield "integers", [values(1, 4, k) for k in ("u1", "<u2", "<i4", "<i8", "<u8")]
    yield "half", [values(2, 4, "<f2"), values(1, 4, ">f2")]
    yield "many", [values(1, 64)[0] * -3.25 for _ in range(3)]
    yield "slice", values(6, 8)[::2, ::2]
    yield "scalars", [[np.float32(1.5)], [np.float64(-2.25)]]
    yield "shared", [wide[0], wide[0]]
    yield "bytes-above-127", [np.array([-1.5e-38, 3.4e38, -0.1, 200.7], dtype="<f4")]
    yield "empty", np.zeros((0, 4), dtype="<f4")


def main():
    folder = os.path.join(ROOT, "pickles")
    if not os.path.isdir(folder):
        os.makedirs(folder)
    expected = {}
    for name, content in samples():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with open(os.path.join(folder, "%s-%s-p%d.pkl" % (WHO, name, protocol)), "wb") as f:
                pickle.dump(content, f, protocol)
        rows = np.vstack(content) if len(content) else content
        expected[name] = [[float(v) for v in row] for row in rows.astype(np.float32)]
    with open(os.path.join(folder, "expected.json"), "w") as f:
        json.dump(expected, f, sort_keys=True, indent=1, separators=(",", ": "))
        f.write("\n")
    if WHO == "py3":
        write_layout()


def write_layout():
    """Twenty cells of six features; the first says the class, the second the background, both too small to matter."""
    rng = np.random.default_rng(7)
    features = {}
    for name, pair in [("logs", True), ("logs_batch", True), ("logs_base", False), ("logs_mask", False)]:
        folder = os.path.join(ROOT, "features", name, "conv8")
        os.makedirs(folder, exist_ok=True)
        for a, own in enumerate(CLASSES):
            for b, other in enumerate(CLASSES) if pair else [(-1, None)]:
                rows = rng.normal(0, 1, (20, 6))
                rows[:, 2 + a] += 1.5
                rows[:, 2 + b] += 0.8 if pair else 0
                rows[:, :2] = [a / 1024, b / 1024]
                rows = list(rows.astype(np.float32))
                features[name, own, other] = np.vstack(rows)
                with open(os.path.join(folder, (own if other is None else own + "_" + other) + ".pkl"), "wb") as f:
                    pickle.dump(rows, f, 2)
    scores = [
        [setting, background] + list(classes) + score([features[key] for key in keys])
        for setting, background, classes, keys in listing()
    ]
    with open(os.path.join(ROOT, "features", "expected.json"), "w") as f:
        json.dump(scores, f, indent=0)
        f.write("\n")


def listing():
    """Every setting, background and pair of classes that the authors evaluate, with the files of the two classes."""
    pairs = [(a, b) for i, a in enumerate(CLASSES) for b in CLASSES[i + 1 :]]
    for setting, name in [("original", "logs_base"), ("masked", "logs_mask")]:
        for a, b in pairs:
            yield setting, None, (a, b), [(name, a, None), (name, b, None)]
    for a, b in pairs:
        yield "same", None, (a, b), [("logs", a, a), ("logs", b, b)]
    for setting, name in [("different", "logs"), ("cell-free", "logs_batch")]:
        for a, b in pairs:
            for c in CLASSES:
                yield setting, c, (a, b), [(name, a, c), (name, b, c)]


def score(features):
    """Mean and SD over the folds, as the authors compute them (but converged)."""
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import SVC

    x, y = np.vstack(features), np.repeat([0, 1], [len(f) for f in features])
    found = []
    for train, test in StratifiedKFold(n_splits=5).split(x, y):
        found.append((SVC(kernel="linear", tol=1e-8).fit(x[train], y[train]).predict(x[test]) == y[test]).mean())
    return [float(np.mean(found)), float(np.std(found))]


if __name__ == "__main__":
    main()
