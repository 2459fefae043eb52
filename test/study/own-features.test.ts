import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CellStore } from "../../src/cells/store.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { NpyReader, NpyWriter } from "../../src/files/npy.ts";
import { readParquet } from "../../src/files/table.ts";
import { exportComposites } from "../../src/study/composites/export.ts";
import { readStudyFile } from "../../src/study/schema.ts";
import { runStudy, type StudyOptions } from "../../src/study.ts";
import { contents } from "./command.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-own-"));
const exported = join(base, "composites");
const features = join(exported, "tiny.npy");
const own = { name: "tiny", features: "composites/tiny.npy" };
let ordinary: Record<string, string>;

beforeAll(async () => {
  drawCells(join(base, "cells"), {
    classes: ["cytoplasm", "nucleus", "vacuole"],
    cellsPerClass: 12,
    fields: 3,
    localization: (name, i) => (i === 11 ? `${name}|other` : name),
  });
  writeEncoder(base, { name: "tiny" });
  writeEncoder(base, { name: "more", seed: 3 });
  await run({}, "ordinary");
  ordinary = contents(join(base, "ordinary/results"));
  await exportComposites(study({}), { out: exported, masks: true, workers: 2 });
  await encode(exported, features);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

let number = 0;
function study(keys: Readonly<Record<string, unknown>>) {
  return readStudyFile(writeStudy(join(base, `study-${number++}.json`), keys));
}

async function run(
  keys: Readonly<Record<string, unknown>>,
  out: string,
  options: Partial<StudyOptions> = {},
) {
  return runStudy(study(keys), { out: join(base, out), workers: 1, date: "2026-01-01", ...options });
}

/** Encodes exported composites one by one, as another program would, and saves their features. */
async function encode(folder: string, to: string): Promise<void> {
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

test("features of exported composites give the same tables as the encoder itself, byte for byte", async () => {
  const done = await run({ encoders: [own] }, "own");
  const results = contents(join(base, "own/results"));
  const { "cells.parquet": mine, ...tables } = results;
  const { "cells.parquet": theirs, ...expected } = ordinary;
  expect(tables).toEqual(expected);
  expect(Object.keys(tables).length).toBeGreaterThan(5);
  expect(mine).not.toBe(theirs);
  expect(done.composites).toBe(0);
  expect(done.report.encoders[0].description).toBe("features made elsewhere");
  const [a, b] = await Promise.all(
    ["own", "ordinary"].map((s) => readParquet(join(base, s, "results/cells.parquet"))),
  );
  for (const [name, column] of a.columns)
    if (!name.startsWith("features_file")) expect(column, name).toEqual(b.columns.get(name));
});
