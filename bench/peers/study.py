"""The reference's scripts as they are, in a new folder: `study.py REFERENCE IMAGES FOLDER`; one JSON line of seconds.

Its weights come from its ONNX files (normalization folded into the convolutions), heads are random: only time counts
there. Two single-threaded processes at once wherever stages are independent.
"""
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

reference, images, folder = (Path(p).resolve() for p in sys.argv[1:4])
NAMES = ("deeploc", "pifia", "pci")


def write_weights(name):
    import onnx
    import torch
    from onnx import numpy_helper

    sys.path.insert(0, str(reference / "scripts"))
    from models import MAKE

    graph = onnx.load(reference / f"onnx/{name}.onnx").graph
    held = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    torch.manual_seed(7)
    net = MAKE[name]()
    convs = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for m in norms:
        m.running_var.fill_(1 - m.eps)
    for node, conv in zip([n for n in graph.node if n.op_type == "Conv"], convs):
        conv.weight.data, conv.bias.data = held[node.input[1]], held[node.input[2]]
    if name == "pci":
        for node, norm in zip([n for n in graph.node if n.op_type == "BatchNormalization"], norms):
            for key, at in (("weight", 1), ("bias", 2), ("running_mean", 3), ("running_var", 4)):
                getattr(norm, key).data.copy_(held[node.input[at]])
    torch.save(net.state_dict(), folder / f"{name}.pt")


folder.mkdir(parents=True, exist_ok=True)
(folder / "fig").mkdir(exist_ok=True)
for file in ("index.csv", "masks.npy"):
    shutil.copyfile(reference / file, folder / file)
for name in NAMES:
    write_weights(name)
environment = {
    **os.environ,
    "YEAST_IMAGES": str(images),
    "PYTHONDONTWRITEBYTECODE": "1",
    **{f"{n}_NUM_THREADS": "1" for n in ("OMP", "OPENBLAS", "MKL")},
}


def run(script, *arguments):
    subprocess.run(
        [sys.executable, str(reference / "scripts" / script), *arguments],
        cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )


def stage(script, jobs):
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda arguments: run(script, *arguments), jobs))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {"wall": time.perf_counter() - start, "cpu": cpu}


print(json.dumps({
    "composites": stage("step2_settings.py", [()]),
    "features": stage("step4_features.py", [(n,) for n in NAMES]),
    "probes": stage("step4_eval.py", [(n, "max") for n in NAMES]),
}), flush=True)
