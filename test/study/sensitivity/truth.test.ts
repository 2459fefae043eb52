import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CellStore, CellStoreWriter } from "../../../src/cells/store.ts";
import { namedSeed } from "../../../src/core/rng.ts";
import { OnnxGraph } from "../../../src/encode/onnx/graph.ts";
import { numberOf, SENSITIVE_EFFECTS, type Sensitivity } from "../../../src/evidence/sensitivity.ts";
import { diameterOf } from "../../../src/masks/diameter.ts";
import { type MaskError, MaskErrors } from "../../../src/masks/mask-error.ts";
import { readStudyFile } from "../../../src/study/schema.ts";
import { runStudy } from "../../../src/study.ts";
import { describeModel, drawCells, writeEncoder, writeModel, writeStudy } from "../drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-sensitivity-truth-"));
const SIZE = 32;
const SEED = 5;

/** An encoder of single pixels, their values and squares, and the mean of them under the mask that it is told, or of all. */
function writePixels(name: string, pool: "center-mean" | "mean"): string {
  const graph = new OnnxGraph(name);
  const x = graph.input("x", ["batch", 2, SIZE, SIZE]);
  graph.node("Concat", [x, graph.node("Mul", [x, x])], { axis: 1 }, "map");
  graph.output("map", ["batch", 4, SIZE, SIZE]);
  writeModel(join(base, `${name}.onnx`), graph);
  return describeModel(base, {
    name,
    model: `${name}.onnx`,
    input: { name: "x", channels: ["GFP", "RFP"], height: SIZE, width: SIZE },
    preprocess: [{ step: "scale", factor: 0.02 }],
    outputs: [{ output: "map", layout: "NCHW", pool }],
  });
}

/** Neither `same` nor what shows a part alone is looked at. */
const settings = ["original", "self", "cell-free", "different"];

async function study(name: string, keys: Readonly<Record<string, unknown>>) {
  const path = writeStudy(join(base, `${name}.json`), {
    seed: SEED,
    learningCurve: false,
    settings,
    ...keys,
  });
  return runStudy(readStudyFile(path), { out: join(base, name), workers: 2, date: "2026-01-01" });
}

beforeAll(async () => {
  const classes = ["cytoplasm", "nucleus", "vacuole"];
  drawCells(join(base, "apart"), { classes, cellsPerClass: 18, fields: 3, size: SIZE });
  // So that neighbors are near.
  await segmentedWrongly("apart", "cells", { kind: "dilate", amount: 2 });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe("an encoder of nothing but pixels under the mask", () => {
  const sensitivity = ["erode-4", "dilate-6", "neighbor-slice-40", "cell-slice-30", "halo-0", "fill"];
  let found: Sensitivity[];
  beforeAll(async () => {
    writePixels("center", "center-mean");
    writePixels("whole", "mean");
    const encoders = ["center.json", "whole.json"];
    const done = await study("pure", { encoders, edge: "hard", donorCenter: "keep", sensitivity });
    found = [...done.sensitivity];
  });

  test("has no effect of anything around the cell, however wrong the masks are", () => {
    const [center] = found;
    for (const { variant } of center.variants)
      for (const of of SENSITIVE_EFFECTS) {
        expect(numberOf(center, variant, of)!.estimate, `${variant} ${of}`).toBeCloseTo(0, 12);
        expect(numberOf(center, variant, of, "sensitivity-change")!.estimate).toBeCloseTo(0, 12);
      }
    expect(center.variants.map((v) => v.variant)).toEqual(sensitivity);
  });

  test("reads a piece of a neighbor as the cell, which no effect shows and its accuracy does", () => {
    const [center] = found;
    const accuracy = (variant: string) => numberOf(center, variant, "different")!.estimate;
    expect(accuracy("neighbor-slice-40")).not.toBe(accuracy("as-run"));
    expect(accuracy("neighbor-slice-40")).toBe(numberOf(center, "neighbor-slice-40", "original")!.estimate);
    expect(accuracy("halo-0")).toBe(accuracy("as-run"));
  });

  test("while one of the whole crop has effects, which change with the masks", () => {
    const [, whole] = found;
    const effects = whole.variants.flatMap((v) =>
      SENSITIVE_EFFECTS.map((of) => numberOf(whole, v.variant, of)!.estimate!),
    );
    expect(effects.some((e) => Math.abs(e) > 0.005)).toBe(true);
    expect(new Set(effects).size).toBeGreaterThan(3);
  });
});

/** The cells with an error in all of their masks, as a segmentation that makes it would have left them. */
async function segmentedWrongly(from: string, to: string, error: MaskError): Promise<void> {
  const store = await CellStore.open(join(base, from));
  const writer = new CellStoreWriter(join(base, to), store, "full", "drawn");
  const errors = new MaskErrors(store.height, store.width, diameterOf(store));
  const crop = new Float32Array(store.channels.length * SIZE * SIZE);
  const mask = new Uint8Array(SIZE * SIZE);
  for (let cell = 0; cell < store.count; cell++) {
    store.readCrop(cell, crop);
    store.readMask(cell, mask);
    errors.put(mask, error, namedSeed(SEED, "mask error", cell));
    const record = Object.fromEntries(
      [...store.cells.metadata.columns].map(([name, values]) => [name, values[cell]]),
    );
    writer.append(crop, mask, record);
  }
  writer.finish({ verdict: [...store.verdicts!], measures: new Map() });
  store.close();
}

describe("a variant is the study of cells that are segmented so", () => {
  /** A 32nd of the diameter that crops of 32 px are made for. */
  const unit = 0.5;
  const errors: Readonly<Record<string, MaskError>> = {
    "erode-4": { kind: "erode", amount: 4 * unit },
    "neighbor-slice-30": { kind: "neighbor-slice", amount: 0.3 },
    "cell-slice": { kind: "cell-slice", amount: 0.1 },
  };
  const encoders = ["tiny.json", "center.json"];
  let varied: readonly Sensitivity[];
  beforeAll(async () => {
    writeEncoder(base, { name: "tiny" });
    varied = (await study("varied", { encoders, sensitivity: Object.keys(errors) })).sensitivity;
  });

  test.each(Object.entries(errors))("%s", async (variant, error) => {
    await segmentedWrongly("cells", variant, error);
    const { report } = await study(`of-${variant}`, { encoders, cells: variant });
    for (const found of varied)
      for (const of of [...SENSITIVE_EFFECTS, ...settings]) {
        const { value, low, high } = report.estimates.find(
          (e) => e.encoder === found.encoder && e.of === of && e.class === null,
        )!;
        const { estimate, low: from, high: to } = numberOf(found, variant, of)!;
        expect([estimate, from, to], `${found.encoder} ${of}`).toEqual([value, low, high]);
      }
    const masks = varied[0].variants.find((v) => v.variant === variant)!.masks!;
    expect(masks.changed).toBeGreaterThan(40);
    expect(masks.iou).toBeLessThan(1);
  });
});
