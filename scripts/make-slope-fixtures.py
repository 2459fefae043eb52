"""Slopes within fields with CR2 variances and Satterthwaite's degrees of freedom, by explicit matrices.

Writes test/fixtures/evidence/slope.json: the columns of cells of three classes whose fields partly coincide, and what the
stacked regression with a dummy for every class and field says of the mean of the classes' slopes and of each one: Bell and
McCaffrey (2002), Pustejovsky and Tipton (2018), equations 6, 8 and 11, with an identity as working model. Also an interval
of a ratio by search over Fieller's (1954) condition.

    python -m venv env && env/bin/pip install -r scripts/make-slope-fixtures.txt
    env/bin/python scripts/make-slope-fixtures.py
"""

import json
from pathlib import Path

import numpy as np
from scipy import linalg, optimize

OUT = Path(__file__).parent.parent / "test/fixtures/evidence"


def inverse_root(matrix):
    """Moore-Penrose inverse of the symmetric square root."""
    values, vectors = linalg.eigh(matrix)
    kept = values > 1e-9
    return (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T


def cr2(design, outcome, cluster, contrast):
    """Estimate, variance and degrees of freedom of contrast' beta."""
    bread = linalg.pinvh(design.T @ design)
    hat = design @ bread @ design.T
    left = np.eye(len(outcome)) - hat
    residual = left @ outcome
    columns, scores = [], []
    for name in np.unique(cluster):
        own = np.flatnonzero(cluster == name)
        weight = inverse_root(left[np.ix_(own, own)]) @ design[own] @ bread @ contrast
        scores.append(weight @ residual[own])
        columns.append(left[:, own] @ weight)
    p = np.stack(columns, 1)
    gram = p.T @ p
    return {
        "estimate": float(contrast @ bread @ design.T @ outcome),
        "variance": float(np.sum(np.square(scores))),
        "df": float(np.trace(gram) ** 2 / np.sum(np.square(gram))),
    }


def main():
    random = np.random.default_rng(20)
    classes, blocks = [], []
    # Clusters of every class, two of them shared; fields of every cluster.
    for c, clusters in enumerate([[0, 1, 2, 3], [3, 4, 5], [0, 6, 7, 8, 9]]):
        stratum, cluster = [], []
        for k in clusters:
            for field in range(1 + k % 2):
                cells = int(random.integers(3, 8))
                stratum += [2 * k + field] * cells
                cluster += [k] * cells
        stratum, cluster = np.array(stratum), np.array(cluster)
        size = random.normal(size=len(stratum)) + 0.3 * cluster
        light = random.normal(size=len(stratum))
        dose = np.round(random.gamma(2, size=len(stratum)) + 0.5 * size, 3)
        field = random.normal(size=50)[stratum]
        outcome = 0.2 * c * dose + size + field + (1 + 0.2 * dose) * random.normal(size=len(stratum))
        classes.append({k: [float(x) for x in v] for k, v in {"dose": dose, "size": size, "light": light, "outcome": outcome}.items()}
                       | {"stratum": stratum.tolist(), "cluster": cluster.tolist()})
        dummies = (stratum[:, None] == np.unique(stratum)).astype(float)
        blocks.append(np.column_stack([dose, size, light, dummies]))
    design = linalg.block_diag(*blocks)
    starts = np.cumsum([0] + [b.shape[1] for b in blocks[:-1]])
    outcome = np.concatenate([c["outcome"] for c in classes])
    cluster = np.concatenate([c["cluster"] for c in classes])
    mean = np.zeros(design.shape[1])
    mean[starts] = 1 / len(classes)
    each = []
    for c, block in zip(classes, blocks):
        first = np.zeros(block.shape[1])
        first[0] = 1
        each.append(cr2(block, np.array(c["outcome"]), np.array(c["cluster"]), first))

    above, below, t = 3.0, 2.0, 2.1
    variances = {"above": 0.8, "below": 0.4, "both": 0.3}
    far = lambda q: (above - q * below) ** 2 - t * t * (variances["above"] - 2 * q * variances["both"] + q * q * variances["below"])
    limits = [optimize.brentq(far, -100, above / below), optimize.brentq(far, above / below, 100)]
    OUT.mkdir(parents=True, exist_ok=True)
    found = {
        "classes": classes,
        "mean": cr2(design, outcome, cluster, mean),
        "each": each,
        "ratio": {"above": above, "below": below, "t": t, "variances": variances, "low": limits[0], "high": limits[1]},
    }
    (OUT / "slope.json").write_text(json.dumps(found, indent=1) + "\n")


main()
