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
/** Composites that remedies are judged on: original, self, cell-free on all backgrounds, different on the other classes'. */
const JUDGED = CELLS * CLASSES.length * (1 + 1 + CLASSES.length + (CLASSES.length - 1));
const base = mkdtempSync(join(tmpdir(), "cellswap-remedies-"));
const first = join(base, "first");
const out = join(base, "out");
const small = {
  encoders: ["tiny.json", "tiny-swap.json"],
  learningCurve: false,
  remedies: ["recompose-2", "masked", "retrained"],
};
let expected: Record<string, string>;
let elapsed: number;

beforeAll(async () => {
  const cells = { classes: CLASSES, cellsPerClass: CELLS, fields: 3, size: 24 };
  drawCells(join(base, "cells"), cells);
  drawCells(join(base, "center"), { ...cells, masks: "center" });
  for (const [i, name] of ["plain", "tiny", "tiny-swap"].entries())
    writeEncoder(base, { name, size: 24, seed: i + 1 });
  const path = join(base, "tiny.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), retrained: "tiny-swap" }));
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

test("a study folder stands for the study file beside it", async () => {
  const file = join(base, "out.json");
  const lost = await run(["remedy", out]);
  expect(lost.code).toBe(1);
  expect(lost.errors).toEqual([
    expect.stringMatching(/is a study folder, and .*out\.json is not there; give/),
  ]);
  cpSync(written(), file);
  const ended = await run(["remedy", out, "--remedies", "masked,retrained", "--json"]);
  rmSync(file);
  expect(ended, ended.stderr).toMatchObject({ code: 0, errors: [] });
  const { composites, out: folder, remedies } = JSON.parse(ended.stdout);
  expect([composites, folder, remedies[0].evidence.length]).toEqual([0, out, 3]);
});

const featureFolders = () => readdirSync(join(out, "features")).sort();

describe("a study with remedies", () => {
  test("has every number of every remedy, of the encoder and not of its twin", async () => {
    const columns = readCsv(join(first, "results/remedies.csv"));
    const text = (name: string) => columns.get(name)!;
    const number = (name: string) => text(name).map(Number);
    expect(new Set(text("encoder"))).toEqual(new Set(["tiny"]));
    const statements = ["original", "cost", "neighbor", "medium", "transfer/original", "transfer/different"];
    const all = [...statements, "capture/different", "capture-neighbor"];
    const seen = text("remedy").map((remedy, r) => `${remedy} ${text("statement")[r]}`);
    expect(seen).toEqual(
      ["none", "recompose-2", "masked", "retrained"].flatMap((remedy) =>
        all.filter((of) => remedy !== "none" || of !== "cost").map((of) => `${remedy} ${of}`),
      ),
    );
    const value = (name: string) => number("estimate")[seen.indexOf(name)];
    expect(number("estimate").every(Number.isFinite)).toBe(true);
    for (const remedy of ["recompose-2", "masked", "retrained"])
      expect(value(`${remedy} cost`)).toBeCloseTo(value("none original") - value(`${remedy} original`), 12);
    // The same cells, donors and probes as `results/effects` has, on all backgrounds of this study.
    const effects = readCsv(join(first, "results/effects.csv"));
    const of = (encoder: string, statement: string) => {
      const at = effects
        .get("statement")!
        .findIndex((own, r) => own === statement && effects.get("encoder")![r] === encoder);
      return Number(effects.get("estimate")![at]);
    };
    for (const statement of ["original", "neighbor", "medium"]) {
      expect(value(`none ${statement}`)).toBe(of("tiny", statement));
      expect(value(`retrained ${statement}`)).toBe(of("tiny-swap", statement));
    }
    expect(readdirSync(join(first, "features")).sort()).toEqual([
      "tiny",
      "tiny+masked",
      "tiny+recompose-2",
      "tiny-swap",
    ]);
  });

  test("shows the same numbers in its report, and has the table in its record", async () => {
    const { columns } = await readParquet(join(first, "results/remedies.parquet"));
    const report = parseReport(JSON.parse(readFileSync(join(first, "report.json"), "utf8")));
    const [shown] = report.remedies;
    expect(shown.measured.flatMap((m) => m.numbers.map((n) => n.value))).toEqual([
      ...(columns.get("estimate") as Float64Array),
    ]);
    expect(shown.backgrounds).toEqual(CLASSES);
    expect(readFileSync(join(first, "report.html"), "utf8")).toContain('id="remedies"');
    const { files } = JSON.parse(readFileSync(join(first, "record.json"), "utf8"));
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining([
        "results/remedies.csv",
        "results/remedies.parquet",
        "stages/transfer/tiny+masked.json",
      ]),
    );
  });

  test("is verified, printed as a table and exported like any other", async () => {
    expect(await run(["verify", first])).toMatchObject({ code: 0 });
    const table = await run(["table", first]);
    expect(table).toMatchObject({ code: 0, errors: [] });
    expect(table.stdout).not.toContain("recompose");
    const file = join(base, "study.h5ad");
    const exported = await run(["export", "anndata", written(), "--folder", first, "--out", file]);
    expect(exported.code, exported.stderr).toBe(0);
    for (const name of ["tiny", "tiny-swap"]) expect(existsSync(join(base, `study.${name}.h5ad`))).toBe(true);
    expect(contents(first)).toEqual(expected);
  });

  test("run again writes nothing, as `cellswap remedy` of the same remedies does", async () => {
    const before = times(out);
    expect(await study({})).toBe(0);
    const again = await run(["remedy", written(), "--out", out, "--json"]);
    expect(again, again.stderr).toMatchObject({ code: 0, errors: [] });
    expect(JSON.parse(again.stdout)).toMatchObject({ composites: 0, remedies: [{ encoder: "tiny" }] });
    const changed = Object.entries(times(out)).filter(([name, time]) => before[name] !== time);
    expect(
      changed.map(([name]) => name).filter((name) => !/^(report|record|view\/summary)\./.test(name)),
    ).toEqual([]);
  });

  test("goes on to the same bytes when it is killed at any moment", async () => {
    rmSync(out, { recursive: true });
    const kills = await killAtRandom(
      (attempt) => ["run", written(), "--out", out, "--workers", String(1 + (attempt % 2))],
      { out, ms: elapsed, attempts: 6, seed: 13, between: [0.3, 0.8] },
    );
    expect(await run(["run", written(), "--out", out])).toMatchObject({ code: 0, errors: [] });
    expect(contents(out), `after ${kills} kills`).toEqual(expected);
  });

  test("notices a table of remedies that was changed, and makes it again", async () => {
    const path = join(out, "results/remedies.csv");
    writeFileSync(path, readFileSync(path, "utf8").replace(/0\.\d/, "0.9"));
    const verified = await run(["verify", out]);
    expect(verified.code).toBe(1);
    expect(verified.stdout + verified.stderr).toMatch(/results\/remedies\.csv/);
    expect(await study({})).toBe(0);
    expect(contents(out)).toEqual(expected);
  });

  test("notices probes and features of a remedy that were changed, and makes them again", async () => {
    const features = join(out, "features/tiny+masked");
    const file = join(features, readdirSync(features).find((name) => /^masked\.1\.[^.]*\.npy$/.test(name))!);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
    const block = join(out, "stages/remedies/tiny+masked/self.json");
    writeFileSync(block, readFileSync(block, "utf8").replace(/\d(?=\D*$)/, "x"));
    const ended = await run(["run", written(), "--out", out, "--workers", "1"]);
    expect(ended.code, ended.stderr).toBe(0);
    for (const path of [file, block]) expect(ended.stderr).toContain(`note: ${path}: `);
    expect(contents(out)).toEqual(expected);
  });
});

describe("other remedies", () => {
  test("make only what is new", async () => {
    expect(await study({ remedies: [...small.remedies, "masked-2"] })).toBe(JUDGED);
    expect(await study({ remedies: [...small.remedies, "masked-2", "retrained+masked"] })).toBe(JUDGED);
    expect(featureFolders()).toContain("tiny-swap+masked");
    expect(await study({ remedies: ["masked", "recompose-2", "retrained"] })).toBe(0);
  });

  test("warm equals cold", async () => {
    const keys = { remedies: ["masked-2", "recompose-2"] };
    await study(keys);
    const cold = join(base, "cold");
    await study(keys, cold);
    const [warm, fresh] = [contents(out), contents(cold)];
    for (const file of Object.keys(fresh).filter((f) => /^(results|report|plan|scales)/.test(f)))
      expect(warm[file], file).toBe(fresh[file]);
    expect(Object.keys(warm).filter((f) => f.startsWith("results"))).toEqual(
      Object.keys(fresh).filter((f) => f.startsWith("results")),
    );
  });

  test("none: their table and section go, what was encoded for them stays and is found again", async () => {
    const before = featureFolders();
    expect(await study({ remedies: undefined })).toBe(0);
    expect(readdirSync(join(out, "results")).filter((name) => name.startsWith("remedies"))).toEqual([]);
    expect(readFileSync(join(out, "report.html"), "utf8")).not.toContain('id="remedies"');
    expect(featureFolders()).toEqual(before);
    expect(await run(["verify", out])).toMatchObject({ code: 0 });
    expect(await study({})).toBe(0);
    expect(contents(out)).toEqual(expected);
  });

  test("a remedy that an encoder cannot have is said of it, and the others are measured", async () => {
    await study({ encoders: ["plain.json"], remedies: ["masked", "retrained"] });
    const report = parseReport(JSON.parse(readFileSync(join(out, "report.json"), "utf8")));
    expect(report.remedies[0].measured.map((m) => m.remedy)).toEqual(["none", "masked"]);
    expect(report.remedies[0].refused).toEqual([
      { remedy: "retrained", why: expect.stringContaining("it has no retrained twin in the study") },
    ]);
  });
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ["an unknown name", { remedies: ["recompos"] }, /there is no remedy "recompos"; remedies are recompose/],
  [
    "a number out of range",
    { remedies: ["recompose-65"] },
    /takes a number from 1 to 64, not 65; correct it/,
  ],
  ["a number where there is none", { remedies: ["clear-3"] }, /takes no number; write "clear" for "clear-3"/],
  ["no list", { remedies: "masked" }, /remedies is "masked"; expected array/],
  [
    "settings that are missing",
    { settings: ["original", "different"] },
    /the study lacks self, cell-free; add them to "settings"/,
  ],
  [
    "the published protocol",
    { preset: "published", settings: ["original", "self", "cell-free", "different"] },
    /use "split": "groups"/,
  ],
  ["two classes", { classes: CLASSES.slice(0, 2) }, /a third class, and the study has 2; add classes/],
  [
    "no closed groups",
    { split: "stratified" },
    /this study has none; use "split": "groups" and cells of two or/,
  ],
  ["whole crops that are scaled", { intensity: "protein" }, /choose "field"/],
  [
    "masks of the center cell alone",
    {
      cells: "center",
      settings: ["original", "self", "different"],
      donorCenter: "keep",
      edge: "hard",
    },
    /the study lacks cell-free/,
  ],
  [
    "masks of the center cell alone, in all settings",
    { cells: "center", donorCenter: "keep", edge: "hard" },
    /needs? masks that know the neighbors/,
  ],
])("%s: refused in one line, before anything is written", async (_, keys, line) => {
  const folder = join(base, "refused");
  const ended: Ended = await run(["run", written(keys), "--out", folder]);
  expect(ended.code).toBe(1);
  expect(ended.errors).toHaveLength(1);
  expect(ended.errors[0]).toMatch(line);
  expect(ended.errors[0]).toContain("study.json: ");
  expect(existsSync(folder)).toBe(false);
});
