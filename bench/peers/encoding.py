"""Crops per second of PIFiA's network: `encoding.py torch|onnxruntime MODEL BATCH SECONDS`; one line per request on stdin."""
import sys
import time

import numpy as np

peer, model, batch, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
x = np.sin(np.arange(batch * 64 * 64, dtype=np.float32)).reshape(batch, 1, 64, 64)
if peer == "torch":
    import torch

    torch.set_num_threads(2)
    layers, channels = [], 1
    for width, pool in ((64, 0), (64, 1), (128, 0), (128, 1), (256, 0), (256, 0), (256, 0), (256, 0)):
        layers += [torch.nn.Conv2d(channels, width, 3), torch.nn.ReLU()] + ([torch.nn.MaxPool2d(2)] if pool else [])
        channels = width
    net = torch.nn.Sequential(*layers).eval()
    tensor = torch.from_numpy(x)

    def run():
        with torch.inference_mode():
            return net(tensor).amax((2, 3))

else:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run():
        return session.run(None, {name: x})


run()
for _ in sys.stdin:
    start, runs = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        run()
        runs += 1
    print(runs * batch / (time.perf_counter() - start), flush=True)
