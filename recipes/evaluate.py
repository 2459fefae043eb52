"""Measures exported encoders on held-out fields and writes cards/NAME.json and cards/NAME.md.

python evaluate.py --cells HELDOUT [HELDOUT ...] --weights FOLDER --encoders FOLDER [--only NAME]

One store of held-out cells for each organism; an encoder is measured on the one that has its channels.
"""

import argparse
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from cells import Cells, backgrounds
from designs import DESIGNS, SIDES

BACKGROUNDS_PER_PAIR = 3


class Study:
    """Held-out cells with one donor per cell and background class, never of the cell's own field."""

    def __init__(self, path, seed=0):
        self.cells = cells = Cells(path)
        self.classes = np.unique(cells.localization)
        self.y = np.searchsorted(self.classes, cells.localization)
        self.empty, self.weight = backgrounds(cells, "center", seed)
        self.free, _ = backgrounds(cells, "cell-free", seed)
        rng = np.random.default_rng(seed)
        self.donor = np.empty((len(cells), len(self.classes)), int)
        for b in range(len(self.classes)):
            of_class = np.flatnonzero(self.y == b)
            for i in range(len(cells)):
                self.donor[i, b] = rng.choice(of_class[cells.field[of_class] != cells.field[i]])
        fields = np.unique(cells.field)
        second = set(fields[rng.permutation(len(fields))[: len(fields) // 2]])
        self.test = np.array([f in second for f in cells.field])

    def crops(self, setting, background=None):
        x, a = self.cells.x, self.weight.astype(np.float32)[:, None]
        if setting == "original":
            return x
        if setting == "masked":
            return np.where(self.cells.mask[:, None] == 1, x, np.float32(0))
        if setting == "self":
            return a * x + (1 - a) * self.empty.astype(np.float32)
        donor = self.donor[np.arange(len(x)), self.y if background is None else background]
        other = (self.free if setting == "cell-free" else self.empty)[donor]
        return a * x + (1 - a) * other.astype(np.float32)


class Encoder:
    def __init__(self, folder, name):
        self.sidecar = json.loads((folder / f"{name}.json").read_text())
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(str(folder / self.sidecar["model"]), options)
        self.design = DESIGNS[name.split("-")[0]]
        self.center = "extraInputs" in self.sidecar
        self.features = self.sidecar["outputs"][0]["output"]

    def __call__(self, crops, masks, output=None):
        """Features of crops, or another output; `masks` are those of their cells, for networks that are shown the center
        cell alone."""
        found = []
        for at in range(0, len(crops), 100):
            x = torch.from_numpy(crops[at : at + 100])[:, : len(self.design["channels"])]
            feed = {"x": (x if self.center else self.design["scale"](x)).numpy()}
            if self.center:
                feed["mask"] = (masks[at : at + 100, None] == 1).astype(np.float32)
            found.append(self.session.run([output or self.features], feed)[0])
        return np.concatenate(found)


def pairwise(y, features_of):
    """Mean over the class pairs (and backgrounds) of the five-fold accuracy of a linear SVM (C 1, raw features)."""
    scores = []
    for a, b, background in features_of["pairs"]:
        f = features_of["get"](background)
        rows = np.flatnonzero((y == a) | (y == b))
        x, t = f[rows], y[rows]
        fits = []
        for train, test in StratifiedKFold(5).split(x, t):
            svm = SVC(kernel="linear", C=1, max_iter=100000).fit(x[train], t[train])
            fits.append((svm.predict(x[test]) == t[test]).mean())
        scores.append(np.mean(fits))
    return float(np.mean(scores))


def measure(study, encoder):
    y, n = study.y, len(study.classes)
    rng = np.random.default_rng(1)
    pairs = list(combinations(range(n), 2))
    third = [
        (a, b, c)
        for a, b in pairs
        for c in rng.choice([c for c in range(n) if c not in (a, b)], BACKGROUNDS_PER_PAIR, replace=False)
    ]
    plain = [(a, b, None) for a, b in pairs]
    masks = study.cells.mask
    features = {s: {None: encoder(study.crops(s), masks)} for s in ("original", "self", "same", "masked")}
    for s in ("cell-free", "different"):
        features[s] = {b: encoder(study.crops(s, b), masks) for b in range(n)}
    svm = {
        s: round(pairwise(y, {"pairs": third if s in ("cell-free", "different") else plain, "get": f.__getitem__}), 4)
        for s, f in features.items()
    }
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=1, max_iter=3000))
    probe.fit(features["original"][None][~study.test], y[~study.test])
    transfer, capture = {}, None
    for s, f in features.items():
        right, taken = [], []
        for b, values in f.items():
            rows = study.test if b is None else study.test & (y != b)
            predicted = probe.predict(values[rows])
            right.append((predicted == y[rows]).mean())
            if b is not None:
                taken.append((predicted == b).mean())
        transfer[s] = round(float(np.mean(right)), 4)
        if s == "different":
            capture = round(float(np.mean(taken)), 4)
    return {
        "pairwise_svm": svm,
        "drop_same_minus_different": round(svm["same"] - svm["different"], 4),
        "drop_cell_free_minus_different": round(svm["cell-free"] - svm["different"], 4),
        f"transfer_{n}_way": transfer,
        "capture_rate": capture,
    }


def head_accuracy(study, encoder, saved):
    """Accuracy of the network's own head, where it is a classifier."""
    if saved["classes"] is None:
        return None
    classes = np.array(saved["classes"])
    truth = getattr(study.cells, encoder.design["label"])
    result = {}
    rng = np.random.default_rng(2)
    background = rng.integers(len(study.classes) - 1, size=len(study.y))
    background += background >= study.y
    for setting in ("original", "same", "different"):
        crops = study.crops(setting, background) if setting == "different" else study.crops(setting)
        result[setting] = round(float((classes[encoder(crops, study.cells.mask, "head").argmax(1)] == truth).mean()), 4)
    return result


def write_card(folder, name, encoder, saved, study, measured, head):
    card = {
        "name": name,
        "objective": encoder.design["objective"],
        "swapped_backgrounds": saved["training"]["swap"],
        "training": {k: v for k, v in saved["training"].items() if k != "share" or saved["training"]["swap"]},
        "final_loss": saved["log"][-1]["loss"],
        "features": f"output {encoder.features}, 64 values",
        "held_out": {"source": study.cells.manifest["source"], "cells": len(study.cells), "hashes": study.cells.manifest["hashes"]},
        "head_accuracy": head,
        **measured,
        "bytes": (folder / f"{name}.onnx").stat().st_size,
        "sha256": encoder.sidecar["sha256"],
        "license": "Apache-2.0",
        "citation": encoder.design["citation"],
    }
    cards = folder / "cards"
    cards.mkdir(exist_ok=True)
    (cards / f"{name}.json").write_text(json.dumps(card, indent=2) + "\n")
    classes, side = len(study.classes), SIDES[encoder.design["organism"]]
    s, t = measured["pairwise_svm"], measured[f"transfer_{classes}_way"]
    rows = "\n".join(f"| {k} | {s[k]:.3f} | {t[k]:.3f} |" for k in s)
    own = "" if head is None else (
        f"\nThe network's own head ({encoder.design['label']}): "
        + ", ".join(f"{k} {v:.3f}" for k, v in head.items())
        + ".\n"
    )
    training = saved["training"]
    (cards / f"{name}.md").write_text(
        f"""# {name}

Objective: {encoder.design['objective']}. {'Trained with swapped backgrounds: ' + format(training['share'], '.0%') + ' of the crops got a new donor background at every step.' if training['swap'] else 'Trained on original crops.'}{' It is shown the pixels of the center cell alone, scaled by themselves.' if encoder.center else ''}
These are not the published weights: a compact network of the same design, trained on simulated cells only.

- Training: {training['cells']} cells, {training['source']}; {training['steps']} steps of {training['batch']}, seed {training['seed']}, final loss {saved['log'][-1]['loss']}.
- Held out: {len(study.cells)} cells of other fields, {study.cells.manifest['source']}.
- Features: output `{encoder.features}` (64 values). Input: {', '.join(encoder.design['channels'])}, {side} x {side} px, {encoder.design['preprocess'][0]['step']} per {'cell' if encoder.center else 'crop'} and channel.
- {card['bytes']} bytes, SHA-256 {card['sha256']}. License: Apache-2.0. Cite the design: {encoder.design['citation']}.

| setting | pairs of localizations (linear SVM, trained and tested within the setting) | {classes} localizations (logistic, trained on original crops) |
|---|---|---|
{rows}

Drop same - different {measured['drop_same_minus_different']:.3f}, cell-free - different {measured['drop_cell_free_minus_different']:.3f}; capture rate {measured['capture_rate']:.3f} (chance at most {1 / len(study.classes):.3f}).
{own}"""
    )
    return card


def write_summary(folder):
    """README.md of the folder: all cards, a pair of tables for each organism."""
    cards = [json.loads(p.read_text()) for p in sorted((folder / "cards").glob("*.json"))]
    settings = ("original", "self", "same", "cell-free", "different", "masked")
    lines = [
        "# Bundled encoders",
        "",
        "Compact networks in three published designs, trained on simulated yeast (not the published weights), and one for simulated human cells; `-swap` is the twin that saw a new background at every step, `-center` the network that is shown the center cell alone. Written by `recipes/evaluate.py`; one card each in `cards/`, the method in `docs/training.md`. License: Apache-2.0.",
    ]
    for organism in SIDES:
        own = [c for c in cards if DESIGNS[c["name"].split("-")[0]]["organism"] == organism]
        if not own:
            continue
        lines += ["", f"## {organism.capitalize()}", ""]
        lines += ["Pairs of localizations, linear SVM trained and tested within the setting (mean accuracy on held-out fields):", ""]
        lines.append("| encoder | " + " | ".join(settings) + " | same - different | cell-free - different | capture rate |")
        lines.append("|---|" + "---|" * (len(settings) + 3))
        for c in own:
            numbers = [c["pairwise_svm"][s] for s in settings]
            numbers += [c["drop_same_minus_different"], c["drop_cell_free_minus_different"], c["capture_rate"]]
            lines.append(f"| {c['name']} | " + " | ".join(f"{v:.3f}" for v in numbers) + " |")
        way = next(key for key in own[0] if key.startswith("transfer_"))
        lines += ["", f"{way.split('_')[1]} localizations, logistic regression trained on original crops:", ""]
        lines += ["| encoder | " + " | ".join(settings) + " |", "|---|" + "---|" * len(settings)]
        for c in own:
            lines.append(f"| {c['name']} | " + " | ".join(f"{c[way][s]:.3f}" for s in settings) + " |")
    (folder / "README.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", required=True, type=Path, nargs="+")
    for option in ("weights", "encoders"):
        parser.add_argument(f"--{option}", required=True, type=Path)
    parser.add_argument("--only")
    args = parser.parse_args()
    torch.set_num_threads(1)
    studies = [Study(path) for path in args.cells]
    for path in sorted(args.weights.glob("*.pt")):
        for name in (path.stem, f"{path.stem}-center"):
            if args.only not in (None, name) or not (args.encoders / f"{name}.json").exists():
                continue
            encoder = Encoder(args.encoders, name)
            saved = torch.load(path, map_location="cpu", weights_only=True)
            study = next(s for s in studies if set(encoder.design["channels"]) <= set(s.cells.manifest["channels"]))
            card = write_card(
                args.encoders, name, encoder, saved, study, measure(study, encoder), head_accuracy(study, encoder, saved)
            )
            print(name, json.dumps({k: card[k] for k in ("pairwise_svm", "drop_same_minus_different", "capture_rate", "head_accuracy")}), flush=True)
    write_summary(args.encoders)
