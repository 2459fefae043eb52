# requirements: scripts/make-onnx-fixtures.txt
"""Writes test/fixtures/encode/onnx: small networks in the forms that people export, and what ONNX Runtime in Python gives for
drawn crops, pooled by numpy."""
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T
from onnx import helper as H
from onnx import numpy_helper as N

out = Path(__file__).resolve().parent.parent / "test/fixtures/encode/onnx"
out.mkdir(parents=True, exist_ok=True)
for file in out.iterdir():
    file.unlink()

COUNT, CHANNELS, SIZE, PATCH, DIM, PREFIX = 5, 2, 32, 8, 12, 3
GRID = SIZE // PATCH


def drawn(count, salt):
    """Numbers in [0, 1), the same in any language: the bits of a product."""
    i = np.arange(count, dtype=np.uint64) + np.uint64(salt)
    return ((i * np.uint64(2654435761)) % np.uint64(2**32)).astype(np.float64) / 2**32


crops = drawn(COUNT * CHANNELS * SIZE * SIZE, 7).astype(np.float32).reshape(COUNT, CHANNELS, SIZE, SIZE)
yy, xx = np.mgrid[:SIZE, :SIZE]
masks = np.stack([(yy - 14) ** 2 + (xx - 12 - 2 * i) ** 2 < (5 + i) ** 2 for i in range(COUNT)])


def weight(name, shape, salt, scale=1.0):
    # Exact in half precision, so that both precisions have the same weights.
    values = (drawn(int(np.prod(shape)), salt) - 0.5) * 2 * scale
    return N.from_array((np.round(values * 64) / 64).astype(np.float32).reshape(shape), name)


def save(name, nodes, inputs, outputs, weights, opset=17, values=(), external=False):
    graph = H.make_graph(nodes, name, inputs, outputs, weights, value_info=list(values))
    model = H.make_model(graph, opset_imports=[H.make_opsetid("", opset)], producer_name="fixture")
    model.ir_version = 8
    onnx.save(model, out / f"{name}.onnx", **(dict(save_as_external_data=True, location=f"{name}.onnx_data", size_threshold=64) if external else {}))
    return model


def info(name, type_, shape):
    return H.make_tensor_value_info(name, type_, shape)


def vit(name, batch="batch", half=False, **more):
    """A vision transformer of one block: class token and two registers before 4 x 4 patches."""
    ints = lambda n, v: N.from_array(np.array(v, np.int64), n)
    tokens = PREFIX + GRID * GRID
    weights = [
        weight("patch.weight", (DIM, CHANNELS, PATCH, PATCH), 1, 0.25),
        weight("prefix", (1, PREFIX, DIM), 2),
        weight("position", (1, tokens, DIM), 3),
        weight("norm.weight", (DIM,), 4), weight("norm.bias", (DIM,), 5),
        weight("qkv", (DIM, 3 * DIM), 6, 0.5), weight("proj", (DIM, DIM), 8, 0.5),
        weight("fc1", (DIM, 2 * DIM), 9, 0.5), weight("fc2", (2 * DIM, DIM), 10, 0.5),
        weight("pool", (DIM, 4), 11, 0.5),
        N.from_array(np.array(DIM**-0.5, np.float32), "scale"),
        ints("flat", [0, DIM, GRID * GRID]), ints("tail", [PREFIX, DIM]), ints("one", 0),
    ]
    node = H.make_node
    nodes = [
        node("Conv", ["pixel_values", "patch.weight"], ["patches"], strides=[PATCH, PATCH]),
        node("Reshape", ["patches", "flat"], ["rows"]),
        node("Transpose", ["rows"], ["embedded"], perm=[0, 2, 1]),
        node("Shape", ["pixel_values"], ["shape"], end=1),
        node("Concat", ["shape", "tail"], ["wide"], axis=0),
        node("Expand", ["prefix", "wide"], ["before"]),
        node("Concat", ["before", "embedded"], ["all"], axis=1),
        node("Add", ["all", "position"], ["x"]),
        node("LayerNormalization", ["x", "norm.weight", "norm.bias"], ["n"], axis=-1),
        node("MatMul", ["n", "qkv"], ["h"]),
        node("Split", ["h"], ["q", "k", "v"], axis=2),
        node("Transpose", ["k"], ["kt"], perm=[0, 2, 1]),
        node("MatMul", ["q", "kt"], ["qk"]),
        node("Mul", ["qk", "scale"], ["scaled"]),
        node("Softmax", ["scaled"], ["attention"], axis=-1),
        node("MatMul", ["attention", "v"], ["av"]),
        node("MatMul", ["av", "proj"], ["o"]),
        node("Add", ["x", "o"], ["encoder.layer.0"]),
        node("MatMul", ["encoder.layer.0", "fc1"], ["f"]),
        node("Relu", ["f"], ["r"]),
        node("MatMul", ["r", "fc2"], ["g"]),
        node("Add", ["encoder.layer.0", "g"], ["last_hidden_state"]),
        node("Gather", ["last_hidden_state", "one"], ["cls"], axis=1),
        node("MatMul", ["cls", "pool"], ["p"]),
        node("Tanh", ["p"], ["pooler_output"]),
    ]
    type_ = T.FLOAT16 if half else T.FLOAT
    if half:
        weights = [N.from_array(N.to_array(w).astype(np.float16), w.name) if w.data_type == T.FLOAT else w for w in weights]
    return save(
        name, nodes,
        [info("pixel_values", type_, [batch, CHANNELS, SIZE, SIZE])],
        [info("last_hidden_state", type_, [batch, tokens, DIM]), info("pooler_output", type_, [batch, 4])],
        weights, **more,
    )


def run(name, feeds, output=None):
    return ort.InferenceSession(str(out / f"{name}.onnx"), providers=["CPUExecutionProvider"]).run([output] if output else None, feeds)


def share():
    """Share of the center cell in every patch."""
    cut = masks.astype(np.float64).reshape(COUNT, GRID, PATCH, GRID, PATCH).sum((2, 4)).reshape(COUNT, -1)
    return cut / cut.sum(1, keepdims=True)


def pools(tokens):
    tokens = tokens.astype(np.float64)
    patches = tokens[:, PREFIX:]
    return {
        "class": tokens[:, 0],
        "mean": patches.mean(1),
        "max": patches.max(1),
        "center-mean": (patches * share()[:, :, None]).sum(1),
        "flatten": tokens.reshape(COUNT, -1),
    }


expected = {}
lists = lambda named: {k: [[float(f"{x:.9g}") for x in row] for row in np.asarray(v, np.float32)] for k, v in named.items()}

vit("vit")
tokens, pooled = run("vit", {"pixel_values": crops})
expected["vit"] = lists({**pools(tokens), "pooler_output": pooled})
vit("vit-external", external=True)
vit("vit-batch4", batch=4)
vit("vit-half", half=True)
tokens, pooled = run("vit-half", {"pixel_values": crops.astype(np.float16)})
expected["vit-half"] = lists({**pools(tokens), "pooler_output": pooled})

# The output of the first block is inside the network: one run of a copy that gives it.
copy = onnx.load(out / "vit.onnx")
copy.graph.output.append(info("encoder.layer.0", T.FLOAT, None))
session = ort.InferenceSession(copy.SerializeToString(), providers=["CPUExecutionProvider"])
expected["inner"] = lists({"mean": session.run(["encoder.layer.0"], {"pixel_values": crops})[0][:, PREFIX:].mean(1)})


def masked(name, mask_type, shape, cast):
    """Mean over the center cell of every channel, times a constant, plus a number of each input of the batch."""
    nodes = [
        H.make_node("Cast", ["cell_mask"], ["m0"], to=T.FLOAT),
        H.make_node("Reshape", ["m0", "as_plane"], ["m"]),
        H.make_node("Mul", ["images", "m"], ["product"]),
        H.make_node("ReduceSum", ["product", "axes"], ["sum"], keepdims=0),
        H.make_node("ReduceSum", ["m", "axes"], ["area"], keepdims=0),
        H.make_node("Div", ["sum", "area"], ["mean"]),
        H.make_node("Mul", ["mean", "gain"], ["scaled"]),
        H.make_node("Cast", ["offset"], ["offset32"], to=T.FLOAT),
        H.make_node("Add", ["scaled", "offset32"], ["single"]),
        H.make_node("Cast", ["single"], ["features"], to=T.DOUBLE),
    ]
    ints = lambda n, v: N.from_array(np.array(v, np.int64), n)
    save(
        name, nodes,
        [info("images", T.FLOAT, ["n", CHANNELS, "h", "w"]), info("cell_mask", mask_type, shape), info("gain", T.FLOAT, []), info("offset", T.INT64, ["n", 2])],
        [info("features", T.DOUBLE, ["n", CHANNELS])],
        [ints("as_plane", [-1, 1, SIZE, SIZE]), ints("axes", [2, 3])],
    )
    given = masks.astype(cast).reshape(COUNT, *[SIZE if isinstance(a, str) else a for a in shape[1:]])
    feeds = {"images": crops, "cell_mask": given, "gain": np.array(2.5, np.float32), "offset": np.tile(np.array([[3, -1]], np.int64), (COUNT, 1))}
    expected[name] = lists({"features": run(name, feeds)[0]})


masked("mask-float", T.FLOAT, ["n", 1, "h", "w"], np.float32)
masked("mask-bool", T.BOOL, ["n", "h", "w"], np.bool_)
masked("mask-uint8", T.UINT8, ["n", SIZE, SIZE, 1], np.uint8)

# Networks that are no encoders.
image = [info("images", T.FLOAT, ["n", CHANNELS, SIZE, SIZE])]
features = [info("features", T.FLOAT, None)]
ones = [weight(n, (CHANNELS,), 20 + i) for i, n in enumerate(["scale", "bias", "mean", "var"])]
pool = [H.make_node("GlobalAveragePool", ["y"], ["p"]), H.make_node("Flatten", ["p"], ["features"])]
flags = lambda value: N.from_array(np.array(value), "training")
ratio = N.from_array(np.float32(0.5), "ratio")
norm = ["images", "scale", "bias", "mean", "var"]
save("norm-training", [H.make_node("BatchNormalization", norm, ["y", "m", "v"], "norm", training_mode=1), *pool], image, features, ones)
save("norm-training-11", [H.make_node("BatchNormalization", norm, ["y", "m", "v", "sm", "sv"], "norm"), *pool], image, features, ones, opset=11)
save("norm", [H.make_node("BatchNormalization", norm, ["y"], "norm"), *pool], image, features, ones)
save("dropout-training", [H.make_node("Dropout", ["images", "ratio", "training"], ["y"], "drop"), *pool], image, features, [ratio, flags(True)])
save("dropout", [H.make_node("Dropout", ["images", "ratio", "training"], ["y"], "drop"), *pool], image, features, [ratio, flags(False)])
# The variance head of a VAE: `mean` does not depend on the draw, `features` does.
save(
    "vae",
    [H.make_node("ReduceMean", ["images"], ["mean"], axes=[2, 3], keepdims=0), H.make_node("RandomNormalLike", ["mean"], ["noise"], "draw"),
     H.make_node("Add", ["mean", "noise"], ["features"])],
    image, [*features, info("mean", T.FLOAT, None)], [],
)
body = H.make_graph(
    [H.make_node("Identity", ["go"], ["again"]), H.make_node("Add", ["a", "step"], ["b"])], "body",
    [info("i", T.INT64, []), info("go", T.BOOL, []), info("a", T.FLOAT, None)], [info("again", T.BOOL, []), info("b", T.FLOAT, None)],
    [N.from_array(np.float32(1), "step")],
)
save(
    "endless",
    [H.make_node("ReduceMean", ["images"], ["mean"], axes=[2, 3], keepdims=0), H.make_node("Loop", ["", "yes", "mean"], ["features"], "forever", body=body)],
    image, features, [N.from_array(np.array(True), "yes")],
)
# Ends on empty crops.
save(
    "endless-later",
    [H.make_node("ReduceMean", ["images"], ["mean"], axes=[2, 3], keepdims=0), H.make_node("ReduceSum", ["images"], ["sum"], keepdims=0),
     H.make_node("Greater", ["sum", "zero"], ["go"]), H.make_node("Loop", ["", "go", "mean"], ["features"], "forever", body=body)],
    image, features, [N.from_array(np.array(0, np.float32), "zero")],
)
# The square of the pixels of a batch, times a number: unknown before it is run. 4 GB for one crop, and more than any machine has.
for name, many in (("huge", 256), ("absurd", 2**40)):
    save(
        name,
        [H.make_node("Size", ["images"], ["size"]), H.make_node("Mul", ["size", "size"], ["two"]), H.make_node("Mul", ["two", "many"], ["length"]),
         H.make_node("ConstantOfShape", ["length"], ["zeros"]), H.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
         H.make_node("ReduceMean", ["images"], ["mean"], axes=[2, 3], keepdims=0), H.make_node("Add", ["mean", "sum"], ["features"])],
        image, features, [N.from_array(np.array([many], np.int64), "many")],
    )
save(
    "huge-constant",
    [H.make_node("ConstantOfShape", ["length"], ["zeros"], "zeros"), H.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
     H.make_node("ReduceMean", ["images"], ["mean"], axes=[2, 3], keepdims=0), H.make_node("Add", ["mean", "sum"], ["features"])],
    image, features, [N.from_array(np.array([100000, 40000], np.int64), "length")],
)

json.dump(expected, open(out / "expected.json", "w"))
for file in out.iterdir():
    file.chmod(0o644)
