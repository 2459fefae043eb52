import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { ReportData } from "../../src/report/data.ts";
import { batchNotes } from "../../src/study/evidence/batch.ts";
import { readStudyFile } from "../../src/study/schema.ts";
import { runStudy } from "../../src/study.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-batch-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Plates of drawn cells are numbers of fields, the same for all classes. */
const dir = join(base, "study");
drawCells(join(dir, "cells"), { classes: ["nucleus", "vacuole", "ER"], cellsPerClass: 32, fields: 8 });
writeEncoder(dir, { name: "tiny", filters: 8 });

async function drawn(keys: Readonly<Record<string, unknown>>, out = "out"): Promise<ReportData> {
  const study = readStudyFile(writeStudy(join(dir, "study.json"), { learningCurve: false, ...keys }));
  return (await runStudy(study, { out: join(dir, out), workers: 1 })).report;
}
const of = <Id extends string>({ further }: ReportData, id: Id) =>
  further.filter((e): e is Extract<ReportData["further"][number], { id: Id }> => e.id === id);
const stage = (out: string, id: string) => join(dir, out, `stages/evidence/tiny/${id}.json`);

test("paste and batch are drawn, kept, and stand in the tables and in the report", async () => {
  const report = await drawn({});
  const [batch] = of(report, "batch");
  expect(batch).toMatchObject({ encoder: "tiny", column: "Plate", confounded: false });
  // A plate is one field of every class, and groups of two fields hold donors of both.
  expect(batch.notes).toEqual([
    "In ER, nucleus, vacuole every Plate is one field, so that telling the one is telling the other.",
  ]);
  const statements = batch.numbers.map((n) => n.statement);
  expect(statements).toEqual([
    "background-class/background-only",
    "background-class/cell-free",
    "background-field",
    ...["cell-free", "different"].flatMap((s) => [
      `capture-field/${s}`,
      `capture-field-base/${s}`,
      `capture-field-effect/${s}`,
    ]),
    "medium-own-batch",
    "medium-other-batch",
    "medium-batch",
  ]);
  expect(batch.chance).toEqual({
    "background-class/background-only": 1 / 3,
    "background-class/cell-free": 1 / 3,
    "background-field": 1 / 8,
  });
  expect(batch.beside.map((n) => n.statement)).toEqual([
    "capture-effect/cell-free",
    "capture-effect/different",
    "capture-neighbor",
  ]);
  expect(of(report, "paste")[0].numbers.map((n) => n.statement)).toEqual([
    "paste-seen/self",
    "paste-chosen/self",
    "paste-seen/same",
    "paste-chosen/same",
  ]);
  const effects = readFileSync(join(dir, "out/results/effects.csv"), "utf8");
  for (const name of [...statements, "paste-chosen/self"]) expect(effects).toContain(`tiny,${name},`);
  const html = readFileSync(join(dir, "out/report.html"), "utf8");
  expect(html).toContain("What a foreign background is called");
  expect(html).toContain("what of it comes with another Plate");
  const kept = readFileSync(stage("out", "batch"), "utf8");
  await drawn({ title: "Another" });
  expect(readFileSync(stage("out", "batch"), "utf8")).toBe(kept);
});

test("the column of batches is a choice of its own", async () => {
  const before = readFileSync(stage("out", "paste"), "utf8");
  const report = await drawn({ batch: "Field" });
  const [batch] = of(report, "batch");
  expect(batch).toMatchObject({ column: "Field", confounded: true });
  expect(report.flags).toContainEqual(
    expect.objectContaining({ id: "batch-is-class", severity: "note", encoder: "tiny" }),
  );
  expect(batch.notes[0]).toMatch(/every class has its own/);
  expect(batch.numbers.some((n) => n.statement.startsWith("medium"))).toBe(false);
  expect(readFileSync(stage("out", "paste"), "utf8")).toBe(before);
});

test("a column that is not there is refused before anything is made", async () => {
  await expect(drawn({ batch: "Dish" }, "refused")).rejects.toThrow(
    /"batch" names the column Dish; the cells have .*Plate/,
  );
  expect(existsSync(join(dir, "refused"))).toBe(false);
});

test("published folds allow none of it", async () => {
  const report = await drawn({ preset: "published" }, "published");
  for (const id of ["batch", "paste"] as const) {
    expect(of(report, id)).toEqual([]);
    expect(existsSync(stage("published", id))).toBe(false);
  }
});

test("without surroundings alone and without media, fields are told by nothing", async () => {
  const report = await drawn({ settings: ["original", "self"] }, "few");
  expect(of(report, "batch")[0].numbers).toEqual([]);
  expect(of(report, "paste")[0].numbers).toHaveLength(2);
});

test("what a design does not allow is said in a sentence", () => {
  const rows = (...of: number[]) => Int32Array.from(of);
  const notes = (batch: Int32Array[] | null, split = false, otherBatch: number | null = 0.5) => {
    const field = [rows(0, 0, 1, 1), rows(2, 2, 3, 3)];
    return batchNotes({ batch, field, classes: ["a", "b"] }, batch && "Plate", { split, otherBatch });
  };
  const crossed = [rows(0, 0, 1, 1), rows(0, 0, 1, 1)];
  for (const [batch, confounded, text] of [
    [null, false, /no column Plate, Batch or Replicate/],
    [[rows(-1, -1, -1, -1), rows(-1, -1, -1, -1)], false, /no cell has a value/],
    [[rows(0, 0, 0, 0), rows(0, 0, 0, 0)], false, /all cells are of one/],
    [[rows(0, 0, 1, 1), rows(2, 2, 3, 3)], true, /every class has its own/],
    [[rows(0, 0, 0, 0), rows(1, 1, 1, 1)], true, /every class has its own/],
    [crossed, false, /too few cells of a class/],
  ] as const) {
    const found = notes(batch === null ? null : [...batch]);
    expect(found.confounded).toBe(confounded);
    expect(found.notes.join(" ")).toMatch(text);
  }
  const three = batchNotes(
    { batch: [rows(0), rows(0), rows(1)], field: [rows(0), rows(1), rows(2)], classes: ["a", "b", "c"] },
    "Plate",
    { split: false, otherBatch: 0.5 },
  );
  expect(three.confounded).toBe(true);
  expect(three.notes[0]).toMatch(/every class is on one/);
  expect(notes(crossed, false, 0).notes[0]).toMatch(/every donor is of its cell's own/);
  expect(notes(crossed, true).notes).toEqual([
    "In a, b every Plate is one field, so that telling the one is telling the other.",
  ]);
  expect(notes([rows(0, -1, 1, 1), rows(0, 0, 1, 1)], true).notes[0]).toBe(
    "1 cell without a Plate: left out of what is said of it.",
  );
});
