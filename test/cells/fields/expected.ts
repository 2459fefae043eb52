import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CellPixels, CellSource } from "../../../src/cells/importer.ts";
import { NpyReader } from "../../../src/files/npy.ts";

export const fixtures = resolve(import.meta.dirname, "../../fixtures/fields");

/** What scikit-image measures of a piece of a mask. */
export interface ExpectedPiece {
  readonly label: number;
  readonly row: number;
  readonly column: number;
  readonly area: number;
}

/** What scikit-image measures of a cell, and the nuclei that numpy counts in it. */
export interface ExpectedCell extends ExpectedPiece {
  readonly atEdge: boolean;
  readonly whole: boolean;
  readonly nuclei: readonly number[];
}

export const expected: {
  readonly side: number;
  readonly fields: Readonly<Record<string, ExpectedCell[]>>;
  /** 4-connected pieces of the cells of field A. */
  readonly pieces: ExpectedPiece[];
  /** The same, divided among the nuclei. */
  readonly divided: ExpectedPiece[];
} = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8"));

/** Cells of a field that can be cut whole. */
export const wholeCells = (field: string) => expected.fields[field].filter((c) => c.whole && !c.atEdge);

/** Crop and mask that numpy cuts for a cell. */
export function expectedPixels(field: string, label: number): CellPixels {
  const all = Object.entries(expected.fields).flatMap(([name, cells]) => cells.map((c) => ({ name, ...c })));
  const row = all.findIndex((cell) => cell.name === field && cell.label === label);
  const { side } = expected;
  const crops = new NpyReader(join(fixtures, "expected.npy"));
  const masks = new NpyReader(join(fixtures, "expected-masks.npy"));
  const crop = new Float32Array(2 * side * side);
  const mask = new Uint8Array(side * side);
  crops.read(row, 1, crop);
  masks.read(row, 1, mask);
  crops.close();
  masks.close();
  return { height: side, width: side, crop, mask };
}

/** All cells of a source: label, and pixels as float32. */
export async function readAll(source: CellSource): Promise<{ label: number; pixels: CellPixels }[]> {
  const cells = [];
  for (let cell = 0; cell < source.count; cell++) {
    const pixels = await source.read(cell);
    cells.push({
      label: Number(source.record(cell).Metadata_ObjectNumber),
      pixels: { ...pixels, crop: Float32Array.from(pixels.crop) },
    });
  }
  return cells;
}
