import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { main } from "../../../src/commands/main.ts";
import { readCsv, readParquet } from "../../../src/files/table.ts";
import { readStudyFolder } from "../../../src/study/read.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-claims-"));
const errors: string[] = [];
/** Six fields and two proteins of every class; the last three "classes" of the drawing have several localizations. */
const MIXED: Readonly<Record<string, string>> = { both: "ER|nucleus", other: "ER|bud", one: "nucleus|ER" };
drawCells(join(base, "cells"), {
  classes: ["ER", "nucleus", "vacuole", "both", "other", "one"],
  cellsPerClass: [36, 36, 36, 12, 12, 1],
  fields: 12,
  localization: (name) => MIXED[name] ?? name,
});
/** The same, proteins of a class in shared fields. */
drawCells(join(base, "shared"), {
  classes: ["ER", "nucleus", "both"],
  cellsPerClass: 15,
  fields: 3,
  localization: (name) => MIXED[name] ?? name,
});
/** One field a class. */
drawCells(join(base, "single"), {
  classes: ["ER", "nucleus", "both"],
  cellsPerClass: 12,
  fields: 1,
  localization: (name) => MIXED[name] ?? name,
});
writeEncoder(base, { name: "tiny" });
afterAll(() => rmSync(base, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());
beforeEach(() => {
  errors.length = 0;
  vi.spyOn(console, "error").mockImplementation((text: string) => void errors.push(text));
  vi.spyOn(console, "log").mockReturnValue(undefined);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});

let number = 0;
/** Runs a study of its own folder and reads it. */
async function study(keys: Readonly<Record<string, unknown>>) {
  const out = join(base, `out${number++}`);
  const settings = ["original", "self", "same", "different", "masked"];
  const path = writeStudy(join(base, "study.json"), { settings, learningCurve: false, ...keys });
  expect(await main(["run", path, "--out", out, "--workers", "1"]), errors.join("\n")).toBe(0);
  return { out, ...(await readStudyFolder(out)).report };
}

const changesOf = (claim: {
  proteins: readonly { changes: readonly { to: string; verdict: string; why: string | null }[] }[];
}) => claim.proteins.flatMap((p) => p.changes);

test("a study says of every protein how its shares change, in the report and in tables", async () => {
  const { out, claims, proportions, classes } = await study({});
  expect(proportions).toEqual([]);
  expect(claims).toHaveLength(1);
  const [claim] = claims;
  expect(claim).toMatchObject({ encoder: "tiny", method: "em", unit: "protein", folds: 2 });
  // Proteins of the drawing: two of each class, of the last one the first cell alone.
  expect(claim.proteins.map((p) => [p.protein, p.cells])).toEqual([
    ["P30", 6],
    ["P31", 6],
    ["P40", 6],
    ["P41", 6],
    ["P50", 1],
  ]);
  for (const { seen, changes } of claim.proteins) {
    expect(seen.map((s) => s.representation)).toEqual(["original", "self", "masked", "recomposed"]);
    for (const { shares } of seen) expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
    expect(changes.map((c) => c.to)).toEqual(["masked", "recomposed"]);
  }
  const tested = claim.proteins.map((p) => p.changes[0].verdict === "not tested");
  expect(tested).toEqual([false, false, true, true, false]);
  expect(claim.proteins[2].changes[0].why).toBe("labeled bud, which is no class of the study");

  const shares = readCsv(join(out, "results/proportions.csv"));
  const ways = 4 + classes.length;
  expect(shares.get("share")).toHaveLength(claim.proteins.length * ways * classes.length);
  const swapped = [...shares.get("representation")!].filter((way) => way === "swapped");
  expect(swapped).toHaveLength(claim.proteins.length * classes.length ** 2);
  const changes = await readParquet(join(out, "results/proportion-changes.parquet"));
  expect(changes.rows).toBe(claim.proteins.length * (2 + classes.length));
  const column = (name: string) => Array.from(changes.columns.get(name) as ArrayLike<unknown>);
  const masked = column("to").flatMap((to, row) => (to === "masked" ? [row] : []));
  expect(masked.map((row) => column("variation")[row])).toEqual(
    claim.proteins.map((p) => p.changes[0].variation),
  );
  const html = readFileSync(join(out, "report.html"), "utf8");
  expect(html).toContain('<section id="proportions"');
  expect(html).toContain("P40: labeled bud, which is no class of the study.");
});

test("cells of several localizations have no prediction in the cell table, and are in the plan", async () => {
  const { out } = await study({ backgrounds: ["ER"] });
  const { columns, rows } = await readParquet(join(out, "results/cells.parquet"));
  const column = (name: string) => columns.get(name) as ArrayLike<unknown>;
  const several = [...Array(rows).keys()].filter((row) => column("Metadata_Class")[row] === null);
  const settings = several.map((row) => column("setting")[row]);
  for (const setting of ["original", "self", "different", "masked"])
    expect(settings.filter((s) => s === setting)).toHaveLength(25);
  expect(settings).not.toContain("same");
  for (const row of several) expect(column("prediction")[row]).toBeNull();
});

test("the plan of a study is taken again as a given one, to the same claims", async () => {
  const first = await study({});
  const again = await study({ plan: join(first.out, "plan.csv") });
  expect(again.claims).toEqual(first.claims);
});

test("without the setting different nothing is swapped or recomposed; without masked there is nothing to compare", async () => {
  const { out, claims } = await study({ settings: ["original", "self", "masked"] });
  expect(new Set(changesOf(claims[0]).map((c) => c.to))).toEqual(new Set(["masked"]));
  expect(claims[0].proteins[0].seen.map((s) => s.representation)).toEqual(["original", "self", "masked"]);
  expect(existsSync(join(out, "results/proportion-changes.csv"))).toBe(true);
  const without = await study({ settings: ["original", "self", "different"] });
  expect(without.claims).toEqual([]);
  expect(without.flags.map((f) => f.text)).toContain(
    "No proportions of the 25 cells with several localizations: the study lacks the setting masked.",
  );
  expect(existsSync(join(without.out, "results/proportions.csv"))).toBe(false);
  expect(new Set(readCsv(join(without.out, "plan.csv")).get("class"))).not.toContain("");
});

test("where no proteins can be held out fields are, and nothing is tested; one field a class gives no proportions", async () => {
  const { claims } = await study({ cells: "shared" });
  expect(claims[0].unit).toBe("field");
  for (const { verdict, why } of changesOf(claims[0])) {
    expect(verdict).toBe("not tested");
    expect(why).toMatch(/every class needs two proteins in fields of their own/);
  }
  const single = await study({ cells: "single", settings: ["original", "self", "masked"] });
  expect(single.claims).toEqual([]);
  expect(single.flags.find((f) => f.id === "no-proportions")?.text).toMatch(/a class has one field/);
});

test("as published: the means of two regressions, in original and masked only", async () => {
  const { out, claims, proportions } = await study({ proportions: { method: "published" } });
  expect(claims).toEqual([]);
  expect(proportions[0].proteins.map((p) => p.protein)).toEqual(["P30", "P31", "P40", "P41", "P50"]);
  const shares = readCsv(join(out, "results/proportions.csv"));
  expect(new Set(shares.get("method"))).toEqual(new Set(["published"]));
  const plan = readCsv(join(out, "plan.csv"));
  const settings = [...plan.get("setting")!].filter((_, row) => plan.get("class")![row] === "");
  expect(new Set(settings)).toEqual(new Set(["original", "masked"]));
});

test("another quantifier makes other shares and no composite; an unknown one is one line", async () => {
  const { claims } = await study({ proportions: { method: "pacc" } });
  expect(claims[0].method).toBe("pacc");
  const path = writeStudy(join(base, "wrong.json"), { proportions: { method: "best" } });
  expect(await main(["run", path, "--out", join(base, "wrong")])).toBe(1);
  expect(errors.at(-1)).toMatch(/wrong.json: .*proportions.method/);
});
