import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readStudyFile } from "../../src/study/schema.ts";
import { verifyStudy } from "../../src/study/verify-study.ts";
import { runStudy } from "../../src/study.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-wide-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

test("a flattened map of 8,192 features is judged to the end: pairs, transfer, evidence and tables", async () => {
  drawCells(join(base, "cells"), { classes: ["a", "b", "c"], cellsPerClass: 16, fields: 6 });
  writeEncoder(base, {
    name: "tiny",
    filters: 32,
    outputs: [{ output: "map", layout: "NCHW", pool: "flatten" }],
  });
  const study = readStudyFile(writeStudy(join(base, "study.json"), { preset: "recommended" }));
  const out = join(base, "out");
  const { report } = await runStudy(study, { out, workers: 1 });
  expect(report.encoders[0].dimension).toBe(32 * 16 * 16);
  expect(report.scores.length).toBeGreaterThan(30);
  for (const { gap } of report.scores) expect(gap).toBeLessThanOrEqual(1e-6);
  expect(report.estimates.find((e) => e.of === "transfer")).toBeDefined();
  expect((await verifyStudy(out)).files.filter((file) => file.fault !== null)).toEqual([]);
});
