"""Writes NAME.onnx and its sidecar NAME.json from trained weights: python export.py WEIGHTS_FOLDER OUT_FOLDER"""

import hashlib
import json
import sys
from pathlib import Path

import onnx
import torch

from designs import DESIGNS, SIDES, features_of
from networks import CenterOnly, Classifier, Exported, PairedInpainting


ORGANISMS = {"yeast": "yeast", "human": "human cells"}


def load(path):
    saved = torch.load(path, map_location="cpu", weights_only=True)
    design = DESIGNS[saved["training"]["design"]]
    net = (
        PairedInpainting()
        if saved["classes"] is None
        else Classifier(len(design["channels"]), len(saved["classes"]), SIDES[design["organism"]])
    )
    net.load_state_dict(saved["state"])
    return net.eval(), design, saved


def export(path, out, center=False):
    """`center`: the network shown the center cell alone, as NAME-center."""
    net, design, saved = load(path)
    name = path.stem + ("-center" if center else "")
    channels, side = len(design["channels"]), SIDES[design["organism"]]
    file = out / f"{name}.onnx"
    torch.onnx.export(
        (CenterOnly if center else Exported)(net).eval(),
        (torch.zeros(2, channels, side, side), *([torch.ones(2, 1, side, side)] if center else [])),
        str(file),
        input_names=["x", *(["mask"] if center else [])],
        output_names=["max", "mean", "head"],
        dynamic_axes={n: {0: "n"} for n in ("x", *(["mask"] if center else []), "max", "mean", "head")},
        opset_version=14,
    )
    onnx.checker.check_model(str(file))
    swapped = saved["training"]["swap"]
    sidecar = {
        "format": "cellswap-encoder",
        "version": 1,
        "name": name,
        "title": f"{design['objective']}{', trained with swapped backgrounds' if swapped else ''}{', shown the center cell alone' if center else ''}",
        "model": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "input": {"name": "x", "channels": design["channels"], "height": side, "width": side, "layout": "NCHW"},
        **({"extraInputs": [{"name": "mask", "value": "center-mask"}]} if center else {}),
        "preprocess": [] if center else design["preprocess"],
        "outputs": [{"output": features_of(design, swapped), "layout": "vector", "pool": "none"}],
        "license": "Apache-2.0",
        "source": f"Trained on simulated {ORGANISMS[design['organism']]} with recipes/train.py; these are not the published weights.",
        "citation": design["citation"],
        "notes": ["Outputs: max and mean over the last map (64 each), head (classes, or the pair's summary)."],
        **({} if swapped or center else {"retrained": f"{name}-swap"}),
    }
    (out / f"{name}.json").write_text(json.dumps(sidecar, indent=2) + "\n")
    return name, file.stat().st_size


if __name__ == "__main__":
    weights, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(weights.glob("*.pt")):
        print("%s: %d bytes" % export(path, out))
    if (weights / "human.pt").exists():
        print("%s: %d bytes" % export(weights / "human.pt", out, center=True))
