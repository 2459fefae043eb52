"""One table in every encoding, compression and page version of Parquet, for test/files/parquet.

Run: python scripts/make-parquet-fixtures.py     (versions in make-parquet-fixtures.txt)
Writes test/fixtures/parquet/*.parquet, and table.json, what pyarrow reads from all of them.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "parquet"
OUT.mkdir(parents=True, exist_ok=True)

ROWS = 40
rng = np.random.default_rng(1)


def some(values):
    """The values, every fifth of them missing."""
    return [None if i % 5 == 3 else v for i, v in enumerate(values)]


columns = {
    "id": pa.array([f"plate_{i // 7}/cell_{i:03d}" for i in range(ROWS)]),
    "protein": pa.array(some([["nucleus", "ER", "bud neck", "ä"][i] for i in rng.integers(0, 4, ROWS)])),
    "count": pa.array(rng.integers(-1000, 1000, ROWS), pa.int32()),
    "large": pa.array(rng.integers(-(2**52), 2**52, ROWS), pa.int64()),
    "area": pa.array(rng.normal(size=ROWS).astype("f4"), pa.float32()),
    "mean": pa.array(some(rng.normal(size=ROWS).tolist()), pa.float64()),
    "usable": pa.array(some((rng.random(ROWS) < 0.5).tolist()), pa.bool_()),
    "features": pa.array([[float(i), i / 4, None] for i in range(ROWS)], pa.list_(pa.float32())),
    "lists": pa.array(
        some([[int(v) for v in rng.integers(0, 9, i % 4)] for i in range(ROWS)]), pa.list_(pa.int32())
    ),
    "place": pa.array(some([{"x": i, "y": f"{i}"} for i in range(ROWS)])),
}
# No column may be missing but where it is said so.
table = pa.table(
    list(columns.values()),
    schema=pa.schema([pa.field(n, c.type, nullable=c.null_count > 0) for n, c in columns.items()]),
)

PLAIN = {name: "PLAIN" for name in table.column_names}
FLAT = {"features.list.element": "PLAIN", "lists.list.element": "PLAIN", "place.x": "PLAIN", "place.y": "PLAIN"}


def write(name, **options):
    path = OUT / f"{name}.parquet"
    pq.write_table(table, path, store_schema=False, **options)
    assert pq.read_table(path).equals(table), name


for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    write(f"dictionary-{codec}", compression=codec)
    write(f"v2-{codec}", compression=codec, data_page_version="2.0")
write("plain", compression="none", use_dictionary=False)
write("groups", compression="snappy", row_group_size=13, data_page_size=64, write_batch_size=4)
write("sums", compression="zstd", write_page_checksum=True, data_page_size=64, write_batch_size=4)
write("index", compression="snappy", write_page_index=True, data_page_size=64, write_batch_size=4)
for name, texts in [("delta-length", "DELTA_LENGTH_BYTE_ARRAY"), ("delta-text", "DELTA_BYTE_ARRAY")]:
    for version in ["1.0", "2.0"]:
        write(
            f"{name}-v{version[0]}",
            compression="zstd",
            use_dictionary=False,
            data_page_version=version,
            column_encoding={
                "id": texts,
                "protein": texts,
                "count": "DELTA_BINARY_PACKED",
                "large": "DELTA_BINARY_PACKED",
                "area": "BYTE_STREAM_SPLIT",
                "mean": "BYTE_STREAM_SPLIT",
                "usable": "RLE",
                **FLAT,
            },
        )
(OUT / "table.json").write_text(json.dumps(table.to_pydict()) + "\n")
