"""
Shows what recipes/swap_dataset.py gives: python datasets.py QUESTIONS, a JSON list of [what, options]; prints the
answers as a JSON list. Arrays go to the files `out`.
"""
import json
import os
import pickle
import sys

import numpy as np
import torch
from torch.utils.data import DataLoader

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../recipes"))
from swap_dataset import CompositeDataset, StoreError, SwapDataset, alpha, filled, squared_distance


def dataset(of, **options):
    return (CompositeDataset if of == "composites" else SwapDataset)(**options)


def kernels(mask, most, unit, out):
    """`alpha` of label masks and squared distances to their center cells."""
    masks = np.load(mask)
    np.save(out + "-alpha.npy", np.stack([alpha(m, unit) for m in masks]))
    np.save(out + "-squared.npy", np.stack([squared_distance(m == 1, most) for m in masks]).astype(np.float32))


def composites(pairs, out, **options):
    """Cells on the backgrounds of given donors."""
    data = dataset(**options)
    np.save(out, np.stack([data.swapped(cell, np.random.default_rng(1), donor) for cell, donor in pairs]))


def fill(crop, mask, out):
    """What `filled` gives for every crop, and whether pixels that changed are cell-free ones of the same crop."""
    crops, masks = np.load(crop), np.load(mask)
    empty = np.stack([filled(c, m, "center", np.random.default_rng(i), 0.5) for i, (c, m) in enumerate(zip(crops, masks))])
    np.save(out, empty)
    known = []
    for c, m, e in zip(crops, masks, empty):
        free = {tuple(v) for v in c[:, m == 0].T}
        known.append(all(tuple(v) in free for v in e[:, (c != e).any(0)].T))
    return known


def donors(draws, **options):
    """How often every cell of the store lends to every item."""
    data = dataset(**options)
    rng = np.random.default_rng(5)
    counts = np.zeros((len(data), len(data.field)), int)
    for item, row in enumerate(data.rows):
        for _ in range(draws):
            counts[item, data.draw_donor(int(row), rng)] += 1
    return {"rows": data.rows.tolist(), "donors": sorted(data.donors.tolist()), "counts": counts.tolist()}


def epochs(out, workers=0, context=None, persistent=False, shuffle=False, set_epoch=False, epochs=2, copied=False, **options):
    """All crops and labels of some epochs, as a DataLoader gives them."""
    data = dataset(**options)
    if copied:
        data = pickle.loads(pickle.dumps(data))
    loader = DataLoader(
        data, 5, shuffle, num_workers=workers, multiprocessing_context=context, persistent_workers=persistent,
        generator=torch.Generator().manual_seed(3),
    )
    crops, labels = [], []
    for epoch in range(epochs):
        if set_epoch:
            data.set_epoch(epoch)
        *parts, label = zip(*loader)
        crops.append(torch.stack([torch.cat(p) for p in parts]))
        labels.append(torch.cat(label).tolist())
    np.save(out, torch.stack(crops).numpy())
    return {"labels": labels, "classes": None if data.classes is None else data.classes.tolist(), "bytes": len(pickle.dumps(data))}


def transformed(**options):
    """The shapes that a transform sees, and whether what it gives is what comes out."""
    seen = []

    def double(x):
        seen.append(list(x.shape))
        return 2 * x

    item, plain = dataset(transform=double, **options)[0], dataset(**options)[0]
    same = [torch.equal(a, 2 * b) for a, b in zip(item[:-1], plain[:-1])]
    return {"shapes": seen, "same": same, "types": [str(x.dtype) for x in item[:-1]], "item": [list(x.shape) for x in item[:-1]]}


def error(**options):
    """The message with which a data set is refused."""
    try:
        dataset(**options)
    except StoreError as refused:
        return str(refused)


def answer(what, options):
    if isinstance(options.get("metadata"), str):
        with open(options["metadata"]) as file:
            options = {**options, "metadata": json.load(file)}
    return globals()[what](**options)


if __name__ == "__main__":
    print(json.dumps([answer(what, options) for what, options in json.loads(sys.argv[1])]))
