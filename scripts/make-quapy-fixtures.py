"""Writes test/fixtures/proportions/quapy.json: shares of classes by the quantifiers of QuaPy, on drawn probabilities.

    python -m venv venv && venv/bin/pip install -r scripts/make-quapy-fixtures.txt
    venv/bin/python scripts/make-quapy-fixtures.py

Where QuaPy stops early (its least squares with scipy's standard tolerance, its expectation maximization at a change of
1e-4) both its own answer and the one without stopping early are written.
"""

import json
import warnings
from pathlib import Path

import numpy as np
from abstention.calibration import TempScaling
from quapy.method.aggregative import ACC, CC, EMQ, PACC, PCC
from scipy.optimize import minimize
from sklearn.base import BaseEstimator

OUT = Path(__file__).resolve().parent.parent / "test/fixtures/proportions/quapy.json"
rng = np.random.default_rng(14)
STEPS = 1000  # probabilities are whole thousandths


class Given(BaseEstimator):
    """A classifier whose rows are their own probabilities."""

    def __init__(self, classes=2):
        self.classes = classes
        self.classes_ = np.arange(classes)

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return X

    def predict(self, X):
        return X.argmax(axis=1)


def draw(labels: np.ndarray, classes: int, signal: float, alike: bool) -> np.ndarray:
    """Dirichlet rows with weight on the own class, in thousandths, none of them 0."""
    weights = 0.4 + signal * np.eye(classes)[labels]
    if alike:
        # The first two classes look the same.
        weights[:, :2] = weights[:, :2].mean(axis=1, keepdims=True)
    p = np.array([rng.dirichlet(w) for w in weights])
    if alike:
        p[:, :2] = p[:, :2].mean(axis=1, keepdims=True)
    whole = 1 + np.floor(p * (STEPS - classes)).astype(int)
    top = whole[:, 2:].argmax(axis=1) + 2 if alike else whole.argmax(axis=1)
    whole[np.arange(len(whole)), top] += STEPS - whole.sum(axis=1)
    return whole


def nearest(confusion: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Least squares on the simplex, to the end."""
    classes = len(q)
    best = None
    for start in [np.full(classes, 1 / classes), *np.eye(classes)]:
        found = minimize(
            lambda p: ((confusion @ p - q) ** 2).sum(),
            start,
            jac=lambda p: 2 * confusion.T @ (confusion @ p - q),
            bounds=[(0, 1)] * classes,
            constraints={"type": "eq", "fun": lambda p: p.sum() - 1, "jac": lambda p: np.ones(classes)},
            method="SLSQP",
            options={"ftol": 1e-18, "maxiter": 10000},
        )
        if best is None or found.fun < best.fun:
            best = found
    return best.x


def adjusted(kind, X, y, T) -> dict:
    method = kind(Given(X.shape[1]), fit_classifier=False, val_split=None)
    method.fit(X, y)
    plain = (method.cc if kind is ACC else method.pcc).aggregate(T.argmax(axis=1) if kind is ACC else T)
    confusion = method.Pte_cond_estim_
    singular = np.linalg.matrix_rank(confusion, tol=1e-8) < X.shape[1]
    return {
        "quapy": method.predict(T).tolist(),
        "exact": None if singular else ACC.solve_adjustment(confusion, plain, "inversion", "exact-raise").tolist(),
        "nearest": nearest(confusion, plain).tolist(),
    }


def likelihood(X, y, T, classes) -> dict:
    method = EMQ(Given(classes), fit_classifier=False).fit(X, y)
    early = method.predict(T)
    EMQ.MAX_ITER = 1_000_000
    shares, _ = EMQ.EM(method.train_prevalence, T, epsilon=1e-13)
    EMQ.MAX_ITER = 1000
    return {"quapy": early.tolist(), "exact": shares.tolist()}


def scaled(X, y, T, classes) -> dict:
    tight = {"options": {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 100000}}
    kinds = {
        "temperature": TempScaling(lbfgs_kwargs=tight),
        "bias": TempScaling(bias_positions="all", lbfgs_kwargs=tight),
    }
    return {
        name: kind(X, np.eye(classes)[y], posterior_supplied=True)(T)[:3].round(10).tolist() for name, kind in kinds.items()
    }


CASES = {
    # name: (held-out cells of every class, target cells of every class, weight on the own class, two alike)
    "two classes": ([20, 20], [18, 6], 1.5, False),
    "balanced": ([12] * 4, [5, 9, 3, 13], 2, False),
    "unbalanced": ([30, 12, 6, 4], [4, 3, 14, 9], 2, False),
    "absent": ([10] * 5, [20, 0, 0, 8, 0], 1.5, False),
    "weak": ([10] * 3, [12, 4, 4], 0.3, False),
    "fifteen": ([4] * 15, [14, 10] + [0] * 12 + [4], 4, False),
    "alike": ([10] * 3, [6, 6, 12], 2, True),
    "one cell": ([8] * 3, [0, 1, 0], 2, False),
}
warnings.simplefilter("ignore")
cases = []
for name, (held, target, signal, alike) in CASES.items():
    classes = len(held)
    y = np.repeat(np.arange(classes), held)
    whole = draw(y, classes, signal, alike)
    aim = draw(np.repeat(np.arange(classes), target), classes, signal, alike)
    X, T = whole / STEPS, aim / STEPS
    given = Given(classes)
    cases.append(
        {
            "name": name,
            "classes": classes,
            "labels": y.tolist(),
            "heldOut": whole.ravel().tolist(),
            "target": aim.ravel().tolist(),
            "cc": CC(given, fit_classifier=False).fit(X, y).predict(T).tolist(),
            "pcc": PCC(given, fit_classifier=False).fit(X, y).predict(T).tolist(),
            "acc": adjusted(ACC, X, y, T),
            "pacc": adjusted(PACC, X, y, T),
            "em": likelihood(X, y, T, classes),
            "scaled": scaled(X, y, T, classes) if name in ("unbalanced", "absent", "weak") else None,
        }
    )
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")
