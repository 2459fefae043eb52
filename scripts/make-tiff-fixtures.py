"""Writes test/fixtures/cells/images: drawn cells in every kind of TIFF and PNG that is read. expected.npy holds, one
after the other, the values that tifffile (TIFF) or imagecodecs (PNG) reads as float32, index.json their shapes
(planes x height x width) and where they start.

Run with Python 3.11 and numpy==1.26.4 tifffile==2024.8.30 imagecodecs==2026.1.14 pillow==13.0.0:
    python scripts/make-tiff-fixtures.py
"""

import json
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

OUT = Path(__file__).parent.parent / "test/fixtures/cells/images"
HEIGHT, WIDTH = 22, 19
EXPECTED = []
INDEX = {}


def draw(channel=0, height=HEIGHT, width=WIDTH):
    """A round cell with a bright spot on a sloping, slightly noisy background; values 0..1."""
    rng = np.random.default_rng(channel)
    y, x = np.mgrid[0:height, 0:width]
    cell = 1 / (1 + np.exp(np.hypot(y - height / 2, (x - width / 2) * 1.2) - min(height, width) / 3))
    spot = np.exp(-((y - height / 2 + channel) ** 2 + (x - width / 2 - channel) ** 2) / 6)
    return np.clip(0.1 + 0.005 * x + 0.5 * cell + 0.3 * spot + 0.01 * rng.standard_normal((height, width)), 0, 1)


def typed(image, dtype):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        scale = {2: 1000, 4: 1e4, 8: 1e5}[dtype.itemsize]
        return ((image - 0.3) * scale).astype(dtype)
    info = np.iinfo(dtype)
    top = min(info.max, 2**24)
    low = -top // 3 if info.min < 0 else 0
    return (low + image * (top - low)).astype(dtype)


def expected(file, read):
    """`read` is height x width or planes x height x width."""
    read = read.reshape(-1, *read.shape[-2:])
    INDEX[file] = {"shape": list(read.shape), "start": sum(v.size for v in EXPECTED)}
    EXPECTED.append(read.astype(np.float32).ravel())


def tiff(name, data, expect=None, **options):
    path = OUT / f"{name}.tif"
    tifffile.imwrite(path, data, metadata=options.pop("metadata", None), **options)
    if expect is not None:
        expected(path.name, expect(path))


def read_gray(path):
    return tifffile.imread(path)


def read_samples_last(path):
    return np.moveaxis(tifffile.imread(path), -1, 0)


def png(name, data, encoded=None):
    path = OUT / f"{name}.png"
    path.write_bytes(imagecodecs.png_encode(data) if encoded is None else encoded)
    read = imagecodecs.png_decode(path.read_bytes()) if encoded is None else data
    expected(path.name, np.moveaxis(read, -1, 0) if read.ndim == 3 else read)


def pillow(image, **options):
    file = BytesIO()
    image.save(file, "png", **options)
    return file.getvalue()


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    one = draw()
    two = np.stack([draw(0), draw(1)])
    for dtype in "u1 u2 u4 i1 i2 i4 f2 f4 f8".split():
        for order in "<>":
            end = {"<": "le", ">": "be"}[order]
            tiff(f"{dtype}-{end}", typed(one, dtype), read_gray, byteorder=order)
    for codec in "lzw deflate zstd packbits".split():
        for dtype in "u1 u2 f4".split():
            tiff(f"{codec}-{dtype}", typed(one, dtype), read_gray, compression=codec, rowsperstrip=5)
    for codec in "lzw deflate zstd".split():
        for order in "<>":
            end = {"<": "le", ">": "be"}[order]
            for dtype in "u1 u2 i2 u4".split():
                tiff(
                    f"{codec}-predictor2-{dtype}-{end}",
                    typed(one, dtype),
                    read_gray,
                    compression=codec,
                    predictor=2,
                    byteorder=order,
                )
            for dtype in "f2 f4 f8".split():
                tiff(
                    f"{codec}-predictor3-{dtype}-{end}",
                    typed(one, dtype),
                    read_gray,
                    compression=codec,
                    predictor=3,
                    byteorder=order,
                )
    for order in "<>":
        end = {"<": "le", ">": "be"}[order]
        tiff(f"bigtiff-{end}", typed(one, "f4"), read_gray, bigtiff=True, byteorder=order)
        tiff(f"bigtiff-pages-{end}", typed(two, "u2"), read_gray, bigtiff=True, byteorder=order, compression="lzw")
        # More strips than fit beside the list of tags: their offsets are stored elsewhere.
        many = draw(0, 400, 3)
        tiff(f"many-strips-{end}", typed(many, "u1"), read_gray, rowsperstrip=1, byteorder=order)
        tiff(f"many-strips-lzw-{end}", typed(many, "u2"), read_gray, rowsperstrip=1, byteorder=order, compression="lzw")
        tiff(f"imagej-{end}", typed(two, "u2"), read_gray, imagej=order == ">", byteorder=order, metadata={"axes": "CYX"})
    for dtype in "u1 u2 f4".split():
        tiff(f"tiled-{dtype}", typed(one, dtype), read_gray, tile=(16, 16))
        tiff(f"tiled-deflate-{dtype}", typed(one, dtype), read_gray, tile=(16, 16), compression="deflate")
    tiff("tiled-predictor3", typed(one, "f4"), read_gray, tile=(16, 16), compression="deflate", predictor=3)
    tiff("pages", typed(np.stack([draw(c) for c in range(3)]), "f4"), read_gray, photometric="minisblack")
    tiff("ome", typed(two, "u2"), read_gray, ome=True, metadata={"axes": "CYX", "UUID": "urn:uuid:00000000-0000-0000-0000-000000000000"}, photometric="minisblack")
    last = np.moveaxis(typed(two, "u2"), 0, -1)
    for codec in [None, "lzw"]:
        more = {} if codec is None else {"compression": codec, "predictor": 2}
        suffix = "" if codec is None else "-lzw"
        tiff(
            f"samples{suffix}", last, read_samples_last, photometric="minisblack", planarconfig="contig", extrasamples=[0], **more
        )
        tiff(
            f"planar{suffix}",
            typed(two, "u2"),
            read_gray,
            photometric="minisblack",
            planarconfig="separate",
            extrasamples=[0],
            **more,
        )
        rgb = np.moveaxis(typed(np.stack([draw(c) for c in range(3)]), "u1"), 0, -1)
        tiff(f"rgb{suffix}", rgb, read_samples_last, photometric="rgb", **more)
    tiff(
        "planar-tiled",
        typed(two, "f4"),
        read_gray,
        photometric="minisblack",
        planarconfig="separate",
        extrasamples=[0],
        tile=(16, 16),
    )
    tiff("miniswhite", typed(one, "u1"), read_gray, photometric="miniswhite")
    palette = np.random.default_rng(0).integers(0, 65535, (3, 256), dtype="u2")
    tiff("palette", typed(one, "u1"), read_gray, photometric="palette", colormap=palette)
    with tifffile.TiffWriter(OUT / "preview.tif") as writer:
        writer.write(typed(one, "f4"), metadata=None)
        writer.write(typed(one[::2, ::2], "f4"), subfiletype=1, metadata=None)
    expected("preview.tif", typed(one, "f4"))

    for dtype in "u1 u2".split():
        png(f"gray-{dtype}", typed(one, dtype))
        png(f"rgb-{dtype}", np.moveaxis(typed(np.stack([draw(c) for c in range(3)]), dtype), 0, -1).copy())
        png(f"rgba-{dtype}", np.moveaxis(typed(np.stack([draw(c) for c in range(4)]), dtype), 0, -1).copy())
    labels = (one > 0.4).astype("u1") + 2 * (one > 0.6).astype("u1")
    for bits in [1, 2, 4, 8]:
        values = labels & (2**bits - 1)
        image = Image.frombytes("P", (WIDTH, HEIGHT), values.tobytes())
        image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255][: 3 * 2**bits])
        png(f"palette-{bits}bit", values, pillow(image, bits=bits))
    png("bilevel", (one > 0.5).astype("u1"), pillow(Image.fromarray(one > 0.5)))

    # One bit a pixel, rows that end within a byte; 64-bit integers.
    bits = one > 0.5
    tiff("bilevel", bits, read_gray)
    tiff("bilevel-packbits", bits, read_gray, compression="packbits", rowsperstrip=5)
    tiff("bilevel-deflate", bits, read_gray, compression="deflate")
    for dtype in "u8 i8".split():
        for order in "<>":
            end = {"<": "le", ">": "be"}[order]
            tiff(f"{dtype}-{end}", typed(one, dtype), read_gray, byteorder=order)
        tiff(f"deflate-predictor2-{dtype}", typed(one, dtype), read_gray, compression="deflate", predictor=2)

    # Kinds that are refused.
    tiff("refused-jpeg", typed(one, "u1"), compression="jpeg")
    tiff("refused-complex", typed(one, "f4").astype("c8"))
    np.save(OUT / "expected.npy", np.concatenate(EXPECTED))
    (OUT / "index.json").write_text(json.dumps(INDEX, indent=1) + "\n")


if __name__ == "__main__":
    main()
