"""Writes test/fixtures/damage: small images of every codec, predictor, layout and byte order that is read, and what two
foreign readers say of them once they are damaged: tifffile with imagecodecs and libtiff (TIFF), Pillow and libpng (PNG).

The damaged files are not kept: `damaged` makes them from the good ones, and so does test/cells/damage.test.ts. verdicts.json
has a line per file with a verdict per damage: `x` where at least one of the two refuses it, `=` where both read what the
good file holds, `~` where both read it and disagree, else the CRC-32 of the pixels as float32, planes first, in parentheses.

Run with Python 3.11 and scripts/make-damage-fixtures.txt:
    python scripts/make-damage-fixtures.py
"""

import io
import json
import logging
import resource
import zlib
from pathlib import Path

import imagecodecs
import numcodecs.zstd
import numpy as np
import tifffile
from PIL import Image

OUT = Path(__file__).parent.parent / "test/fixtures/damage"
HEIGHT, WIDTH = 13, 16
BYTES, CUTS = 160, 24
# What claims more is too large for a crop.
MOST = 1 << 24


def mulberry32(seed):
    """As src/core/rng.ts, whole numbers below 2^32."""
    state = seed & 0xFFFFFFFF
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ (state >> 15)) * (state | 1)) & 0xFFFFFFFF
        t ^= (t + ((t ^ (t >> 7)) * (t | 61)) & 0xFFFFFFFF) & 0xFFFFFFFF
        yield (t ^ (t >> 14)) & 0xFFFFFFFF


def damaged(good, seed):
    """A byte changed at about BYTES places, by one bit or to any value, then CUTS lengths of the file's beginning."""
    random = mulberry32(seed)
    for k in range(BYTES):
        at = k * len(good) // BYTES
        how, value = next(random), next(random)
        bytes_ = bytearray(good)
        bytes_[at] = bytes_[at] ^ (1 << value % 8) if how % 2 == 0 else value % 256
        yield bytes(bytes_)
    for k in range(CUTS):
        yield good[: k * len(good) // CUTS]


def draw(samples, dtype):
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    smooth = np.stack([90 + 5 * x + 3 * y + 20 * s + rng.integers(0, 4, x.shape) for s in range(samples)])
    if np.dtype(dtype).kind == "f":
        return (smooth / 8).astype(dtype)
    return (smooth * (100 if np.dtype(dtype).itemsize > 1 else 1)).astype(dtype)


def checked(data, rows):
    """Zstandard frames with checksums, as the strips of an image."""
    for top in range(0, HEIGHT, rows):
        yield numcodecs.zstd.compress(data[top : top + rows].tobytes(), 3, True)


def tiffs():
    def write(data, **options):
        file = io.BytesIO()
        options = {"metadata": None, "photometric": "minisblack", "software": False, **options}
        tifffile.imwrite(file, data, **options)
        return file.getvalue()

    rows = {"rowsperstrip": 5}
    for codec in ["none", "lzw", "zlib", "zstd", "packbits"]:
        packed = {} if codec == "none" else {"compression": codec}
        for order in "<>":
            name = codec + {"<": "", ">": "-be"}[order]
            both = {**packed, "byteorder": order}
            yield f"{name}-u2.tif", write(draw(1, "u2")[0], **both, **rows)
            if codec == "none" or codec == "packbits":
                continue
            yield f"{name}-u2-p2.tif", write(draw(1, "u2")[0], **both, **rows, predictor=2)
            yield f"{name}-f4-p3.tif", write(draw(1, "f4")[0], **both, **rows, predictor=3)
        yield f"{codec}-u1.tif", write(draw(1, "u1")[0], **packed, **rows)
        yield f"{codec}-tiles.tif", write(draw(1, "u1")[0], **packed, tile=(16, 16))
        more = {**packed, "extrasamples": [0]}
        yield f"{codec}-contig.tif", write(np.moveaxis(draw(2, "u1"), 0, -1), **more, planarconfig="contig")
        yield f"{codec}-planes.tif", write(draw(2, "u1"), **more, planarconfig="separate")
        yield f"{codec}-pages.tif", write(draw(2, "u1"), **packed, **rows, bigtiff=codec == "lzw")
    one = draw(1, "u1")[0]
    shape = {"shape": one.shape, "dtype": one.dtype}
    yield "zstd-checked.tif", write(checked(one, 5), **shape, compression="zstd", **rows)


def pngs():
    def pillow(image):
        file = io.BytesIO()
        image.save(file, "png")
        return file.getvalue()

    for dtype in ["u1", "u2"]:
        yield f"gray-{dtype}.png", imagecodecs.png_encode(draw(1, dtype)[0])
    yield "rgb-u1.png", imagecodecs.png_encode(np.moveaxis(draw(3, "u1"), 0, -1).copy())
    yield "rgba-u2.png", imagecodecs.png_encode(np.moveaxis(draw(4, "u2"), 0, -1).copy())
    values = draw(1, "u1")[0] % 16
    palette = Image.frombytes("P", (WIDTH, HEIGHT), values.tobytes())
    palette.putpalette([c for v in range(16) for c in (v, 2 * v, 0)])
    yield "palette.png", pillow(palette)


def planes(image):
    """Pixels as the project has them: planes x height x width."""
    return np.moveaxis(image, -1, 0) if image.ndim == 3 and image.shape[-1] in (2, 3, 4) else image


def by_tifffile(data):
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        pages = [page for page in file.pages if not page.subfiletype & 1]
        if sum(page.size for page in pages) > MOST:
            raise ValueError("too large")
        read = []
        for page in pages:
            image = page.asarray()
            contig = page.planarconfig == 1 and page.samplesperpixel > 1
            read.append(np.moveaxis(image, -1, 0) if contig else image.reshape(-1, *image.shape[-2:]))
        return np.concatenate(read)


def by_libtiff(data):
    read = []
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        pages = [(i, page.planarconfig == 1 and page.samplesperpixel > 1) for i, page in enumerate(file.pages)]
    for index, contig in pages:
        image = imagecodecs.tiff_decode(data, index=index)
        read.append(np.moveaxis(image, -1, 0) if contig else image.reshape(-1, *image.shape[-2:]))
    return np.concatenate(read)


def by_libpng(data):
    return planes(imagecodecs.png_decode(data))


def by_pillow(data):
    image = Image.open(io.BytesIO(data), formats=["PNG"])
    if image.width * image.height > MOST:
        raise ValueError("too large")
    image.load()
    return planes(np.asarray(image))


def pixels(read, data):
    try:
        found = read(data)
        found = found.reshape(-1, *found.shape[-2:])
        return str(found.shape), zlib.crc32(np.ascontiguousarray(found, "<f4").tobytes())
    except Exception:
        return None


def verdict(data, readers, good):
    found = [pixels(read, data) for read in readers]
    if None in found:
        return "x"
    if len(set(found)) > 1:
        return "~"
    return "=" if found[0] == good else f"({found[0][1]:08x})"


def main():
    logging.disable()
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    verdicts = {}
    for seed, (name, good) in enumerate([*tiffs(), *pngs()]):
        (OUT / name).write_bytes(good)
        if name.endswith(".tif"):
            readers = [by_tifffile, by_libtiff]
        elif name == "palette.png":
            # libpng is asked for colors by imagecodecs, Pillow gives the indices.
            readers = [by_pillow]
        else:
            # Pillow gives 8 bits of 16-bit colors.
            readers = [by_libpng] if name == "rgba-u2.png" else [by_libpng, by_pillow]
        whole = {pixels(read, good) for read in readers}
        assert len(whole) == 1 and None not in whole, (name, whole)
        whole = whole.pop()
        line = "".join(verdict(data, readers, whole) for data in damaged(good, seed))
        verdicts[name] = {"seed": seed, "pixels": f"{whole[1]:08x}", "verdicts": line}
    (OUT / "verdicts.json").write_text(json.dumps(verdicts, indent=1) + "\n")


if __name__ == "__main__":
    main()
