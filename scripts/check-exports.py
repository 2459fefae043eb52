# requirements: scripts/make-pool-fixtures.txt
"""Checks exported encoders outside of cellswap: `python scripts/check-exports.py ENCODER.json...` (default: the bundled ones and
the fixtures) exports each with the remedy pool, holds the file to onnx.checker, and compares its features in ONNX Runtime with
those of the tensor inside the original network, pooled by numpy. Needs `npm run build`."""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

root = Path(__file__).resolve().parent.parent
fixtures = root / "test/fixtures/encode"
rng = np.random.default_rng(3)
WORST = 1e-5


def described(folder):
    """Descriptions of the fixtures, and the bundled ones."""
    for name in json.load(open(fixtures / "pool/expected.json")):
        vit = name.startswith("vit")
        layout = "NHWC" if name.startswith("nhwc") else "NCHW"
        size = dict(channels=["A", "B"], height=32, width=32, layout=layout)
        path = Path(folder) / f"{name}.json"
        path.write_text(json.dumps(dict(
            format="cellswap-encoder", version=1, name=name, model=str(fixtures / ("onnx" if vit else "pool") / f"{name}.onnx"),
            input=dict(name="pixel_values" if vit else "x", **size), outputs=[dict(output="pooler_output" if vit else "features")],
        )))
        yield path
    yield from sorted((root / "encoders").glob("*.json"))


def inner(path, name):
    """A session of a network that gives a tensor inside it as well."""
    model = onnx.load(path)
    if name not in [o.name for o in model.graph.output]:
        model.graph.output.append(onnx.ValueInfoProto(name=name))
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def pooled(values, layout, masks):
    values = values.astype(np.float64)
    if layout == "tokens":
        side = int(values.shape[1] ** 0.5)
        values = values[:, values.shape[1] - side * side :].reshape(len(values), side, side, -1)
    elif layout == "NCHW":
        values = values.transpose(0, 2, 3, 1)
    rows, columns = values.shape[1:3]
    weights = np.zeros(values.shape[:3])
    y, x = np.mgrid[: masks.shape[1], : masks.shape[2]]
    for i, mask in enumerate(masks):
        np.add.at(weights[i], (y * rows // masks.shape[1], x * columns // masks.shape[2]), mask.astype(np.float64))
        weights[i] = weights[i] / weights[i].sum() if weights[i].sum() > 0 else 1 / (rows * columns)
    return np.einsum("nyxc,nyx->nc", values, weights)


def check(path, folder):
    out = Path(folder) / f"{path.stem}-pool.json"
    made = subprocess.run(
        ["node", root / "dist/cli.js", "export", "encoder", "--encoder", path, "--remedy", "pool", "--out", out, "--json"],
        capture_output=True, text=True, check=True,
    )
    description = json.loads(made.stdout)["description"]
    model = onnx.load(out.with_suffix(".onnx"))
    onnx.checker.check_model(model, full_check=True)
    base = json.load(open(path))
    [line] = [n for n in description["notes"] if n.startswith("The features are the mean of ")]
    tensor, layout = line.removeprefix("The features are the mean of ").removesuffix(")").split(" (")[0:2]
    layout = layout.split(")")[0]
    original, exported = inner(path.parent / base["model"], tensor), ort.InferenceSession(str(out.with_suffix(".onnx")), providers=["CPUExecutionProvider"])
    [main] = [i for i in original.get_inputs() if i.name == base["input"]["name"]]
    half = "16" in main.type
    worst = 0
    for count in (1, 5) if isinstance(main.shape[0], str) else (main.shape[0],):
        shape = [count, *main.shape[1:]]
        crops = rng.random(shape).astype(np.float16 if half else np.float32)
        masks = rng.random((count, base["input"]["height"], base["input"]["width"])).astype(np.float32)
        masks[masks < 0.7] = 0
        masks[-1] = 0
        # All that they ask for besides the crops is the mask, with an axis for channels where it has four.
        feeds = lambda session: {
            i.name: crops if i.name == main.name else masks if len(i.shape) == 3 else masks[:, None]
            for i in session.get_inputs()
        }
        found = exported.run([description["outputs"][0]["output"]], feeds(exported))[0]
        expected = pooled(original.run([tensor], feeds(original))[0], layout, masks)
        assert found.shape == expected.shape and found.dtype == np.float32, (found.shape, expected.shape)
        worst = max(worst, np.abs(found - expected).max() / np.abs(expected).max())
    opset = next(o.version for o in model.opset_import if o.domain == "")
    print(f"{path.stem:20} opset {opset:2}, IR {model.ir_version:2}  {tensor} ({layout})  {worst:.1e}")
    return worst < (4e-3 if half else WORST)


with tempfile.TemporaryDirectory() as folder:
    paths = [Path(p) for p in sys.argv[1:]] or list(described(folder))
    good = [check(path, folder) for path in paths]
sys.exit(0 if all(good) else "some features differ")
