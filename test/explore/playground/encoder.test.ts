import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as ort from "onnxruntime-web/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import type { OnnxFile } from "../../../src/encode/onnx/file.ts";
import { openForPage } from "../../../src/explore/playground/encoder.ts";
import {
  apart,
  COUNT,
  CROPS,
  describeFixture,
  encode,
  MASKS,
  SHAPE,
  SIZE,
} from "../../encode/onnx/fixtures.ts";

// The runtime of browsers, which runs in Node as well.
const files = createRequire(import.meta.url);
const url = (name: string) => pathToFileURL(files.resolve(`onnxruntime-web/${name}`)).href;
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = {
  mjs: url("ort-wasm-simd-threaded.mjs"),
  wasm: url("ort-wasm-simd-threaded.wasm"),
};

const folder = mkdtempSync(join(tmpdir(), "cellswap-page-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

/** Features of the fixtures' crops as the page makes them. */
async function inPage(file: OnnxFile, output: number): Promise<number[][]> {
  const encoder = await openForPage(
    {
      path: file.path,
      description: file.description,
      modelPath: file.modelPath,
      model: readFileSync(file.modelPath),
      output,
    },
    SHAPE,
    async (model) => {
      const session = await ort.InferenceSession.create(model);
      return {
        inputs: session.inputMetadata.map((v) =>
          v.isTensor ? v : { name: v.name, type: "no tensor", shape: [] },
        ),
        tensor: (type, data, dims) => new ort.Tensor(type as "float32", data as Float32Array, dims),
        run: (feeds, wanted) => session.run(feeds as Record<string, ort.Tensor>, wanted),
        release: () => session.release(),
      };
    },
  );
  const pixels = SIZE * SIZE;
  const rows: number[][] = [];
  for (let c = 0; c < COUNT; c++) {
    const features = new Float32Array(encoder.dimensions[0]);
    await encoder.encode(
      CROPS.subarray(2 * c * pixels, 2 * (c + 1) * pixels),
      MASKS.subarray(c * pixels, (c + 1) * pixels),
      1,
      [features],
    );
    rows.push(Array.from(features));
  }
  await encoder.release();
  return rows;
}

const tokens = (pool: string) => ({ output: "last_hidden_state", layer: pool, layout: "tokens", pool });
const five = [
  { step: "crop", height: 24, width: 24, at: "five" },
  { step: "resize", height: SIZE, width: SIZE },
  { step: "standardize", epsilon: 1e-6 },
];
const extraInputs = [
  { name: "cell_mask", value: "center-mask" },
  { name: "gain", value: 2.5 },
  { name: "offset", value: [3, -1] },
];
const masked = {
  input: { name: "images", channels: SHAPE.channels, height: SIZE, width: SIZE },
  extraInputs,
  outputs: [{ output: "features" }],
};

describe("the page's encoder equals the product's", () => {
  test.each<[string, string, Record<string, unknown>]>([
    ["a vector", "vit", {}],
    [
      "tokens under the center mask, the second output",
      "vit",
      { outputs: [tokens("max"), tokens("center-mean")] },
    ],
    ["five crops", "vit", { preprocess: five, outputs: [tokens("center-mean")] }],
    ["five crops in batches of four", "vit-batch4", { preprocess: five, outputs: [tokens("mean")] }],
    [
      "a tensor inside the network",
      "vit-batch4",
      { outputs: [{ output: "encoder.layer.0", layout: "tokens", pool: "mean" }] },
    ],
    ["center mask and constants go in", "mask-float", masked],
    ["masks of truth values", "mask-bool", masked],
  ])("%s", async (_, name, more) => {
    const file = readEncoder(describeFixture(join(folder, `${count++}`), name, more)) as OnnxFile;
    const product = await encode(file.path);
    for (const [o, expected] of product.entries())
      expect(apart(await inPage(file, o), expected)).toBeLessThan(1e-5);
  });

  test("in half precision, an input at a time", async () => {
    const file = readEncoder(
      describeFixture(join(folder, `${count++}`), "vit-half", { outputs: [tokens("mean")] }),
    ) as OnnxFile;
    // 11 bits, and some processors sum in them.
    expect(apart(await inPage(file, 0), (await encode(file.path))[0])).toBeLessThan(2e-3);
  });

  test("what is no model or no description is refused in words", async () => {
    const file = readEncoder(describeFixture(join(folder, `${count++}`), "vit")) as OnnxFile;
    await expect(inPage({ ...file, modelPath: file.path }, 0)).rejects.toThrow(/ONNX|damaged/);
    await expect(inPage(file, 7)).rejects.toThrow("is no description of this encoder");
  });
});
