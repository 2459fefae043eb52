"""Crops with swapped backgrounds for training, as PyTorch datasets (docs/training.md).

SwapDataset composes them from a cell store of cellswap; CompositeDataset reads those that `cellswap export composites`
wrote. Copy this file into your project or import it: it needs torch and numpy alone, and pyarrow only to read the names
in Parquet files.
"""

import csv
import difflib
import json
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

CLIP = (-1.0, 6.0)  # of backgrounds, in units of the field (0 its medium, 1 its cells), as `clip` of a study
# Lengths for cells of 32 px, in proportion to the cells of a store (`unit`):
HALO = 3  # removed around the donor's center cell
GAP = 6  # from any cell that a pixel used for filling keeps
SIGMA = 1.0  # soft edge


class StoreError(ValueError):
    """What is wrong with a folder or a choice, in one line with the remedy."""


def squared_distance(places, most):
    """Squared distance (px^2) of every pixel to the nearest True one of `places` (h, w): exact up to `most` px, more beyond."""
    square = np.where(places, 0, 1 << 29).astype(np.int32)
    for _ in range(2):
        square, found = np.ascontiguousarray(square), square.copy("C")
        for step in range(1, min(int(most), len(square) - 1) + 1):
            away = square + step * step
            np.minimum(found[step:], away[:-step], out=found[step:])
            np.minimum(found[:-step], away[step:], out=found[:-step])
        square = found.T
    return square


def blurred(plane, sigma):
    """Gaussian (`sigma` px, cut at 4 sigma, edges replicated) of a plane (h, w), float32."""
    reach = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 / sigma**2 * np.arange(reach + 1) ** 2)
    kernel /= kernel[0] + 2 * kernel[1:].sum()
    for _ in range(2):
        wide = np.concatenate((plane[:1].repeat(reach, 0), plane, plane[-1:].repeat(reach, 0))).astype(np.float64)
        total = wide[reach : reach + len(plane)] * kernel[0]
        for step in range(reach, 0, -1):
            total += (wide[reach - step :][: len(plane)] + wide[reach + step :][: len(plane)]) * kernel[step]
        plane = total.astype(np.float32).T
    return plane


def alpha(mask, unit=1):
    """Weight of the center cell (h, w): Gaussian of its mask, neighbors left out (src/swap/paste.ts)."""
    center = blurred((mask == 1).astype(np.float32), SIGMA * unit)
    others = blurred((mask == 2).astype(np.float32), SIGMA * unit)
    soft = np.where(mask == 1, center, np.maximum(0, center - others))
    return np.where(mask == 2, 0, soft).astype(np.float32)


def filled(crop, mask, kind, rng, unit=1):
    """Crop (c, h, w) without its center cell ("center") or without all cells ("cell-free"): their places and the halo
    take pixels drawn from the crop's own cell-free ones. Plainer than a study's fill (src/swap/fill/fill.ts)."""
    to_cell = squared_distance(mask != 0, round(GAP * unit))
    for gap in range(round(GAP * unit), -1, -1):
        pool = np.flatnonzero(to_cell > gap * gap)
        if len(pool) >= mask.size / 20:
            break
    if kind == "center":
        halo = HALO * unit
        removed = (squared_distance(mask == 1, halo) <= halo * halo) & (mask != 2)
    else:
        removed = to_cell <= gap * gap
    out = crop.copy()
    if len(pool) > 0:
        take = rng.choice(pool, removed.sum())
        out.reshape(len(crop), -1)[:, removed.ravel()] = crop.reshape(len(crop), -1)[:, take]
    return out


def paste(crops, backgrounds, weight):
    """Cells (..., c, h, w) on backgrounds of their shape, by their `alpha` (..., h, w)."""
    weight = weight[..., None, :, :]
    return weight * crops + (1 - weight) * backgrounds


def levels(crops, masks):
    """Levels of medium and cells in one channel (n, h, w) of a field: the median of the cell-free pixels, and the median
    over the cells of their mean."""
    cell = [crop[mask == 1].mean() for crop, mask in zip(crops, masks)]
    return np.median(crops[masks == 0]), np.median(cell)


class _Swapped(Dataset):
    """Draws, labels and pairs. `original(row)` and `swapped(row, rng)` give crops (c, h, w) of a row of the store."""

    def __init__(self, rows, names, swap, transform, pair, seed):
        if not 0 <= swap <= 1:
            raise StoreError(f"swap is {swap}; give the share of swapped crops, 0 to 1")
        self.rows, self.swap, self.transform, self.pair, self.seed = rows, swap, transform, pair, seed
        self.classes, self.labels = None, rows
        if names is not None:
            self.classes, self.labels = np.unique(names, return_inverse=True)
        # In shared memory, so that workers count together and the main process reaches those that stay.
        self._epoch = torch.zeros(1, dtype=torch.int64).share_memory_()
        self._seen = torch.zeros(len(rows), dtype=torch.int64).share_memory_()

    def set_epoch(self, epoch):
        """Says which epoch the next draws are of. Without it, every access to an item is a new draw all the same."""
        self._epoch.fill_(epoch)
        self._seen.zero_()

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, item):
        item = range(len(self))[item]
        row = int(self.rows[item])
        # The draw depends on what is drawn for, not on which worker draws.
        rng = np.random.default_rng((self.seed, int(self._epoch), row, int(self._seen[item])))
        self._seen[item] += 1
        label = int(self.labels[item])
        if self.pair:
            both = torch.from_numpy(np.stack((self.original(row), self.swapped(row, rng))))
            return (*(both if self.transform is None else self.transform(both)), label)
        crop = torch.from_numpy(self.swapped(row, rng) if rng.random() < self.swap else self.original(row))
        return (crop if self.transform is None else self.transform(crop)), label

    def __getstate__(self):
        # A memory map is sent to workers as all of its pixels; they open it anew.
        return {**self.__dict__, "_maps": {}}

    def _map(self, path):
        if path not in self._maps:
            try:
                self._maps[path] = np.load(path, mmap_mode="r")
            except (OSError, ValueError) as cause:
                raise _unreadable(path) from cause
        return self._maps[path]


class SwapDataset(_Swapped):
    """Cells of a store with full masks, each on another donor's background at every access.

    Items are (crop, label), or (original, swapped, label) with `pair`: crops float32 (channels, height, width) in the
    units of the image. The donor is drawn from the cells of all other fields alike, whatever its class; its center cell
    is removed, its background brought to the levels of the cell's field, the cell pasted with a soft edge. The same
    seed, epoch and cell give the same crop, with any number of workers.

    store      folder that `cellswap import` and `cellswap segment` made
    labels     column of its metadata, or one name per cell of the store; `classes` then holds the names, and labels are
               positions among them. Cells without a name are no items but may lend. None: labels are rows of the store
    swap       share of the accesses that give a swapped crop; the others give the original
    cells      rows of the store (or True/False for each) that are items; default: all whose mask is good
    donors     rows that lend backgrounds; default: `cells`
    transform  called with the crop, or with both crops of a pair at once (2, channels, height, width)
    allow      reasons against masks that leave no cell out, as "allow" of a study
    metadata   columns by name, in the place of metadata.parquet

    Raises StoreError.
    """

    def __init__(
        self, store, labels=None, swap=0.85, cells=None, donors=None, transform=None, pair=False, seed=0, allow=(), metadata=None
    ):
        store = Path(store)
        header = _header(store / "cells.json", "cellswap-cells", "a cell store", "import the cells again")
        if header["masks"] != "full":
            known = "no masks" if header["masks"] == "none" else "masks that know the center cell only"
            remedy = f"cellswap segment {store}{' --neighbors' if header['masks'] == 'center' else ''}"
            raise StoreError(f"{store}: has {known}; a background needs those of the neighbors: run `{remedy}`")
        count, self.unit = header["count"], header.get("diameter", min(header["height"], header["width"]) / 2) / 32
        file = lambda name: _file(store, header, name)
        self._maps, self._crops, self._masks = {}, file("crops.npy"), file("masks.npy")
        shape = (count, len(header["channels"]), header["height"], header["width"])
        for path, wanted in ((self._crops, shape), (self._masks, (count, *shape[2:]))):
            if self._map(path).shape != wanted:
                raise StoreError(f"{path}: has shape {self._map(path).shape}, not {wanted}; see `cellswap verify {store}`")
        named = isinstance(labels, str)
        needed = ["Metadata_Field", *([labels] if named else [])]
        columns = _columns(file("metadata.parquet"), needed, metadata)
        names = columns[labels] if named else labels
        verdicts = _columns(file("quality.csv"), ["Quality_Verdict"])["Quality_Verdict"]
        for what, values in (("metadata", columns["Metadata_Field"]), ("labels", names), ("verdicts", verdicts)):
            if values is not None and len(values) != count:
                raise StoreError(f"{store}: has {count} cells, and {what} {len(values)}; give one for each cell")
        good = np.array([v == "ok" or set(v.split(";")) <= set(allow) for v in verdicts])
        free = np.array([(mask == 0).any() for mask in self._map(self._masks)])
        self.fields, self.field = np.unique([str(f) for f in columns["Metadata_Field"]], return_inverse=True)
        chosen = good if cells is None else good & _chosen(cells, count, "cells")
        lends = (chosen if donors is None else good & _chosen(donors, count, "donors")) & free
        if names is not None:
            chosen = chosen & np.array([name not in (None, "") and name == name for name in names])
        rows = np.flatnonzero(chosen)
        if len(rows) == 0:
            raise StoreError(f"{store}: no cell is left that has a good mask and a label; look at quality.csv and `cells`")
        super().__init__(rows, None if names is None else [str(names[r]) for r in rows], swap, transform, pair, seed)
        # Donors in the order of their fields: those of one field stand together.
        lenders = np.flatnonzero(lends)
        self.donors = lenders[np.argsort(self.field[lenders], kind="stable")]
        self._span = np.searchsorted(self.field[self.donors], [np.arange(len(self.fields)), np.arange(1, len(self.fields) + 1)])
        if len(lenders) == 0:
            raise StoreError(f"{store}: no cell is left that may lend a background; look at quality.csv and `donors`")
        alone = [f for f in np.unique(self.field[rows]) if np.diff(self._span[:, f])[0] == len(self.donors)]
        if alone:
            raise StoreError(f"{store}: all donors are of field {self.fields[alone[0]]}; cells of it need donors of other fields")
        self._measure(np.union1d(rows, lenders), good, header["channels"])

    def _measure(self, used, good, channels):
        """Levels of every field and channel, from all its cells with good masks."""
        self._medium, self._cell = np.full((2, len(self.fields), len(channels)), np.nan)
        for f in np.unique(self.field[used]):
            rows = np.flatnonzero(good & (self.field == f))
            crops, masks = self._map(self._crops)[rows].astype(np.float32), self._map(self._masks)[rows]
            if not (masks == 0).any():
                raise StoreError(f"field {self.fields[f]}: has no cell-free pixel; leave it out by `cells` and `donors`")
            for c, channel in enumerate(channels):
                self._medium[f, c], self._cell[f, c] = levels(crops[:, c], masks)
                if not self._medium[f, c] != self._cell[f, c]:
                    what = f"field {self.fields[f]}, channel {channel}: cells and medium have the same level"
                    raise StoreError(f"{what} ({self._cell[f, c]}); leave it out by `cells` and `donors`")

    def original(self, row):
        return np.array(self._map(self._crops)[row], np.float32)

    def swapped(self, row, rng, donor=None):
        """The cell `row` on the background of `donor`; of one drawn by `rng` without it."""
        donor = self.draw_donor(row, rng) if donor is None else donor
        masks = self._map(self._masks)
        background = filled(self.original(donor), masks[donor], "center", rng, self.unit)
        lent, own = self.field[donor], self.field[row]
        medium = self._medium[own][:, None, None]
        light = self._cell[own][:, None, None] - medium
        lent_medium = self._medium[lent][:, None, None]
        units = (background - lent_medium) / (self._cell[lent][:, None, None] - lent_medium)
        background = (np.clip(units, *CLIP) * light + medium).astype(np.float32)
        return paste(self.original(row), background, alpha(masks[row], self.unit))

    def draw_donor(self, row, rng):
        """Any donor of another field than that of `row`, each as likely as the others."""
        start, end = self._span[:, self.field[row]]
        at = rng.integers(len(self.donors) - (end - start))
        return int(self.donors[at if at < start else at + end - start])


class CompositeDataset(_Swapped):
    """Composites that `cellswap export composites STUDY --out FOLDER` wrote, drawn as SwapDataset draws donors.

    Items as those of SwapDataset, in the units of the study's intensity. An item is a cell of the study that has an
    original and composites of `settings`; a swapped crop is any of these. `same` and `different` together show the
    backgrounds of all classes; `different` alone never that of the own class, which would say what the cell is not.

    folder  with composites.json, composites.npy (or parts of it) and plan.csv or plan.parquet
    labels  column of the plan; None: labels are rows of the cell store
    cells   rows of the cell store (column `cell` of the plan) that are items; default: all

    The others as in SwapDataset. Raises StoreError.
    """

    def __init__(
        self, folder, labels="class", swap=0.85, settings=("same", "different"), cells=None, transform=None, pair=False, seed=0
    ):
        folder = Path(folder)
        header = _header(folder / "composites.json", "cellswap-composites", "exported composites", "export them again")
        if header["arrays"] != "npy":
            raise StoreError(f"{folder}: holds Zarr arrays; export the composites again without --format zarr")
        self._maps = {}
        self._parts = [_file(folder, header, part["file"]) for part in header["composites"]]
        self._starts = [part["from"] for part in header["composites"]]
        plan = _file(folder, header, "plan.csv" if "plan.csv" in header["hashes"] else "plan.parquet")
        columns = _columns(plan, ["cell", "setting", *([] if labels is None else [labels])])
        cell, setting = np.array(columns["cell"], int), np.array(columns["setting"])
        for name in ("original", *settings):
            if name not in setting:
                raise StoreError(f"{plan}: has no setting {name}{_nearest(name, setting)}; name it in the study, or choose others")
        wanted = np.ones(len(cell), bool) if cells is None else _chosen(cells, cell.max() + 1, "cells")[cell]
        self._original = {int(cell[r]): int(r) for r in np.flatnonzero(wanted & (setting == "original"))}
        swaps = np.flatnonzero(wanted & np.isin(setting, settings))
        self._composites = {r: [] for r in self._original}
        for r in swaps:
            self._composites.get(int(cell[r]), []).append(int(r))
        rows = np.array([r for r in sorted(self._composites) if self._composites[r]], int)
        if len(rows) == 0:
            raise StoreError(f"{plan}: no chosen cell has an original and a composite of {', '.join(settings)}")
        names = None if labels is None else [str(columns[labels][self._original[r]]) for r in rows]
        super().__init__(rows, names, swap, transform, pair, seed)

    def original(self, row):
        return self._read(self._original[row])

    def swapped(self, row, rng):
        return self._read(self._composites[row][rng.integers(len(self._composites[row]))])

    def _read(self, composite):
        part = np.searchsorted(self._starts, composite, "right") - 1
        return np.array(self._map(self._parts[part])[composite - self._starts[part]], np.float32)


def _header(path, form, what, remedy):
    try:
        header = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise StoreError(f"{path.parent}: is not {what} (no readable {path.name}); {remedy}") from cause
    if not isinstance(header, dict) or header.get("format") != form:
        raise StoreError(f"{path}: is not the header of {what}; {remedy}")
    known = (2, 3) if form == "cellswap-cells" else (2,)
    if header.get("version") not in known:
        read = " and ".join(map(str, known))
        raise StoreError(f"{path}: has version {header.get('version')}, this file reads {read}; {remedy}")
    return header


def _unreadable(path):
    return StoreError(f"{path}: is not there or damaged; see `cellswap verify {path.parent}`")


def _file(folder, header, name):
    """Where a file is: under a name of its own while a replacement is under way."""
    return folder / (header.get("staged", {}).get(name) or name)


def _columns(path, names, given=None):
    """Columns of a table: from `given`, else from CSV or Parquet."""
    if given is not None:
        table, where = given, "metadata"
    elif ".csv" in path.name:
        where = path
        try:
            with open(path, newline="", encoding="utf-8") as lines:
                header, *rows = csv.reader(lines)
        except (OSError, ValueError) as cause:
            raise _unreadable(path) from cause
        table = dict(zip(header, zip(*rows))) if rows else {name: () for name in header}
    else:
        where = path
        try:
            import pyarrow.parquet as parquet
        except ImportError as cause:
            raise StoreError(f"{path}: is read with pyarrow; install it, or give its columns as `metadata`") from cause
        try:
            known = parquet.read_schema(path).names
            read = parquet.read_table(path, columns=[name for name in known if name in names])
        except (OSError, ValueError) as cause:
            raise _unreadable(path) from cause
        table = dict.fromkeys(known) | read.to_pydict()
    for name in names:
        if name not in table:
            raise StoreError(f"{where}: has no column {name}{_nearest(name, table)}")
    return {name: table[name] for name in names}


def _nearest(name, known):
    known = sorted({str(k) for k in known})
    near = difflib.get_close_matches(name, known, 1, 0)
    return f"; the nearest is {near[0]}, it has {', '.join(known)}" if near else ""


def _chosen(choice, count, what):
    """True for the rows of a choice: row numbers, or True and False for each."""
    choice = np.asarray(choice, None if len(choice) else int)
    if choice.dtype == bool and len(choice) == count:
        return choice
    if choice.dtype == bool or not np.issubdtype(choice.dtype, np.integer) or ((choice < 0) | (choice >= count)).any():
        raise StoreError(f"{what}: give rows of the cell store, 0 to {count - 1}, or True and False for each of {count} cells")
    rows = np.zeros(count, bool)
    rows[choice] = True
    return rows
