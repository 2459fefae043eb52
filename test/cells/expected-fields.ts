import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { NpyReader } from "../../src/files/npy.ts";

export const fixtures = resolve(import.meta.dirname, "../fixtures/fields");

/** What scikit-image measures of a cell, and the nuclei that numpy counts in it. */
export interface ExpectedCell {
  readonly label: number;
  readonly row: number;
  readonly column: number;
  readonly area: number;
  readonly atEdge: boolean;
  readonly whole: boolean;
  readonly nuclei: readonly number[];
}

export const expected: { side: number; fields: Record<string, ExpectedCell[]> } = JSON.parse(
  readFileSync(join(fixtures, "expected.json"), "utf8"),
);

/** Crop and mask that numpy cuts for every cell of every field, in the order of `expected`. */
export function expectedPixels(field: string, label: number): { crop: Float32Array; mask: Uint8Array } {
  const all = Object.entries(expected.fields).flatMap(([name, cells]) => cells.map((c) => ({ name, ...c })));
  const row = all.findIndex((cell) => cell.name === field && cell.label === label);
  const size = expected.side ** 2;
  const crops = new NpyReader(join(fixtures, "expected.npy"));
  const masks = new NpyReader(join(fixtures, "expected-masks.npy"));
  const crop = new Float32Array(2 * size);
  const mask = new Uint8Array(size);
  crops.read(row, 1, crop);
  masks.read(row, 1, mask);
  crops.close();
  masks.close();
  return { crop, mask };
}
