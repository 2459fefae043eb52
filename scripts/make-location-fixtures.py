"""Writes one drawn plate as CellProfiler, cytominer-database, CytoTable and DeepProfiler leave it
(test/fixtures/locations), the inputs of failure cases (test/cases/import/{cellprofiler,deepprofiler}/input), and what pandas and numpy make of it: the cells with their crops, cut by slicing.

Usage: python scripts/make-location-fixtures.py
Requirements: scripts/make-location-fixtures.txt, Python 3.11
"""

import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

OUT = Path(__file__).resolve().parent.parent / "test/fixtures/locations"
CASES = OUT.parent.parent / "cases/import"
SIZE = 16
SHAPE = (48, 64)
rng = np.random.default_rng(11)


def draw(name, wells):
    """Fields of two channels with bright disks; returns the table of images and that of objects."""
    images, objects = [], []
    for number, (well, site) in enumerate(wells, 1):
        y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
        planes = rng.integers(90, 110, (2, *SHAPE))
        # On a grid, so that crops are whole for the inner ones and not for the outer ones.
        centers = [(r + rng.uniform(-2, 2), c + rng.uniform(-2, 2)) for r in (6, 20, 36) for c in (12, 30, 58)]
        for k, (row, column) in enumerate(centers, 1):
            disk = np.hypot(y - row, x - column) < 5
            planes[0][disk] += 100 + 10 * k
            planes[1][np.hypot(y - row, x - column) < 3] += 300
            ys, xs = np.nonzero(disk)
            objects.append(
                {"ImageNumber": number, "ObjectNumber": k, "AreaShape_Area": int(disk.sum()), "Location_Center_X": xs.mean(),
                 "Location_Center_Y": ys.mean(), "AreaShape_Center_X": xs.mean(), "AreaShape_Center_Y": ys.mean()}
            )
        row = {"ImageNumber": number, "Metadata_Plate": "BR7", "Metadata_Well": well, "Metadata_Site": site}
        for c, channel in enumerate(["DNA", "ER"]):
            file = f"{well}_s{site}_{channel}.tif"
            tifffile.imwrite(OUT / name / file, planes[c].astype("u2"), compression="deflate", metadata=None)
            row |= {f"FileName_{channel}": file, f"PathName_{channel}": "D:\\screens\\BR7\\images", f"Height_{channel}": SHAPE[0]}
        images.append(row)
    return pd.DataFrame(images), pd.DataFrame(objects)


def expected(images, objects, folder):
    """Crops of the whole windows around the centers, by slicing; what is left out, with its reason."""
    cells, crops, out = [], [], []
    planes = {
        r.ImageNumber: [tifffile.imread(folder / r.FileName_DNA), tifffile.imread(folder / r.FileName_ER)]
        for r in images.itertuples()
    }
    table = objects.merge(images[["ImageNumber", "Metadata_Plate", "Metadata_Well", "Metadata_Site"]], on="ImageNumber")
    for r in table.itertuples():
        field = f"{r.Metadata_Plate}_{r.Metadata_Well}_{r.Metadata_Site}"
        top = int(np.floor(r.Location_Center_Y - (SIZE - 1) / 2 + 0.5))
        left = int(np.floor(r.Location_Center_X - (SIZE - 1) / 2 + 0.5))
        if top < 0 or left < 0 or top + SIZE > SHAPE[0] or left + SIZE > SHAPE[1]:
            out.append([field, r.ObjectNumber])
            continue
        cells.append(
            {"field": field, "object": r.ObjectNumber, "x": r.Location_Center_X, "y": r.Location_Center_Y,
             "image": r.ImageNumber, "well": r.Metadata_Well, "site": r.Metadata_Site}
        )
        crops.append([p[top : top + SIZE, left : left + SIZE] for p in planes[r.ImageNumber]])
    return cells, np.array(crops, "f4"), out


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "images").mkdir(parents=True)
    wells = [("A01", 1), ("A01", 2), ("B02", 1)]
    images, objects = draw("images", wells)
    cells, crops, out = expected(images, objects, OUT / "images")
    np.save(OUT / "expected.npy", crops)
    (OUT / "expected.json").write_text(json.dumps({"size": SIZE, "cells": cells, "beyond": out}, indent=1) + "\n")
    # CellProfiler, ExportToSpreadsheet; an overlay that it saved and an illumination function are no channels.
    folder = OUT / "cellprofiler"
    folder.mkdir()
    wide = images.assign(
        FileName_Overlay="overlay.png", PathName_Overlay="D:\\screens", FileName_IllumDNA="illum.npy", Count_Nuclei=9,
        PathName_IllumDNA="D:\\screens", Height_IllumDNA=SHAPE[0],
    )
    wide.to_csv(folder / "MyExpt_Image.csv", index=False)
    objects.to_csv(folder / "MyExpt_Nuclei.csv", index=False)
    objects.assign(Location_Center_X=objects.Location_Center_X + 1).to_csv(folder / "MyExpt_Cells.csv", index=False)
    (folder / "MyExpt_Experiment.csv").write_text("Key,Value\nPipeline_Pipeline,\"CellProfiler\nVersion:5\"\n")
    # One folder per image, as on a cluster: image numbers start again.
    for number in images.ImageNumber:
        part = OUT / "batches" / f"part{number}"
        part.mkdir(parents=True)
        wide[wide.ImageNumber == number].assign(ImageNumber=1).to_csv(part / "Image.csv", index=False)
        objects[objects.ImageNumber == number].assign(ImageNumber=1).to_csv(part / "Nuclei.csv", index=False)
    # cytominer-database without file names, all text, and load_data with them.
    database = sqlite3.connect(OUT / "plate.sqlite")
    ids = dict(zip(images.ImageNumber, [73117022, 1269830012, 5]))
    text = images[["Metadata_Plate", "Metadata_Well", "Metadata_Site"]].assign(TableNumber=list(ids.values()), ImageNumber=1)
    text.astype(str).to_sql("Image", database, index=False)
    nuclei = objects.assign(TableNumber=objects.ImageNumber.map(ids), ImageNumber=1).rename(
        columns=lambda c: c if c.endswith("Number") else f"Nuclei_{c}"
    )
    nuclei.astype(str).to_sql("Nuclei", database, index=False)
    database.execute("VACUUM")
    database.close()
    load = images[[c for c in images if not c.startswith(("Height", "ImageNumber"))]]
    load = load.rename(columns=lambda c: c.replace("Name_", "Name_Orig"))
    for channel in ["DNA", "ER"]:
        load[f"PathName_Orig{channel}"] = "s3://gallery/BR7/images"
        load[f"FileName_Illum{channel}"] = f"BR7_Illum{channel}.npy"
    load.to_csv(OUT / "load_data.csv", index=False)
    load.astype(str).to_parquet(OUT / "load_data.parquet")
    # CellProfiler, ExportToDatabase: one table of all objects.
    database = sqlite3.connect(OUT / "export.db")
    named = wide.rename(columns=lambda c: c if c == "ImageNumber" else f"Image_{c}")
    named.to_sql("MyExpt_Per_Image", database, index=False)
    both = objects.rename(columns=lambda c: c if c.endswith("ImageNumber") or c == "ObjectNumber" else f"Nuclei_{c}")
    both.to_sql("MyExpt_Per_Object", database, index=False)
    database.close()
    # CytoTable: a row per cell, the columns of its image beside it.
    flat = objects.merge(wide, on="ImageNumber")
    flat = flat.rename(columns={"ObjectNumber": "Metadata_ObjectNumber", "ImageNumber": "Metadata_ImageNumber"})
    flat = flat.rename(columns=lambda c: f"Nuclei_{c}" if "_Center_" in c else f"Image_{c}" if "Name_" in c or "Height" in c else c)
    flat.assign(Metadata_Cells_Number_Object_Number=flat.Metadata_ObjectNumber).to_parquet(OUT / "cytotable.parquet")
    flat.to_csv(OUT / "cytotable.csv", index=False, sep=";", decimal=",")
    # DeepProfiler's project; files are relative to inputs/images.
    inputs = OUT / "deepprofiler/inputs"
    (inputs / "metadata").mkdir(parents=True)
    index = images[["Metadata_Plate", "Metadata_Well", "Metadata_Site"]].assign(
        DNA=images.FileName_DNA, ER=images.FileName_ER, Treatment=["DMSO", "DMSO", "taxol"], Split=0
    )
    index.to_csv(inputs / "metadata/index.csv", index=False)
    for r in images.itertuples():
        folder = inputs / "locations" / r.Metadata_Plate
        folder.mkdir(parents=True, exist_ok=True)
        mine = objects[objects.ImageNumber == r.ImageNumber]
        mine = mine[["Location_Center_X", "Location_Center_Y"]].rename(columns=lambda c: f"Nuclei_{c}")
        mine.to_csv(folder / f"{r.Metadata_Well}-{r.Metadata_Site}-Nuclei.csv", index=False)
    # One file for the channels of an image, planes in another order; the second channel's file is whole.
    (OUT / "stacks/images").mkdir(parents=True)
    for r in images.itertuples():
        planes = [tifffile.imread(OUT / "images" / f) for f in (r.FileName_DNA, r.FileName_ER)]
        empty = np.full_like(planes[0], 7)
        for name, pages in [("three", [planes[1], empty, planes[0]])]:
            tifffile.imwrite(OUT / f"stacks/images/{name}{r.ImageNumber}.tif", np.stack(pages), compression="deflate", metadata=None, photometric="minisblack")
    stacked = images.assign(Frame_DNA=2, Frame_ER=0, PathName_DNA="/old", PathName_ER="/old")
    for channel in ["DNA", "ER"]:
        stacked[f"FileName_{channel}"] = [f"three{n}.tif" for n in images.ImageNumber]
    stacked.to_csv(OUT / "stacks/Image.csv", index=False)
    objects.to_csv(OUT / "stacks/Nuclei.csv", index=False)
    # Platemaps.
    (OUT / "platemap.tsv").write_text("well_position\tCompound\tDose\nA1\tDMSO\t0\nB2\ttaxol\t1.5\n")
    (OUT / "platemap-short.csv").write_text("Plate,Well,Compound\nBR7,A01,DMSO\n")
    (OUT / "platemap-twice.csv").write_text("Well,Compound\nA01,DMSO\nA01,taxol\n")
    (OUT / "platemap-other.csv").write_text("Row,Compound\nA,DMSO\n")
    (OUT / "platemap-none.csv").write_text("Well,Compound\nH12,DMSO\n")
    # Classes of single cells, as CellProfiler Analyst's training sets have them: of those with odd numbers.
    chosen = objects[objects.ObjectNumber % 2 == 1][["ImageNumber", "ObjectNumber"]]
    chosen = chosen.assign(Class=["mitosis" if n in (1, 5, 9) else "rest" for n in chosen.ObjectNumber])
    chosen.to_csv(OUT / "training-set.csv", index=False)
    # Cells that cannot be cut: no center, a center outside, one listed twice, one of an image that is not listed.
    odd = OUT / "odd"
    odd.mkdir()
    wide.assign(FileName_ER=wide.FileName_ER.replace({"B02_s1_ER.tif": "gone.tif"})).to_csv(odd / "Image.csv", index=False)
    bad = objects.copy()
    bad.loc[4, ["Location_Center_X", "Location_Center_Y"]] = np.nan
    bad.loc[10, "Location_Center_X"] = 400.0
    bad = pd.concat([bad, bad.iloc[[13]], bad.iloc[[0]].assign(ImageNumber=9)])
    bad.to_csv(odd / "Nuclei.csv", index=False, na_rep="nan")
    cases(images, objects)


def cases(images, objects):
    """Inputs of the failure cases; what is expected stands beside them in case.json, by hand."""
    for name in ["cellprofiler", "deepprofiler"]:
        shutil.rmtree(CASES / name / "input", ignore_errors=True)
    place = CASES / "cellprofiler/input"
    first, cells = images[images.ImageNumber == 1], objects[objects.ImageNumber == 1]

    def output(name, image=first, table=cells):
        (place / name).mkdir(parents=True)
        image.to_csv(place / name / "Image.csv", index=False)
        table.to_csv(place / name / "Nuclei.csv", index=False)
        return place / name

    output("good")
    (place / "images").mkdir()
    for channel in ["DNA", "ER"]:
        shutil.copy(OUT / f"images/A01_s1_{channel}.tif", place / "images")
    (place / "cut").mkdir()
    shutil.copy(OUT / "images/A01_s1_DNA.tif", place / "cut")
    (place / "cut/A01_s1_ER.tif").write_bytes((OUT / "images/A01_s1_ER.tif").read_bytes()[:300])
    (place / "small").mkdir()
    shutil.copy(OUT / "images/A01_s1_DNA.tif", place / "small")
    tifffile.imwrite(place / "small/A01_s1_ER.tif", np.zeros((8, 8), "u2"), metadata=None)
    (place / "none").mkdir()
    (place / "none/notes.txt").write_text("no tables here\n")
    output("no-number", first.drop(columns="ImageNumber"))
    output("no-centers", table=cells[["ImageNumber", "ObjectNumber"]])
    output("no-cells", table=cells[:0])
    output("twice", pd.concat([first, first]))
    with open(output("latin1") / "Nuclei.csv", "ab") as file:
        file.write("1,1,7,5,5,5,5\nä".encode("latin-1"))
    (output("ragged") / "Nuclei.csv").open("a").write("1,2\n")
    (place / "damaged.sqlite").write_bytes((OUT / "plate.sqlite").read_bytes()[:3000])
    (place / "damaged.parquet").write_bytes((OUT / "cytotable.parquet").read_bytes()[:3000])
    (place / "platemap.csv").write_text("Well,Protein,Localization\nA1,TOMM20,mitochondria\n")
    place = CASES / "deepprofiler/input"
    for name in ["good", "no-locations", "no-site", "no-centers"]:
        shutil.copytree(OUT / "deepprofiler/inputs", place / name / "inputs")
        index = place / name / "inputs/metadata/index.csv"
        table = pd.read_csv(index)[:1]
        table.drop(columns="Metadata_Site" if name == "no-site" else []).to_csv(index, index=False)
        for file in (place / name / "inputs/locations/BR7").iterdir():
            if name == "no-locations" or not file.name.startswith("A01-1"):
                file.unlink()
            elif name == "no-centers":
                file.write_text("X,Y\n1,2\n")
        if name == "no-locations":
            (place / name / "inputs/locations/BR7/notes.txt").write_text("none\n")
    (place / "good/inputs/images").mkdir()
    for channel in ["DNA", "ER"]:
        shutil.copy(OUT / f"images/A01_s1_{channel}.tif", place / "good/inputs/images")


main()
