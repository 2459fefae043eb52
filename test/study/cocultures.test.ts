import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CellStore } from "../../src/cells/store.ts";
import { readCsv } from "../../src/files/table.ts";
import { writeSimulatedCells } from "../../src/simulate/write-cells.ts";
import { readStudyFile } from "../../src/study/schema.ts";
import { runStudy } from "../../src/study.ts";
import { writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-cocultures-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

test("a study of co-cultures on plates runs to its end, with all evidence, and says that its fields are mixed", async () => {
  await writeSimulatedCells(join(base, "cells"), {
    seed: 5,
    localizations: ["nucleus", "ER", "cytoplasm", "vacuole"],
    proteinsPerLocalization: 1,
    cellsPerProtein: 24,
    fieldsPerProtein: 8,
    proteinsPerField: 3,
    plates: 2,
  });
  const encoders = [resolve(import.meta.dirname, "../../encoders/deeploc.json")];
  const path = writeStudy(join(base, "study.json"), { encoders, settings: undefined });
  const { flags } = await runStudy(readStudyFile(path), { out: join(base, "study"), workers: 1 });
  expect(flags.map((f) => f.id)).toContain("mixed-fields");
  // Closed groups of fields that three classes share, in which each class has donors.
  const store = await CellStore.open(join(base, "cells"));
  const classes = new Map<string, Set<string | null>>();
  store.cells.field.forEach((field, row) => {
    const of = classes.get(field) ?? new Set();
    classes.set(field, of.add(store.cells.localization[row]));
  });
  store.close();
  expect(Math.max(...[...classes.values()].map((of) => of.size))).toBe(3);
  const effects = readCsv(join(base, "study/results/effects.csv"));
  expect(Number(effects.get("groups")![0])).toBeGreaterThanOrEqual(3);
  for (const statement of [
    "same",
    "neighbor",
    "background-class/cell-free",
    "background-batch",
    "natural/class",
  ])
    expect(effects.get("statement")).toContain(statement);
});
