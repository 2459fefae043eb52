"""Writes drawn cells as other programs store crops (test/fixtures/cells/stored), what anndata, h5py, numpy and Pillow
read back of them (NAME.crops.npy, NAME.masks.npy), and the inputs of the failure cases (test/cases/import/NAME/input;
what is expected of each stands beside it in case.json, written by hand).

    python3.11 -m venv venv && venv/bin/pip install -r scripts/make-crops-fixtures.txt
    venv/bin/python scripts/make-crops-fixtures.py
"""

import json
import shutil
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from PIL import Image

ROOT = Path(__file__).parent.parent / "test"
STORED = ROOT / "fixtures/cells/stored"
CASES = ROOT / "cases/import"
CELLS, SIDE = 5, 12
CHANNELS = ["DNA", "ER", "Protein"]
SLOT = "single_cell_images"


def disk(row, column, radius):
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    return np.hypot(y - row, x - column) < radius


CENTER, NUCLEUS, NEIGHBOR = disk(5.5, 5.5, 4), disk(5.5, 5.5, 2.2), disk(0, 0, 3)


def draw():
    """Cells x channels x height x width of whole numbers below 256: a cell on a slope, a part of a neighbor."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    crops = np.zeros((CELLS, len(CHANNELS), SIDE, SIDE))
    for n in range(CELLS):
        for c in range(len(CHANNELS)):
            crops[n, c] = 10 * n + 20 * c + x + 2 * y + 60 * CENTER * (1 + (x + y + n + c) % 2) + 50 * NEIGHBOR
    return crops


def labels():
    """Labels of center cell and neighbor, beyond what float32 tells apart."""
    return np.where(CENTER, 2**24 + 1, np.where(NEIGHBOR, 2**24 + 2, 0))


def full():
    return np.where(CENTER, 1, np.where(NEIGHBOR, 2, 0)).astype("u1")


def keep(name, crops, masks=None):
    """What a foreign reader finds, as float32 and as 0 background, 1 center cell, 2 others."""
    np.save(STORED / f"{name}.crops.npy", np.ascontiguousarray(crops, dtype=np.float32))
    if masks is not None:
        np.save(STORED / f"{name}.masks.npy", np.ascontiguousarray(masks, dtype=np.uint8))


def obs():
    return pd.DataFrame(
        {
            "Protein": pd.Categorical(["AAA1", "AAA1", "AAB1", "AAB1", "AAC1"]),
            "Localization": pd.Categorical(["nucleus", "nucleus", "ER", None, "ER|nucleus"]),
            "plate": ["P1"] * CELLS,
            "Well": ["A01", "A01", "A02", "A02", "A03"],
            "area": np.arange(CELLS) * 1.5,
            "count": pd.array([1, 2, None, 4, 5], dtype="Int64"),
            "mitotic": [True, False, True, False, False],
        },
        index=[f"cell-{n}" for n in range(CELLS)],
    )


# ---------------------------------------------------------------------------------------------------- scPortrait


def h5sc(path, images, masks, channels, compression="lzf", cells=CELLS, own_obs=False, id_name="scportrait_cell_id"):
    """As scPortrait writes it: an AnnData file first, the images after it, a chunk per plane of a cell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = np.arange(cells, dtype="u8") * 3 + 7
    table = pd.DataFrame({id_name: ids}, index=[str(n) for n in range(cells)])
    names = [*masks, *channels]
    var = pd.DataFrame(index=[str(n) for n in range(len(names))])
    var["channels"] = names
    var["channel_mapping"] = ["mask"] * len(masks) + ["image_channel"] * len(channels)
    data = anndata.AnnData(obs=table, var=var)
    data.uns[SLOT] = {"n_cells": cells, "n_masks": len(masks), "channel_names": np.array(names)}
    data.write(path)
    with h5py.File(path, "a") as file:
        size = images.shape[1:]
        images = file.create_dataset(
            f"obsm/{SLOT}", data=images.astype("f2"), chunks=(1, 1, *size[1:]), compression=compression
        )
        images.attrs["encoding-type"] = "array"
        images.attrs["encoding-version"] = "0.2.0"
        if own_obs:  # as scPortrait leaves obs when it is updated on disk: columns, and nothing that names them
            del file["obs"]
            group = file.create_group("obs")
            group.create_dataset(id_name, data=ids)
            group.create_dataset("Protein", data=np.array([b"AAA1"] * cells))


def scportrait():
    crops = (draw() / 256).astype("f2")
    cut = crops * CENTER
    planes = np.concatenate([np.broadcast_to(m, (CELLS, 1, SIDE, SIDE)) for m in (NUCLEUS, CENTER)] + [cut], axis=1)
    path = STORED / "h5sc/single_cells.h5sc"
    h5sc(path, planes, ["seg_all_nucleus", "seg_all_cytosol"], CHANNELS)
    read = anndata.read_h5ad(path)
    images = read.obsm[SLOT]
    assert list(read.var["channels"])[2:] == CHANNELS and images.dtype == np.float16
    keep("h5sc", images[:, 2:], images[:, 1])
    ids = read.obs["scportrait_cell_id"].astype(str)
    table = pd.DataFrame({"ID": ids, "Protein": ["AAA1", "AAA1", "AAB1", "AAB1", "AAC1"], "Field": list("aabbc")})
    table[::-1].to_csv(STORED / "h5sc/cells.csv", index=False)
    keep("h5sc-nucleus", images[:, 2:], images[:, 0])
    planes = np.concatenate([np.broadcast_to(NUCLEUS, (CELLS, 1, SIDE, SIDE)), crops], axis=1)
    h5sc(STORED / "h5sc/open.h5sc", planes, ["seg_all_nucleus"], CHANNELS, "gzip", own_obs=True, id_name="cell_id")
    with h5py.File(STORED / "h5sc/open.h5sc") as file:
        images = file[f"obsm/{SLOT}"][:]
    keep("h5sc-open", images[:, 1:], images[:, 0])


# ---------------------------------------------------------------------------------------------------- AnnData


def write_anndata():
    crops = draw()
    masks = np.broadcast_to(labels(), (CELLS, SIDE, SIDE))
    data = anndata.AnnData(X=np.zeros((CELLS, 2), "f4"), obs=obs())
    data.obsm["images"] = crops.astype("f4")
    data.obsm["masks"] = masks.astype("i8")
    folder = STORED / "anndata"
    folder.mkdir(parents=True, exist_ok=True)
    data.write_h5ad(folder / "images.h5ad")
    read = anndata.read_h5ad(folder / "images.h5ad")
    assert read.obsm["masks"].dtype == np.int64 and read.obs["Localization"].isna().sum() == 1
    keep("anndata", read.obsm["images"], np.broadcast_to(full(), (CELLS, SIDE, SIDE)))
    rows = anndata.AnnData(X=crops.reshape(CELLS, -1).astype("f8"), obs=obs())
    rows.layers["pixels"] = np.moveaxis(crops, 1, -1).reshape(CELLS, -1).astype("u2")
    rows.obsm["center"] = np.broadcast_to(CENTER, (CELLS, SIDE, SIDE)).reshape(CELLS, -1)
    rows.write_h5ad(folder / "rows.h5ad", compression="gzip")
    read = anndata.read_h5ad(folder / "rows.h5ad")
    keep("anndata-rows", np.asarray(read.X).reshape(crops.shape), read.obsm["center"].reshape(CELLS, SIDE, SIDE))
    two = anndata.AnnData(X=np.zeros((CELLS, 2), "f4"), obs=obs())
    two.obsm["images"] = crops.astype("u1")
    two.obsm["last"] = np.moveaxis(crops, 1, -1).astype(">f4")
    two.write_h5ad(folder / "two.h5ad")
    keep("anndata-last", np.moveaxis(anndata.read_h5ad(folder / "two.h5ad").obsm["last"], -1, 1))


# ---------------------------------------------------------------------------------------------------- NumPy


def write_npy():
    folder = STORED / "npy"
    folder.mkdir(parents=True, exist_ok=True)
    crops = draw()
    masks = np.broadcast_to(labels(), (CELLS, SIDE, SIDE))
    np.save(folder / "first.npy", crops.astype("f2"))
    np.save(folder / "last.npy", np.moveaxis(crops, 1, -1).astype("u1"))
    np.save(folder / "one.npy", crops[:, 0].astype(">u2"))
    np.save(folder / "labels.npy", masks.astype("u8"))
    np.save(folder / "center.npy", np.broadcast_to(CENTER, (CELLS, 1, SIDE, SIDE)))
    obs().to_csv(folder / "cells.csv", index=False)
    obs()[["Protein", "Well"]].to_csv(folder / "plain.csv", index=False)
    keep("npy-first", np.load(folder / "first.npy"), np.broadcast_to(full(), masks.shape))
    keep("npy-last", np.moveaxis(np.load(folder / "last.npy"), -1, 1), np.load(folder / "center.npy")[:, 0])
    keep("npy-one", np.load(folder / "one.npy")[:, None])


# ---------------------------------------------------------------------------------------------------- DeepProfiler


def unfold(planes):
    return Image.fromarray(np.concatenate(list(planes), axis=1).astype("u1"))


def strips(folder, masked=True):
    rows = []
    for n, planes in enumerate(draw()):
        name = f"P1/A0{n // 2 + 1}/1/{n * 31}@{n * 17}.png"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        unfold([*planes, CENTER * 255] if masked else planes).save(path)
        rows.append({"Image_Name": name, "Metadata_Plate": "P1", "Metadata_Well": f"A0{n // 2 + 1}", "Metadata_Site": 1, "Treatment": f"T{n % 2}", "Protein": "none"})
    pd.DataFrame(rows).to_csv(folder / "sc-metadata.csv", index=False)
    read = np.stack([np.asarray(Image.open(folder / row["Image_Name"])) for row in rows])
    return np.moveaxis(read.reshape(len(rows), SIDE, -1, SIDE), 2, 1)


def write_strips():
    planes = strips(STORED / "strips")
    keep("strips", planes[:, :-1], planes[:, -1] > 0)
    config = {"dataset": {"images": {"channels": CHANNELS}}}
    (STORED / "strips/config.json").write_text(json.dumps(config) + "\n")
    strips(STORED / "strips-bare", masked=False)


# ---------------------------------------------------------------------------------------------------- Human Protein Atlas

COLORS = ["red", "green", "blue", "yellow"]
HPA_IDS = ["672_E2_1_2", "672_E2_1_10", "672_E2_2_1"]


def hpa_planes(n):
    crops = draw()[n]
    return [*crops, crops[0] // 2 + 1]


def write_hpa():
    folder = STORED / "hpa"
    found = []
    for n, name in enumerate(HPA_IDS):
        planes = [p.astype("u1") for p in hpa_planes(n)]
        (folder / "colors/ABC1").mkdir(parents=True, exist_ok=True)
        (folder / "shown").mkdir(parents=True, exist_ok=True)
        (folder / "merged").mkdir(parents=True, exist_ok=True)
        for color, plane in zip(COLORS, planes):
            Image.fromarray(plane).save(folder / f"colors/ABC1/{name}_{color}.png")
            samples = [plane if s in {"red": "R", "green": "G", "blue": "B", "yellow": "RG"}[color] else plane * 0 for s in "RGB"]
            Image.fromarray(np.stack(samples, axis=-1)).save(folder / f"shown/{name}_{color}.png")
        Image.fromarray(full()).save(folder / f"colors/ABC1/{name}_mask.png")
        Image.fromarray(np.stack(planes, axis=-1), "RGBA").save(folder / f"merged/{name}.png")
        found.append(np.moveaxis(np.asarray(Image.open(folder / f"merged/{name}.png")), -1, 0))
    pd.DataFrame({"ID": HPA_IDS[::-1], "Protein": ["ABC1", "ABC1", "ABD1"], "Localization": ["Golgi", "Golgi", "ER"], "Field": [2, 1, 1]}).to_csv(folder / "cells.csv", index=False)
    keep("hpa", np.stack(found), np.broadcast_to(full(), (len(HPA_IDS), SIDE, SIDE)))


# ---------------------------------------------------------------------------------------------------- failures


def case(name):
    folder = CASES / name / "input"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def bare(path, images, masks, channels):
    """The least that makes a .h5sc, without what anndata writes besides."""
    names = [*masks, *channels]
    with h5py.File(path, "w") as file:
        file.create_dataset(f"obsm/{SLOT}", data=images.astype("f2"), chunks=(1, 1, *images.shape[2:]), compression="lzf")
        file["obs/scportrait_cell_id"] = np.arange(len(images))
        file["var/channels"] = np.array(names, "S")
        file["var/channel_mapping"] = np.array(["mask"] * len(masks) + ["image_channel"] * len(channels), "S")


def h5sc_cases():
    folder = case("h5sc")
    planes = np.zeros((3, 2, SIDE, SIDE))
    planes[:, 0], planes[:, 1] = CENTER, draw()[:3, 0] / 256
    bare(folder / "fractions.h5sc", planes * 0.5, ["cytosol"], ["DNA"])
    bare(folder / "masks-alone.h5sc", planes[:, :1], ["cytosol"], [])
    nan = planes.copy()
    nan[1, 1, 4, 5] = np.nan
    bare(folder / "nan.h5sc", nan, ["cytosol"], ["DNA"])
    bare(folder / "planes.h5sc", np.concatenate([planes, planes], axis=1), ["cytosol"], ["DNA"])
    bare(folder / "rows.h5sc", planes, ["cytosol"], ["DNA"])
    bare(folder / "twice.h5sc", planes, ["cytosol"], ["DNA"])
    with h5py.File(folder / "rows.h5sc", "a") as file:
        del file["obs/scportrait_cell_id"]
        file["obs/scportrait_cell_id"] = np.arange(2)
    with h5py.File(folder / "twice.h5sc", "a") as file:
        file["obs/scportrait_cell_id"][:] = 4
    whole = (folder / "twice.h5sc").read_bytes()
    (folder / "other.csv").write_text("ID,Protein\nc0,AAA1\nc1,AAA1\n")
    (folder / "twice.csv").write_text("ID,Protein\n0,AAA1\n1,AAA1\n0,AAA1\n2,AAA1\n")
    (folder / "truncated.h5sc").write_bytes(whole[: len(whole) // 2])
    bare(folder / "damaged-chunk.h5sc", planes, ["cytosol"], ["DNA"])
    with h5py.File(folder / "damaged-chunk.h5sc") as file:
        chunk = file[f"obsm/{SLOT}"].id.get_chunk_info(3)
    damaged = bytearray((folder / "damaged-chunk.h5sc").read_bytes())
    damaged[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    (folder / "damaged-chunk.h5sc").write_bytes(damaged)
    with h5py.File(folder / "absurd.h5sc", "w") as file:
        file.create_dataset(f"obsm/{SLOT}", (10**12, 2, 64, 64), "f2", chunks=(1, 1, 64, 64), compression="lzf")


def anndata_cases():
    folder = case("anndata")
    with h5py.File(folder / "rows.h5ad", "w") as file:
        file["X"] = draw().reshape(CELLS, -1).astype("u1")
        file["obsm/pca"] = np.zeros((CELLS, 3))
        file.create_group("layers/sparse")
        file["obs/Protein"] = np.array([b"A"] * CELLS)
    with h5py.File(folder / "square.h5ad", "w") as file:
        file["obsm/images"] = np.zeros((3, 12, 12, 12), "u1")
        file["obsm/more"] = np.zeros((3, 1, 12, 12), "u1")
        file["obsm/text"] = np.array([b"a", b"b", b"c"])
        file["obsm/masks"] = np.zeros((3, 8, 8), "u1")
        file["obs/Protein"] = np.array([b"A"] * 3)
    with h5py.File(folder / "no-obs.h5ad", "w") as file:
        file["obsm/images"] = draw().astype("u1")
    with h5py.File(folder / "lzf-text.h5ad", "w") as file:
        file["obsm/images"] = draw().astype("u1")
        file.create_dataset("obs/Protein", data=["the same protein"] * CELLS, dtype=h5py.string_dtype(), compression="lzf")
    with h5py.File(folder / "old-obs.h5ad", "w") as file:
        file["obsm/images"] = draw().astype("u1")
        file["obs"] = np.array([(b"c", 1)] * CELLS, dtype=[("index", "S4"), ("n", "i4")])
    with h5py.File(folder / "lengths.h5ad", "w") as file:
        file["obsm/images"] = draw().astype("u1")
        file["obs/Protein"] = np.array([b"A"] * CELLS)
        file["obs/Well"] = np.array([b"A"] * 2)


def npy_cases():
    folder = case("npy")
    crops = draw()
    np.save(folder / "crops.npy", crops.astype("f4"))
    np.save(folder / "fortran.npy", np.asfortranarray(crops))
    np.save(folder / "text.npy", np.array(["a", "b"]))
    np.save(folder / "objects.npy", np.array([{}, None], dtype=object), allow_pickle=True)
    np.save(folder / "complex.npy", crops.astype("c8"))
    np.save(folder / "square.npy", np.zeros((2, 6, 6, 6), "u1"))
    np.save(folder / "flat.npy", np.zeros((2, 36), "u1"))
    np.save(folder / "empty.npy", np.zeros((0, 3, 6, 6), "u1"))
    np.save(folder / "masks-few.npy", np.zeros((2, SIDE, SIDE), "u1"))
    np.save(folder / "masks-fractions.npy", np.broadcast_to(CENTER, (CELLS, SIDE, SIDE)) * 0.5)
    np.save(folder / "masks-empty.npy", np.zeros((CELLS, SIDE, SIDE), bool))
    np.save(folder / "huge.npy", crops.astype("f4"))
    huge = (folder / "huge.npy").read_bytes().replace(b"(5, 3, 12, 12)", b"(5, 3, 9e9, 1)")
    (folder / "huge.npy").write_bytes(huge)
    (folder / "truncated.npy").write_bytes((folder / "crops.npy").read_bytes()[:-10])
    (folder / "cells.csv").write_text("Protein\n" + "AAA1\n" * CELLS)
    (folder / "few.csv").write_text("Protein\nAAA1\n")
    (folder / "none.csv").write_text("Protein\n")


def strips_cases():
    folder = case("strips")
    strips(folder)
    Image.fromarray(np.zeros((SIDE, 30), "u1")).save(folder / "odd.png")
    unfold(draw()[0]).save(folder / "short.png")
    Image.fromarray(np.zeros((SIDE, SIDE * 4, 3), "u1")).save(folder / "color.png")
    for name, files in {"odd": ["odd.png"], "short": ["P1/A01/1/0@0.png", "short.png"], "color": ["color.png"], "missing": ["none.png"], "hole": ["P1/A01/1/0@0.png", ""]}.items():
        (folder / f"{name}.csv").write_text("Image_Name,Protein\n" + "".join(f"{file},A\n" for file in files))
    (folder / "no-file.csv").write_text("Path,Protein\na.png,A\n")
    (folder / "config.json").write_text('{"dataset": {"images": {}}}\n')
    (folder / "broken.json").write_text("{\n")


def hpa_cases():
    folder = case("hpa")
    for name in ["missing", "mixed", "color", "size"]:
        (folder / name).mkdir()
        for color in COLORS[:3]:
            Image.fromarray(hpa_planes(0)[0].astype("u1")).save(folder / name / f"a_1_{color}.png")
            Image.fromarray(hpa_planes(1)[0].astype("u1")).save(folder / name / f"a_2_{color}.png")
    (folder / "missing/a_2_blue.png").unlink()
    Image.fromarray(np.zeros((SIDE, SIDE, 3), "u1")).save(folder / "mixed/a_3.png")
    samples = np.stack([p.astype("u1") for p in hpa_planes(0)[:3]], axis=-1)
    Image.fromarray(samples).save(folder / "color/a_2_red.png")
    Image.fromarray(np.zeros((8, 8), "u1")).save(folder / "size/a_2_green.png")
    (folder / "gray").mkdir()
    Image.fromarray(np.zeros((SIDE, SIDE), "u1")).save(folder / "gray/a_1.png")
    (folder / "nothing").mkdir()
    (folder / "nothing/readme.txt").write_text("no images\n")
    (folder / "other.csv").write_text("ID,Protein\na_9,A\n")
    (folder / "column.csv").write_text("Name,Protein\na_1,A\n")
    (folder / "large").mkdir()
    Image.fromarray(np.zeros((1100, 1100, 3), "u1")).save(folder / "large/field.png")


if __name__ == "__main__":
    shutil.rmtree(STORED, ignore_errors=True)
    STORED.mkdir(parents=True)
    scportrait()
    write_anndata()
    write_npy()
    write_strips()
    write_hpa()
    h5sc_cases()
    anndata_cases()
    npy_cases()
    strips_cases()
    hpa_cases()
