import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundledEncoders, bundledName } from "../../../src/encode/bundled.ts";
import { type ViewStudy, viewStudySchema } from "../../../src/explore/format.ts";
import { NpyReader } from "../../../src/files/npy.ts";
import { openSealed, sealJson } from "../../../src/files/sealed.ts";
import { readParquet, table } from "../../../src/files/table.ts";
import { SETTINGS } from "../../../src/settings.ts";
import { readRecord } from "../../../src/study/record.ts";
import { readStudyFile } from "../../../src/study/schema.ts";
import { verifyStudy } from "../../../src/study/verify-study.ts";
import { micrometersOf } from "../../../src/study/view/tables.ts";
import { runStudy } from "../../../src/study.ts";
import { contents } from "../command.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const CLASSES = ["cytoplasm", "nucleus", "vacuole"];
const base = mkdtempSync(join(tmpdir(), "cellswap-view-"));
const first = join(base, "first");
const probes = join(first, "view/tiny/probes.npy");
const stage = join(first, "stages/transfer/tiny.json");
let left: Record<string, string>;

beforeAll(async () => {
  drawCells(join(base, "cells"), {
    classes: CLASSES,
    cellsPerClass: 12,
    fields: 4,
    places: true,
    localization: (name, i) => (name === "vacuole" && i % 5 === 0 ? null : name),
  });
  writeEncoder(base, { name: "tiny" });
  await run({});
  left = contents(first);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

async function run(keys: Readonly<Record<string, unknown>>, out = first): Promise<void> {
  const path = writeStudy(join(base, "study.json"), { classes: CLASSES, learningCurve: false, ...keys });
  await runStudy(readStudyFile(path), { out, workers: 1, date: "2026-11-28" });
}

function npy(path: string): { shape: readonly number[]; values: Float32Array | Float64Array } {
  const file = new NpyReader(path);
  const length = file.shape.reduce((a, b) => a * b, 1);
  const values = file.type === "float32" ? new Float32Array(length) : new Float64Array(length);
  file.read(0, file.shape[0], values);
  file.close();
  return { shape: file.shape, values };
}

const viewStudy = (out: string): ViewStudy =>
  viewStudySchema.parse(JSON.parse(readFileSync(join(out, "view/study.json"), "utf8")));

/** Holds the probabilities of a study to the predictions of its composites, to the bit; returns how many there are. */
async function compare(out: string): Promise<number> {
  const { classes, composites: count } = viewStudy(out);
  const plan = await readParquet(join(out, "view/plan.parquet"));
  const cells = await readParquet(join(out, "view/cells.parquet"));
  const { columns } = await readParquet(join(out, "view/tiny/composites.parquet"));
  const { shape, values } = npy(join(out, "view/tiny/probabilities.npy"));
  expect(shape).toEqual([count, classes.length]);
  let predicted = 0;
  for (let row = 0; row < count; row++) {
    const of = values.subarray(row * classes.length, (row + 1) * classes.length);
    const [prediction, probability, own, lent] = ["prediction", "probability", "own", "lent"].map((name) =>
      Number(columns.get(name)![row]),
    );
    if (prediction < 0) {
      expect([...of, probability, own, lent].every(Number.isNaN)).toBe(true);
      continue;
    }
    predicted++;
    const cell = Number(plan.columns.get("cell")![row]);
    const background = Number(plan.columns.get("background")![row]);
    expect(probability).toBe(Math.max(...of));
    expect(probability).toBe(of[prediction]);
    expect(own).toBe(of[classes.indexOf(String(cells.columns.get("class")![cell]))]);
    if (!Number.isNaN(lent)) expect(lent).toBe(of[background]);
    expect(Array.from(of).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  }
  return predicted;
}

test("probabilities of all classes agree with the predictions of composites to the bit", async () => {
  expect(await compare(first)).toBe(viewStudy(first).composites);
});

test("probes are saved for every closed group, on raw features", () => {
  const { shape, values } = npy(probes);
  const { dimension } = viewStudy(first).encoders[0];
  expect(shape.slice(1)).toEqual([CLASSES.length, dimension + 1]);
  expect(shape[0]).toBeGreaterThanOrEqual(2);
  expect(values).toBeInstanceOf(Float64Array);
  expect(values.every(Number.isFinite)).toBe(true);
});

test("the map shows originals in the directions in which they differ most, and all composites there", async () => {
  const { encoders, settings } = viewStudy(first);
  const [{ map, dimension }] = encoders;
  const { columns: plan } = await readParquet(join(first, "view/plan.parquet"));
  const { columns, rows } = await readParquet(join(first, "view/tiny/composites.parquet"));
  const originals = Array.from({ length: rows }, (_, row) => row).filter(
    (row) => SETTINGS[Number(plan.get("setting")![row])] === "original",
  );
  expect(settings).toContain("original");
  expect(map!.crops).toBe(originals.length);
  expect(map!.axes[0].share).toBeGreaterThanOrEqual(map!.axes[1].share);
  for (const [i, name] of ["map_x", "map_y"].entries()) {
    const values = Array.from(columns.get(name)! as Float32Array);
    expect(values.every(Number.isFinite)).toBe(true);
    const squares = originals.reduce((sum, row) => sum + values[row] ** 2, 0) / originals.length;
    expect(squares / dimension).toBeCloseTo(map!.axes[i].share, 5);
    expect(originals.reduce((sum, row) => sum + values[row], 0) / originals.length).toBeCloseTo(0, 4);
  }
});

test("cells have their places, and pixels their size, where the store knows them", async () => {
  const { columns } = await readParquet(join(first, "view/cells.parquet"));
  expect([columns.get("x")![3], columns.get("y")![3]]).toEqual([13, 20.5]);
  expect(viewStudy(first).crops.micrometers).toBe(0.25);
  const of = (sizes: number[] | string[]) =>
    micrometersOf({
      metadata: table({
        Metadata_PixelSize:
          typeof sizes[0] === "string" ? (sizes as string[]) : Float64Array.from(sizes as number[]),
      }),
    });
  expect([[0.1, 0.1], [0.1, 0.2], [Number.NaN, 0.1], [0, 0], ["a"]].map((s) => of(s as number[]))).toEqual([
    0.1,
    ...Array(4).fill(null),
  ]);
  expect(micrometersOf({ metadata: table({ Metadata_X: Float64Array.of(1) }) })).toBeNull();
});

test("the record vouches for all of it, and verify reads it", async () => {
  const { files } = readRecord(first);
  for (const name of ["composites.parquet", "probabilities.npy", "probes.npy"])
    expect(files).toHaveProperty([`view/tiny/${name}`]);
  expect(files).not.toHaveProperty(["view/sources.json"]);
  expect((await verifyStudy(first)).files.filter(({ fault }) => fault !== null)).toEqual([]);
});

test("the same study again writes nothing", async () => {
  const written = statSync(probes).mtimeMs;
  await run({});
  expect(contents(first)).toEqual(left);
  expect(statSync(probes).mtimeMs).toBe(written);
});

test.each([
  ["missing", () => rmSync(probes)],
  ["damaged", () => writeFileSync(probes, readFileSync(probes).fill(7, 200, 208))],
  ["of another study", () => copyFileSync(join(first, "view/tiny/probabilities.npy"), probes)],
  [
    "lacking in what an earlier version kept",
    () => {
      const { sha256: _, ...kept } = openSealed(readFileSync(stage))!;
      writeFileSync(stage, sealJson({ ...kept, value: (kept.value as { blocks: unknown }).blocks }));
      rmSync(probes);
    },
  ],
])("probes that are %s are fitted again, to the same bytes", async (_, harm) => {
  harm();
  await run({});
  expect(contents(first)).toEqual(left);
});

test("a class that a study leaves out, and a background that no class lends", async () => {
  const out = join(base, "fewer");
  await run({ classes: CLASSES.slice(1), backgrounds: ["nucleus"] }, out);
  expect(viewStudy(out).classes).toEqual(CLASSES.slice(1));
  expect(await compare(out)).toBe(viewStudy(out).composites);
});

test("encoders that come with cellswap are noted by name, others by place", () => {
  const [[name, path]] = bundledEncoders();
  expect(bundledName(path)).toBe(name);
  expect(bundledName(join(base, "tiny.json"))).toBeNull();
  const sources = JSON.parse(readFileSync(join(first, "view/sources.json"), "utf8"));
  expect(sources).toMatchObject({ cells: "../cells", encoders: { tiny: "../tiny.json" } });
});

test("published folds have no probe of all classes", async () => {
  const out = join(base, "published");
  await run({ preset: "published" }, out);
  expect(viewStudy(out).encoders[0].predicted).toBe(false);
  expect(existsSync(join(out, "view/tiny/probes.npy"))).toBe(false);
  expect(existsSync(join(out, "view/tiny/probabilities.npy"))).toBe(false);
  const { columns } = await readParquet(join(out, "view/tiny/composites.parquet"));
  expect([...columns.get("prediction")!].every((p) => p === -1)).toBe(true);
});

test.each(["composites.parquet", "probabilities.npy"])("%s that is damaged is made again", async (name) => {
  const path = join(first, "view/tiny", name);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(path, bytes);
  expect((await verifyStudy(first)).files.filter(({ fault }) => fault !== null)).toEqual([
    expect.objectContaining({ path }),
  ]);
  await run({});
  expect(contents(first)).toEqual(left);
});

test("what a study no longer has goes with it", async () => {
  const out = join(base, "other");
  await run({}, out);
  writeEncoder(base, { name: "more", seed: 3 });
  await run({ encoders: ["more.json"] }, out);
  expect(existsSync(join(out, "view/tiny"))).toBe(false);
  expect(Object.keys(readRecord(out).files).filter((name) => name.startsWith("view/tiny"))).toEqual([]);
});
