"""Writes test/fixtures/shares/designs.json: variance components of small unbalanced designs by the textbook's dense
algebra (Searle, Casella and McCulloch 1992, chapters 5 and 11), with numpy alone: every factor an indicator matrix Z, the
centering of blocks a projection M, quadratic forms y' M Z Z' M y and their expectations tr(M Z Z' M Z_j Z_j').

Run: pip install -r scripts/make-share-fixtures.txt && python scripts/make-share-fixtures.py
"""
import base64
import json
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "test" / "fixtures" / "shares"


def pack(x):
    return base64.b64encode(np.ascontiguousarray(x, np.float32).tobytes()).decode()


def indicators(labels):
    return (np.asarray(labels)[:, None] == np.unique(labels)[None, :]).astype(float)


def draw(rng, name, sizes, fields, lending, proteins, reuse):
    """Composites of cells on other classes' backgrounds; donors drawn with replacement where `reuse`."""
    classes = len(sizes)
    class_of = np.repeat(np.arange(classes), sizes)
    # Uneven fields: the first holds the most cells.
    field = np.concatenate([c * 100 + np.minimum(rng.geometric(0.35, n) - 1, fields[c] - 1) for c, n in enumerate(sizes)])
    protein = class_of * 10 + (field % 100) // 2 if proteins else None
    own, background, cell, donor = [], [], [], []
    for b in lending:
        lenders = np.flatnonzero(class_of == b)
        for a in range(classes):
            if a == b:
                continue
            mine = np.flatnonzero(class_of == a)
            given = rng.choice(lenders[:3] if reuse else lenders, len(mine))
            own += [a] * len(mine)
            background += [b] * len(mine)
            cell += list(mine)
            donor += list(given)
    d = 5
    level = rng.normal(size=(classes, classes, d))
    at = lambda labels, sd: dict(zip(np.unique(labels), sd * rng.normal(size=(len(np.unique(labels)), d))))
    cells, lent = at(np.arange(len(class_of)), 1.0), at(np.arange(len(class_of)), 0.7)
    own_field, lent_field = at(field, 0.6), at(field, 0.4)
    x = np.array([
        3 + level[a, b] + cells[c] + own_field[field[c]] + lent[e] + lent_field[field[e]] + 0.3 * rng.normal(size=d)
        for a, b, c, e in zip(own, background, cell, donor)
    ]) * np.exp(np.linspace(-2, 2, d))
    x[:, 1] = 7  # a constant feature
    original = rng.normal(size=(len(class_of), d))
    pasted = original + 0.2 * rng.normal(size=(len(class_of), d))
    return dict(name=name, classOf=class_of, field=field, protein=protein, own=own, background=background, cell=cell,
                donor=donor, x=np.float32(x), original=np.float32(original), self=np.float32(pasted))


def solve(design):
    own, background = np.array(design["own"]), np.array(design["background"])
    cell, donor = np.array(design["cell"]), np.array(design["donor"])
    y = design["x"].astype(np.float64)
    n = len(y)
    X = indicators(own * 100 + background)
    mean = X @ np.linalg.inv(X.T @ X) @ X.T
    M = np.eye(n) - mean
    factors = {}
    for side, rows in (("own", cell), ("donor", donor)):
        if design["protein"] is not None:
            factors[f"{side}-protein"] = indicators(design["protein"][rows])
        factors[f"{side}-field"] = indicators(design["field"][rows])
        factors["cell" if side == "own" else "donor"] = indicators(rows)
    factors["residual"] = np.eye(n)
    names = list(factors)
    S = np.array([[np.trace(M @ factors[k] @ factors[k].T @ M @ factors[j] @ factors[j].T) for j in names] for k in names])
    within = np.einsum("ij,ij->j", M @ y, M @ y) / np.trace(M)
    # Sums of squares between block means: contrasts of the means of one class, or of one background.
    order = np.unique(own * 100 + background)
    means = np.linalg.inv(X.T @ X) @ X.T
    between = {}
    for name, label in (("background-class", order // 100), ("own-class", order % 100)):
        G = indicators(label)
        C = np.eye(len(order)) - G @ np.linalg.inv(G.T @ G) @ G.T
        between[name] = (C @ means, np.trace(C))
    out = {}
    for metric, weight in (("variance", np.where(within > 1e-9, 1 / np.maximum(within, 1e-9), 0)),
                           ("variance-raw", np.where(within > 1e-9, 1.0, 0))):
        forms = np.array([np.sum(weight * np.sum((factors[k].T @ M @ y) ** 2, axis=0)) for k in names])
        variance = dict(zip(names, np.linalg.solve(S, forms)))
        for name, (L, degrees) in between.items():
            sampling = sum(variance[k] * np.sum((L @ factors[k]) ** 2) for k in names)
            variance[name] = (np.sum(weight * np.sum((L @ y) ** 2, axis=0)) - sampling) / degrees
        whole = sum(v for k, v in variance.items() if k != "own-class")
        moved = design["self"].astype(np.float64) - design["original"].astype(np.float64)
        shares = {k: v / whole for k, v in variance.items()}
        shares["own"] = sum(shares[k] for k in names if k == "cell" or k.startswith("own-"))
        shares["background"] = shares["background-class"] + sum(shares[k] for k in names if k.startswith("donor"))
        shares["paste"] = np.sum(weight * np.mean(moved**2, axis=0)) / whole
        out.update({f"{metric}/{k}": float(v) for k, v in shares.items()})
    return out


def main():
    rng = np.random.default_rng(14)
    designs = [
        draw(rng, "three classes, three fields", [7, 9, 8], [3, 3, 3], [0, 1, 2], False, False),
        draw(rng, "two backgrounds, few donors", [6, 10, 5, 7], [3, 4, 3, 3], [0, 2], False, True),
        draw(rng, "two proteins a class", [12, 10, 11], [4, 4, 4], [0, 1, 2], True, False),
    ]
    found = []
    for design in designs:
        found.append({
            "name": design["name"],
            **{k: (None if design[k] is None else [int(v) for v in design[k]])
               for k in ("classOf", "field", "protein", "own", "background", "cell", "donor")},
            **{k: pack(design[k]) for k in ("x", "original", "self")},
            "shares": solve(design),
        })
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "designs.json").write_text(json.dumps(found) + "\n")


main()
