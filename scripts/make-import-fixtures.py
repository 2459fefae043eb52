"""Writes drawn cells in every layout that is imported (test/fixtures/cells/layouts) and the inputs of the failure cases
(test/cases/import/NAME/input; what is expected of each stands beside it in case.json, written by hand).

Run with Python 3.11 and numpy==1.26.4 tifffile==2024.8.30 imagecodecs==2026.1.14 h5py==3.16.0:
    python scripts/make-import-fixtures.py
"""

import shutil
import struct
import zlib
from pathlib import Path

import h5py
import imagecodecs
import numpy as np
import tifffile

ROOT = Path(__file__).parent.parent / "test"
LAYOUTS = ROOT / "fixtures/cells/layouts"
CASES = ROOT / "cases/import"
SIDE = 24


def disk(row=SIDE / 2 - 0.5, column=SIDE / 2 - 0.5, radius=6, side=SIDE):
    y, x = np.mgrid[0:side, 0:side]
    return np.hypot(y - row, x - column) < radius


def draw(number, side=SIDE):
    """A cell in the middle, a part of a neighbor in a corner, on a slope; uint16."""
    y, x = np.mgrid[0:side, 0:side]
    image = 100 + 2 * x + number + 50 * disk(side=side) * (1 + (x + y + number) % 7) + 40 * disk(0, 0, 7, side)
    return image.astype("u2")


def save(path, data, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, data, metadata=None, **options)


def case(name):
    folder = CASES / name / "input"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def pci(folder, cells=(("AAA1", 1, 1), ("AAA1", 1, 2)), second="rfp"):
    for n, (protein, field, cell) in enumerate(cells):
        stem = folder / protein / f"{protein}_{field}_rfp_{cell}"
        save(Path(f"{stem}_gfp.tif"), draw(2 * n))
        save(Path(f"{stem}_{second}.tif"), draw(2 * n + 1))


def layouts():
    shutil.rmtree(LAYOUTS, ignore_errors=True)
    numbers = [("B2", 1, 10), ("B2", 1, 9), ("B10", 2, 1), ("B10", 10, 1), ("B2", 2, 3)]
    pci(LAYOUTS / "pci", numbers)
    pci(LAYOUTS / "pci-bf", numbers[:2], "bf")
    for kind, names in {
        "pifia": [("ch1", 0), ("ch2", 10), ("ch3", 20)],
        "pifia-named": [("gfp", 0), ("rfp", 20)],
    }.items():
        for n, (protein, cell) in enumerate([("AAA1", 2), ("AAA1", 10), ("AAB1", 1)]):
            def file(channel):
                name = f"{protein}_{channel}_{cell}" if kind == "pifia" else f"{protein}_{cell}_{channel}"
                return LAYOUTS / kind / protein / f"{name}.tiff"

            for channel, offset in names:
                save(file(channel), draw(n + offset))
            save(file("mask"), disk().astype("u1") * 255)
    folder = LAYOUTS / "folder"
    full = disk().astype("u1") + 2 * (disk(0, 0, 7) & ~disk()).astype("u1")
    cellpose = np.where(full == 1, 7, np.where(full == 2, 3, 0)).astype("u2")
    for n in range(3):
        save(folder / f"{n}/gfp.tif", draw(n))
        (folder / f"{n}/rfp.png").write_bytes(imagecodecs.png_encode(draw(n + 10)))
        save(folder / f"{n}/both.tif", np.stack([draw(n), draw(n + 10)]), photometric="minisblack")
        save(folder / f"{n}/mask.tif", [full, cellpose, full][n])
        save(folder / f"{n}/center.tif", disk().astype("u1") * 255)
    head = "File_GFP,File_RFP,Mask,Metadata_Protein,Localization,Field,Plate,Well,Area,Batch\n"
    rows = [
        "0/gfp.tif,0/rfp.png,0/mask.tif,AAA1,nucleus|cytoplasm,1,P1,B02,31.5,01",
        "1/gfp.tif,1/rfp.png,1/mask.tif,AAB1,nucleus,2,P1,B02,7,02",
        "2/gfp.tif,2/rfp.png,2/mask.tif,AAB1,,1,P2,B02,8,02",
    ]
    (folder / "cells.csv").write_text(head + "\n".join(rows) + "\n")
    both = "".join(f"{n}/both.tif,{n}/center.tif,c{n},AAA1\n" for n in range(3))
    (folder / "both.csv").write_text("File,Mask,Cell,Protein\n" + both)
    (LAYOUTS / "labels.csv").write_text("Protein,Localization\nB2,nucleus\nB2,cytoplasm\nQ9,vacuole\nAAA1,golgi|er\n")
    deeploc(LAYOUTS / "deeploc.hdf5")
    with h5py.File(LAYOUTS / "deeploc-plain.hdf5", "w") as file:
        file["data1"] = pixels(0, 4).astype("f8")
        file["Index1"] = np.eye(19)[[0, 6, 17, 18]]


def pixels(start, cells, side=8):
    """Value of pixel p of channel c of cell n: n + c / 4 + p / 1024, exact in float32."""
    p = np.arange(side * side) / 1024
    return np.stack([np.concatenate([n + p, n + 0.25 + p]) for n in range(start, start + cells)])


def deeploc(path):
    with h5py.File(path, "w") as file:
        names = np.array([b"CYTOPLASM", b"NUCLEI"])
        for shard, (start, cells) in enumerate([(0, 5), (5, 3)], 1):
            values = pixels(start, cells).astype("f4")
            file.create_dataset(f"data{shard}", data=values, chunks=(2, 128), compression="gzip")
            file[f"Index{shard}"] = np.eye(2)[np.arange(start, start + cells) % 2]
            info = [[f"Y{n // 3}", f"G{n // 3}", "7", str(n // 2)] for n in range(start, start + cells)]
            file[f"Info{shard}"] = np.array(info, "S8")
        file["Index1_columns"] = names
        file["Info1_columns"] = np.array([b"ORF", b"Gene", b"Plate", b"Image"])


def tag(number, kind, count, value):
    return struct.pack("<HHII", number, kind, count, value)


def raw_tiff(tags, pixels_=b"", next_=0):
    """A little-endian TIFF with one directory at byte 8; `tags` may refer to pixels at byte 8 + 2 + 12 n + 4."""
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(tags) + struct.pack("<I", next_) + pixels_


def simple_tags(width, height, compression=1, size=0, rows=None):
    start = 8 + 2 + 12 * 9 + 4
    return [
        tag(256, 4, 1, width),
        tag(257, 4, 1, height),
        tag(258, 3, 1, 8),
        tag(259, 3, 1, compression),
        tag(262, 3, 1, 1),
        tag(273, 4, 1, start),
        tag(277, 3, 1, 1),
        tag(278, 4, 1, rows or height),
        tag(279, 4, 1, size),
    ]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def raw_png(width, height, data):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def pci_cases():
    folder = case("missing-pair-file")
    pci(folder)
    (folder / "AAA1/AAA1_1_rfp_2_rfp.tif").unlink()
    whole = case("missing-gfp")
    pci(whole)
    (whole / "AAA1/AAA1_1_rfp_2_gfp.tif").unlink()

    def one_bad(name, data):
        """Two good cells, then one whose RFP file is `data` (bytes or pixels)."""
        folder = case(name)
        pci(folder, (("AAA1", 1, 1), ("AAA1", 1, 2), ("AAA1", 1, 3)))
        bad = folder / "AAA1/AAA1_1_rfp_3_rfp.tif"
        bad.write_bytes(data) if isinstance(data, bytes) else save(bad, data)

    good = (LAYOUTS / "pci/B2/B2_1_rfp_9_gfp.tif").read_bytes()
    one_bad("truncated-tiff-pixels", good[:-100])
    one_bad("truncated-tiff-tags", good[:40])
    one_bad("truncated-tiff-header", good[:6])
    one_bad("not-an-image", b"this is no image\n")
    one_bad("empty-file", b"")
    one_bad("wrong-size-in-pair", draw(0, 20))
    nan = draw(0).astype("f4")
    nan[3, 5] = np.nan
    one_bad("nan-pixel", nan)
    nan[3, 5] = np.inf
    one_bad("infinite-pixel", nan)
    one_bad("double-beyond-float32", np.where(disk(), 1e300, 0.0))
    one_bad("several-pages", np.stack([draw(0), draw(1)]))
    one_bad("constant-crop", np.full((SIDE, SIDE), 7, "u2"))
    folder = case("wrong-size-among-crops")
    pci(folder)
    for kind in ["gfp", "rfp"]:
        save(folder / f"AAA1/AAA1_2_rfp_1_{kind}.tif", draw(0, 20))

    one_bad("hostile-tiff-dimensions", raw_tiff(simple_tags(4_000_000_000, 4_000_000_000, size=576), bytes(576)))
    one_bad("hostile-tiff-samples", raw_tiff([*simple_tags(24, 24, size=576)[:6], tag(277, 3, 1, 65535), *simple_tags(24, 24, size=576)[7:]], bytes(576)))
    one_bad("hostile-tiff-circle", raw_tiff(simple_tags(24, 24, size=576), bytes(576), next_=8))
    one_bad("hostile-tiff-tag-count", raw_tiff([*simple_tags(24, 24, size=576)[:5], tag(273, 4, 4_000_000_000, 8), *simple_tags(24, 24, size=576)[6:]], bytes(576)))
    bomb = zlib.compress(bytes(100_000_000), 9)
    one_bad("hostile-tiff-deflate-bomb", raw_tiff(simple_tags(24, 24, 8, len(bomb[:60_000])), bomb[:60_000]))
    zstd = bytes.fromhex("28b52ffde0") + struct.pack("<Q", 1 << 50) + bytes.fromhex("030000") + b"\0"
    one_bad("hostile-tiff-zstd-size", raw_tiff(simple_tags(24, 24, 50000, len(zstd)), zstd))
    # LZW codes that fill the table without a clear code, then point behind it.
    lzw = bytes([0x80]) + bytes(range(1, 256)) * 24
    one_bad("hostile-tiff-lzw", raw_tiff(simple_tags(2000, 2000, 5, len(lzw)), lzw))
    one_bad("hostile-png-dimensions", raw_png(2**31 - 1, 2**31 - 1, zlib.compress(bytes(100))))
    one_bad("hostile-png-bomb", raw_png(24, 24, zlib.compress(bytes(50_000_000), 9)))
    one_bad("truncated-png", imagecodecs.png_encode(draw(0))[:-60])

    folder = case("protein-folder-given")
    pci(folder)
    folder = case("no-files-found")
    save(folder / "AAA1/crop.tif", draw(0))


def mask_cases():
    def manifest(name, masks, crops=None, head="File_GFP,Mask,Protein,Cell"):
        folder = case(name)
        rows = []
        for n, mask in enumerate(masks):
            save(folder / f"crop{n}.tif", draw(n) if crops is None else crops[n])
            save(folder / f"mask{n}.tif", mask)
            rows.append(f"crop{n}.tif,mask{n}.tif,AAA1,c{n}")
        (folder / "cells.csv").write_text("\n".join([head, *rows]) + "\n")
        return folder

    good = disk().astype("u1")
    side = 2 * disk(0, 0, 7).astype("u1")
    manifest("mask-empty", [good, good * 0, good])
    manifest("mask-all-empty", [good * 0, good * 0])
    manifest("mask-without-center", [good + side, side])
    manifest("mask-of-another-size", [good, disk(side=20).astype("u1")])
    manifest("mask-with-fractions", [good, disk().astype("f4") * 0.5])
    manifest("mask-with-channels", [good, np.stack([good, good, good])])
    manifest("constant-crop-with-mask", [good, good], [draw(0), np.zeros((SIDE, SIDE), "u1")])
    folder = manifest("mask-file-missing", [good, good])
    (folder / "mask1.tif").unlink()
    folder = manifest("manifest-column-missing", [good])
    (folder / "cells.csv").write_text("File_GFP,Mask\ncrop0.tif,mask0.tif\n")
    (folder / "files.csv").write_text("Path,Protein\ncrop0.tif,AAA1\n")
    (folder / "both.csv").write_text("File,Protein\ncrop0.tif,AAA1\n")
    (folder / "header.csv").write_text("File_GFP,Protein\n")
    (folder / "empty.csv").write_text("")
    (folder / "hole.csv").write_text("File_GFP,Protein\ncrop0.tif,\n")
    (folder / "ragged.csv").write_text("File_GFP,Protein\ncrop0.tif,AAA1\ncrop0.tif,AAA1,more\n")
    (folder / "channels.csv").write_text("File_GFP,File_gfp,Protein\ncrop0.tif,crop0.tif,AAA1\n")
    folder = manifest("duplicate-cell-id", [good, good])
    (folder / "cells.csv").write_text("File_GFP,Protein,Cell\ncrop0.tif,AAA1,c7\ncrop1.tif,AAA1,c7\n")
    (folder / "files.csv").write_text("File_GFP,Protein\ncrop0.tif,AAA1\ncrop0.tif,AAA1\n")


def label_cases():
    folder = case("labels")
    pci(folder / "images")
    for name, text in {
        "empty": "",
        "header": "protein,localization\n",
        "column": "gene,localization\nAAA1,nucleus\n",
        "hole": "protein,localization\nAAA1,\n",
        "good": "PROTEIN,Localization\nAAA1,nucleus|cytoplasm\nAAA1,nucleus\nZZZ9,golgi\n",
    }.items():
        (folder / f"{name}.csv").write_text(text)


def out_cases():
    folder = case("out-folder")
    pci(folder / "images")
    (folder / "taken").mkdir()
    (folder / "taken/notes.txt").write_text("mine\n")
    (folder / "file").write_text("mine\n")


def deeploc_cases():
    folder = case("deeploc")
    (folder / "text.hdf5").write_text("this is no HDF5\n")
    whole = (LAYOUTS / "deeploc.hdf5").read_bytes()
    (folder / "truncated.hdf5").write_bytes(whole[: len(whole) // 2])
    with h5py.File(folder / "absurd-rows.hdf5", "w") as file:
        file.create_dataset("data1", (10**12, 8192), "f4", chunks=(1, 8192))
    with h5py.File(folder / "absurd-chunk.hdf5", "w") as file:
        file.create_dataset("data1", (4, 8192), "f4", chunks=(65536, 8192), maxshape=(None, 8192), compression="gzip")
    with h5py.File(folder / "no-data.hdf5", "w") as file:
        file["images"] = pixels(0, 2)
    with h5py.File(folder / "rows.hdf5", "w") as file:
        file["data1"] = pixels(0, 3)
        file["Index1"] = np.eye(19)[[0, 6]]
    with h5py.File(folder / "unnamed-classes.hdf5", "w") as file:
        file["data1"] = pixels(0, 2)
        file["Index1"] = np.eye(3)[[0, 1]]
    with h5py.File(folder / "odd-size.hdf5", "w") as file:
        file["data1"] = pixels(0, 2)[:, :100]
    with h5py.File(folder / "nan.hdf5", "w") as file:
        values = pixels(0, 3)
        values[2, 70] = np.nan
        file["data1"] = values
    with h5py.File(folder / "no-rows.hdf5", "w") as file:
        file["data1"] = pixels(0, 1)[:0]
    with h5py.File(folder / "group.hdf5", "w") as file:
        file.create_group("data1")


if __name__ == "__main__":
    layouts()
    pci_cases()
    mask_cases()
    label_cases()
    out_cases()
    deeploc_cases()
