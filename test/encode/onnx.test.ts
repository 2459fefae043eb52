import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { OnnxGraph } from "../../src/encode/onnx/graph.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { describeModel, writeModel } from "../study/drawn.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-onnx-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SIZE = 8;
const PIXELS = SIZE * SIZE;
const shape = { channels: ["GFP", "RFP"], height: SIZE, width: SIZE };
const random = mulberry32(5);
const COUNT = 5;
const crops = Float32Array.from({ length: COUNT * 2 * PIXELS }, () => random());
const masks = Uint8Array.from({ length: COUNT * PIXELS }, () => Math.floor(3 * random()));
const kernel = Float32Array.from({ length: 3 * 2 * 9 }, () => 2 * random() - 1);

/** 3 x 3 convolution (zeros around) and ReLU of a 2 x 8 x 8 crop, in plain loops: 3 x 8 x 8. */
function convolved(crop: Float32Array, height = SIZE, width = SIZE): Float64Array {
  const out = new Float64Array(3 * height * width);
  for (let f = 0; f < 3; f++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let c = 0; c < 2; c++)
          for (let dy = -1; dy <= 1; dy++)
            for (let dx = -1; dx <= 1; dx++) {
              const [yy, xx] = [y + dy, x + dx];
              if (yy < 0 || xx < 0 || yy >= height || xx >= width) continue;
              sum += crop[(c * height + yy) * width + xx] * kernel[((f * 2 + c) * 3 + dy + 1) * 3 + dx + 1];
            }
        out[(f * height + y) * width + x] = Math.max(0, sum);
      }
  return out;
}

function write(name: string, size: number, more: Record<string, unknown>): string {
  const graph = new OnnxGraph(name);
  const x = graph.input("x", ["batch", 2, size, size]);
  const conv = graph.node("Conv", [x, graph.weight("kernel", [3, 2, 3, 3], kernel)], { pads: [1, 1, 1, 1] });
  graph.output(graph.node("Relu", [conv], {}, "map"), ["batch", 3, size, size]);
  writeModel(join(folder, `${name}.onnx`), graph);
  return describeModel(folder, {
    name,
    model: `${name}.onnx`,
    input: { name: "x", channels: ["gfp", "rfp"], height: size, width: size },
    outputs: [{ output: "map", layout: "NCHW", pool: "mean" }],
    ...more,
  });
}

async function encode(path: string, count: number): Promise<Float32Array[]> {
  const encoder = await openEncoder(readEncoder(path), shape);
  const out = encoder.dimensions.map((d) => new Float32Array(count * d).fill(9));
  await encoder.encode(crops.subarray(0, count * 2 * PIXELS), masks, count, out);
  await encoder.release();
  return out;
}

const crop = (i: number) => crops.subarray(i * 2 * PIXELS, (i + 1) * 2 * PIXELS);

describe("network and pooling equal plain loops", () => {
  test.each(["max", "mean", "center-mean", "flatten"] as const)("%s", async (pool) => {
    const path = write(`net-${pool}`, SIZE, { outputs: [{ output: "map", layout: "NCHW", pool }] });
    const [found] = await encode(path, COUNT);
    for (let i = 0; i < COUNT; i++) {
      const map = convolved(crop(i));
      const center = masks.subarray(i * PIXELS, (i + 1) * PIXELS);
      const expected =
        pool === "flatten"
          ? Array.from(map)
          : [0, 1, 2].map((f) => {
              const values = map.subarray(f * PIXELS, (f + 1) * PIXELS);
              if (pool === "max") return Math.max(...values);
              const kept = values.filter((_, p) => pool === "mean" || center[p] === 1);
              return kept.reduce((a, b) => a + b, 0) / kept.length;
            });
      const got = found.subarray(i * expected.length, (i + 1) * expected.length);
      expected.forEach((v, j) => void expect(got[j]).toBeCloseTo(v, 5));
    }
  });
});

test("a batch gives what its crops give one by one", async () => {
  const path = write("batch", SIZE, {});
  const [together] = await encode(path, COUNT);
  const [alone] = await encode(path, 1);
  expect(Array.from(together.subarray(0, 3))).toEqual(Array.from(alone));
});

test("five crops: the features' mean", async () => {
  const path = write("five", 6, { preprocess: [{ step: "crop", height: 6, width: 6, at: "five" }] });
  const [found] = await encode(path, 2);
  for (let i = 0; i < 2; i++) {
    const sums = [0, 0, 0];
    for (const [top, left] of [
      [1, 1],
      [0, 0],
      [0, 2],
      [2, 0],
      [2, 2],
    ]) {
      const part = Float32Array.from({ length: 72 }, (_, k) => {
        const [c, y, x] = [Math.floor(k / 36), Math.floor((k % 36) / 6), k % 6];
        return crop(i)[(c * SIZE + top + y) * SIZE + left + x];
      });
      convolved(part, 6, 6).forEach((v, k) => {
        sums[Math.floor(k / 36)] += v / 36 / 5;
      });
    }
    sums.forEach((v, f) => void expect(found[i * 3 + f]).toBeCloseTo(v, 5));
  }
});

test("several outputs of one network in one go", async () => {
  const outputs = ["max", "mean"].map((pool) => ({ output: "map", layer: pool, layout: "NCHW", pool }));
  const [max, mean] = await encode(write("both", SIZE, { outputs }), 2);
  const [alone] = await encode(write("alone", SIZE, {}), 2);
  expect(mean).toEqual(alone);
  expect(max.every((v, i) => v >= mean[i])).toBe(true);
});

test("center-mean is refused where there are no masks", async () => {
  const path = write("masks", SIZE, { outputs: [{ output: "map", layout: "NCHW", pool: "center-mean" }] });
  await expect(openEncoder(readEncoder(path), { ...shape, masks: "none" })).rejects.toThrow(
    "pools over the center cell (center-mean), and the cells have no masks",
  );
});

test("a crop's features are the same bits alone, at any place and among any others, in wide dense layers too", async () => {
  const name = "dense";
  const random = mulberry32(11);
  const graph = new OnnxGraph(name);
  const x = graph.input("x", ["batch", 2, SIZE, SIZE]);
  const width = 2 * PIXELS;
  const weights = Float32Array.from({ length: width * 37 }, () => random() - 0.5);
  const dense = graph.node("MatMul", [
    graph.node("Flatten", [x], { axis: 1 }),
    graph.weight("w", [width, 37], weights),
  ]);
  graph.output(graph.node("Relu", [dense], {}, "y"), ["batch", 37]);
  writeModel(join(folder, `${name}.onnx`), graph);
  const path = describeModel(folder, {
    name,
    model: `${name}.onnx`,
    input: { name: "x", channels: ["gfp", "rfp"], height: SIZE, width: SIZE },
    outputs: [{ output: "y" }],
  });
  const encoder = await openEncoder(readEncoder(path), shape);
  const features = async (order: readonly number[]) => {
    const given = new Float32Array(order.length * width);
    order.forEach((c, i) => {
      given.set(crop(c % COUNT), i * width);
    });
    const out = new Float32Array(order.length * 37);
    await encoder.encode(given, new Uint8Array(order.length * PIXELS), order.length, [out]);
    return order.map((c, i) => [c % COUNT, out.slice(i * 37, (i + 1) * 37)] as const);
  };
  const first = new Map(await features([...Array(COUNT).keys()]));
  for (const order of [[1], [COUNT - 1, 0], Array.from({ length: 40 }, (_, i) => i * 7 + 3)])
    for (const [c, row] of await features(order)) expect(row).toEqual(first.get(c));
  await encoder.release();
});
