"""Writes the inputs of the cases of manifests as people write them (test/cases/import/manifest-*/input) and beside
them, in pandas.json, what pandas reads from each table. What is expected of the import stands in case.json, by hand.

Usage: python scripts/make-manifest-fixtures.py
Requirements: scripts/make-manifest-fixtures.txt, Python 3.11
"""

import gzip
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

CASES = Path(__file__).resolve().parent.parent / "test/cases/import"
SIDE = 24


def image(number):
    """A cell in the middle, a part of a neighbor at a corner, and noise; uint16."""
    y, x = np.mgrid[:SIDE, :SIDE]
    noise = np.random.default_rng(number).integers(0, 20, (SIDE, SIDE))
    return (100 + noise + 300 * (np.hypot(y - 12, x - 12) < 6) + 200 * (np.hypot(y, x) < 6)).astype("u2")


def labels():
    y, x = np.mgrid[:SIDE, :SIDE]
    return (np.where(np.hypot(y - 12, x - 12) < 6, 1, 0) + np.where(np.hypot(y, x) < 6, 2, 0)).astype("u1")


def save(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, data, photometric="minisblack", metadata=None)


def case(name, cells=4, folder="."):
    path = CASES / f"manifest-{name}" / "input"
    shutil.rmtree(path, ignore_errors=True)
    for n in range(cells):
        save(path / folder / f"c{n}.tif", np.stack([image(2 * n), image(2 * n + 1)]))
        save(path / folder / f"m{n}.tif", labels())
    return path


def rows(cells=4, **more):
    table = pd.DataFrame(
        {
            "File": [f"c{n}.tif" for n in range(cells)],
            "Mask": [f"m{n}.tif" for n in range(cells)],
            "Protein": [f"P{n % 2}" for n in range(cells)],
            "Field": [f"f{n}" for n in range(cells)],
            "Localization": [["ring", "core"][n % 2] for n in range(cells)],
        }
    )
    return table.assign(**more)


class Oracle:
    """What pandas makes of the tables of a case: every value as text, and the columns that are numbers."""

    def __init__(self, folder):
        self.folder = folder
        self.tables = {}

    def add(self, name, data, **options):
        (self.folder / name).write_bytes(data)
        text = pd.read_csv(self.folder / name, dtype=str, keep_default_na=False, **options)
        typed = pd.read_csv(self.folder / name, **options, decimal="." if options.get("sep", ",") == "," else ",")
        numbers = typed.select_dtypes("number")
        self.tables[name] = {
            "text": {c: text[c].tolist() for c in text.columns},
            "numbers": {c: [None if np.isnan(v) else v for v in numbers[c].tolist()] for c in numbers.columns},
        }

    def write(self):
        (self.folder / "pandas.json").write_text(json.dumps(self.tables, indent=1, ensure_ascii=False) + "\n")


def dialects():
    folder = case("dialects")
    oracle = Oracle(folder)
    table = rows(Note=["Bär, \"groß\"", "two\nlines", "細胞", ""], Area=[1.5, 2.25, np.nan, 4])
    text = table.to_csv(index=False)
    oracle.add("commas.csv", text.encode())
    oracle.add("mark.csv", text.encode("utf-8-sig"))
    oracle.add("windows.csv", text.replace("\n", "\r\n").encode())
    oracle.add("utf16le.csv", b"\xff\xfe" + text.encode("utf-16-le"), encoding="utf-16")
    oracle.add("utf16be.csv", b"\xfe\xff" + text.encode("utf-16-be"), encoding="utf-16")
    excel = table.to_csv(index=False, sep=";", decimal=",")
    oracle.add("semicolons.csv", excel.encode(), sep=";")
    oracle.add("tabs.csv", table.to_csv(index=False, sep="\t").encode(), sep="\t")
    oracle.add("unicode-tabs.csv", b"\xff\xfe" + table.to_csv(index=False, sep="\t").encode("utf-16-le"), sep="\t", encoding="utf-16")
    oracle.add("sep.csv", b"sep=,\n" + text.encode(), skiprows=1)
    oracle.add("sep-semicolon.csv", b"sep=;\r\n" + excel.encode(), sep=";", skiprows=1)
    oracle.add("comments.csv", b'# exported by "pipeline 1.2\n# on a Monday; a, b\n\n' + text.encode(), skiprows=2)
    oracle.add("index.csv", table.to_csv().encode())
    # Semicolons within fields and in the header of a table apart by commas, and the other way round.
    oracle.add("both.csv", rows(**{"Size (h;w)": ["1;2", "3;4", "", "5;6"]}).to_csv(index=False).encode())
    oracle.add("other.csv", rows(**{"Size (h,w)": ["1,2", "3,4", "", "5,6"]}).to_csv(index=False, sep=";").encode(), sep=";")
    oracle.write()


def encodings():
    folder = case("encodings", 2)
    text = rows(2, Lab=["Zürich", "café"]).to_csv(index=False)
    (folder / "latin1.csv").write_bytes(text.encode("latin-1"))
    (folder / "shift-jis.csv").write_bytes(rows(2, Lab=["東京", "テスト"]).to_csv(index=False).encode("shift_jis"))
    (folder / "utf16-unmarked.csv").write_bytes(text.encode("utf-16-le"))
    (folder / "utf16-cut.csv").write_bytes(b"\xff\xfe" + text.encode("utf-16-le")[:-1])
    with zipfile.ZipFile(folder / "workbook.csv", "w") as file:
        file.writestr(zipfile.ZipInfo("xl/workbook.xml"), "<workbook/>")
    (folder / "packed.csv").write_bytes(gzip.compress(text.encode(), mtime=0))
    (folder / "utf32.csv").write_bytes(text.encode("utf-32"))
    (folder / "replacement.csv").write_bytes("File,Lab\na.tif,\ufffd\n".encode() + b"b.tif,caf\xe9\n")
    (folder / "ragged.csv").write_text("# lab\nFile;Protein\nc0.tif;P;1\n")
    (folder / "quote.csv").write_text('File,Protein\n"c0.tif,P\n')


def missing():
    folder = case("missing")
    oracle = Oracle(folder)
    table = rows(
        Area=[1.5, np.nan, 3, 4], Site=[1, 2, 3, 4], Dose=["1", "NA", "<NA>", "N/A"], Gone=["nan", "NaN", "None", "null"],
        Compound=["DMSO", "nan", "nan", "aspirin"],
    )
    table["Localization"] = ["ring", "nan", "core", "nan"]
    oracle.add("cells.csv", table.to_csv(index=False, na_rep="nan").encode())
    table["Protein"] = ["None", "P1", "None", "P1"]
    oracle.add("protein.csv", table.to_csv(index=False).encode())
    oracle.write()
    table["File"] = ["c0.tif", "nan", "c2.tif", "c3.tif"]
    table.to_csv(folder / "file.csv", index=False)
    pd.DataFrame({"protein": ["P0", "P1"], "localization": ["ring", "NA"]}).to_csv(folder / "labels.csv", index=False)


def paths():
    folder = case("paths", folder="plate1")
    for table, name in [
        (rows(), "relative.csv"),
        (rows(), "drive.csv"),
        (rows(), "share.csv"),
        (rows(), "moved.csv"),
        (rows(), "elsewhere.csv"),
        (rows(), "web.csv"),
        (rows(), "fetched.csv"),
    ]:
        before = {
            "relative.csv": "plate1\\",
            "drive.csv": "D:\\screens\\2024\\plate1\\",
            "share.csv": "\\\\server\\screens\\plate1\\",
            "moved.csv": "/mnt/old/plate1/",
            "elsewhere.csv": "D:\\screens\\plate2\\",
            "web.csv": "https://example.org/plate2/",
            "fetched.csv": "s3://screens/2024/plate1/",
        }[name]
        table.assign(File=before + table.File, Mask=before + table.Mask).to_csv(folder / name, index=False)
    single = pd.DataFrame({"Protein": ["P0", "P1"], "Field": ["f0", "f1"]})
    for n in range(2):
        for c, channel in enumerate(["DNA", "ER"]):
            save(folder / f"sub dir/{channel}{n}.tif", image(2 * n + c))
    url = single.assign(**{f"URL_{c}": [f"file:///C:/data/sub%20dir/{c}{n}.tif" for n in range(2)] for c in ["DNA", "ER"]})
    url.to_csv(folder / "url.csv", index=False)
    names = single.copy()
    for channel in ["DNA", "ER"]:
        names[f"FileName_{channel}"] = [f"{channel}{n}.tif" for n in range(2)]
        names[f"PathName_{channel}"] = "C:\\data\\sub dir"
    names.to_csv(folder / "pathname.csv", index=False)


def columns():
    folder = case("columns")
    table = rows().drop(columns=["Protein", "Field", "Localization"])
    table["Metadata_Plate"] = "BR1"
    table["Metadata_Well"] = ["A01", "A01", "A02", "A02"]
    table["Metadata_Site"] = [1, 2, 1, 2]
    table["Metadata_Compound"] = ["DMSO", "DMSO", "aspirin", "aspirin"]
    table.to_csv(folder / "site.csv", index=False)
    table.drop(columns=["Metadata_Plate", "Metadata_Well", "Metadata_Site"]).to_csv(folder / "bare.csv", index=False)
    table.assign(Well="B01").to_csv(folder / "twice.csv", index=False)
    rows().drop(columns=["Protein", "Field"]).to_csv(folder / "class.csv", index=False)
    pd.DataFrame({"protein": ["P0"], "localization": ["ring"]}).to_csv(folder / "labels.csv", index=False)


def localizations():
    folder = case("localizations")
    for name, values in {
        "pipe": ["ring", "core|ring", "core", "ring"],
        "semicolon": ["ring", "core; ring", "core", "ring"],
        "comma": ["ring", "core, ring", "core", "ring"],
        "name": ["ring, bright", "core", "ring, bright", "core"],
        "mixed": ["ring|core", "core;ring", "core", "ring"],
    }.items():
        rows(Localization=values).to_csv(folder / f"{name}.csv", index=False)
    pd.DataFrame({"protein": ["P0", "P1", "P2"], "localization": ["ring;core", "core", "ring"]}).to_csv(
        folder / "labels.csv", index=False
    )


def masks():
    folder = case("mask-image", 2)
    for n in range(2):
        save(folder / f"gray{n}.tif", image(n))
        y, x = np.mgrid[:SIDE, :SIDE]
        tiles = (1 + 6 * (y // 4) + x // 4) * ((y % 4 > 0) & (x % 4 > 0))
        away = np.hypot(y - 12, x - 12)
        save(folder / f"many{n}.tif", np.where(away < 6, 99, np.where(away < 8, 0, tiles)).astype("u2"))
    rows(2, Mask=["gray0.tif", "gray1.tif"]).to_csv(folder / "gray.csv", index=False)
    rows(2, Mask=["c0.tif", "c1.tif"]).to_csv(folder / "same.csv", index=False)
    rows(2, Mask=["many0.tif", "many1.tif"]).to_csv(folder / "labels.csv", index=False)


def axes():
    folder = case("axes", 1)
    last = np.moveaxis(np.stack([image(0), image(1)]), 0, -1)
    tifffile.imwrite(folder / "last.tif", last, metadata=None)
    stack = np.stack([[image(2 * z), image(2 * z + 1)] for z in range(3)])
    for name, data, order in [
        ("slices", stack, "ZCYX"),
        ("two-slices", stack[:2, 0], "ZYX"),
        ("times", stack, "TCYX"),
        ("channels", stack[0], "CYX"),
    ]:
        tifffile.imwrite(folder / f"{name}.tif", data, imagej=True, metadata={"axes": order})
    for name in ["last", "slices", "two-slices", "times", "channels"]:
        rows(1, File=[f"{name}.tif"]).to_csv(folder / f"{name}.csv", index=False)


for make in (axes, dialects, encodings, missing, paths, columns, localizations, masks):
    make()
