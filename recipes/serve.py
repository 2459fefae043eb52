"""Gives cellswap the features of a PyTorch network: "command": ["python", "serve.py", "--weights", "net.pt"]."""
import argparse
import os
import sys
from queue import Queue
from threading import Thread

import numpy as np
import torch
from torch import nn


def load(weights):
    """A module that gives batch x features for batch x channels x height x width: put yours in the place of this."""
    first, second = nn.Conv2d(2, 16, 5, stride=2), nn.Conv2d(16, 32, 3, stride=2)
    net = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    net.load_state_dict(torch.load(weights, map_location="cpu"))
    return net


def read(source):
    """The next array, None where the input ends."""
    if not source.peek(1):
        return None
    np.lib.format.read_magic(source)
    shape, _, dtype = np.lib.format.read_array_header_1_0(source)
    array = np.empty(shape, dtype)
    source.readinto(memoryview(array).cast("B"))
    return array


def batches(source):
    """The arrays of the input; each is read while the one before is computed."""
    queue = Queue(1)

    def fill():
        try:
            while (array := read(source)) is not None:
                queue.put(array)
        finally:
            queue.put(None)  # Where reading fails, too: else the program would wait for ever.

    Thread(target=fill, daemon=True).start()
    while (array := queue.get()) is not None:
        yield array


def write(sink, array):
    np.lib.format.write_array_header_1_0(sink, np.lib.format.header_data_from_array_1_0(array))
    sink.write(array.tobytes())


def serve(net, half=False):
    """Reads batches until the input ends and writes the features of each, one array per output."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Only features belong on standard output: what libraries print goes to standard error.
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.deterministic = True
    net.to(device).eval()
    with torch.inference_mode(), torch.autocast(device, enabled=half):
        for images in batches(source):
            outputs = net(torch.from_numpy(images).to(device))
            for features in outputs if isinstance(outputs, (tuple, list)) else [outputs]:
                write(sink, np.ascontiguousarray(features.float().cpu().numpy()))
            sink.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--half", action="store_true", help="compute in mixed precision")
    arguments = parser.parse_args()
    serve(load(arguments.weights), arguments.half)
