import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect } from "vitest";
import { NpyReader } from "../../src/files/npy.ts";
import { readParquet } from "../../src/files/table.ts";
import { hasModules, runPython } from "../python.ts";
import { drawCells } from "../study/drawn.ts";

/** The first Python that has PyTorch: that of PYTHON, that of the PATH, or that of Debian's packages. */
export const python = [process.env.PYTHON ?? "python3", "python3", "/usr/bin/python3"].find((p) =>
  hasModules(["torch", "numpy"], p),
);
export const arrow = python !== undefined && hasModules(["pyarrow"], python);
const script = resolve(import.meta.dirname, "datasets.py");

export const folder = mkdtempSync(join(tmpdir(), "cellswap-datasets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** A path in the folder of the test that imports this. */
export const at = (name: string) => join(folder, name);

export const SIZE = 32;
export const PIXELS = SIZE * SIZE;
export const CLASSES = ["cytoplasm", "nucleus", "vacuole"];
const FIELDS = 9;
export const COUNT = 36;

export type Question = readonly [what: string, options: Readonly<Record<string, unknown>>];

/** Answers of one process. */
export function askAll(questions: readonly Question[]) {
  const { status, stdout, stderr } = runPython([script, JSON.stringify(questions)], {
    program: python!,
    cwd: folder,
  });
  expect([status, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

export function ask(...question: Question) {
  return askAll([question])[0];
}

/** Holds what data sets are refused with to what is expected, by options. */
export function expectRefusals(base: object, refusals: readonly [object, string | RegExp | null][]): void {
  const messages = askAll(refusals.map(([options]) => ["error", { ...base, ...options }]));
  refusals.forEach(([, expected], i) => {
    if (expected instanceof RegExp) expect(messages[i]).toMatch(expected);
    else expect(messages[i]).toBe(expected);
  });
}

/** Options of a data set over the store `cells`. */
export const cells = {
  of: "cells",
  store: "cells",
  metadata: "cells.json.columns",
  labels: "Metadata_Localization",
};

/** Writes the metadata of a store as JSON, for a Python that reads no Parquet. */
export async function writeColumns(store: string, file: string): Promise<void> {
  const { columns } = await readParquet(join(store, "metadata.parquet"));
  writeFileSync(
    at(file),
    JSON.stringify(
      Object.fromEntries([...columns].map(([k, v]) => [k, Array.from(v as ArrayLike<unknown>)])),
    ),
  );
}

export function readAll(name: string): { shape: readonly number[]; values: Float32Array } {
  const reader = new NpyReader(at(name));
  const { shape } = reader;
  const values = new Float32Array(shape.reduce((a, b) => a * b));
  reader.read(0, shape[0], values);
  reader.close();
  return { shape, values };
}

/** Draws the store `cells`, and what Python is told of it. */
export async function drawStore(): Promise<void> {
  drawCells(at("cells"), { classes: CLASSES, cellsPerClass: COUNT / 3, fields: FIELDS / 3, size: SIZE });
  await writeColumns(at("cells"), "cells.json.columns");
}
