import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { NpyReader } from "../../src/files/npy.ts";
import { readParquet } from "../../src/files/table.ts";
import { readRecord } from "../../src/study/record.ts";
import { contents, run, times } from "./command.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const CLASSES = ["cytoplasm", "nucleus", "vacuole"];
/** Cells of a class. */
const CELLS = 12;
const base = mkdtempSync(join(tmpdir(), "cellswap-stages-"));
const first = join(base, "first");
const out = join(base, "out");
const small = {
  classes: CLASSES.slice(0, 2),
  backgrounds: ["nucleus"],
  settings: ["original", "same", "different"],
  split: "stratified",
};
let number = 0;
let before: Record<string, number>;

beforeAll(async () => {
  drawCells(join(base, "cells"), { classes: CLASSES, cellsPerClass: CELLS, fields: 3 });
  writeEncoder(base, { name: "tiny" });
  writeEncoder(base, { name: "more", seed: 3 });
  writeEncoder(join(base, "changed"), { name: "tiny", seed: 9 });
  writeEncoder(join(base, "prepared"), { name: "tiny", preprocess: [{ step: "minmax" }] });
  await study({}, first);
});
beforeEach(() => {
  rmSync(out, { recursive: true, force: true });
  cpSync(first, out, { recursive: true });
  before = times(out);
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

/** Runs a study; returns how many composites were made. */
async function study(keys: Readonly<Record<string, unknown>>, folder = out): Promise<number> {
  const path = writeStudy(join(base, "study.json"), { ...small, ...keys });
  const ended = await run(["run", path, "--out", folder, "--workers", "1", "--json"]);
  expect(ended, ended.stderr).toMatchObject({ code: 0, errors: [] });
  return JSON.parse(ended.stdout).composites;
}

/** Files of `out` that are new or written anew since it was copied, but those that say the title or the command, and the record. */
function rewritten(): string[] {
  const after = times(out);
  return Object.keys(after).filter(
    (f) => after[f] !== before[f] && !/^(report|record|view\/(study|summary))/.test(f),
  );
}

/** The record of a study but for the hashes of what says where features lie. */
function recordOf(folder: string): unknown {
  const record = readRecord(folder);
  return { ...record, files: { ...record.files, "results/cells.parquet": "" }, features: null };
}

/** The cell table of a study with the features themselves instead of their places. */
async function cellTable(folder: string): Promise<Record<string, unknown>> {
  const { columns, rows } = await readParquet(join(folder, "results/cells.parquet"));
  const { features_file: files, features_row: places, ...rest } = Object.fromEntries(columns);
  const readers = new Map<string, NpyReader>();
  const features = Array.from({ length: rows }, (_, row) => {
    const file = String(files[row]);
    if (!readers.has(file)) readers.set(file, new NpyReader(join(folder, "features", file)));
    const reader = readers.get(file)!;
    const one = new Float32Array(reader.shape[1]);
    reader.read(Number(places[row]), 1, one);
    return one;
  });
  for (const reader of readers.values()) reader.close();
  return { ...rest, features };
}

test("the same study again makes nothing and writes nothing", async () => {
  expect(await study({})).toBe(0);
  expect(contents(out)).toEqual(contents(first));
  expect(rewritten()).toEqual([]);
});

test.each([
  ["title", { title: "Another" }],
  ["zone", { zone: 3 }],
  ["aggregation", { aggregation: "published" }],
  ["proportions", { proportions: { rows: "one-per-protein" } }],
  ["how the donor of `same` is chosen, where nothing changes by it", { sameDonor: "any" }],
])("%s: no composite, no probe", async (_, keys) => {
  expect(await study(keys)).toBe(0);
  expect(rewritten()).toEqual([]);
});

test("folds: the probes, and no feature", async () => {
  expect(await study({ folds: 4 })).toBe(0);
  expect(rewritten().filter((f) => /^(features|plan|scales)/.test(f))).toEqual([]);
  expect(rewritten()).toContain("stages/blocks/tiny/original.json");
});

test("closed groups: other donors where there are donors, and the originals that are there", async () => {
  const grouped = { split: "groups", settings: ["original", "different"], classes: CLASSES };
  // Original of the third class; every donor is dealt anew within its group, and may be the one it was.
  const made = await study(grouped);
  expect(made).toBeGreaterThan(CELLS);
  expect(made).toBeLessThanOrEqual(CELLS + 2 * CELLS);
  expect(await study(grouped)).toBe(0);
  expect(await study({ ...grouped, groupBy: "Plate" })).toBe(0);
});

test.each([
  ["a setting", { settings: ["original", "same", "different", "masked"] }, 2 * CELLS],
  // Original and same of the third class, and its cells on the one background; those that are there stay.
  ["a class", { classes: CLASSES }, 3 * CELLS],
  // `different` of the cytoplasm on vacuole, and of the nucleus on vacuole; a class that lends is one of the study.
  ["a background", { classes: CLASSES, backgrounds: ["nucleus", "vacuole"] }, 3 * CELLS + 2 * CELLS],
  ["an encoder", { encoders: ["tiny.json", "more.json"] }, 5 * CELLS],
  ["an edge, which `original` has none of", { edge: "hard" }, 3 * CELLS],
  ["no intensity step, which `original` has none of", { intensity: "none" }, 3 * CELLS],
  ["another range, which `original` is not clipped to", { clip: [0, 1] }, 3 * CELLS],
  ["other weights", { encoders: ["changed/tiny.json"] }, 5 * CELLS],
  ["another preprocessing", { encoders: ["prepared/tiny.json"] }, 5 * CELLS],
])("%s: only what is new is composed and encoded, and warm equals cold", async (_, keys, composites) => {
  expect(await study(keys)).toBe(composites);
  const cold = join(base, `cold-${number++}`);
  await study(keys, cold);
  const [warm, fresh] = [contents(out), contents(cold)];
  for (const file of Object.keys(fresh).filter((f) => /^(results|report|plan|scales|record)/.test(f)))
    if (!["results/cells.parquet", "record.json"].includes(file)) expect(warm[file], file).toBe(fresh[file]);
  // What a study grew by lies in parts of its own, so that the same features have other places.
  expect(recordOf(out)).toEqual(recordOf(cold));
  expect(await cellTable(out)).toEqual(await cellTable(cold));
  expect(Object.keys(warm).filter((f) => f.startsWith("results"))).toEqual(
    Object.keys(fresh).filter((f) => f.startsWith("results")),
  );
});

test("back to the first choices, all features are there and the bytes are the first ones", async () => {
  await study({ settings: ["original", "masked"], edge: "hard" });
  expect(await study({})).toBe(0);
  const [now, then] = [contents(out), contents(first)];
  for (const file of Object.keys(then)) expect(now[file], file).toBe(then[file]);
});

test("features that are there are not written again when an encoder or a class is added", async () => {
  await study({ encoders: ["tiny.json", "more.json"], classes: CLASSES });
  const kept = Object.keys(contents(first)).filter((f) => f.startsWith("features/"));
  expect(rewritten().filter((f) => kept.includes(f))).toEqual([]);
});

test("two studies of the same cells share a folder of features", async () => {
  const keys = { features: "shared" };
  expect(await study(keys, join(base, "one"))).toBe(5 * CELLS);
  expect(await study({ ...keys, folds: 3, title: "Two" }, join(base, "two"))).toBe(0);
  expect(await study({ ...keys, settings: ["original", "masked"] }, join(base, "three"))).toBe(2 * CELLS);
  expect(contents(join(base, "one", "features"))).toEqual({});
  const results = (folder: string) =>
    Object.entries(contents(folder)).filter(([f]) => f.startsWith("results"));
  expect(results(join(base, "one"))).toEqual(results(first));
});

test("cells and encoders in another place are the same", async () => {
  cpSync(join(base, "cells"), join(base, "moved", "cells"), { recursive: true });
  expect(await study({ cells: "moved/cells" })).toBe(0);
});
