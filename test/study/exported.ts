import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { CellStore } from "../../src/cells/store.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { CellswapError } from "../../src/errors.ts";
import { NpyReader, NpyWriter } from "../../src/files/npy.ts";
import { exportComposites } from "../../src/study/composites/export.ts";
import { readStudyFile } from "../../src/study/schema.ts";
import { runStudy, type StudyOptions } from "../../src/study.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

/** Folder of the test that imports this; it removes it. */
export const base = mkdtempSync(join(tmpdir(), "cellswap-own-"));
export const exported = join(base, "composites");
export const features = join(exported, "tiny.npy");
export const own = { name: "tiny", features: "composites/tiny.npy" };

/** Draws cells and encoders, and exports the composites of a study of them. */
export async function drawStudy(): Promise<void> {
  drawCells(join(base, "cells"), {
    classes: ["cytoplasm", "nucleus", "vacuole"],
    cellsPerClass: 12,
    fields: 3,
    localization: (name, i) => (i === 11 ? `${name}|other` : name),
  });
  writeEncoder(base, { name: "tiny" });
  writeEncoder(base, { name: "more", seed: 3 });
  await exportComposites(study({}), { out: exported, masks: true, workers: 2 });
}

let number = 0;
export function study(keys: Readonly<Record<string, unknown>>) {
  return readStudyFile(writeStudy(join(base, `study-${number++}.json`), keys));
}

export async function run(
  keys: Readonly<Record<string, unknown>>,
  out: string,
  options: Partial<StudyOptions> = {},
) {
  return runStudy(study(keys), { out: join(base, out), workers: 1, date: "2026-01-01", ...options });
}

/** Encodes exported composites one by one, as another program would, and saves their features. */
export async function encode(folder: string, to: string): Promise<void> {
  const store = await CellStore.open(join(base, "cells"));
  const encoder = await openEncoder(readEncoder(join(base, "tiny.json")), store);
  const composites = new NpyReader(join(folder, "composites.npy"));
  const writer = new NpyWriter(to, "float32", [encoder.dimensions[0]]);
  const [rows, ...shape] = composites.shape;
  const crop = new Float32Array(shape.reduce((a, b) => a * b));
  const vector = new Float32Array(encoder.dimensions[0]);
  for (let row = 0; row < rows; row++) {
    composites.read(row, 1, crop);
    await encoder.encode(crop, new Uint8Array(), 1, [vector]);
    writer.append(vector);
  }
  writer.close();
  composites.close();
  store.close();
  await encoder.release();
}

/** The one line that work fails with. */
export async function failure(work: Promise<unknown>): Promise<CellswapError> {
  const error = await work.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(CellswapError);
  expect((error as CellswapError).message).not.toContain("\n");
  return error as CellswapError;
}
