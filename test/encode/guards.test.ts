import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import type { PreprocessStep } from "../../src/encode/description.ts";
import type { Encoder } from "../../src/encode/encoder.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { constant, tryOut } from "../../src/encode/try.ts";
import { changedUnits, followsUnits } from "../../src/encode/units.ts";
import { describeModel, type OperatorModel, writeEncoder, writeOperator } from "../study/drawn.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-try-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const shape = { channels: ["GFP", "RFP"], height: 32, width: 32 };

const scale: PreprocessStep = { step: "scale", factor: 1 / 4095, offset: 0 };
const fixed: PreprocessStep = { step: "fixed", mean: [0.4], sd: [0.2] };
const clip: PreprocessStep = { step: "clip", low: 0, high: 1 };
const minmax: PreprocessStep = { step: "minmax", epsilon: 0 };
const standardize: PreprocessStep = { step: "standardize", epsilon: 0, floor: "none", over: "channel" };
const stretch = (divide: "always" | "range-over-one"): PreprocessStep => ({
  step: "percentile",
  low: 1,
  high: 99,
  clip: "both",
  divide,
  epsilon: 0,
});
const resize: PreprocessStep = { step: "resize", height: 64, width: 64 };

test.each<[string, PreprocessStep[], boolean]>([
  ["nothing", [], true],
  ["a factor", [scale], true],
  ["ImageNet's constants", [resize, scale, fixed], true],
  ["limits before the crop's own range", [clip, minmax], true],
  ["a stretch over ranges above 1 only", [stretch("range-over-one")], true],
  ["the crop's own range", [minmax], false],
  ["its own mean and spread", [standardize, clip], false],
  ["its own percentiles, then constants", [resize, stretch("always"), scale, fixed], false],
  ["a factor that is divided out again", [scale, standardize], false],
])("%s: whether the unit of the pixels matters", (_, preprocess, follows) => {
  expect(followsUnits(preprocess)).toBe(follows);
  expect(changedUnits({ name: "net", preprocess }, "none")).toBeNull();
  expect(changedUnits({ name: "net", preprocess }, "protein")?.id).toBe(
    follows ? "changed-units" : undefined,
  );
});

const random = mulberry32(2);
const samples = {
  count: 16,
  crops: Float32Array.from({ length: 16 * 2048 }, () => normal(random)),
  masks: new Uint8Array(16 * 1024),
};

async function tried(path: string, crops = samples) {
  const file = readEncoder(path);
  const opened = await openEncoder(file, shape);
  try {
    return await tryOut(opened, file.description.name, crops);
  } finally {
    await opened.release();
  }
}

function operator(name: string, model: OperatorModel): string {
  writeOperator(join(folder, `${name}.onnx`), model);
  return describeModel(folder, {
    name,
    model: `${name}.onnx`,
    input: { name: "x", channels: shape.channels, height: 32, width: 32 },
    outputs: [{ output: "y", layout: "NCHW", pool: "mean" }],
  });
}

test("a network in evaluation mode gives the same bytes twice, alone and beside others", async () => {
  const outputs = [
    { output: "map", layer: "max", layout: "NCHW", pool: "max" },
    { output: "map", layer: "mean", layout: "NCHW", pool: "mean" },
    { output: "vector", layer: "vector" },
  ];
  expect(await tried(writeEncoder(folder, { name: "fine", filters: 24, outputs }))).toEqual([]);
  expect(await tried(operator("relu", ["Relu"]))).toEqual([]);
});

test("a network that looks at its batch is refused, and one that draws numbers", async () => {
  expect(await tried(operator("batch", ["Softmax", { axis: 0 }]))).toMatchObject([
    { id: "batch-dependent", severity: "refuse", encoder: "batch" },
  ]);
  let time = 0;
  const chance: Encoder = {
    dimensions: [1],
    usesMask: false,
    runMs: 0,
    tolerance: 1e-6,
    encode: async (_crops, _masks, count, [out]) => {
      time++;
      for (let i = 0; i < count; i++) out[i] = time * (i + 1);
    },
    release: async () => {},
  };
  expect(await tryOut(chance, "chance", samples)).toMatchObject([
    { id: "not-reproducible", severity: "refuse", encoder: "chance" },
  ]);
});

test("features that vary by rounding alone do not vary", async () => {
  const rows = Float32Array.of(0.1, 7, 0.1, 7.000001, 0.1, 6.999999);
  expect(constant(rows, 2)).toBe(true);
  expect(constant(Float32Array.of(0.1, 7, 0.1, 7, 0.1001, 7), 2)).toBe(false);
  const zero = writeEncoder(folder, { name: "zero", preprocess: [{ step: "scale", factor: 0 }] });
  expect(await tried(zero)).toMatchObject([
    {
      id: "constant-features",
      severity: "warning",
      encoder: "zero",
      text: expect.stringContaining("all 16 crops"),
    },
  ]);
});

test.each([1e-40, 1e-8, 1e14])(
  "features of about %d are told: probes learn nothing from them",
  async (factor) => {
    const scaled: Encoder = {
      dimensions: [1],
      usesMask: false,
      runMs: 0,
      tolerance: 1e-6,
      encode: async (crops, _masks, count, [out]) => {
        for (let i = 0; i < count; i++) out[i] = factor * crops[i * 2048];
      },
      release: async () => {},
    };
    const told = (await tryOut(scaled, "scaled", samples)).find((flag) => flag.id === "feature-scale");
    expect(told).toMatchObject({ severity: "warning", encoder: "scaled" });
    expect(told?.text).toMatch(factor < 1 ? /below 0.000001/ : /above 1000000000000/);
  },
);

test("features that are no numbers are left to the run, which names the cell", async () => {
  expect(await tried(operator("root", ["Sqrt"]))).toEqual([]);
});
