"""Writes test/fixtures/published/: checkpoints of PIFiA, Paired Cell Inpainting and DeepLoc made by TensorFlow 2.15
with Keras 2, and what those networks compute on drawn crops.

    python -m venv venv && venv/bin/pip install -r scripts/make-checkpoint-fixtures.txt
    venv/bin/python scripts/make-checkpoint-fixtures.py [--full DIR] [--crops FILE.npy] [--real IMAGES]

The networks have the published structure with random weights and batch statistics; the fixtures are narrow, `--full`
writes them to DIR in the published widths (for bench/published.ts). `--crops` takes crops (N x 2 x 64 x 64, GFP and
RFP) from a file instead of drawing them. `--real` names the folder of the real yeast crops (PROTEIN/NAME_gfp.tif): the
narrow networks' pooled features of a few of them go to expected-real.json, with their names; no pixel is written. Every part runs in a process of its own: TensorFlow 1 and 2 do not mix.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

NARROW = {
    "pifia": dict(conv=[4, 4, 6, 6, 8, 8, 8, 8], dense=[12, 8, 15]),
    "pci": dict(conv=[4, 6, 8, 8, 6], marker=[2, 3, 3], decoder=[4, 4, 4, 3, 3]),
    "deeploc": dict(conv=[4, 4, 6, 6, 8, 8, 8, 8], dense=[10, 9, 19]),
}
FULL = {
    "pifia": dict(conv=[64, 64, 128, 128, 256, 256, 256, 256], dense=[128, 64, 4049]),
    "pci": dict(conv=[96, 256, 384, 384, 256], marker=[16, 32, 32], decoder=[256, 384, 384, 256, 96]),
    "deeploc": dict(conv=[64, 64, 128, 128, 256, 256, 256, 256], dense=[512, 512, 19]),
}


def draw_crops(count):
    """Blobs on noise: the first with the counts of a camera, the second within one unit, the third around one."""
    rng = np.random.default_rng(20251)
    y, x = np.mgrid[:64, :64]
    crops = np.zeros((count, 2, 64, 64))
    for i in range(count):
        for c in range(2):
            for _ in range(6):
                cy, cx, r, h = rng.uniform(8, 56), rng.uniform(8, 56), rng.uniform(2, 9), rng.uniform(0.2, 1)
                crops[i, c] += h * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * r * r))
            crops[i, c] += rng.uniform(0, 0.1, (64, 64))
    crops /= crops.max(axis=(2, 3), keepdims=True)
    scale = np.array([2400.0, 0.7, 1.3])[np.arange(count) % 3]
    crops = crops * scale[:, None, None, None] + np.array([310.0, 0.05, 0.0])[np.arange(count) % 3][:, None, None, None]
    crops[np.arange(count) % 3 == 0] = np.round(crops[np.arange(count) % 3 == 0])
    return crops.astype(np.float32)


def numbers(values):
    return [float(f"{v:.9g}") for v in np.asarray(values, dtype=np.float64).ravel()]


def rows(values):
    return [numbers(v) for v in values]


def expected(layers, samples=150):
    """Per layer: spatial maximum, mean, and every so many values of the flat map (height, width, channel)."""
    out = {}
    for name, values in layers.items():
        flat = values.reshape(len(values), -1)
        stride = max(1, flat.shape[1] // samples)
        while math.gcd(stride, values.shape[-1]) > 1 and stride > 1:  # so that every channel is met
            stride += 1
        out[name] = {"shape": list(values.shape[1:]), "stride": stride, "sample": rows(flat[:, ::stride])}
        if values.ndim == 4:
            out[name]["max"] = rows(values.max(axis=(1, 2)))
            out[name]["mean"] = rows(values.astype(np.float64).mean(axis=(1, 2)))
    return out


def write_expected(folder, crops, real, run):
    """`run` turns crops into inputs, layers and further results."""
    inputs, layers, more = run(crops)
    flat = inputs.reshape(len(inputs), -1)
    content = {"input": {"shape": list(inputs.shape[1:]), "stride": 5, "sample": rows(flat[:, ::5])}}
    content["layers"] = expected(layers)
    content.update(more)
    (folder / "expected.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")
    if real is not None:
        names, crops = real
        content = {"crops": names, "layers": expected(run(crops)[1], samples=20)}
        (folder / "expected-real.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


def read_real(images):
    """Two real crops of each protein: their paths and the crops."""
    from PIL import Image

    paths = [p for d in sorted(images.iterdir()) for p in sorted(d.glob("*_gfp.tif"))[3:40:30]]
    pairs = [[np.array(Image.open(str(p).replace("_gfp", c))) for c in ("_gfp", "_rfp")] for p in paths]
    return [str(p.relative_to(images)) for p in paths], np.array(pairs, dtype=np.float32)


def statistics(rng, shape, kind):
    """Random batch normalization: some factors negative, variances away from one."""
    if kind == "gamma":
        return (rng.uniform(0.5, 1.5, shape) * np.where(rng.random(shape) < 0.2, -1, 1)).astype(np.float32)
    if kind == "variance":
        return rng.uniform(0.2, 2.5, shape).astype(np.float32)
    return rng.normal(0, 0.3, shape).astype(np.float32)


def around(values, rng):
    """Mean and variance per channel of what a layer gives, each a good part off, as statistics of other data are."""
    flat = np.asarray(values, dtype=np.float64).reshape(-1, values.shape[-1])
    mean, sd = flat.mean(axis=0), flat.std(axis=0) + 1e-6
    return mean + sd * rng.normal(0, 0.3, mean.shape), sd**2 * rng.uniform(0.5, 2, sd.shape)


def randomize(model, rng):
    """Gives every variable of a Keras model random values of a healthy scale."""
    for v in model.variables:
        name = v.name.split("/")[-1]
        if name.startswith("kernel"):
            fan_in = int(np.prod(v.shape[:-1]))
            v.assign(rng.normal(0, (2 / fan_in) ** 0.5, v.shape).astype(np.float32))
        else:
            kind = "gamma" if "gamma" in name else "variance" if "variance" in name else "shift"
            v.assign(statistics(rng, v.shape, kind))


# ---------------------------------------------------------------------------------------------------- PIFiA


def part_pifia(folder, widths, crops, real):
    import tensorflow as tf
    from tensorflow.keras import layers

    class Pifia(tf.keras.Model):
        """Convolutions, normalizations and dense layers as attributes, which is what names the checkpoint's keys."""

        def __init__(self):
            super().__init__()
            for n, filters in enumerate(widths["conv"], 1):
                setattr(self, f"conv{n}", layers.Conv2D(filters, 3, padding="valid"))
                setattr(self, f"bn{n}", layers.BatchNormalization())
            for n, units in enumerate(widths["dense"], 1):
                setattr(self, f"d{n}", layers.Dense(units, activation=None if n == 3 else "relu"))

        def every_layer(self, x):
            found = {}
            for n in range(1, 9):
                x = found[f"conv{n}"] = tf.nn.relu(getattr(self, f"bn{n}")(getattr(self, f"conv{n}")(x), training=False))
                if n in (2, 4, 8):
                    x = tf.nn.max_pool2d(x, 2, 2, "VALID")
            x = tf.reshape(x, [x.shape[0], -1])
            for n in range(1, 4):
                x = found[f"d{n}"] = getattr(self, f"d{n}")(x)
            return found

        def call(self, x):
            return self.every_layer(x)["d3"]

    def preprocess(crops):
        gfp = crops[:, 0].astype(np.float64)
        low, high = gfp.min(axis=(1, 2), keepdims=True), gfp.max(axis=(1, 2), keepdims=True)
        scaled = ((gfp - low) / (high - low))[..., None].astype(np.float32)
        return tf.stack([tf.image.per_image_standardization(tf.constant(im)) for im in scaled])

    def run(crops):
        inputs = preprocess(crops)
        return inputs.numpy(), {k: v.numpy() for k, v in model.every_layer(inputs).items()}, {}

    model = Pifia()
    x = preprocess(crops)
    model(x)
    rng = np.random.default_rng(11)
    randomize(model, rng)
    for n in range(1, 9):  # statistics as training leaves them: no channel is silent
        conv, norm = getattr(model, f"conv{n}"), getattr(model, f"bn{n}")
        mean, variance = around(conv(x), rng)
        norm.moving_mean.assign(mean)
        norm.moving_variance.assign(variance)
        x = tf.nn.relu(norm(conv(x), training=False))
        if n in (2, 4, 8):
            x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    x = tf.reshape(x, [x.shape[0], -1])
    for dense in (model.d1, model.d2):
        mean, _ = around(tf.matmul(x, dense.kernel), rng)
        dense.bias.assign(-mean)
        x = dense(x)
    prefix = folder / "pifia_weights_i0"
    model.save_weights(str(prefix))
    (folder / "checkpoint").unlink()
    write_expected(folder, crops, real, run)
    if widths is NARROW["pifia"]:
        shard(tf, prefix, folder / "sharded" / "pifia_weights_i0", 2)
        trainer = tf.train.Checkpoint(model=model, optimizer=train_once(tf, model, inputs=preprocess(crops)))
        trainer.write(str(folder / "training" / "ckpt-1"))


def train_once(tf, model, inputs):
    """An optimizer with its slots, by a step so small that no weight changes."""
    optimizer = tf.keras.optimizers.legacy.Adam(1e-30)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(inputs, training=False))
    weights = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
    return optimizer


def shard(tf, source, target, parts):
    """The same variables in several shards, as TensorFlow merges them."""
    target.parent.mkdir(exist_ok=True)
    reader = tf.train.load_checkpoint(str(source))
    names = sorted(n for n in reader.get_variable_to_shape_map() if not n.startswith("_"))
    pieces = []
    for p in range(parts):
        own = names[p::parts]
        piece = str(target) + f"_temp{p}/part"
        tf.raw_ops.SaveV2(
            prefix=piece,
            tensor_names=own,
            shape_and_slices=[""] * len(own),
            tensors=[tf.constant(reader.get_tensor(n)) for n in own],
        )
        pieces.append(piece)
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=pieces, destination_prefix=str(target), delete_old_dirs=True)


# ---------------------------------------------------------------------------------------------------- Paired Cell Inpainting


def part_pci(folder, widths, crops, real):
    import tensorflow as tf
    from skimage.exposure import rescale_intensity
    from tensorflow.keras import layers

    def block(x, name, filters):
        x = layers.Conv2D(filters, 3, activation="relu", padding="same", name=name)(x)
        return layers.BatchNormalization()(x)

    def build():
        source, marker = tf.keras.Input((64, 64, 2), name="x_in"), tf.keras.Input((64, 64, 1), name="y_rfp")
        x, y = source, marker
        for n in (1, 2):
            x = layers.MaxPooling2D()(block(x, f"conv{n}_1", widths["conv"][n - 1]))
        for n in (1, 2):
            y = layers.MaxPooling2D()(block(y, f"rfpconv{n}_1", widths["marker"][n - 1]))
        for n in (3, 4, 5):
            x = block(x, f"conv{n}_1", widths["conv"][n - 1])
        y = block(y, "rfpconv3_1", widths["marker"][2])
        x = layers.Concatenate()([x, y])
        for n in range(6, 11):
            if n in (9, 10):
                x = layers.UpSampling2D()(x)
            x = layers.Conv2D(widths["decoder"][n - 6], 3, activation="relu", padding="same", name=f"conv{n}_1")(x)
        return tf.keras.Model([source, marker], layers.Conv2D(1, 1, name="y_gfp")(x))

    def preprocess(crops):
        pairs = [np.stack([rescale_intensity(c, out_range=(0, 1)) for c in crop], axis=-1) for crop in crops]
        return np.stack(pairs).astype(np.float32)

    def run(crops):
        inputs = preprocess(crops)
        found = taken([inputs, inputs[..., 1:]], training=False)
        return inputs, dict(zip(names, [v.numpy() for v in found])), {}

    model = build()
    rng = np.random.default_rng(12)
    randomize(model, rng)
    scaled = preprocess(crops)
    for layer in [l for l in model.layers if "conv" in l.name]:  # no channel is silent
        into = tf.keras.Model(model.inputs, layer.input)([scaled, scaled[..., 1:]], training=False)
        mean, _ = around(tf.nn.conv2d(into, layer.kernel, 1, "SAME"), rng)
        layer.bias.assign(-mean)
        norm = layer.outbound_nodes[0].outbound_layer
        if isinstance(norm, layers.BatchNormalization):
            mean, variance = around(layer(into), rng)
            norm.moving_mean.assign(mean)
            norm.moving_variance.assign(variance)
    names = [f"conv{n}_1" for n in range(1, 6)]
    taken = tf.keras.Model(model.inputs, [model.get_layer(n).output for n in names])
    write_expected(folder, crops, real, run)
    model.save_weights(str(folder / "model_weights.h5"))
    if widths is NARROW["pci"]:
        model.save(str(folder / "whole_model.h5"), save_format="h5", include_optimizer=False)
        later = build()  # in a session that has built a network before, numbers go on counting
        later.set_weights(model.get_weights())
        later.save_weights(str(folder / "later_numbers.h5"))
        write_hostile(folder)


def write_hostile(folder):
    """HDF5 files that claim a kernel of 19 GB, hold themselves, and point at another file."""
    import h5py

    with h5py.File(folder / "bomb.h5", "w") as f:
        f.create_dataset("conv1_1/conv1_1/kernel:0", (3, 3, 2, 2**28), "<f4", chunks=(3, 3, 2, 64), compression="gzip")
    with h5py.File(folder / "cycle.h5", "w") as f:
        f.create_group("model_weights/conv1_1")
        f["model_weights/conv1_1/again"] = f["model_weights"]
    with h5py.File(folder / "external.h5", "w") as f:
        f["conv1_1"] = h5py.ExternalLink("model_weights.h5", "/conv1_1")


# ---------------------------------------------------------------------------------------------------- DeepLoc


def stretch(crop):
    """DeepLoc's percentile stretch of one channel: clipped at the top alone, divided where the range is over one."""
    values = crop.copy()
    low, high = np.percentile(values, 0.1), np.percentile(values, 99.9)
    values[values > high] = high
    values = values - low
    return values / (high - low) if high - low > 1 else values


def part_deeploc(folder, widths, crops, real):
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    rng = np.random.default_rng(13)

    def variable(value, name=None):
        return tf.Variable(np.asarray(value, dtype=np.float32), name=name)

    def normalize(x, training, axes, scope):
        count = int(x.shape[-1])
        with tf.variable_scope(scope):
            beta = variable(statistics(rng, count, "shift"), "beta")
            gamma = variable(statistics(rng, count, "gamma"), "gamma")
            mean, var = tf.nn.moments(x, axes, name="moments")
            ema = tf.train.ExponentialMovingAverage(decay=0.5)

            def update():
                with tf.control_dependencies([ema.apply([mean, var])]):
                    return tf.identity(mean), tf.identity(var)

            used = tf.cond(training, update, lambda: (ema.average(mean), ema.average(var)))
            return tf.nn.batch_normalization(x, *used, beta, gamma, 1e-3)

    def layer(x, out, name, training, conv, relu=True):
        shape = ([3, 3] if conv else []) + [int(x.shape[-1]), out]
        scale = (2 / np.prod(shape[:-1])) ** 0.5
        with tf.name_scope(name):
            with tf.name_scope("weights"):
                w = variable(rng.normal(0, scale, shape))
            with tf.name_scope("biases"):
                b = variable(rng.normal(0.1, 0.2, out))
            with tf.name_scope("Wx_plus_b"):
                x = (tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME") if conv else tf.matmul(x, w)) + b
            with tf.name_scope("batch_norm"):
                x = normalize(x, training, [0, 1, 2] if conv else [0], name + "_batch_norm")
            return tf.nn.relu(x, name="activation") if relu else x

    training = tf.placeholder(tf.bool, [], name="is_training")
    taken = tf.placeholder(tf.float32, [None, 60, 60, 2], name="input")
    found, x = {}, taken
    for n, filters in enumerate(widths["conv"], 1):
        x = found[f"conv{n}"] = layer(x, filters, f"conv_{n}", training, True)
        if n in (2, 4, 8):
            x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    x = tf.reshape(x, [-1, int(np.prod(x.shape[1:]))])
    x = found["fc1"] = layer(x, widths["dense"][0], "fc_1", training, False)
    x = found["fc2"] = layer(x, widths["dense"][1], "fc_2", training, False)
    x = found["logits"] = layer(x, widths["dense"][2], "final_layer", training, False, relu=False)
    softmax = tf.nn.softmax(x, name="softmax")
    step = tf.Variable(0, trainable=False)
    train = tf.train.AdamOptimizer(1e-4).minimize(tf.reduce_mean(tf.square(x)), global_step=step)

    def preprocess(crops):
        stretched = np.stack([np.stack([stretch(c) for c in crop], axis=-1) for crop in crops]).astype(np.float32)
        return [stretched[:, t : t + 60, l : l + 60] for t, l in [(2, 2), (0, 0), (0, 4), (4, 0), (4, 4)]]

    def run(crops):
        five = preprocess(crops)
        values = session.run(found, {taken: five[0], training: False})
        mean = np.mean([session.run(softmax, {taken: f, training: False}).astype(np.float64) for f in five], axis=0)
        return five[0], values, {"predictions": rows(mean)}

    session = tf.Session()
    session.run(tf.global_variables_initializer(), {training: False})
    for _ in range(3):
        batch = np.resize(preprocess(crops)[0], (16, 60, 60, 2)) + rng.normal(0, 0.2, (16, 60, 60, 2))
        session.run(train, {taken: batch.astype(np.float32), training: True})
    prefix = folder / "model.ckpt-5000"
    tf.train.Saver(tf.global_variables()).save(session, str(prefix), write_meta_graph=False)
    (folder / "checkpoint").unlink()
    write_expected(folder, crops, real, run)
    if widths is NARROW["deeploc"]:
        rename(tf, session, prefix, folder)


def rename(tf, session, prefix, folder):
    """The moving averages under the names that other versions of TensorFlow give them."""
    reader = tf.train.load_checkpoint(str(prefix))
    styles = {
        "normalize": ("moments/normalize/mean/ExponentialMovingAverage", "moments/normalize/variance/ExponentialMovingAverage"),
        "moving": ("moving_mean", "moving_variance"),
        "nameless": ("pair/a", "pair/b"),
    }
    names = [n for n in sorted(reader.get_variable_to_shape_map()) if "Adam" not in n and "power" not in n]
    for style, (mean, variance) in styles.items():
        own = []
        for n in names:
            last = n.split("/moments/")[-1]
            layer = n.split("/")[0].replace("_batch_norm", "")
            new = mean if last.startswith("Squeeze/") else variance if last.startswith("Squeeze_1/") else None
            if style == "nameless" and not (reader.get_tensor(n.replace("Squeeze_1", "Squeeze")) < 0).any():
                new = None  # names alone tell these apart: no mean is negative
            own.append(n if new is None else f"{layer}/batch_norm/{layer}_batch_norm/{new}")
        target = folder / style / "model.ckpt-5000"
        target.parent.mkdir(exist_ok=True)
        save = tf.raw_ops.SaveV2(
            prefix=str(target),
            tensor_names=own,
            shape_and_slices=[""] * len(own),
            tensors=[tf.constant(reader.get_tensor(n)) for n in names],
        )
        session.run(save)


# ---------------------------------------------------------------------------------------------------- other types and forms


def part_forms(folder, widths, crops, real):
    """The narrow networks in other types of floats, and in forms that other versions of TensorFlow and Keras write."""
    import h5py
    import ml_dtypes
    import tensorflow as tf

    pifia, pci = folder.parent / "pifia" / "pifia_weights_i0", folder.parent / "pci" / "model_weights.h5"
    reader = tf.train.load_checkpoint(str(pifia))
    names = sorted(n for n in reader.get_variable_to_shape_map() if not n.startswith("_") and "save_counter" not in n)

    def save(target, own):
        target.parent.mkdir(exist_ok=True)
        tf.raw_ops.SaveV2(prefix=str(target), tensor_names=list(own), shape_and_slices=[""] * len(own), tensors=list(own.values()))

    values = {n: tf.constant(reader.get_tensor(n)) for n in names}
    rounded = {}
    for kind, dtype in {"float64": tf.float64, "float16": tf.float16, "bfloat16": tf.bfloat16}.items():
        own = {n: tf.cast(v, dtype) for n, v in values.items()}
        save(folder / kind / "ckpt", own)
        rounded[kind] = numbers(tf.cast(own["conv1/kernel/.ATTRIBUTES/VARIABLE_VALUE"], tf.float64).numpy())
    twice = {**values, **{f"average/{n}": v + 1 if v.dtype == tf.float32 else v for n, v in values.items()}}
    save(folder / "twice" / "ckpt", twice)
    wrong = dict(values)
    for n in names:
        if n.startswith("bn3/moving_mean"):
            wrong[n] = tf.concat([values[n], [0.0]], axis=0)
    save(folder / "wrong-size" / "ckpt", wrong)
    small = tf.keras.Sequential([tf.keras.layers.Conv2D(1, 3, name="conv1", kernel_initializer="zeros", input_shape=(8, 8, 1))])
    with tempfile.TemporaryDirectory() as place:
        small.save(place)
        shutil.copytree(Path(place) / "variables", folder / "saved_model" / "variables", dirs_exist_ok=True)
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"")  # the graph, which nothing here reads

    encoder = ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"]
    with h5py.File(pci) as source:
        layers = [l for l in source if l in encoder or l.startswith("batch_normalization")]
        arrays = {f"{l}/{n}": source[l][n][()] for l in layers for n in own_names(source[l])}
    kernel = "conv1_1/conv1_1/kernel:0"
    for kind, dtype in {"float64": "f8", "float16": "f2", "bfloat16": ml_dtypes.bfloat16}.items():
        with h5py.File(folder / f"pci-{kind}.h5", "w") as file:
            for name, value in arrays.items():
                file[name] = value.astype(dtype)
        rounded[f"pci-{kind}"] = numbers(arrays[kernel].astype(dtype).astype("f8"))
    with h5py.File(folder / "pci-wrong-size.h5", "w") as file:
        first = sorted(l for l in layers if l.startswith("batch"))[0]
        for name, value in arrays.items():
            file[name] = np.append(value, np.float32(1)) if name.startswith(f"{first}/") else value
    number = lambda layer: int(layer.rsplit("_", 1)[-1]) if layer[-1].isdigit() else 0
    order = {"kernel:0": 0, "bias:0": 1, "gamma:0": 0, "beta:0": 1, "moving_mean:0": 2, "moving_variance:0": 3}
    for name, named in [("pci-3.weights.h5", True), ("pci-2.weights.h5", False)]:
        with h5py.File(folder / name, "w") as file:  # laid out as Keras 3.8 and Keras 2.15 do
            for kind in ("conv2d", "batch_normalization"):
                own = encoder if kind == "conv2d" else sorted((l for l in layers if l.startswith("batch")), key=number)
                for i, layer in enumerate(own):
                    group = file.create_group(f"layers/{kind}{'' if i == 0 else f'_{i}'}/vars")
                    if named:
                        group.attrs["name"] = layer
                    for path, value in arrays.items():
                        if path.startswith(f"{layer}/"):
                            group[str(order[path.split("/")[-1]])] = value
    (folder / "rounded.json").write_text(json.dumps(rounded, separators=(",", ":")) + "\n")


def own_names(group):
    found = []
    group.visititems(lambda name, item: found.append(name) if hasattr(item, "shape") else None)
    return found


def part_v1(folder, widths, crops, real):
    """A checkpoint of TensorFlow's first format, and one whose variable was kept on two devices, in slices."""
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    with tf.Session() as session:
        tf.Variable([1.0, 2.0], name="conv_1/weights")
        session.run(tf.global_variables_initializer())
        tf.train.Saver(write_version=1).save(session, str(folder / "model.ckpt"), write_meta_graph=False)
        tf.get_variable("conv_1/biases", [6], initializer=tf.ones_initializer(), partitioner=tf.fixed_size_partitioner(2))
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(folder / "sliced.ckpt"), write_meta_graph=False)
    (folder / "checkpoint").unlink()


PARTS = {"pifia": part_pifia, "pci": part_pci, "deeploc": part_deeploc, "forms": part_forms, "v1": part_v1}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", type=Path)
    parser.add_argument("--crops", type=Path)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--part", choices=PARTS)
    args = parser.parse_args()
    root = args.full or Path(__file__).resolve().parent.parent / "test" / "fixtures" / "published"
    root.mkdir(parents=True, exist_ok=True)
    if args.part:
        folder = root / args.part
        folder.mkdir(exist_ok=True)
        real = read_real(args.real) if args.real else None
        widths = (FULL if args.full else NARROW).get(args.part)
        PARTS[args.part](folder, widths, np.load(root / "crops.npy"), real)
        return
    crops = np.load(args.crops).astype(np.float32) if args.crops else draw_crops(32 if args.full else 3)
    np.save(root / "crops.npy", crops)
    for part in PARTS:
        if args.full and part not in FULL:
            continue
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--part", part], check=True)


if __name__ == "__main__":
    main()
