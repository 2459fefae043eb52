import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resolveStudy } from "../../src/study/schema.ts";
import { runStudy } from "../../src/study.ts";
import { drawCells, setVerdicts, writeEncoder } from "./drawn.ts";

const CELLS = 10;
const base = mkdtempSync(join(tmpdir(), "cellswap-allow-"));
beforeAll(() => {
  drawCells(join(base, "cells"), { cellsPerClass: CELLS, fields: 2 });
  writeEncoder(base, { name: "tiny" });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

let number = 0;
/** Runs a study of two settings on the drawn cells, whose masks have these verdicts. */
async function run(verdict: (cell: number) => string, keys: Readonly<Record<string, unknown>> = {}) {
  const verdicts = Array.from({ length: 2 * CELLS }, (_, cell) => verdict(cell));
  setVerdicts(join(base, "cells"), verdicts);
  const file = {
    cells: "cells",
    encoders: ["tiny.json"],
    settings: ["original", "masked"],
    split: "stratified",
  };
  const study = resolveStudy({ ...file, folds: 2, ...keys }, base, "study.json");
  return runStudy(study, { out: join(base, `out${number++}`), workers: 1 });
}

test("a study whose cells are all over a limit says how to take them, and takes them then", async () => {
  await expect(run(() => "border")).rejects.toThrow(
    'none of the 20 cells has a usable mask (border 20); set "allow": ["border"] where the masks are right, or segment them again',
  );
  const { report, flags } = await run(() => "border", { allow: ["border"] });
  expect(report.cells).toMatchObject({ used: 2 * CELLS, leftOut: {} });
  expect(flags.find((f) => f.id === "over-limits")).toMatchObject({
    severity: "warning",
    text: expect.stringMatching(
      /^20 of 20 cells are used although their masks are over a limit \(border 20\)/,
    ),
  });
});

test("only the limits that are named are lifted", async () => {
  const verdict = (cell: number) => (cell % 5 === 0 ? "ragged" : cell % 5 === 1 ? "border;ragged" : "ok");
  const used = async (keys: Readonly<Record<string, unknown>>) => (await run(verdict, keys)).report.cells;
  expect(await used({})).toMatchObject({
    used: 12,
    leftOut: { "mask: ragged": 4, "mask: border;ragged": 4 },
  });
  expect(await used({ allow: ["ragged"] })).toMatchObject({
    used: 16,
    leftOut: { "mask: border;ragged": 4 },
  });
  expect(await used({ allow: ["border", "ragged"] })).toMatchObject({ used: 20, leftOut: {} });
});

test("what is no limit cannot be lifted", () => {
  expect(() => resolveStudy({ cells: "c", encoders: ["e"], allow: ["empty"] }, base, "study.json")).toThrow(
    /allow/,
  );
});
