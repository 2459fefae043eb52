# requirements: scripts/make-pool-fixtures.txt
"""Writes test/fixtures/encode/pool: small networks whose features are vectors, and what ONNX Runtime in Python and numpy make of
drawn crops: the vectors, and the last map or the tokens before them pooled under the center mask."""
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T
from onnx import helper as H
from onnx import numpy_helper as N

root = Path(__file__).resolve().parent.parent / "test/fixtures/encode"
out = root / "pool"
out.mkdir(parents=True, exist_ok=True)
for file in out.iterdir():
    file.unlink()

COUNT, CHANNELS, SIZE = 5, 2, 32


def drawn(count, salt):
    """Numbers in [0, 1), the same in any language: the bits of a product."""
    i = np.arange(count, dtype=np.uint64) + np.uint64(salt)
    return ((i * np.uint64(2654435761)) % np.uint64(2**32)).astype(np.float64) / 2**32


crops = drawn(COUNT * CHANNELS * SIZE * SIZE, 7).astype(np.float32).reshape(COUNT, CHANNELS, SIZE, SIZE)
y, x = np.mgrid[:SIZE, :SIZE]
# A disk, a line of one pixel, one pixel, nothing, a cell cut by the edge.
masks = np.stack([
    (y - 14) ** 2 + (x - 12) ** 2 < 36,
    (y == 13) & (x > 3) & (x < 29),
    (y == 17) & (x == 5),
    y < 0,
    (y - 30) ** 2 + (x - 28) ** 2 < 100,
])


def weight(name, shape, salt, scale=1.0):
    return N.from_array(((drawn(int(np.prod(shape)), salt) - 0.5) * 2 * scale).astype(np.float32).reshape(shape), name)


def info(name, type_, shape):
    return H.make_tensor_value_info(name, type_, shape)


def save(name, nodes, inputs, outputs, weights, opset, ir=8):
    if ir < 4:  # Weights were inputs then.
        inputs = [*inputs, *[info(w.name, w.data_type, w.dims) for w in weights]]
    graph = H.make_graph(nodes, name, inputs, outputs, weights)
    model = H.make_model(graph, opset_imports=[H.make_opsetid("", opset)], producer_name="fixture", ir_version=ir)
    onnx.checker.check_model(model)
    onnx.save(model, out / f"{name}.onnx")


node = H.make_node
ints = lambda name, values: N.from_array(np.array(values, np.int64), name)
image = lambda batch="batch": [info("x", T.FLOAT, [batch, CHANNELS, SIZE, SIZE])]
kernel = lambda filters=6: weight("kernel", (filters, CHANNELS, 3, 3), 1, 0.5)
# 32 px -> 16 -> 7: no multiple of the input.
trunk = [
    node("Conv", ["x", "kernel"], ["conv"], pads=[1, 1, 1, 1], strides=[2, 2]),
    node("Relu", ["conv"], ["relu"]),
    node("MaxPool", ["relu"], ["map"], kernel_shape=[3, 3], strides=[2, 2]),
]

# Opset 9, IR version 3: global pooling, then a dense layer.
save(
    "opset9", [*trunk, node("GlobalAveragePool", ["map"], ["g"]), node("Flatten", ["g"], ["f"]), node("Gemm", ["f", "dense", "bias"], ["features"])],
    image(), [info("features", T.FLOAT, ["batch", 4])], [kernel(), weight("dense", (6, 4), 2), weight("bias", (4,), 5)], 9, ir=3,
)
# Opset 11, channels last, a map of as many channels as rows: proportions do not tell its layout, the operators do.
save(
    "nhwc11",
    [node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]), node("Conv", ["t", "kernel"], ["conv"], pads=[1, 1, 1, 1], strides=[4, 4]),
     node("Transpose", ["conv"], ["last"], perm=[0, 2, 3, 1]), node("Relu", ["last"], ["map"]), node("ReduceMean", ["map"], ["features"], axes=[1, 2], keepdims=0)],
    [info("x", T.FLOAT, ["batch", SIZE, SIZE, CHANNELS])], [info("features", T.FLOAT, ["batch", 8])], [kernel(8)], 11,
)
# Opset 13, batches of four: mean and max of one map, side by side.
save(
    "fixed13",
    [*trunk, node("ReduceSum", ["map", "axes"], ["sum"], keepdims=0), node("ReduceMax", ["map"], ["max"], axes=[2, 3], keepdims=0),
     node("Concat", ["sum", "max"], ["features"], axis=1)],
    image(4), [info("features", T.FLOAT, [4, 12])], [kernel(), ints("axes", [2, 3])], 13,
)
# Opset 20: a gate of squeeze and excitation before the last map, which is flattened into a dense layer.
save(
    "gate20",
    [*trunk, node("GlobalAveragePool", ["map"], ["squeezed"]), node("Sigmoid", ["squeezed"], ["gate"]), node("Mul", ["map", "gate"], ["gated"]),
     node("Gelu", ["gated"], ["last"]), node("Flatten", ["last"], ["f"]), node("MatMul", ["f", "dense"], ["features"])],
    image(), [info("features", T.FLOAT, ["batch", 3])], [kernel(), weight("dense", (6 * 49, 3), 3, 0.1)], 20,
)
# Opset 17: the mean over columns, then over rows; what lies between has the shape of 16 tokens.
save(
    "twice17",
    [node("Conv", ["x", "kernel"], ["map"], pads=[1, 1, 1, 1], strides=[4, 4]), node("ReduceMean", ["map"], ["columns"], axes=[3], keepdims=0),
     node("ReduceMean", ["columns"], ["features"], axes=[-1], keepdims=0)],
    image(), [info("features", T.FLOAT, ["batch", 16])], [kernel(16)], 17,
)
# Opset 14: the class token beside the mean of the patches.
save(
    "tokens14",
    [node("Conv", ["x", "patch"], ["patches"], strides=[8, 8]), node("Reshape", ["patches", "flat"], ["rows"]), node("Transpose", ["rows"], ["embedded"], perm=[0, 2, 1]),
     node("ReduceMean", ["embedded"], ["first"], axes=[1], keepdims=1), node("Concat", ["first", "embedded"], ["all"], axis=1), node("Tanh", ["all"], ["tokens"]),
     node("Gather", ["tokens", "zero"], ["class"], axis=1), node("Slice", ["tokens", "one", "end", "one"], ["behind"]), node("ReduceMean", ["behind"], ["mean"], axes=[1], keepdims=0),
     node("Concat", ["class", "mean"], ["features"], axis=1)],
    image(), [info("features", T.FLOAT, ["batch", 10])],
    [weight("patch", (5, CHANNELS, 8, 8), 6, 0.1), ints("flat", [0, 5, 16]), ints("zero", 0), ints("one", [1]), ints("end", [2**31 - 1])], 14,
)
# Two maps lead to the features.
save(
    "two-maps",
    [*trunk, node("GlobalAveragePool", ["map"], ["a"]), node("GlobalAveragePool", ["relu"], ["b"]), node("Concat", ["a", "b"], ["c"], axis=1),
     node("Flatten", ["c"], ["features"])],
    image(), [info("features", T.FLOAT, ["batch", 12])], [kernel()], 17,
)
# No map at all, and a map beside the pixels themselves.
save(
    "dense", [node("Flatten", ["x"], ["f"]), node("MatMul", ["f", "dense"], ["features"])],
    image(), [info("features", T.FLOAT, ["batch", 2])], [weight("dense", (CHANNELS * SIZE * SIZE, 2), 4, 0.1)], 17,
)
save(
    "beside",
    [*trunk, node("GlobalAveragePool", ["map"], ["a"]), node("GlobalAveragePool", ["x"], ["b"]), node("Concat", ["a", "b"], ["c"], axis=1),
     node("Flatten", ["c"], ["features"])],
    image(), [info("features", T.FLOAT, ["batch", 8])], [kernel()], 17,
)


def tensor(path, name, feeds, batch=None):
    """A tensor inside a network, by a copy that gives it; of a fixed batch as many runs as it takes."""
    model = onnx.load(path)
    if name not in [o.name for o in model.graph.output]:
        model.graph.output.append(info(name, T.FLOAT16 if "half" in path.name else T.FLOAT, None))
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    [(key, values)] = feeds.items()
    if batch is None:
        return session.run([name], feeds)[0]
    rows = [session.run([name], {key: np.repeat(values[i : i + 1], batch, 0)})[0][:1] for i in range(len(values))]
    return np.concatenate(rows)


def share(rows, columns):
    """Share of the center cell in each pixel of a map; even where there is no cell."""
    weights = np.zeros((COUNT, rows, columns))
    for i, mask in enumerate(masks):
        ys, xs = np.nonzero(mask)
        np.add.at(weights[i], (ys * rows // SIZE, xs * columns // SIZE), 1)
    total = weights.sum((1, 2), keepdims=True)
    return np.where(total == 0, 1 / (rows * columns), weights / np.where(total == 0, 1, total))


def pooled(values, layout, prefix=0):
    values = values.astype(np.float64)
    if layout == "tokens":
        side = int(round((values.shape[1] - prefix) ** 0.5))
        values = values[:, prefix:].reshape(COUNT, side, side, -1)
    if layout == "NCHW":
        values = values.transpose(0, 2, 3, 1)
    return (values * share(*values.shape[1:3])[..., None]).sum((1, 2))


lists = lambda rows: [[float(f"{v:.9g}") for v in row] for row in np.asarray(rows, np.float32)]
expected = {}


def expect(folder, name, features, inner, layout, feeds, batch=None, prefix=0):
    path = folder / f"{name}.onnx"
    expected[name] = {
        "features": lists(tensor(path, features, feeds, batch)),
        "tensor": inner,
        "layout": layout,
        "pooled": lists(pooled(tensor(path, inner, feeds, batch), layout, prefix)),
    }


expect(out, "opset9", "features", "map", "NCHW", {"x": crops})
expect(out, "nhwc11", "features", "map", "NHWC", {"x": np.ascontiguousarray(crops.transpose(0, 2, 3, 1))})
expect(out, "fixed13", "features", "map", "NCHW", {"x": crops}, batch=4)
expect(out, "gate20", "features", "last", "NCHW", {"x": crops})
expect(out, "twice17", "features", "map", "NCHW", {"x": crops})
expect(out, "tokens14", "features", "tokens", "tokens", {"x": crops}, prefix=1)
vit = {"pixel_values": crops}
expect(root / "onnx", "vit", "pooler_output", "last_hidden_state", "tokens", vit, prefix=3)
expect(root / "onnx", "vit-batch4", "pooler_output", "last_hidden_state", "tokens", vit, batch=4, prefix=3)
expect(root / "onnx", "vit-external", "pooler_output", "last_hidden_state", "tokens", vit, prefix=3)
half = {"pixel_values": crops.astype(np.float16)}
expect(root / "onnx", "vit-half", "pooler_output", "last_hidden_state", "tokens", half, batch=1, prefix=3)

json.dump(expected, open(out / "expected.json", "w"))
for file in out.iterdir():
    file.chmod(0o644)
