"""
Processor time per crop: python swap-dataset.py STORE COLUMNS.json CROPS ROUNDS prints, for every round, the microseconds of
reading a crop, of recipes/swap_dataset.py giving it swapped, and of a small network's training step.
"""
import json
import os
import sys
import time

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../recipes"))
from networks import Classifier
from swap_dataset import SwapDataset

BATCH = 64

store, columns, crops, rounds = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(1)
data = SwapDataset(store, "Metadata_Localization", swap=1, metadata=columns)
side = data[0][0].shape[-1]
net = Classifier(data[0][0].shape[0], len(data.classes), side)
batch = torch.stack([data[i % len(data)][0] for i in range(BATCH)])
label = torch.tensor([data[i % len(data)][1] for i in range(BATCH)])


def read(i):
    torch.from_numpy(data.original(int(data.rows[i % len(data)])))


def swapped(i):
    data[i % len(data)]


def step(i):
    if i % BATCH == 0:
        torch.nn.functional.cross_entropy(net(batch), label).backward()


def microseconds(work):
    start = time.process_time()
    for i in range(crops):
        work(i)
    return (time.process_time() - start) / crops * 1e6


found = []
for round in range(-1, rounds):
    times = {work.__name__: microseconds(work) for work in (read, swapped, step)}
    if round >= 0:
        found.append(times)
print(json.dumps(found))
