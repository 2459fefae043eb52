import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { StudyError } from "../../src/errors.ts";
import { NpyReader, NpyWriter } from "../../src/files/npy.ts";
import { readParquet, table, writeParquet } from "../../src/files/table.ts";
import { exportComposites } from "../../src/study/composites/export.ts";
import type { Column, Flag } from "../../src/types.ts";
import { contents, times } from "./command.ts";
import { base, drawStudy, encode, exported, failure, features, own, run, study } from "./exported.ts";

let ordinary: Record<string, string>;

beforeAll(async () => {
  await drawStudy();
  await run({}, "ordinary");
  ordinary = contents(join(base, "ordinary/results"));
  await encode(exported, features);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

test("features of exported composites give the same tables as the encoder itself, byte for byte", async () => {
  const done = await run({ encoders: [own] }, "own");
  const results = contents(join(base, "own/results"));
  const { "cells.parquet": mine, ...tables } = results;
  const { "cells.parquet": theirs, ...expected } = ordinary;
  expect(tables).toEqual(expected);
  expect(Object.keys(tables).length).toBeGreaterThan(5);
  expect(mine).not.toBe(theirs);
  expect(done.composites).toBe(0);
  expect(done.report.encoders[0].description).toBe("features made elsewhere");
  const [a, b] = await Promise.all(
    ["own", "ordinary"].map((s) => readParquet(join(base, s, "results/cells.parquet"))),
  );
  for (const [name, column] of a.columns)
    if (!name.startsWith("features_file")) expect(column, name).toEqual(b.columns.get(name));
});

/** Copies the exported features into another folder, with no `composites.json` beside them. */
function apart(
  name: string,
  change: (rows: Float32Array, dimension: number) => Float32Array = (rows) => rows,
): string {
  const array = new NpyReader(features);
  const [rows, dimension] = array.shape;
  const all = new Float32Array(rows * dimension);
  array.read(0, rows, all);
  array.close();
  const path = join(base, "apart", `${name}.npy`);
  mkdirSync(join(base, "apart"), { recursive: true });
  const writer = new NpyWriter(path, "float32", [dimension]);
  writer.append(change(all, dimension));
  writer.close();
  return path;
}

test("they stand beside encoders that are run, in the order of the study file", async () => {
  const done = await run({ encoders: ["more.json", { ...own, name: "given" }, "tiny.json"] }, "mixed");
  expect(done.report.encoders.map((e) => e.name)).toEqual(["more", "given", "tiny"]);
  const of = (name: string) =>
    done.report.scores.filter((s) => s.encoder === name).map(({ encoder: _, ...score }) => score);
  expect(of("given")).toEqual(of("tiny"));
  expect(of("given")).not.toEqual(of("more"));
});

test("their sensitivity cannot be measured, which is said beside that of encoders that are run", async () => {
  const sensitivity = ["keep"];
  const { sensitivity: found } = await run(
    { encoders: [{ ...own, name: "given" }, "tiny.json"], sensitivity },
    "mixed",
  );
  expect(found.map((s) => [s.encoder, s.variants.length, s.refused.length])).toEqual([
    ["given", 0, 1],
    ["tiny", 1, 0],
  ]);
  expect(found[0].refused[0].why).toMatch(/^its features were made elsewhere/);
  const error = await failure(run({ encoders: [own], sensitivity }, "given-alone"));
  expect(error.message).toMatch(
    /all encoders of this study are features that were made elsewhere; list an encoder/,
  );
  expect(existsSync(join(base, "given-alone"))).toBe(false);
});

test("rows are found by their columns in any order, and by their order where nothing names them", async () => {
  const plan = await readParquet(join(exported, "plan.parquet"));
  const array = new NpyReader(features);
  const [rows, dimension] = array.shape;
  const all = new Float32Array(rows * dimension);
  array.read(0, rows, all);
  array.close();
  const shuffled = [...all.keys()].slice(0, rows).sort((a, b) => ((a * 7919) % rows) - ((b * 7919) % rows));
  const text = (name: string) => shuffled.map((row) => (plan.columns.get(name) as (string | null)[])[row]);
  const columns = new Map<string, Column>(
    ["cell_id", "setting", "background", "donor_id"].map((name) => [name, text(name)]),
  );
  for (let j = 0; j < dimension; j++)
    columns.set(
      `f${j}`,
      Float32Array.from(shuffled, (row) => all[row * dimension + j]),
    );
  const path = join(base, "apart/shuffled.parquet");
  mkdirSync(join(base, "apart"), { recursive: true });
  writeParquet(path, table(columns));
  const flags: Flag[] = [];
  await run({ encoders: [{ name: "tiny", features: path }] }, "shuffled", { onFlag: (f) => flags.push(f) });
  expect(flags.map((f) => f.id)).toContain("made-elsewhere");
  expect(flags.map((f) => f.id)).not.toContain("unchecked-rows");
  const note = (list: readonly Flag[]) => list.find((f) => f.id === "made-elsewhere")?.text;
  expect(note(flags)).toMatch(/nor are the pixels that they are of, as no composites\.json is there/);
  const { "cells.parquet": _, ...tables } = contents(join(base, "shuffled/results"));
  const { "cells.parquet": __, ...expected } = ordinary;
  expect(tables).toEqual(expected);

  const told: Flag[] = [];
  await run({ encoders: [{ name: "tiny", features: apart("plain") }] }, "plain", {
    onFlag: (f) => told.push(f),
  });
  expect(told.map((f) => f.id)).toContain("unchecked-rows");
  expect(contents(join(base, "plain/results"))["pairs.csv"]).toBe(ordinary["pairs.csv"]);

  // Cells in the settings of the plan, with donors of which nothing is said.
  const some = new Map([...plan.columns].filter(([name]) => ["cell_id", "setting"].includes(name)));
  for (let j = 0; j < dimension; j++)
    some.set(
      `f${j}`,
      Float32Array.from({ length: rows }, (_, row) => all[row * dimension + j]),
    );
  writeParquet(path, table(some));
  const partly: Flag[] = [];
  await run({ encoders: [{ name: "tiny", features: path }] }, "partly", { onFlag: (f) => partly.push(f) });
  expect(partly.find((f) => f.id === "unchecked-rows")?.text).toMatch(/it lacks background, donor_id\)/);

  const beside: Flag[] = [];
  await run({ encoders: [own] }, "own", { onFlag: (f) => beside.push(f) });
  expect(beside.map((f) => f.id)).not.toContain("unchecked-rows");
  expect(note(beside)).not.toContain("pixels");

  columns.delete("donor_id");
  writeParquet(path, table(columns));
  const error = await failure(run({ encoders: [{ name: "tiny", features: path }] }, "none"));
  expect(error.message).toMatch(/shuffled\.parquet: row 1 \(from 0\) is of .* or give donor_id as well/);
  const twice = new Map(columns).set("donor_id", text("donor_id"));
  for (const name of ["cell_id", "setting", "background", "donor_id"])
    (twice.get(name) as (string | null)[])[3] = (twice.get(name) as (string | null)[])[2];
  writeParquet(path, table(twice));
  expect((await failure(run({ encoders: [{ name: "tiny", features: path }] }, "none"))).message).toMatch(
    /row 3 \(from 0\) is of .*, which is there twice/,
  );
  (twice.get("cell_id") as string[])[3] = "nobody";
  writeParquet(path, table(twice));
  expect((await failure(run({ encoders: [{ name: "tiny", features: path }] }, "none"))).message).toMatch(
    /row 3 \(from 0\) is of nobody .*, which is not in the swap plan/,
  );
  expect(existsSync(join(base, "none"))).toBe(false);
});

test("a finished study that is run again writes nothing, and a changed file is noticed", async () => {
  const path = apart("changing");
  const entry = { encoders: [{ name: "mine", features: path }] };
  const first = await run(entry, "changing");
  const before = times(join(base, "changing"));
  await run(entry, "changing");
  expect(times(join(base, "changing"))).toEqual(before);
  apart("changing", (rows) => rows.map((v, i) => v + Math.sin(i)));
  const second = await run(entry, "changing");
  expect(second.report.scores).not.toEqual(first.report.scores);
  apart("changing");
  expect((await run(entry, "changing")).report.scores).toEqual(first.report.scores);
});

test.each([
  ["another seed", { seed: 2 }, /the swap plan changed since .*export the composites again/],
  ["fewer cells", { cellsPerClass: 9 }, /the swap plan changed since/],
  ["another edge", { edge: "hard" }, /the pixels changed since .*or set the study back/],
])("%s since the export is refused", async (_, keys, message) => {
  const error = await failure(run({ encoders: [own], ...keys }, "none"));
  expect(error).toBeInstanceOf(StudyError);
  expect(error.message).toMatch(message);
  const named = [{ name: "tiny", features: apart("plain"), composites: exported }];
  expect((await failure(run({ encoders: named, ...keys }, "none"))).message).toMatch(message);
  expect(existsSync(join(base, "none"))).toBe(false);
});

test.each<[string, () => readonly unknown[], RegExp]>([
  [
    "a file that is not there",
    () => [{ name: "tiny", features: "gone.npy" }],
    /gone\.npy: there is no such file of features/,
  ],
  [
    "another number of rows",
    () => [{ name: "tiny", features: apart("few", (r, d) => r.subarray(0, 5 * d)) }],
    /has 5 rows, the swap plan has \d+/,
  ],
  [
    "a folder of composites that is none",
    () => [{ ...own, composites: "cells" }],
    /cells: holds no composites\.json/,
  ],
  [
    "two of one name",
    () => ["tiny.json", own],
    /two encoders are called tiny .*rename one in the study file/,
  ],
  ["a reserved name", () => [{ ...own, name: "pairs.csv" }], /cannot be called pairs\.csv/],
])("%s is refused before anything is written", async (_, encoders, message) => {
  expect((await failure(run({ encoders: encoders() }, "none"))).message).toMatch(message);
  expect(existsSync(join(base, "none"))).toBe(false);
});

test.each([
  [{ name: "my net", features: "a.npy" }, /encoders\.0\.name is "my net"; letters, digits/],
  [{ name: "mynet" }, /key encoders\.0\.features is missing/],
  [{ name: "mynet", features: "a.npy", layer: "x" }, /unknown key encoders\.0\.layer/],
  [7, /encoders\.0 is 7; use the path of a description, the name of a bundled encoder or/],
])("the entry %j is refused by its key", (entry, message) => {
  expect(() => study({ encoders: [entry] })).toThrow(message);
});

test("a value that is not finite is named, and what was begun is taken up when it is mended", async () => {
  for (const [value, said] of [
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
  ] as const) {
    const path = apart("nan", (rows, dimension) =>
      rows.map((v, i) => (i === 40 * dimension + 1 ? value : v)),
    );
    const error = await failure(run({ encoders: [{ name: "tiny", features: path }] }, "nan"));
    expect(error.message).toMatch(
      new RegExp(`nan\\.npy: row 40 \\(from 0\\) has ${said} as feature 1: cell \\S+ in self`),
    );
  }
  await run({ encoders: [{ name: "tiny", features: apart("nan") }] }, "nan");
  expect(contents(join(base, "nan/results"))["pairs.csv"]).toBe(ordinary["pairs.csv"]);
  expect(Object.keys(contents(join(base, "nan"))).filter((f) => /filling|marks/.test(f))).toEqual([]);
});

test("features that tell no cell from another are said to", async () => {
  const flags: Flag[] = [];
  const path = apart("same", (rows) => rows.fill(2));
  const done = await run({ encoders: [{ name: "flat", features: path }] }, "same", {
    onFlag: (f) => flags.push(f),
  });
  expect(flags.map((f) => f.id)).toContain("constant-features");
  expect(done.report.answers[0].badge).toBe("undecided");
});

test("features of an earlier export are refused, until they are made anew or the study is set back", async () => {
  const out = join(base, "stale");
  const path = join(out, "tiny.npy");
  cpSync(exported, out, { recursive: true });
  const encoders = [{ name: "tiny", features: path }];
  // Twice: that these features are of the first export is not forgotten by the third.
  for (const _ of [1, 2]) {
    await exportComposites(study({ seed: 3 }), { out, workers: 1 });
    expect((await failure(run({ encoders, seed: 3 }, "none"))).message).toMatch(
      /stale\/tiny\.npy: the features of tiny were in .* before its composites were exported anew/,
    );
  }
  expect(existsSync(join(base, "none"))).toBe(false);
  await encode(out, path);
  await run({ encoders, seed: 3 }, "anew");
  cpSync(features, path);
  await exportComposites(study({}), { out, workers: 1 });
  await run({ encoders }, "set-back");
  expect(contents(join(base, "set-back/results"))["pairs.csv"]).toBe(ordinary["pairs.csv"]);
});
