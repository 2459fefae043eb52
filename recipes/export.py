"""Writes NAME.onnx and its sidecar NAME.json from trained weights: python export.py WEIGHTS_FOLDER OUT_FOLDER"""

import hashlib
import json
import sys
from pathlib import Path

import onnx
import torch

from designs import DESIGNS
from networks import Classifier, Exported, PairedInpainting


def load(path):
    saved = torch.load(path, map_location="cpu", weights_only=True)
    design = DESIGNS[saved["training"]["design"]]
    net = (
        PairedInpainting()
        if saved["classes"] is None
        else Classifier(len(design["channels"]), len(saved["classes"]))
    )
    net.load_state_dict(saved["state"])
    return net.eval(), design, saved


def export(path, out):
    net, design, saved = load(path)
    name = path.stem
    channels = len(design["channels"])
    file = out / f"{name}.onnx"
    torch.onnx.export(
        Exported(net).eval(),
        torch.zeros(2, channels, 64, 64),
        str(file),
        input_names=["x"],
        output_names=["max", "mean", "head"],
        dynamic_axes={n: {0: "n"} for n in ("x", "max", "mean", "head")},
        opset_version=14,
        dynamo=False,
    )
    onnx.checker.check_model(str(file))
    swapped = saved["training"]["swap"]
    sidecar = {
        "format": "cellswap-encoder",
        "version": 1,
        "name": name,
        "title": f"{design['objective']}{', trained with swapped backgrounds' if swapped else ''}",
        "model": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "input": {"name": "x", "channels": design["channels"], "height": 64, "width": 64, "layout": "NCHW"},
        "preprocess": design["preprocess"],
        "outputs": [{"output": "max", "layout": "vector", "pool": "none"}],
        "license": "Apache-2.0",
        "source": "Trained on simulated yeast with recipes/train.py; these are not the published weights.",
        "citation": design["citation"],
        "notes": ["Outputs: max and mean over the last map (64 each), head (classes, or the pair's summary)."],
    }
    (out / f"{name}.json").write_text(json.dumps(sidecar, indent=2) + "\n")
    return name, file.stat().st_size


if __name__ == "__main__":
    weights, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(weights.glob("*.pt")):
        print("%s: %d bytes" % export(path, out))
