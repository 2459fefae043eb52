"""Writes one small DeepLoc set (data1: 6 cells of 2 x 2 px in two channels, the numbers 0 to 47) in every way in which
HDF5 stores a data set (test/fixtures/cells/hdf5/good), and sets that lie in other files, were not written whole, or claim
what is not there (test/fixtures/cells/hdf5/bad), as the oldest and the newest version of the format writes them.

    python3.11 -m venv venv && venv/bin/pip install -r scripts/make-hdf5-fixtures.txt
    venv/bin/python scripts/make-hdf5-fixtures.py
"""

import os
import shutil
import struct
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).parent.parent / "test/fixtures/cells/hdf5"
SHAPE = (6, 8)
VALUES = np.arange(48, dtype="u1").reshape(SHAPE)
NEWEST = "latest"


def stored(**options):
    return lambda file: file.create_dataset("data1", data=VALUES, track_times=False, **options)


def early(file):
    space = h5py.h5s.create_simple(SHAPE)
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((2, 4))
    plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plan.set_obj_track_times(False)
    h5py.h5d.create(file.id, b"data1", h5py.h5t.STD_U8LE, space, plan).write(h5py.h5s.ALL, h5py.h5s.ALL, VALUES)


def compact(file):
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.COMPACT)
    plan.set_obj_track_times(False)
    space = h5py.h5s.create_simple(SHAPE)
    h5py.h5d.create(file.id, b"data1", h5py.h5t.STD_U8LE, space, plan).write(h5py.h5s.ALL, h5py.h5s.ALL, VALUES)


def linked(*links):
    def write(file):
        file.create_dataset("a/b/values", data=VALUES, track_times=False)
        for name, link in links:
            file[name] = link

    return write


def many(file):
    """A group of so many names that the newest format lists them in a heap and a tree."""
    for n in range(40):
        file[f"other{n}"] = h5py.SoftLink("/data1")
    stored()(file)


GOOD = {
    "whole": stored(),
    "compact": compact,
    "chunks": stored(chunks=(2, 4)),
    "uneven-chunks": stored(chunks=(4, 5)),
    "gzip": stored(chunks=(2, 8), compression="gzip", shuffle=True, fletcher32=True),
    "one-chunk": stored(chunks=SHAPE),
    "one-chunk-gzip": stored(chunks=SHAPE, compression="gzip"),
    "early": early,
    "growing": stored(chunks=(1, 8), maxshape=(None, 8)),
    "growing-gzip": stored(chunks=(1, 2), maxshape=(None, 8), compression="gzip"),
    "growing-both-ways": stored(chunks=(1, 2), maxshape=(None, None)),
    "soft-link": linked(("data1", h5py.SoftLink("/a/b/values"))),
    "soft-links": linked(("data1", h5py.SoftLink("/a/next")), ("a/next", h5py.SoftLink("./c/values")), ("a/c", h5py.SoftLink("b"))),
    "hard-link": lambda file: (linked()(file), file.__setitem__("data1", file["a/b/values"])),
    "many-names": many,
}


def virtual(file):
    layout = h5py.VirtualLayout(SHAPE, "u1")
    layout[...] = h5py.VirtualSource("elsewhere.h5", "data1", SHAPE)
    file.create_virtual_dataset("data1", layout)


def partly(**options):
    def write(file):
        data = file.create_dataset("data1", SHAPE, "u1", track_times=False, **options)
        data[0:1, 0:2] = 1

    return write


def unwritten(**options):
    return lambda file: file.create_dataset("data1", SHAPE, "u1", track_times=False, **options)


def text(file):
    stored()(file)
    file.create_dataset("Info1_columns", data=["protein"], dtype=h5py.string_dtype(), track_times=False)
    names = ["x" * 2000] + [f"{n}" * 3 for n in range(1, 6)]
    file.create_dataset("Info1", data=np.array(names, dtype=object).reshape(6, 1), dtype=h5py.string_dtype(), track_times=False)


BAD = {
    "external-link": linked(("data1", h5py.ExternalLink("elsewhere.h5", "/data1"))),
    "soft-to-external": linked(("data1", h5py.SoftLink("/a/out/data1")), ("a/out", h5py.ExternalLink("elsewhere.h5", "/"))),
    "soft-loop": linked(("data1", h5py.SoftLink("/a/x")), ("a/x", h5py.SoftLink("/data1"))),
    "soft-self": linked(("data1", h5py.SoftLink("data1/data1"))),
    "soft-nowhere": linked(("data1", h5py.SoftLink("/a/none"))),
    "external-raw": lambda file: file.create_dataset("data1", SHAPE, "u1", external=[("elsewhere.raw", 0, 48)], track_times=False),
    "virtual": virtual,
    "unwritten": unwritten(),
    "unwritten-chunks": unwritten(chunks=(2, 4)),
    "unwritten-gzip": unwritten(chunks=(2, 8), compression="gzip"),
    "unwritten-growing": unwritten(chunks=(1, 2), maxshape=(None, 8)),
    "unwritten-both-ways": unwritten(chunks=(1, 2), maxshape=(None, None)),
    "partly": partly(chunks=(1, 2)),
    "partly-gzip": partly(chunks=(1, 2), compression="gzip"),
    "partly-both-ways": partly(chunks=(1, 2), maxshape=(None, None)),
}


def write(path, fill, version):
    with h5py.File(path, "w", libver=version) as file:
        fill(file)


def patch(path, old, new):
    data = path.read_bytes()
    assert data.count(old) >= 1, path
    path.write_bytes(data.replace(old, new))


def shared_pieces(path):
    """Every piece at the place of the first."""
    write(path, GOOD["chunks"], "earliest")
    with h5py.File(path) as file:
        at = [file["data1"].id.get_chunk_info(n).byte_offset for n in range(file["data1"].id.get_num_chunks())]
    for place in at[1:]:
        patch(path, struct.pack("<Q", place), struct.pack("<Q", at[0]))


def shared_text(path):
    """Every text is the longest."""
    write(path, text, "earliest")
    with h5py.File(path) as file:
        at = file["Info1"].id.get_offset()
    data = bytearray(path.read_bytes())
    for row in range(1, 6):
        data[at + 16 * row : at + 16 * row + 16] = data[at : at + 16]
    path.write_bytes(data)


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"
    for kind, sets in (("good", GOOD), ("bad", BAD)):
        (ROOT / kind).mkdir(parents=True)
        for name, fill in sets.items():
            write(ROOT / kind / f"{name}.h5", fill, "earliest")
            write(ROOT / kind / f"{name}-newest.h5", fill, NEWEST)
    write(ROOT / "good/text.h5", text, "earliest")
    shared_pieces(ROOT / "bad/shared-pieces.h5")
    shared_text(ROOT / "bad/shared-text.h5")


if __name__ == "__main__":
    main()
