"""Trains one bundled encoder: python train.py pifia --cells CELLS --out FOLDER [--swap] (see docs/training.md)."""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from cells import Cells, backgrounds
from designs import DESIGNS, SIDES
from networks import Classifier, PairedInpainting


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("design", choices=DESIGNS)
    parser.add_argument("--cells", required=True, help="cell store with original crops")
    parser.add_argument("--out", required=True, help="folder for the weights")
    parser.add_argument("--swap", action="store_true", help="give every crop another background at every step")
    parser.add_argument("--share", type=float, help="part of the crops swapped with --swap, instead of the design's")
    parser.add_argument("--steps", type=int, help="instead of the design's")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    for option in ("steps", "share"):
        if getattr(args, option) is None:
            setattr(args, option, DESIGNS[args.design][option])
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    cells = Cells(args.cells)
    design = DESIGNS[args.design]
    name = args.design + ("-swap" if args.swap else "")
    empty, weight = backgrounds(cells) if args.swap else (None, None)
    classes, labels = (None, None) if design["label"] is None else np.unique(getattr(cells, design["label"]), return_inverse=True)
    net = PairedInpainting() if classes is None else Classifier(len(design["channels"]), len(classes), SIDES[design["organism"]])
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.rate, args.steps, pct_start=0.1)
    of_field = {f: np.flatnonzero(cells.field == f) for f in np.unique(cells.field)}
    usable = np.array([i for i in range(len(cells)) if classes is not None or len(of_field[cells.field[i]]) > 1])
    log, start, order, loss_sum = [], time.time(), np.array([], int), 0.0
    for step in range(1, args.steps + 1):
        if len(order) < args.batch:
            order = rng.permutation(usable)
        rows, order = order[: args.batch], order[args.batch :]
        x = cells.x[rows]
        if args.swap:
            swapped = rng.random(len(rows)) < args.share
            donor = rng.integers(len(cells), size=len(rows))
            a = np.where(swapped[:, None, None], weight[rows].astype(np.float32), 1)[:, None]
            x = a * x + (1 - a) * empty[donor].astype(np.float32)
        x = turn(torch.from_numpy(x), rng)[:, : len(design["channels"])]
        x = design["scale"](x)
        if classes is None:
            others = np.array([rng.choice(of_field[f][of_field[f] != r]) for f, r in zip(cells.field[rows], rows)])
            target = turn(torch.from_numpy(cells.x[others]), rng)
            marker = design["scale"](target[:, 1:])
            loss = F.mse_loss(net(x, marker), F.avg_pool2d(standard(target[:, :1]), 2))
        else:
            loss = F.cross_entropy(net(x), torch.from_numpy(labels[rows]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        loss_sum += loss.item()
        if step % 200 == 0 or step == args.steps:
            n = step - (log[-1]["step"] if log else 0)
            log.append({"step": step, "loss": round(loss_sum / n, 4)})
            print(f"{name} step {step} of {args.steps}: loss {loss_sum / n:.4f}, {time.time() - start:.0f} s", flush=True)
            loss_sum = 0.0
            save(net, args, name, classes, log, cells)
    save(net, args, name, classes, log, cells)


def standard(x):
    return DESIGNS["pifia"]["scale"](x)


def turn(x, rng):
    """One of the eight rotations and reflections for the whole batch."""
    k = int(rng.integers(8))
    x = torch.rot90(x, k % 4, (2, 3))
    return (x.flip(3) if k >= 4 else x).contiguous()


def save(net, args, name, classes, log, cells):
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    partial = out / f"{name}.pt.part"
    torch.save(
        {
            "state": net.state_dict(),
            "classes": None if classes is None else classes.tolist(),
            "training": {k: v for k, v in vars(args).items() if k not in ("cells", "out", "threads")}
            | {"cells": len(cells), "source": cells.manifest["source"], "hashes": cells.manifest["hashes"]},
            "log": log,
        },
        partial,
    )
    partial.replace(out / f"{name}.pt")


if __name__ == "__main__":
    main()
