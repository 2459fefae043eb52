"""Writes test/fixtures/cells/shards: arrays of cells in shards as zarr-python writes them, of every type, packed in every
way that is read, with the index at either end, and beside each as NAME.npy the values in it.

Run with Python 3.11 and scripts/make-shard-fixtures.txt:
    python scripts/make-shard-fixtures.py
"""

import shutil
from pathlib import Path

import numpy as np
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, ZstdCodec

OUT = Path(__file__).resolve().parent.parent / "test/fixtures/cells/shards"
LITTLE = BytesCodec(endian="little")
PLAIN = BytesCodec()
CASES = {
    "uint8-gzip": ("uint8", [PLAIN, GzipCodec(level=1), Crc32cCodec()], "end", 1),
    "uint16-zstd": ("uint16", [LITTLE, ZstdCodec(level=3)], "end", 2),
    "float16-raw": ("float16", [LITTLE, Crc32cCodec()], "start", 1),
    "float32-gzip": ("float32", [LITTLE, GzipCodec(level=5)], "start", 3),
}


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    rng = np.random.default_rng(16)
    for name, (dtype, codecs, location, rows) in CASES.items():
        values = rng.integers(0, 200, (8, 2, 6, 5)).astype(dtype)
        # A chunk of zeros, the fill value, is left out of its shard.
        values[3:6] = 0
        array = zarr.create_array(
            OUT / f"{name}.zarr",
            shape=values.shape,
            dtype=dtype,
            chunks=(6, 2, 6, 5),
            fill_value=0,
            serializer=ShardingCodec(
                chunk_shape=(rows, 2, 6, 5), codecs=codecs, index_codecs=[LITTLE, Crc32cCodec()], index_location=location
            ),
            compressors=None,
        )
        array[:] = values
        np.save(OUT / f"{name}.npy", values)


if __name__ == "__main__":
    main()
