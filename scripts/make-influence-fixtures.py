"""Writes test/fixtures/remedy/influence.json: squared lengths of expected vectors with their jackknife errors, and
distances between classes less the noise of fields, as numpy computes them on drawn numbers.

    python -m venv venv && venv/bin/pip install -r scripts/make-influence-fixtures.txt
    venv/bin/python scripts/make-influence-fixtures.py
"""

import json
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parent.parent / "test/fixtures/remedy/influence.json"
rng = np.random.default_rng(1)


def u_statistic(x: np.ndarray) -> float:
    """Mean product of two different rows."""
    gram = x @ x.T
    return gram[~np.eye(len(x), dtype=bool)].mean()


def jackknife(x: np.ndarray) -> float:
    without = np.array([u_statistic(np.delete(x, d, axis=0)) for d in range(len(x))])
    return np.sqrt((len(x) - 1) * without.var())


def mean_variance(x: np.ndarray, field: np.ndarray) -> float:
    """Trace of the cluster-robust covariance of the mean of rows, by fields; by rows where there is one field."""
    names = np.unique(field)
    clusters = [field == f for f in names] if len(names) > 1 else list(np.eye(len(x), dtype=bool))
    off = np.array([(x[c] - x.mean(axis=0)).sum(axis=0) for c in clusters])
    n = len(clusters)
    return n / (n - 1) * np.trace(off.T @ off) / len(x) ** 2


shifts = []
for draws, dimension in [(3, 2), (4, 5), (6, 3)]:
    x = np.round(rng.normal(0.4, 1, (draws, dimension)), 3)
    shifts.append({"draws": draws, "dimension": dimension, "x": x.ravel().tolist(), "square": u_statistic(x), "error": jackknife(x)})

x = np.round(rng.normal(0, 1, (26, 3)), 3)
label = np.array([0] * 10 + [1] * 9 + [2] * 6 + [3])
x += 1.5 * np.eye(4, 3)[label]
field = np.array([f"{c}{i % (3 if c < 2 else 1)}" for i, c in enumerate(label)])
used = [c for c in range(4) if (label == c).sum() > 1]
mean = {c: x[label == c].mean(axis=0) for c in used}
noise = {c: mean_variance(x[label == c], field[label == c]) for c in used}
pairs = [((mean[a] - mean[b]) ** 2).sum() - noise[a] - noise[b] for a in used for b in used if a < b]
cells = [((p - q) ** 2).sum() for i, p in enumerate(x) for q in x[:i]]
distance = {
    "dimension": 3,
    "x": x.ravel().tolist(),
    "label": label.tolist(),
    "field": field.tolist(),
    "classes": float(np.sqrt(np.mean(pairs))),
    "cells": float(np.sqrt(np.mean(cells))),
}
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps({"shifts": shifts, "distance": distance}, indent=1) + "\n")
