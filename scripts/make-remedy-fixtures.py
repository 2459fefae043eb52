"""Writes test/fixtures/remedy/maps.json: what numpy, scikit-learn's ledoit_wolf, its LogisticRegression and EleutherAI's
concept-erasure make of drawn cells on several backgrounds.

Run: pip install -r scripts/make-remedy-fixtures.txt && python scripts/make-remedy-fixtures.py
"""
import base64
import json
import pathlib

import numpy as np
import torch
from concept_erasure import LeaceFitter
from scipy.linalg import eigh, fractional_matrix_power
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import LogisticRegression

OUT = pathlib.Path(__file__).resolve().parent.parent / "test" / "fixtures" / "remedy"


def pack(x, kind=np.float64):
    return base64.b64encode(np.ascontiguousarray(x, kind).tobytes()).decode()


def draw(rng, classes, cells, d, lending, kind):
    """Per class: settings, backgrounds and features (blocks x cells x d)."""
    mix = rng.normal(size=(d, d)) / np.sqrt(d)
    own, seen = rng.normal(size=(2, classes, d))
    for c in range(classes):
        blocks = [("original", -1), ("self", -1)]
        blocks += [("cell-free", g) for g in range(lending)]
        blocks += [("different", g) for g in range(lending) if g != c]
        cell = rng.normal(size=(cells[c], d))
        x = np.empty((len(blocks), cells[c], d))
        for b, (setting, g) in enumerate(blocks):
            dose = 0.2 if setting == "cell-free" else 1.0
            x[b] = (own[c] + cell + dose * seen[c if g < 0 else g] + 0.3 * rng.normal(size=(cells[c], d))) @ mix
        if kind == "constant and doubled features":
            x[..., 1], x[..., 2] = 7, x[..., 0]
        if kind == "far from 0, unequal scales":
            x = 40 + x * np.exp(np.linspace(-2, 2, d))
        yield blocks, x.astype(np.float32)


def within(groups):
    """Rows minus their cell's mean over its blocks."""
    return np.vstack([(x - x.mean(0)).reshape(-1, x.shape[-1]) for _, x in groups])


def project(groups, directions):
    w = within(groups)
    v = eigh(w.T @ w)[1][:, ::-1][:, :directions]
    return np.eye(len(v)) - v @ v.T


def whiten(groups):
    rows = np.vstack([x.reshape(-1, x.shape[-1]) for _, x in groups])
    covariance, shrinkage = ledoit_wolf(within(groups), assume_centered=True)
    zca = fractional_matrix_power(covariance, -0.5).real
    total = np.cov(rows.T, ddof=0)
    return zca * np.sqrt(np.trace(total) / np.trace(zca @ total @ zca.T)), shrinkage


def leace(groups, lending):
    x, z = [], []
    for c, (blocks, features) in enumerate(groups):
        foreign = [b for b, (_, g) in enumerate(blocks) if g >= 0 and g != c]
        own = np.vstack([features[b] for b in foreign])
        hot = np.repeat(np.eye(lending)[[blocks[b][1] for b in foreign]], features.shape[1], 0)
        x.append(own - own.mean(0))
        z.append(hot - hot.mean(0))
    fitter = LeaceFitter.fit(
        torch.tensor(np.vstack(x)), torch.tensor(np.vstack(z)), constrain_cov_trace=False, shrinkage=False, svd_tol=1e-6
    )
    return fitter.eraser.P.numpy()


def dfr(groups, lending):
    """Class x background, `self` on the own background; every group weighs the same."""
    x, y, weight = [], [], []
    for c, (blocks, features) in enumerate(groups):
        for g in range(lending):
            b = blocks.index(("self", -1) if g == c else ("different", g))
            x.append(features[b])
            y += [c] * features.shape[1]
            weight += [1 / features.shape[1]] * features.shape[1]
    x = np.vstack(x)
    center, sd = x.mean(0), x.std(0)
    z = (x - center) / np.where(sd > 1e-6, sd, 1)
    weight = np.array(weight) * len(weight) / np.sum(weight)
    model = LogisticRegression(C=1, tol=1e-10, max_iter=100000).fit(z, y, sample_weight=weight)
    return model.predict_proba(z)


def cases():
    rng = np.random.default_rng(13)
    for kind, classes, cells, d, lending in [
        ("more rows than features", 4, [6, 7, 5, 6], 6, 3),
        ("every class lends", 3, [8, 8, 8], 5, 3),
        ("fewer rows than features", 3, [1, 1, 1], 16, 2),
        ("constant and doubled features", 4, [6, 5, 6, 5], 7, 3),
        ("far from 0, unequal scales", 3, [9, 10, 9], 5, 3),
    ]:
        groups = [(b, x.astype(np.float64)) for b, x in draw(rng, classes, cells, d, lending, kind)]
        directions = min(8, d // 2)
        zca, shrinkage = whiten(groups)
        rows = np.vstack([x.reshape(-1, d) for _, x in groups])
        yield dict(
            name=kind,
            dimension=d,
            classes=[dict(blocks=[list(b) for b in blocks], cells=x.shape[1], features=pack(x, np.float32)) for blocks, x in groups],
            mean=pack(rows.mean(0)),
            project=pack(project(groups, directions)),
            whiten=pack(zca),
            shrinkage=shrinkage,
            leace=pack(leace(groups, lending)),
            dfr=pack(dfr(groups, lending)[::4]),
        )


OUT.mkdir(parents=True, exist_ok=True)
(OUT / "maps.json").write_text(json.dumps(list(cases()), separators=(",", ":")) + "\n")
