import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readCsv, readParquet } from "../../../src/files/table.ts";
import { parseReport } from "../../../src/report/data.ts";
import { contents, type Ended, run, times } from "../command.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";
import { killAtRandom } from "../kill.ts";

const CLASSES = ["cytoplasm", "nucleus", "vacuole"];
/** Cells of a class. */
const CELLS = 12;
const SELF = CELLS * CLASSES.length;
const FREE = SELF * CLASSES.length;
/** On other classes' backgrounds only. */
const DIFFERENT = SELF * (CLASSES.length - 1);
const ALL = SELF + FREE + DIFFERENT;
const base = mkdtempSync(join(tmpdir(), "cellswap-sensitivity-"));
const first = join(base, "first");
const out = join(base, "out");
const small = {
  encoders: ["tiny.json"],
  learningCurve: false,
  sensitivity: ["dilate-3", "neighbor-slice", "keep", "halo-0"],
};
let expected: Record<string, string>;
let elapsed: number;

beforeAll(async () => {
  const cells = { classes: CLASSES, cellsPerClass: CELLS, fields: 3, size: 24 };
  drawCells(join(base, "cells"), cells);
  drawCells(join(base, "center"), { ...cells, masks: "center" });
  drawCells(join(base, "none"), { ...cells, masks: "none" });
  for (const [i, name] of ["tiny", "other"].entries()) writeEncoder(base, { name, size: 24, seed: i + 1 });
  writeEncoder(base, {
    name: "pooled",
    size: 24,
    outputs: [{ output: "map", layout: "NCHW", pool: "center-mean" }],
  });
  const from = performance.now();
  await study({}, first);
  elapsed = performance.now() - from;
  expected = contents(first);
});
beforeEach(() => {
  rmSync(out, { recursive: true, force: true });
  cpSync(first, out, { recursive: true });
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

const written = (keys: Readonly<Record<string, unknown>> = {}) =>
  writeStudy(join(base, "study.json"), { ...small, ...keys });

/** Runs a study; returns how many composites were made. */
async function study(keys: Readonly<Record<string, unknown>>, folder = out): Promise<number> {
  const ended = await run(["run", written(keys), "--out", folder, "--workers", "1", "--json"]);
  expect(ended, ended.stderr).toMatchObject({ code: 0, errors: [] });
  return JSON.parse(ended.stdout).composites;
}

describe("a study with its sensitivity", () => {
  test("has every number under every variant, and as run those of the study", () => {
    const columns = readCsv(join(first, "results/sensitivity.csv"));
    const text = (name: string) => columns.get(name)!;
    const seen = text("variant").map((variant, r) => `${variant} ${text("statement")[r]}`);
    const value = (name: string) => Number(text("estimate")[seen.indexOf(name)]);
    const effects = ["paste", "medium", "neighbor", "total"];
    for (const of of [...effects, "original", "self", "cell-free", "different"])
      for (const variant of ["as-run", ...small.sensitivity]) expect(seen).toContain(`${variant} ${of}`);
    for (const variant of small.sensitivity)
      for (const of of effects)
        expect(value(`${variant} change/${of}`)).toBeCloseTo(
          value(`${variant} ${of}`) - value(`as-run ${of}`),
          12,
        );
    expect(seen.filter((s) => s.startsWith("as-run change"))).toEqual([]);
    // On all backgrounds of this study.
    const stated = readCsv(join(first, "results/effects.csv"));
    const studied = (name: string) => Number(stated.get("estimate")![stated.get("statement")!.indexOf(name)]);
    for (const of of effects) {
      expect(value(`as-run ${of}`)).toBe(studied(of));
      expect(studied(`sensitivity/keep/${of}`)).toBe(value(`keep ${of}`));
    }
    const iou = text("mask_iou").map(Number);
    expect(iou[seen.indexOf("dilate-3 neighbor")]).toBeLessThan(1);
    expect(text("mask_iou")[seen.indexOf("keep neighbor")]).toBe("");
    // What a variant leaves as it is keeps the study's results.
    expect(value("keep cell-free")).toBe(value("as-run cell-free"));
    expect(value("halo-0 original")).toBe(value("as-run original"));
    expect(readdirSync(join(first, "features")).sort()).toEqual([
      "tiny",
      ...["tiny+dilate-3", "tiny+halo-0", "tiny+keep", "tiny+neighbor-slice"],
    ]);
    expect(readdirSync(join(first, "features/tiny+keep")).some((f) => f.startsWith("cell-free"))).toBe(false);
    expect(existsSync(join(first, "features/tiny+dilate-3/original"))).toBe(false);
  });

  test("shows the same in its report, and vouches for all files", async () => {
    const report = parseReport(JSON.parse(readFileSync(join(first, "report.json"), "utf8")));
    const shown = report.further.filter((f) => f.id === "sensitivity");
    expect(shown).toHaveLength(1);
    const { columns } = await readParquet(join(first, "results/sensitivity.parquet"));
    expect(shown[0].numbers.map((n) => n.estimate)).toEqual([...(columns.get("estimate") as Float64Array)]);
    const html = readFileSync(join(first, "report.html"), "utf8");
    expect(html).toContain('id="sensitivity"');
    expect(html).toContain(shown[0].sentence.slice(0, 30));
    const { files } = JSON.parse(readFileSync(join(first, "record.json"), "utf8"));
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining([
        "results/sensitivity.csv",
        "results/sensitivity.parquet",
        "stages/sensitivity/dilate-3.json",
        "stages/sensitivity/tiny+keep/self.json",
      ]),
    );
    expect(await run(["verify", first])).toMatchObject({ code: 0 });
  });

  test("run again writes nothing, as `cellswap sensitivity` of the same variants does", async () => {
    const before = times(out);
    expect(await study({})).toBe(0);
    const again = await run(["sensitivity", written(), "--out", out, "--json"]);
    expect(again, again.stderr).toMatchObject({ code: 0, errors: [] });
    expect(JSON.parse(again.stdout)).toMatchObject({ composites: 0, sensitivity: [{ encoder: "tiny" }] });
    const changed = Object.entries(times(out)).filter(([name, time]) => before[name] !== time);
    expect(
      changed.map(([name]) => name).filter((name) => !/^(report|record|view\/summary)\./.test(name)),
    ).toEqual([]);
  });

  test("goes on to the same bytes when it is killed at any moment", async () => {
    rmSync(out, { recursive: true });
    const kills = await killAtRandom(
      (attempt) => ["run", written(), "--out", out, "--workers", String(1 + (attempt % 2))],
      { out, ms: elapsed, attempts: 4, seed: 17, between: [0.4, 0.9] },
    );
    expect(await run(["run", written(), "--out", out])).toMatchObject({ code: 0, errors: [] });
    expect(contents(out), `after ${kills} kills`).toEqual(expected);
  });

  test("notices masks, probes and features that were changed, and makes them again", async () => {
    const features = join(out, "features/tiny+keep");
    const file = join(
      features,
      readdirSync(features).find((name) => /^different\.nucleus\.[^.]*\.npy$/.test(name))!,
    );
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
    const kept = [
      "stages/sensitivity/dilate-3.json",
      "stages/sensitivity/tiny+halo-0/cell-free.nucleus.json",
    ];
    for (const name of kept) {
      const path = join(out, name);
      writeFileSync(path, readFileSync(path, "utf8").replace(/\d(?=\D*$)/, "x"));
    }
    const ended = await run(["run", written(), "--out", out, "--workers", "1"]);
    expect(ended.code, ended.stderr).toBe(0);
    for (const path of [file, ...kept.map((name) => join(out, name))])
      expect(ended.stderr).toContain(`note: ${path}: `);
    expect(contents(out)).toEqual(expected);
  });
});

describe("other variants", () => {
  test("make only what is new", async () => {
    const { sensitivity } = small;
    expect(await study({ sensitivity: [...sensitivity, "erode-1"] })).toBe(ALL);
    expect(await study({ sensitivity: ["halo-1"] })).toBe(ALL);
    expect(await study({})).toBe(0);
    expect(contents(out)).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([name]) => name.startsWith("results/"))),
    );
  });

  test("leave no table behind when none is asked for", async () => {
    expect(await study({ sensitivity: undefined })).toBe(0);
    expect(existsSync(join(out, "results/sensitivity.csv"))).toBe(false);
    expect(readFileSync(join(out, "report.html"), "utf8")).not.toContain('id="sensitivity"');
  });

  test("an encoder that is told the mask sees original crops otherwise, another does not", async () => {
    const folder = join(base, "pooled");
    await study({ encoders: ["pooled.json"], sensitivity: ["erode-2", "hard"] }, folder);
    const files = (name: string) => readdirSync(join(folder, "features", name));
    expect(files("pooled+erode-2").some((f) => f.startsWith("original"))).toBe(true);
    expect(files("pooled+hard").some((f) => f.startsWith("original"))).toBe(false);
    expect(readdirSync(join(out, "features/tiny+dilate-3")).some((f) => f.startsWith("original"))).toBe(
      false,
    );
  });
});

describe("the command", () => {
  test("prints a table per encoder, whether the answer holds, and what masks became", async () => {
    const ended = await run(["sensitivity", written(), "--out", out, "--variants", "keep,dilate-3"]);
    expect(ended, ended.stderr).toMatchObject({ code: 0, errors: [] });
    expect(ended.stdout).toMatch(/^tiny\n {2}variant +answer +neighbor +change +medium +change\n {2}as-run/);
    expect(ended.stdout).toMatch(/\n {2}keep +/);
    expect(ended.stdout).toMatch(/tiny: The answer .* 2 variants, by 95\s% intervals/s);
    expect(ended.stdout).toMatch(/dilate-3 0\.\d\d \(36 of 36 cells\)/);
    expect(ended.stdout).toMatch(/results\/sensitivity\.csv/);
  });

  test("refuses a variant that is none as a wrong command line", async () => {
    const ended = await run(["sensitivity", written(), "--out", out, "--variants", "dilat-3"]);
    expect(ended.code).toBe(2);
    expect(ended.errors.join("\n")).toMatch(/error: --variants: there is no variant "dilat-3"/);
  });

  test("says what it costs before anything is run", async () => {
    const before = contents(out);
    const more = ["--variants", ...small.sensitivity, "erode-1", "--limit", "0.00001"];
    const { code, errors } = await run(["sensitivity", written(), "--out", out, ...more]);
    expect([code, errors]).toEqual([
      1,
      [expect.stringMatching(/classes make [1-9][\d,]* composites .*more than the limit of 0\.00001 h/)],
    ]);
    expect(contents(out)).toEqual(before);
  });
});

/** Runs a study that is refused; what it says, and that nothing was made. */
async function refused(keys: Readonly<Record<string, unknown>>, command = "run"): Promise<string> {
  const folder = join(base, "refused");
  const ended: Ended = await run([command, written(keys), "--out", folder]);
  expect(ended.code, ended.stdout).toBe(1);
  expect(existsSync(folder)).toBe(false);
  expect(ended.errors).toHaveLength(1);
  return ended.errors[0];
}

describe("is refused in one line", () => {
  test.each([
    ["a variant that is none", { sensitivity: ["dilated"] }, /study\.json: there is no variant "dilated"/],
    [
      "what the study does already",
      { sensitivity: ["fill"] },
      /study\.json: the variant fill is how the study/,
    ],
    ["no variants", { sensitivity: [] }, /sensitivity/],
    [
      "the published preset",
      { preset: "published" },
      /sensitivity is fitted and tested on different closed groups, and this study has none; use "split": "groups"/,
    ],
    [
      "no closed groups",
      { split: "stratified" },
      /sensitivity is fitted and tested on different closed groups, and this study has none/,
    ],
    [
      "two classes",
      { classes: CLASSES.slice(0, 2) },
      /sensitivity is judged among neighbors of a third class.*leave out "sensitivity"/,
    ],
    ["no masks of neighbors", { cells: "center" }, /masks that know the neighbors/],
    ["no masks", { cells: "none" }, /masks/],
  ])("%s", async (_, keys, message) => {
    expect(await refused(keys)).toMatch(message);
  });
});
