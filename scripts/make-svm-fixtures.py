"""Writes test/fixtures/evaluate/*.json: what scikit-learn 1.5.2 (numpy 1.26.4) makes of drawn data.

Run: pip install -r scripts/requirements-svm.txt && python scripts/make-svm-fixtures.py
"""
import base64
import json
import pathlib
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

warnings.filterwarnings("ignore")
OUT = pathlib.Path(__file__).resolve().parent.parent / "test" / "fixtures" / "evaluate"


def pack(x):
    return base64.b64encode(np.ascontiguousarray(x, np.float32).tobytes()).decode()


def gaussians(rng, n1, n2, d, shift):
    return rng.normal(size=(n1, d)) + shift / np.sqrt(d), rng.normal(size=(n2, d))


def relu(rng, n1, n2, d):
    """Like pooled activations of a network: correlated, non-negative, many zeros, unequal scales."""
    mix = rng.normal(size=(d, d)) / np.sqrt(d)
    scale = np.exp(rng.normal(size=d))
    shift = rng.normal(size=d) * 0.25
    make = lambda n, s: np.maximum(0, (rng.normal(size=(n, d)) + s) @ mix + 0.3) * scale
    return make(n1, shift), make(n2, -shift)


def sets():
    rng = np.random.default_rng(20251122)
    yield "overlapping", *gaussians(rng, 60, 60, 8, 1.5)
    yield "unequal classes", *gaussians(rng, 37, 53, 20, 2.0)
    # LIBSVM keeps inner products in float32, which costs it 1e-3 of the objective on the next two sets; on a grid of
    # quarters the products are exact.
    yield "far from the origin", *[np.round(x * 4) / 4 + 50 for x in gaussians(rng, 40, 40, 6, 1.5)]
    a, b = gaussians(rng, 50, 50, 5, 2.0)
    a[:, 2] *= 100
    b[:, 2] *= 100
    yield "one column a hundred times wider", np.round(a * 4) / 4, np.round(b * 4) / 4
    yield "tiny values", *[x * 1e-3 for x in gaussians(rng, 40, 40, 6, 3.0)]
    a, b = gaussians(rng, 40, 44, 6, 1.5)
    yield "constant and doubled columns", *[np.c_[x, np.full(len(x), 7.0), x[:, :3]] for x in (a, b)]
    a, b = gaussians(rng, 20, 20, 4, 1.5)
    yield "every row three times", np.repeat(a, 3, 0), np.repeat(b, 3, 0)
    yield "separable", *gaussians(rng, 30, 30, 10, 14.0)
    yield "more features than rows", *gaussians(rng, 20, 20, 90, 2.0)
    yield "single feature", *gaussians(rng, 45, 35, 1, 1.0)
    yield "tiny set", *gaussians(rng, 5, 6, 3, 1.0)
    yield "activations", *relu(rng, 100, 100, 64)
    yield "activations, many", *relu(rng, 250, 230, 32)
    yield "all rows the same", np.ones((10, 3)), np.ones((10, 3))
    yield "all rows the same, unequal classes", np.ones((10, 3)), np.ones((15, 3))
    yield "two points", np.repeat([[0.0, 1.0]], 10, 0), np.repeat([[1.0, 0.0]], 10, 0)
    yield "two points, partly shared", np.repeat([[0.0], [1.0]], [8, 12], 0), np.repeat([[0.0], [1.0]], [12, 8], 0)


def pairs():
    for name, a, b in sets():
        a, b = a.astype(np.float32), b.astype(np.float32)
        x = np.vstack([a, b]).astype(np.float64)
        y = np.r_[np.zeros(len(a), int), np.ones(len(b), int)]
        accuracy, objective, predicted, edge = [], [], np.zeros(len(y), int), []
        for train, test in StratifiedKFold(5).split(x, y):
            machine = SVC(kernel="linear", C=1, tol=1e-6, max_iter=-1).fit(x[train], y[train])
            predicted[test] = machine.predict(x[test])
            accuracy.append(float((predicted[test] == y[test]).mean()))
            edge.append(float(np.abs(machine.decision_function(x[test])).min()))
            w, sign = machine.coef_[0], 2 * y[train] - 1
            loss = np.maximum(0, 1 - sign * (x[train] @ w + machine.intercept_[0])).sum()
            objective.append(float(w @ w / 2 + loss))
        yield dict(
            name=name, first=len(a), second=len(b), dimension=a.shape[1], features=pack(np.vstack([a, b])),
            accuracy=accuracy, objective=objective, predicted="".join(map(str, predicted)), nearest=edge,
        )


def hashed(rows, dimension, seed, shift):
    """Numbers that any language can make again, the lower two fifths cut off."""
    word = np.uint64(2**32 - 1)
    h = (np.arange(rows * dimension, dtype=np.uint64) + np.uint64(seed * 1000003)) & word
    for factor in (0x7FEB352D, 0x846CA68B):
        h = ((h ^ (h >> np.uint64(16))) * np.uint64(factor)) & word
    u = ((h ^ (h >> np.uint64(16))) >> np.uint64(16)) / 65536
    x = np.where(u < 0.4, 0, u).reshape(rows, dimension)
    x[:, ::16] += shift
    return x.astype(np.float32)


def wide():
    for n1, n2, d, shift in [(2, 2, 3000, 0.5), (25, 25, 98304, 0.02), (30, 40, 9600, 0.05), (150, 130, 1536, 0.07),
                             (250, 250, 768, 0.07), (250, 250, 400, 0.1)]:
        a, b = hashed(n1, d, 1, shift), hashed(n2, d, 2, 0)
        x, y = np.vstack([a, b]).astype(np.float64), np.r_[np.zeros(n1, int), np.ones(n2, int)]
        objective, predicted = [], np.zeros(len(y), int)
        count = min(5, n1, n2)
        for train, test in StratifiedKFold(count).split(x, y):
            machine = SVC(kernel="linear", C=1, tol=1e-6, max_iter=-1, cache_size=1000).fit(x[train], y[train])
            predicted[test] = machine.predict(x[test])
            sign = 2 * y[train] - 1
            scores = machine.decision_function(x[train])
            w = machine.coef_[0]
            objective.append(float(w @ w / 2 + np.maximum(0, 1 - sign * scores).sum()))
        yield dict(sizes=[n1, n2], dimension=d, shift=shift, folds=count, objective=objective,
                   predicted="".join(map(str, predicted)))


def folds():
    rng = np.random.default_rng(7)
    cases = [np.repeat([0, 1], [n1, n2]) for n1, n2 in [(5, 5), (7, 9), (13, 6), (10, 23), (101, 99)]]
    cases += [rng.integers(0, k, n) for k, n in [(2, 40), (3, 60), (5, 97)]]
    cases += [np.repeat([2, 0, 1], [6, 11, 8])]
    for y in cases:
        for count in (2, 3, 5):
            if np.bincount(y).min() < count:
                continue
            fold = np.zeros(len(y), int)
            for k, (_, test) in enumerate(StratifiedKFold(count).split(np.zeros(len(y)), y)):
                fold[test] = k
            yield dict(count=count, labels=y.tolist(), fold=fold.tolist())


def logistic():
    rng = np.random.default_rng(11)
    for name, sizes, d, options in [
        ("two classes", [40, 50], 4, dict(C=1.0)),
        ("three classes", [40, 25, 31], 5, dict(C=1.0)),
        ("balanced", [60, 20, 35, 12], 6, dict(C=1.0, class_weight="balanced")),
        ("strong penalty", [40, 25, 31], 5, dict(C=0.01)),
        ("no penalty", [80, 75, 61], 3, dict(C=np.inf)),
        ("standardized", [50, 45, 31, 24, 40], 8, dict(C=1.0, class_weight="balanced", standardize=True)),
    ]:
        x = np.vstack([rng.normal(size=(n, d)) + rng.normal(size=d) * 0.7 for n in sizes])
        x = x.astype(np.float32)
        y = np.repeat(np.arange(len(sizes)), sizes)
        standardize = options.pop("standardize", False)
        z = x.astype(np.float64)
        if standardize:
            z[:, 0] = 3.0
            z[:, 1] *= 100
            x = z.astype(np.float32)
            z = StandardScaler().fit_transform(x.astype(np.float64))
        model = LogisticRegression(tol=1e-10, max_iter=100000, multi_class="multinomial", **options).fit(z, y)
        yield dict(
            name=name, sizes=sizes, dimension=d, features=pack(x), c=None if np.isinf(options["C"]) else options["C"],
            balanced="class_weight" in options, standardize=standardize,
            probability=np.round(model.predict_proba(z[::5]), 10).tolist(), predicted=model.predict(z).tolist(),
        )


OUT.mkdir(parents=True, exist_ok=True)
for what in (pairs, wide, folds, logistic):
    (OUT / f"{what.__name__}.json").write_text(json.dumps(list(what()), separators=(",", ":")) + "\n")
