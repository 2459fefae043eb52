import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readParquet } from "../../src/files/table.ts";
import { runPython } from "../python.ts";
import { drawCells, setVerdicts } from "../study/drawn.ts";
import {
  arrow,
  ask,
  askAll,
  at,
  CLASSES,
  COUNT,
  cells,
  drawStore,
  expectRefusals,
  folder,
  PIXELS,
  python,
  type Question,
  readAll,
  SIZE,
  writeColumns,
} from "./python.ts";

beforeAll(drawStore);

describe.skipIf(python === undefined)("SwapDataset (needs python3 with torch)", () => {
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
    for (const name of ["torn", "lost"]) cpSync(at("cells"), at(name), { recursive: true });
    writeFileSync(at("torn/crops.npy"), readFileSync(at("cells/crops.npy")).subarray(0, 5000));
    rmSync(at("lost/quality.csv"));
    const header = JSON.parse(readFileSync(at("later/cells.json"), "utf8"));
    writeFileSync(at("later/cells.json"), JSON.stringify({ ...header, version: 4 }));
    expectRefusals(cells, [
      [{}, null],
      [{ store: "nowhere" }, "nowhere: is not a cell store (no readable cells.json); import the cells again"],
      [
        { store: "later" },
        "later/cells.json: has version 4, this file reads 2 and 3; import the cells again",
      ],
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
      [{ donors: [] }, /^cells: no cell is left that may lend a background; /],
      [{ store: "torn" }, "torn/crops.npy: is not there or damaged; see `cellswap verify torn`"],
      [{ store: "lost" }, "lost/quality.csv: is not there or damaged; see `cellswap verify lost`"],
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
    const { status, stdout, stderr } = runPython(["-c", code], { program: python!, cwd: folder });
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
