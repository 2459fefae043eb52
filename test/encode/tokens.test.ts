import { describe, expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { EncoderOutput } from "../../src/encode/description.ts";
import { makePooling } from "../../src/encode/pool.ts";
import { tokenGrid } from "../../src/encode/tokens.ts";

const [ROWS, COLUMNS, FEATURES, HEIGHT, WIDTH] = [3, 4, 5, 12, 16];
const random = mulberry32(8);
const map = Float32Array.from({ length: FEATURES * ROWS * COLUMNS }, () => 2 * random() - 1);
const center = Float32Array.from({ length: HEIGHT * WIDTH }, () => Math.max(0, random() - 0.3));

/** The feature map (features x rows x columns) as tokens behind `prefix` others that no patch pooling may look at. */
function tokens(prefix: number): Float32Array {
  const out = new Float32Array((prefix + ROWS * COLUMNS) * FEATURES).fill(1e6, 0, prefix * FEATURES);
  for (let c = 0; c < FEATURES; c++)
    for (let p = 0; p < ROWS * COLUMNS; p++) out[(prefix + p) * FEATURES + c] = map[c * ROWS * COLUMNS + p];
  return out;
}

function pooled(output: Record<string, unknown>, values: Float32Array, dims: number[]): number[] {
  const pooling = makePooling(EncoderOutput.parse({ output: "y", ...output }), dims, HEIGHT, WIDTH);
  expect(pooling.size).toBe(values.length);
  const out = new Float32Array(pooling.dimension);
  pooling.add(values, center, 0.5, out);
  return Array.from(out);
}

describe.each([0, 1, 5])("behind %i tokens", (prefix) => {
  const dims = [2, prefix + ROWS * COLUMNS, FEATURES];
  test.each(["mean", "max", "center-mean"])("%s of the patches is that of the feature map", (pool) => {
    const expected = pooled({ layout: "NCHW", pool }, map, [2, FEATURES, ROWS, COLUMNS]);
    for (const more of [{}, { grid: [ROWS, COLUMNS] }, { prefix }, { grid: [ROWS, COLUMNS], prefix }])
      expect(pooled({ layout: "tokens", pool, ...more }, tokens(prefix), dims)).toEqual(expected);
  });
});

test("class is the first token, flatten all of them", () => {
  const values = Float32Array.from({ length: 13 * FEATURES }, (_, i) => i);
  const dims = [1, 13, FEATURES];
  expect(pooled({ layout: "tokens", pool: "class" }, values, dims)).toEqual([0, 0.5, 1, 1.5, 2]);
  expect(pooled({ layout: "tokens", pool: "flatten" }, values, dims)).toEqual(
    Array.from(values, (v) => v / 2),
  );
});

test("the pixels that a token stands for weigh by the share of the center cell in them", () => {
  const output = EncoderOutput.parse({ output: "y", layout: "tokens", pool: "center-mean" });
  const pooling = makePooling(output, [1, 5, 1], 4, 4);
  const mask = Float32Array.from({ length: 16 }, (_, p) => (p === 3 ? 1 : p === 12 || p === 13 ? 0.5 : 0));
  const out = new Float32Array(1);
  pooling.add(Float32Array.of(100, 1, 2, 3, 4), mask, 1, out);
  // Upper right (1 of 2) and lower left (2 halves).
  expect(out[0]).toBeCloseTo(0.5 * 2 + 0.5 * 3, 6);
});

test.each<[string, number, number, number, [number, number, number]]>([
  ["ViT-B/16", 197, 224, 224, [1, 14, 14]],
  ["DeiT with distillation", 198, 224, 224, [2, 14, 14]],
  ["DINOv2 with registers", 261, 224, 224, [5, 16, 16]],
  ["DINOv2 at 518 px", 1370, 518, 518, [1, 37, 37]],
  ["Swin", 49, 224, 224, [0, 7, 7]],
  ["64 px by 8", 65, 64, 64, [1, 8, 8]],
  ["a wide input", 33, 32, 64, [1, 4, 8]],
])("%s: where the patches are is told from %i tokens", (_, count, height, width, [prefix, rows, columns]) => {
  expect(tokenGrid(count, { height, width }, {})).toEqual({ prefix, rows, columns });
});

test("what cannot be told is asked for, what does not fit is refused", () => {
  const grid = (count: number, side: number, given: Parameters<typeof tokenGrid>[2] = {}) =>
    tokenGrid(count, { height: side, width: side }, given);
  expect(() => grid(10, 12)).toThrow(
    'has 10 tokens, which may be 3 x 3 patches behind 1 token or 2 x 2 patches behind 6 tokens; say how many patches there are ("grid": [rows, columns])',
  );
  expect(grid(10, 12, { prefix: 6 })).toEqual({ prefix: 6, rows: 2, columns: 2 });
  expect(() => grid(50, 64)).toThrow("has 50 tokens, which fit no grid of square patches of 64 x 64 px; say");
  expect(() => grid(17, 64, { prefix: 2 })).toThrow("has 17 tokens, 2 of them before the patches, which fit");
  expect(() => grid(17, 64, { grid: [5, 5] })).toThrow("has 17 tokens, not 5 x 5 patches; correct grid");
  expect(() => grid(17, 64, { grid: [4, 4], prefix: 0 })).toThrow(
    "has 17 tokens, not 4 x 4 patches behind 0 tokens; correct grid",
  );
  const make = (output: Record<string, unknown>, dims: number[]) => () =>
    makePooling(EncoderOutput.parse({ output: "y", ...output }), dims, 64, 64);
  expect(make({ layout: "tokens" }, [1, 17, 8])).toThrow("is tokens; say how they become a vector");
  expect(make({ layout: "tokens", pool: "mean" }, [1, 8])).toThrow("has 2 dimensions (1 x 8); tokens have 3");
  expect(make({ layout: "tokens", pool: "mean", prefix: 17 }, [1, 17, 8])).toThrow(
    "has 17 tokens, none of them behind the first 17; correct prefix",
  );
  expect(make({ layout: "NCHW", pool: "class" }, [1, 8, 2, 2])).toThrow("has the layout NCHW, and class");
  expect(make({}, [1, 17, 8])).toThrow("has 3 dimensions (1 x 17 x 8); a vector has 2, tokens have 3");
  expect(make({}, [1, 8, 1, 1])().dimension).toBe(8);
});
