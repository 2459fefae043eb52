import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { EncoderDescription } from "../../src/encode/description.ts";
import { makePooling } from "../../src/encode/pool.ts";
import { makePreprocessor } from "../../src/encode/preprocess.ts";

const fixture = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/encode/preprocess.json"), "utf8"),
);
const crop = Float32Array.from(fixture.crop as number[]);
const shape = { channels: ["GFP", "RFP"], height: 12, width: 12 };

function describeEncoder(steps: unknown[], height: number, width: number, more: object = {}) {
  return EncoderDescription.parse({
    format: "cellswap-encoder",
    version: 1,
    name: "drawn",
    model: "drawn.onnx",
    input: { name: "x", channels: ["GFP", "RFP"], height, width, ...more },
    preprocess: steps,
    outputs: [{ output: "features" }],
  });
}

describe("preprocessing equals numpy and PyTorch", () => {
  for (const { steps, height, width, expected } of fixture.cases)
    test(JSON.stringify(steps), () => {
      const { run, size, views } = makePreprocessor(describeEncoder(steps, height, width), shape);
      const out = new Float32Array(size);
      run(crop, out, 0);
      expect(views).toBe(1);
      expect(size).toBe(expected.length);
      for (let i = 0; i < size; i++)
        expect(Math.abs(out[i] - expected[i])).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(expected[i])));
    });

  test("five crops: center, then the corners", () => {
    const steps = [{ step: "crop", height: 8, width: 8, at: "five" }];
    const { run, size, views } = makePreprocessor(describeEncoder(steps, 8, 8), shape);
    const out = new Float32Array(views * size);
    run(crop, out, 0);
    expect(views).toBe(5);
    fixture.five.forEach((expected: number[], v: number) => {
      expect(Array.from(out.subarray(v * size, (v + 1) * size))).toEqual(expected);
    });
  });
});

test("channels are found by name in any case and in the network's order, NHWC is interleaved", () => {
  const { run, size } = makePreprocessor(
    describeEncoder([], 12, 12, { channels: ["rfp", "GFP"], layout: "NHWC" }),
    shape,
  );
  const out = new Float32Array(size);
  run(crop, out, 0);
  expect([out[0], out[1], out[2]]).toEqual([crop[144], crop[0], crop[145]]);
});

test("a constant crop gives zeros, not NaN, in every scaling step", () => {
  const constant = new Float32Array(288).fill(7);
  for (const step of [
    { step: "minmax" },
    { step: "standardize" },
    { step: "percentile", low: 1, high: 99 },
  ]) {
    const { run, size } = makePreprocessor(describeEncoder([step], 12, 12), shape);
    const out = new Float32Array(size).fill(Number.NaN);
    run(constant, out, 0);
    expect(out.every((v) => v === 0)).toBe(true);
  }
});

test("what does not fit is one line with the remedy", () => {
  const make =
    (steps: unknown[], height: number, more: object = {}) =>
    () =>
      makePreprocessor(describeEncoder(steps, height, height, more), shape);
  expect(make([], 12, { channels: ["BF"] })).toThrow("needs channel BF; the cells have GFP, RFP");
  expect(make([], 64)).toThrow(
    "takes 64 x 64 px, but its preprocessing of 12 x 12 px crops gives 12 x 12 px",
  );
  expect(make([{ step: "crop", height: 60, width: 60 }], 60)).toThrow("cannot be cut from 12 x 12 px");
  expect(make([{ step: "pad", height: 8, width: 8 }], 8)).toThrow("smaller than the crop");
  const turned = "step percentile goes from 99 to 1; low must be below high";
  expect(make([{ step: "percentile", low: 99, high: 1 }], 12)).toThrow(turned);
  expect(make([{ step: "clip", low: 1, high: 1 }], 12)).toThrow("step clip goes from 1 to 1");
  expect(make([{ step: "fixed", mean: [1], sd: [1] }], 12)).toThrow("one mean and one sd per channel (2)");
});

test("an output without values is refused", () => {
  const vector = { output: "y", layout: "vector", pool: "none" } as const;
  expect(() => makePooling(vector, [16, 0], 8, 8)).toThrow("16 x 0), which are no features; name another");
});

describe("pooling of a feature map", () => {
  const maps = Float32Array.from(fixture.maps as number[]);
  const nhwc = new Float32Array(maps.length);
  for (let n = 0; n < 2; n++)
    for (let c = 0; c < 3; c++)
      for (let p = 0; p < 20; p++) nhwc[(n * 20 + p) * 3 + c] = maps[(n * 3 + c) * 20 + p];
  const pooled = (layout: "NCHW" | "NHWC", pool: "max" | "mean" | "center-mean", mask: Uint8Array) => {
    const dims = layout === "NCHW" ? [2, 3, 4, 5] : [2, 4, 5, 3];
    const pooling = makePooling({ output: "y", layout, pool }, dims, 8, 10);
    const out = new Float32Array(6);
    const all = layout === "NCHW" ? maps : nhwc;
    for (let n = 0; n < 2; n++) {
      const map = all.subarray(n * pooling.size, (n + 1) * pooling.size);
      pooling.add(map, mask, 1, out.subarray(n * 3, (n + 1) * 3));
    }
    return Array.from(out);
  };
  const near = (a: number[], b: number[]) => a.forEach((v, i) => void expect(v).toBeCloseTo(b[i], 5));
  for (const layout of ["NCHW", "NHWC"] as const) {
    test(`max and mean, ${layout}`, () => {
      near(pooled(layout, "max", new Uint8Array(80)), fixture.max);
      near(pooled(layout, "mean", new Uint8Array(80)), fixture.mean);
    });
    test(`center-mean over the whole crop is the mean, over one corner that pixel, ${layout}`, () => {
      near(pooled(layout, "center-mean", new Uint8Array(80).fill(1)), fixture.mean);
      const corner = new Uint8Array(80);
      corner[0] = 1;
      near(
        pooled(layout, "center-mean", corner),
        [0, 20, 40, 60, 80, 100].map((i) => maps[i]),
      );
    });
  }
});
