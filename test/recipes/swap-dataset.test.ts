import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CellStore } from "../../src/cells/store.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { readParquet } from "../../src/files/table.ts";
import { squaredDistance } from "../../src/image/distance.ts";
import { SETTINGS } from "../../src/settings.ts";
import { exportComposites } from "../../src/study/composites/export.ts";
import { readStudyFile } from "../../src/study/schema.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { groupOf, measureScales } from "../../src/swap/intensity.ts";
import { alphaScratch, softAlpha } from "../../src/swap/paste.ts";
import { CENTER, NEIGHBOR } from "../../src/types.ts";
import { drawCells, setVerdicts, writeEncoder, writeStudy } from "../study/drawn.ts";

/** The first Python that has PyTorch: that of PYTHON, that of the PATH, or that of Debian's packages. */
const python = [process.env.PYTHON ?? "python3", "python3", "/usr/bin/python3"].find(
  (p) => spawnSync(p, ["-c", "import torch, numpy"]).status === 0,
);
const arrow = python !== undefined && spawnSync(python, ["-c", "import pyarrow"]).status === 0;
const script = resolve(import.meta.dirname, "datasets.py");

const folder = mkdtempSync(join(tmpdir(), "cellswap-datasets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

const SIZE = 32;
const PIXELS = SIZE * SIZE;
const CLASSES = ["cytoplasm", "nucleus", "vacuole"];
const FIELDS = 9;
const COUNT = 36;

type Question = readonly [what: string, options: Readonly<Record<string, unknown>>];

/** Answers of one process. */
function askAll(questions: readonly Question[]) {
  const { status, stdout, stderr } = spawnSync(python!, [script, JSON.stringify(questions)], {
    encoding: "utf8",
    cwd: folder,
  });
  expect([status, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

function ask(...question: Question) {
  return askAll([question])[0];
}

/** Holds what data sets are refused with to what is expected, by options. */
function expectRefusals(base: object, refusals: readonly [object, string | RegExp | null][]): void {
  const messages = askAll(refusals.map(([options]) => ["error", { ...base, ...options }]));
  refusals.forEach(([, expected], i) => {
    if (expected instanceof RegExp) expect(messages[i]).toMatch(expected);
    else expect(messages[i]).toBe(expected);
  });
}

/** Options of a data set over the store `cells`. */
const cells = {
  of: "cells",
  store: "cells",
  metadata: "cells.json.columns",
  labels: "Metadata_Localization",
};

async function writeColumns(store: string, file: string): Promise<void> {
  const { columns } = await readParquet(join(store, "metadata.parquet"));
  writeFileSync(
    at(file),
    JSON.stringify(
      Object.fromEntries([...columns].map(([k, v]) => [k, Array.from(v as ArrayLike<unknown>)])),
    ),
  );
}

function readAll(name: string): { shape: readonly number[]; values: Float32Array } {
  const reader = new NpyReader(at(name));
  const { shape } = reader;
  const values = new Float32Array(shape.reduce((a, b) => a * b));
  reader.read(0, shape[0], values);
  reader.close();
  return { shape, values };
}

beforeAll(async () => {
  drawCells(at("cells"), { classes: CLASSES, cellsPerClass: COUNT / 3, fields: FIELDS / 3, size: SIZE });
  await writeColumns(at("cells"), "cells.json.columns");
});

describe.skipIf(python === undefined)("SwapDataset (needs python3 with torch)", () => {
  test("gives the composites of this program, but for the pixels that it fills at random", async () => {
    const store = await CellStore.open(at("cells"));
    const pairs: [number, number][] = [];
    for (let cell = 0; cell < COUNT; cell += 2) pairs.push([cell, (cell * 7 + 13) % COUNT]);
    const different = pairs.filter(([a, b]) => store.cells.field[a] !== store.cells.field[b]);
    ask("composites", { ...cells, pairs: different, out: "composites.npy" });
    const { values: theirs } = readAll("composites.npy");

    // The lengths of Python's composites are those of cells of 32 px, and these have 16.
    const options = {
      edge: "soft",
      sigma: 0.5,
      donorCenter: "keep",
      halo: 1.5,
      intensity: "field",
      clip: [-1, 6],
      seed: 1,
    } as const;
    const scales = measureScales(store, options, groupOf(store.cells, "field"));
    const compositor = new Compositor(store, scales, options);
    const plan = {
      classes: CLASSES,
      seed: 1,
      count: different.length,
      cell: Int32Array.from(different, ([cell]) => cell),
      donor: Int32Array.from(different, ([, donor]) => donor),
      setting: new Uint8Array(different.length).fill(SETTINGS.indexOf("different")),
      background: new Int16Array(different.length),
      sameField: new Uint8Array(different.length),
    };
    const ours = new Float32Array(2 * PIXELS);
    const original = new Float32Array(2 * PIXELS);
    const [mask, donorMask] = [new Uint8Array(PIXELS), new Uint8Array(PIXELS)];
    const [weight, scratch] = [new Float64Array(PIXELS), alphaScratch(PIXELS)];
    const toCenter = new Int32Array(PIXELS);
    const largest = { kept: 0, core: 0, unlike: 0 };
    const counts = { kept: 0, core: 0 };
    different.forEach(([cell, donor], row) => {
      compositor.compose(plan, row, ours);
      store.readCrop(cell, original);
      store.readMask(cell, mask);
      store.readMask(donor, donorMask);
      softAlpha({ mask, height: SIZE, width: SIZE, sigma: options.sigma }, weight, scratch);
      squaredDistance(donorMask, SIZE, SIZE, toCenter, CENTER);
      for (let i = 0; i < 2 * PIXELS; i++) {
        const p = i % PIXELS;
        const theirsHere = theirs[row * 2 * PIXELS + i];
        const removed = toCenter[p] <= options.halo ** 2 && donorMask[p] !== NEIGHBOR;
        const note = (what: "kept" | "core", error: number) => {
          counts[what]++;
          largest[what] = Math.max(largest[what], Math.abs(error));
        };
        if (weight[p] > 1 - 1e-9) note("core", theirsHere - original[i]);
        if (!removed) note("kept", theirsHere - ours[i]);
        if (weight[p] === 0) largest.unlike = Math.max(largest.unlike, Math.abs(theirsHere - original[i]));
      }
    });
    store.close();
    for (const n of Object.values(counts)) expect(n).toBeGreaterThan(500);
    // Pixels are below 1024: a rounding of float32 is 6e-5 at most, and Python scales by levels in float32.
    expect(largest.kept).toBeLessThan(1e-3);
    expect(largest.core).toBeLessThan(2e-4);
    // The backgrounds are others' indeed.
    expect(largest.unlike).toBeGreaterThan(100);
  });

  test("fills the donor's center and halo, and nothing else, with cell-free pixels of the donor", () => {
    const known = ask("fill", { crop: "cells/crops.npy", mask: "cells/masks.npy", out: "filled.npy" });
    expect(known).toEqual(Array(COUNT).fill(true));
    const { values } = readAll("filled.npy");
    const { values: crops } = readAll("cells/crops.npy");
    const masks = new NpyReader(at("cells/masks.npy"));
    const mask = new Uint8Array(PIXELS);
    const toCenter = new Int32Array(PIXELS);
    for (let row = 0; row < COUNT; row++) {
      masks.read(row, 1, mask);
      squaredDistance(mask, SIZE, SIZE, toCenter, CENTER);
      for (let p = 0; p < PIXELS; p++) {
        const i = row * 2 * PIXELS + p;
        if (toCenter[p] > 1.5 ** 2 || mask[p] === NEIGHBOR) expect(values[i]).toBe(crops[i]);
        else if (mask[p] === CENTER) expect(values[i]).toBeLessThan(Math.min(150, crops[i]));
      }
    }
    masks.close();
  });

  test("weighs cells and measures distances as this program does", () => {
    const most = 6;
    const units = [0.5, 1, 1.7];
    askAll(units.map((unit) => ["kernels", { mask: "cells/masks.npy", most, unit, out: `kernels${unit}` }]));
    for (const unit of units) holdKernels(unit, most);
  });

  function holdKernels(unit: number, most: number): void {
    const { values: weights } = readAll(`kernels${unit}-alpha.npy`);
    const { values: distances } = readAll(`kernels${unit}-squared.npy`);
    const masks = new NpyReader(at("cells/masks.npy"));
    const mask = new Uint8Array(PIXELS);
    const [weight, scratch] = [new Float64Array(PIXELS), alphaScratch(PIXELS)];
    const squared = new Int32Array(PIXELS);
    let largest = 0;
    for (let row = 0; row < COUNT; row++) {
      masks.read(row, 1, mask);
      softAlpha({ mask, height: SIZE, width: SIZE, sigma: unit }, weight, scratch);
      squaredDistance(mask, SIZE, SIZE, squared, CENTER);
      for (let p = 0; p < PIXELS; p++) {
        largest = Math.max(largest, Math.abs(weights[row * PIXELS + p] - weight[p]));
        const theirs = distances[row * PIXELS + p];
        if (squared[p] <= most * most) expect(theirs).toBe(squared[p]);
        else expect(theirs).toBeGreaterThan(most * most);
      }
    }
    masks.close();
    expect(largest).toBeLessThan(3e-7);
  }

  test("draws donors of other fields, each as often, whatever the class", async () => {
    const items = [0, 1, 2, 13, 14, 30];
    const lenders = Array.from({ length: COUNT }, (_, i) => i).filter((i) => i % 5 !== 0);
    const { rows, donors, counts } = ask("donors", { ...cells, draws: 600, cells: items, donors: lenders });
    expect([rows, donors]).toEqual([items, lenders]);
    const { columns } = await readParquet(at("cells/metadata.parquet"));
    const field = columns.get("Metadata_Field")!;
    items.forEach((row, item) => {
      const possible = lenders.filter((d) => field[d] !== field[row]);
      let chi = 0;
      for (let d = 0; d < COUNT; d++) {
        if (!possible.includes(d)) expect(counts[item][d]).toBe(0);
        else chi += (counts[item][d] - 600 / possible.length) ** 2 / (600 / possible.length);
      }
      // Chi-square of so many degrees of freedom has this variance; far from it on neither side.
      const freedom = possible.length - 1;
      expect(Math.abs(chi - freedom)).toBeLessThan(4 * Math.sqrt(2 * freedom));
    });
  });

  test("gives another background at every access, the same ones for a seed and epoch, with any number of workers", () => {
    const shared = { ...cells, swap: 1 };
    const likewise = [
      { workers: 2 },
      { workers: 2, persistent: true },
      { workers: 1, context: "spawn" },
      { copied: true },
    ];
    const set = { ...shared, set_epoch: true };
    const [first] = askAll([
      ["epochs", { ...shared, out: "first.npy" }],
      ...likewise.map((way, k): Question => ["epochs", { ...shared, ...way, out: `likewise${k}.npy` }]),
      ["epochs", { ...set, out: "set.npy" }],
      ["epochs", { ...set, workers: 2, persistent: true, out: "set-workers.npy" }],
      ["epochs", { ...shared, seed: 1, out: "seed.npy" }],
    ]);
    expect(first.classes).toEqual(CLASSES);
    expect(first.labels[0]).toEqual(Array.from({ length: COUNT }, (_, i) => Math.floor(i / 12)));
    // Pixels are no part of what a worker gets.
    expect(first.bytes).toBeLessThan(2e4);
    const { values } = readAll("first.npy");
    const epoch = values.length / 2;
    for (let row = 0; row < COUNT; row++) {
      const [from, to] = [row * 2 * PIXELS, (row + 1) * 2 * PIXELS];
      expect(values.subarray(from, to)).not.toEqual(values.subarray(epoch + from, epoch + to));
    }
    likewise.forEach((way, k) => {
      expect(readAll(`likewise${k}.npy`).values, JSON.stringify(way)).toEqual(values);
    });
    const bySet = readAll("set.npy").values;
    expect(bySet.subarray(0, epoch)).toEqual(values.subarray(0, epoch));
    expect(bySet.subarray(epoch)).not.toEqual(bySet.subarray(0, epoch));
    expect(readAll("set-workers.npy").values).toEqual(bySet);
    expect(readAll("seed.npy").values).not.toEqual(values);
  });

  test("leaves the share of crops as imaged that it is asked for, and gives both of a pair", () => {
    const { values: crops } = readAll("cells/crops.npy");
    const originals = (values: Float32Array) => {
      let n = 0;
      for (let from = 0; from < values.length; from += 2 * PIXELS) {
        const row = from % crops.length;
        n += +values.subarray(from, from + 2 * PIXELS).every((v, i) => v === crops[row + i]);
      }
      return n;
    };
    askAll([
      ...[0, 0.85, 1].map((swap): Question => ["epochs", { ...cells, swap, epochs: 10, out: `${swap}.npy` }]),
      ["epochs", { ...cells, pair: true, epochs: 1, out: "pair.npy" }],
    ]);
    expect(originals(readAll("0.npy").values)).toBe(10 * COUNT);
    expect(originals(readAll("1.npy").values)).toBe(0);
    const n = 10 * COUNT;
    const kept = originals(readAll("0.85.npy").values);
    expect(Math.abs(kept - 0.15 * n)).toBeLessThan(4 * Math.sqrt(0.15 * 0.85 * n));
    const { values } = readAll("pair.npy");
    expect(originals(values.subarray(0, crops.length))).toBe(COUNT);
    expect(originals(values.subarray(crops.length))).toBe(0);
  });

  test("calls a transform with the crop, or with both of a pair at once", () => {
    const crop = [2, SIZE, SIZE];
    const [single, pair] = askAll([
      ["transformed", cells],
      ["transformed", { ...cells, pair: true }],
    ]);
    expect(single).toEqual({
      shapes: [crop],
      same: [true],
      types: ["torch.float32"],
      item: [crop],
    });
    expect(pair).toEqual({
      shapes: [[2, ...crop]],
      same: [true, true],
      types: ["torch.float32", "torch.float32"],
      item: [crop, crop],
    });
  });

  test("takes good cells alone; those without a label lend only, and labels may be given or be left out", async () => {
    drawCells(at("some"), {
      classes: CLASSES,
      cellsPerClass: 12,
      fields: 3,
      size: SIZE,
      localization: (name, i) => (i % 4 === 0 ? "" : name),
    });
    await writeColumns(at("some"), "some.json");
    setVerdicts(
      at("some"),
      Array.from({ length: COUNT }, (_, i) => (i < 6 ? "border" : i < 8 ? "border;small" : "ok")),
    );
    const some = { ...cells, store: "some", metadata: "some.json" };
    const all = Array.from({ length: COUNT }, (_, i) => i);
    const good = all.filter((i) => i >= 8);
    const given = all.map((i) => `L${i % 2}`);
    const [drawn, allowed, own, none] = askAll([
      ["donors", { ...some, draws: 1 }],
      ["donors", { ...some, draws: 1, allow: ["border"] }],
      ["epochs", { ...some, labels: given, epochs: 1, out: "a.npy" }],
      ["epochs", { ...some, labels: null, epochs: 1, out: "a.npy" }],
    ]);
    expect(drawn.rows).toEqual(good.filter((i) => i % 4 !== 0));
    expect(drawn.donors).toEqual(good);
    expect(allowed.donors).toEqual(all.filter((i) => i < 6 || i >= 8));
    expect(own.classes).toEqual(["L0", "L1"]);
    expect(own.labels[0]).toEqual(good.map((i) => i % 2));
    expect(none.labels[0]).toEqual(good);
  });

  test("refuses what it cannot do in one line with the remedy", async () => {
    drawCells(at("bare"), { masks: "none" });
    drawCells(at("centers"), { masks: "center" });
    drawCells(at("alone"), { classes: ["nucleus"], fields: 1 });
    drawCells(at("dark"), { dark: "nucleus-field0" });
    for (const name of ["alone", "dark"]) await writeColumns(at(name), `${name}.json`);
    cpSync(at("cells"), at("later"), { recursive: true });
    const header = JSON.parse(readFileSync(at("later/cells.json"), "utf8"));
    writeFileSync(at("later/cells.json"), JSON.stringify({ ...header, version: 3 }));
    expectRefusals(cells, [
      [{}, null],
      [{ store: "nowhere" }, "nowhere: is not a cell store (no readable cells.json); import the cells again"],
      [{ store: "later" }, "later/cells.json: has version 3, this file reads 2; import the cells again"],
      [
        { store: "bare" },
        "bare: has no masks; a background needs those of the neighbors: run `cellswap segment bare`",
      ],
      [
        { store: "centers" },
        "centers: has masks that know the center cell only; a background needs those of the neighbors: run `cellswap segment centers --neighbors`",
      ],
      [
        { store: "alone", metadata: "alone.json" },
        "alone: all donors are of field nucleus-field0; cells of it need donors of other fields",
      ],
      [
        { labels: "Metadata_Localisation" },
        "metadata: has no column Metadata_Localisation; the nearest is Metadata_Localization, it has Metadata_Cell, Metadata_Field, Metadata_Localization, Metadata_Plate, Metadata_Protein",
      ],
      [{ labels: ["a", "b"] }, "cells: has 36 cells, and labels 2; give one for each cell"],
      [
        { cells: [3, 36] },
        "cells: give rows of the cell store, 0 to 35, or True and False for each of 36 cells",
      ],
      [{ cells: [] }, /^cells: no cell is left that has a good mask and a label; /],
      [{ swap: 85 }, "swap is 85; give the share of swapped crops, 0 to 1"],
      [{ store: "dark", metadata: "dark.json" }, null],
    ]);
  });

  test("trains a network by the loop of docs/training.md", () => {
    const page = readFileSync(resolve(import.meta.dirname, "../../docs/training.md"), "utf8");
    const loop = /runs this -->\n```python\n([^`]*)```/.exec(page)![1];
    expect(loop.split("\n").length).toBeLessThan(18);
    const code = `
import json, sys
sys.path.insert(0, ${JSON.stringify(resolve(import.meta.dirname, "../../recipes"))})
${loop
  .replace('"train.cells"', '"cells", metadata=json.load(open("cells.json.columns"))')
  .replace("range(30)", "range(8)")
  .replace("DataLoader(data, 64", "DataLoader(data, 12")}
    print(loss.item())
`;
    const { status, stdout, stderr } = spawnSync(python!, ["-c", code], { encoding: "utf8", cwd: folder });
    expect([status, stderr]).toEqual([0, ""]);
    const losses = stdout.trim().split("\n").map(Number);
    expect(losses).toHaveLength(8);
    expect(losses[7]).toBeLessThan(losses[0]);
  });

  test.skipIf(arrow)("says that names in Parquet need pyarrow (needs python3 without it)", () => {
    expect(ask("error", { ...cells, metadata: null })).toBe(
      "cells/metadata.parquet: is read with pyarrow; install it, or give its columns as `metadata`",
    );
  });

  test.skipIf(!arrow)("reads names from Parquet (needs python3 with pyarrow)", () => {
    ask("epochs", { ...cells, metadata: null, out: "a.npy" });
    ask("epochs", { ...cells, out: "b.npy" });
    expect(readAll("a.npy")).toEqual(readAll("b.npy"));
    expect(ask("error", { ...cells, metadata: null, labels: "Metadata_Proteins" })).toMatch(
      /^cells\/metadata.parquet: has no column Metadata_Proteins; the nearest is Metadata_Protein, /,
    );
  });
});

describe.skipIf(python === undefined)("CompositeDataset (needs python3 with torch)", () => {
  const composites = { of: "composites", folder: "exported" };

  beforeAll(async () => {
    writeEncoder(folder, { name: "tiny" });
    // Two fields of every class in each group, so that all settings have donors.
    drawCells(at("many"), { classes: CLASSES, cellsPerClass: COUNT / 3, fields: 6, size: SIZE });
    writeStudy(at("study.json"), { cells: "many", settings: ["original", "same", "different"] });
    const study = readStudyFile(at("study.json"));
    await exportComposites(study, { out: at("exported"), workers: 1, partBytes: 50 * 8 * PIXELS });
    await exportComposites(study, { out: at("zarr"), workers: 1, format: "zarr" });
  });

  test("gives original and swapped crops as they were exported, each composite as often", async () => {
    const record = JSON.parse(readFileSync(at("exported/composites.json"), "utf8"));
    expect(record.composites.length).toBeGreaterThan(2);
    const plan = (await readParquet(at("exported/plan.parquet"))).columns;
    const rowOf = new Map<string, number>();
    for (const { file, from, rows } of record.composites) {
      const { values } = readAll(`exported/${file}`);
      for (let r = 0; r < rows; r++)
        rowOf.set(String(values.subarray(r * 2 * PIXELS, (r + 1) * 2 * PIXELS)), from + r);
    }
    const { labels, classes } = ask("epochs", { ...composites, pair: true, epochs: 40, out: "a.npy" });
    const { shape, values } = readAll("a.npy");
    expect(shape).toEqual([40, 2, COUNT, 2, SIZE, SIZE]);
    const shown = new Map<string, number>();
    for (let at = 0, k = 0; at < values.length; at += 2 * PIXELS, k++) {
      const [cell, swapped] = [k % COUNT, Math.floor(k / COUNT) % 2 === 1];
      const row = rowOf.get(String(values.subarray(at, at + 2 * PIXELS)))!;
      expect(plan.get("cell")![row]).toBe(cell);
      expect(plan.get("setting")![row]).toMatch(swapped ? /same|different/ : /original/);
      expect(classes[labels[0][cell]]).toBe(plan.get("class")![row]);
      const own = plan.get("background")![row] === plan.get("class")![row];
      const kind = own ? "own" : "other";
      if (swapped) shown.set(kind, (shown.get(kind) ?? 0) + 1);
    }
    // One composite of the own class and two of others: each is as likely.
    const expected = (40 * COUNT) / 3;
    expect(Math.abs(shown.get("own")! - expected)).toBeLessThan(4 * Math.sqrt((expected * 2) / 3));
  });

  test("takes chosen cells and settings", () => {
    const rows = [2, 5, 20];
    const few = { ...composites, cells: rows, settings: ["same"], labels: null };
    expect(ask("epochs", { ...few, swap: 1, epochs: 1, out: "a.npy" }).labels).toEqual([rows]);
  });

  test("refuses what it cannot read in one line with the remedy", () => {
    expectRefusals(composites, [
      [{}, null],
      [
        { folder: "cells" },
        "cells: is not exported composites (no readable composites.json); export them again",
      ],
      [{ folder: "zarr" }, "zarr: holds Zarr arrays; export the composites again without --format zarr"],
      [
        { settings: ["diferent"] },
        "exported/plan.csv: has no setting diferent; the nearest is different, it has different, original, same; name it in the study, or choose others",
      ],
      [{ labels: "klass" }, /^exported\/plan.csv: has no column klass; the nearest is class, /],
    ]);
  });
});
