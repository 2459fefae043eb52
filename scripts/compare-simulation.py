"""Compares simulated cells with real ones and writes numbers and curves (no picture of a cell):
OUT-comparison.json, OUT-comparison.svg, OUT-areas.svg and the table in OUT.md.

python scripts/compare-simulation.py SIMULATED_CELLS REAL_IMAGES REFERENCE docs/simulation

SIMULATED_CELLS: cellswap simulate --localizations mitochondrion,cytoplasm --cells 400 --proteins 4 --fields 10 --seed 11
REAL_IMAGES: PROTEIN/PROTEIN_FIELD_rfp_CELL_{gfp,rfp}.tif; REFERENCE: folder with index.csv and masks.npy of these.
Needs numpy 1.26.4, scipy 1.13.1, pyarrow 17.0.0, tifffile 2024.8.30, matplotlib 3.9.2.
"""

import csv
import json
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pyarrow.parquet as pq
import scipy.ndimage as ndi
import tifffile
from scipy.stats import ks_2samp

matplotlib.use("svg")
import matplotlib.pyplot as plt

DEPTHS = np.arange(-8, 11)  # px from the outline, inside positive; 0 is left out
REAL = {"mitochondrion": ["AAC1", "AAC3"], "cytoplasm": ["AAH1", "AAP1"]}


def simulated(path):
    path = Path(path)
    table = pq.read_table(path / "metadata.parquet").to_pydict()
    group = np.array(table["Metadata_Localization"])
    return np.load(path / "crops.npy").astype(float), np.load(path / "masks.npy"), np.array(table["Metadata_Field"]), group


def real(images, reference):
    with open(Path(reference) / "index.csv") as f:
        rows = list(csv.DictReader(f))
    masks = np.load(Path(reference) / "masks.npy")
    of = {p: k for k, ps in REAL.items() for p in ps}
    keep = [i for i, r in enumerate(rows) if r["ok"] == "1" and r["protein"] in of]
    crops = np.array([[tifffile.imread(Path(images) / rows[i][c]) for c in ("gfp", "rfp")] for i in keep], float)
    fields = np.array([rows[i]["protein"] + rows[i]["field"] for i in keep])
    return crops, masks[keep], fields, np.array([of[rows[i]["protein"]] for i in keep])


def measure(crops, masks, fields):
    """Per-cell numbers and mean curves of one channel, in units of its field's median cell."""
    value = {k: [] for k in ("cell mean", "spread within the cell", "99th percentile in the cell", "noise of the medium")}
    profiles, spectra = [], []
    level = {}
    for f in np.unique(fields):
        rows = np.flatnonzero(fields == f)
        background = np.median(crops[rows][masks[rows] == 0])
        level[f] = background, np.median([crops[i][masks[i] == 1].mean() for i in rows]) - background
    window = np.outer(np.hanning(64), np.hanning(64))
    yy, xx = np.mgrid[-32:32, -32:32]
    radius = np.hypot(yy, xx).astype(int)
    counts = np.bincount(radius.ravel())[:32]
    for crop, mask, f in zip(crops, masks, fields):
        v = (crop - level[f][0]) / level[f][1]
        center = mask == 1
        mean = v[center].mean()
        value["cell mean"].append(mean)
        value["spread within the cell"].append(v[center].std() / mean)
        value["99th percentile in the cell"].append(np.percentile(v[center], 99) / mean)
        out, inside = ndi.distance_transform_edt(~center), ndi.distance_transform_edt(center)
        neighbor = ndi.distance_transform_edt(mask != 2)
        far = (out > 8) & (neighbor > 8)
        if far.sum() > 150:
            value["noise of the medium"].append((v - ndi.uniform_filter(v, 3))[far].std() / np.sqrt(8 / 9))
        line = []
        for d in DEPTHS:
            shell = np.abs(inside - d) <= 0.5 if d > 0 else (np.abs(out + d) <= 0.5) & (neighbor > 8) & (mask == 0)
            line.append(v[shell].mean() / mean if d != 0 and shell.sum() >= 8 else np.nan)
        profiles.append(line)
        power = np.abs(np.fft.fftshift(np.fft.fft2((v - v.mean()) * window))) ** 2
        p = np.bincount(radius.ravel(), power.ravel())[:32] / counts
        spectra.append(p / p[1:].sum())
    return {k: np.array(v) for k, v in value.items()}, np.nanmedian(profiles, 0), np.median(spectra, 0)[1:]


def main(cells, images, reference, out):
    sets = {"real": real(images, reference), "simulated": simulated(cells)}
    areas = {n: {"center area": (s[1] == 1).sum((1, 2)), "neighbor area": (s[1] == 2).sum((1, 2))} for n, s in sets.items()}
    result = {"cells": {n: {g: int((s[3] == g).sum()) for g in REAL} for n, s in sets.items()}, "distances": []}
    quartiles = lambda v: [float(f"{q:.4g}") for q in np.percentile(v, [25, 50, 75])]

    def compare(what, unit, a, b):
        ks = float(ks_2samp(a, b).statistic)
        result["distances"].append({"what": what, "unit": unit, "real": quartiles(a), "simulated": quartiles(b), "ks": round(ks, 3)})

    for k in ("center area", "neighbor area"):
        compare(k, "px", areas["real"][k], areas["simulated"][k])
    panels = [("marker (RFP)", 1, None), ("mitochondrion (GFP)", 0, "mitochondrion"), ("cytoplasm (GFP)", 0, "cytoplasm")]
    plt.rcParams.update({"svg.hashsalt": "cellswap", "font.size": 8, "svg.fonttype": "none", "font.family": "sans-serif"})
    figure, axes = plt.subplots(3, 3, figsize=(8.6, 7.6), constrained_layout=True)
    style = {"real": dict(color="#0072B2"), "simulated": dict(color="#D55E00", linestyle="--")}
    for col, (title, channel, group) in enumerate(panels):
        found = {}
        for name, (crops, masks, fields, groups) in sets.items():
            rows = np.arange(len(crops)) if group is None else np.flatnonzero(groups == group)
            found[name] = measure(crops[rows, channel], masks[rows], fields[rows])
        for k in found["real"][0]:
            compare(f"{title}: {k}", "median cell" if k in ("cell mean", "noise of the medium") else "cell mean", found["real"][0][k], found["simulated"][0][k])
        ok = DEPTHS != 0
        profile = np.sqrt(np.nanmean((found["real"][1][ok] - found["simulated"][1][ok]) ** 2))
        spectrum = np.sqrt(np.mean((np.log10(found["real"][2]) - np.log10(found["simulated"][2])) ** 2))
        result["distances"].append({"what": f"{title}: radial profile", "unit": "cell mean, root mean square over -8 to 10 px", "difference": round(float(profile), 3)})
        result["distances"].append({"what": f"{title}: power spectrum", "unit": "decades, root mean square over 1 to 31 cycles per crop", "difference": round(float(spectrum), 3)})
        for name, (values, line, power) in found.items():
            axes[0, col].plot(DEPTHS[ok], line[ok], label=name, **style[name])
            axes[1, col].semilogy(np.arange(1, 32), power, label=name, **style[name])
            v = np.sort(values["cell mean"])
            axes[2, col].plot(v, np.arange(1, len(v) + 1) / len(v), label=name, **style[name])
        axes[0, col].set(title=title, xlabel="depth in the cell (px, outside negative)", ylabel="brightness (cell mean = 1)")
        axes[1, col].set(xlabel="spatial frequency (cycles per 64 px crop)", ylabel="power (share of the total)")
        axes[2, col].set(xlabel="cell mean (median cell of the field = 1)", ylabel="share of the cells", xlim=(0, 3))
        for row in range(3):
            axes[row, col].spines[["top", "right"]].set_visible(False)
    axes[0, 0].legend(frameon=False)
    figure.savefig(f"{out}-comparison.svg", metadata={"Date": None})
    figure, axes = plt.subplots(1, 2, figsize=(6.2, 2.6), constrained_layout=True)
    for ax, k in zip(axes, ("center area", "neighbor area")):
        for name in areas:
            v = np.sort(areas[name][k])
            ax.plot(v, np.arange(1, len(v) + 1) / len(v), label=name, **style[name])
        ax.set(xlabel=f"{k} (px)", ylabel="share of the cells")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False)
    figure.savefig(f"{out}-areas.svg", metadata={"Date": None})
    Path(f"{out}-comparison.json").write_text(json.dumps(result, indent=1) + "\n")
    number = lambda v: f"{v:,.0f}" if v >= 100 else f"{v:.3f}"
    quarters = lambda v: f"{number(v[1])} ({number(v[0])} to {number(v[2])})"
    lines = ["| what | unit | real: median (quartiles) | simulated | distance |", "|---|---|---|---|---|"]
    for d in result["distances"]:
        seen = (quarters(d["real"]), quarters(d["simulated"]), f"KS {d['ks']}") if "ks" in d else ("", "", str(d["difference"]))
        lines.append("| " + " | ".join((d["what"], d["unit"], *seen)) + " |")
    page = Path(f"{out}.md")
    before, rest = page.read_text().split("<!-- comparison -->\n")
    page.write_text(before + "<!-- comparison -->\n" + "\n".join(lines) + "\n<!-- end of comparison -->\n" + rest.split("<!-- end of comparison -->\n")[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
