import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ENCODE_VERSION } from "../../src/encode/description.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { type FeatureInputs, featureKey, shortHash } from "../../src/features/key.ts";
import { sha256File } from "../../src/files/hash.ts";
import { recipeOf } from "../../src/swap/recipe.ts";
import { describeFixture, FIXTURES, SHAPE, SIZE } from "../encode/onnx/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-key-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inputs = {
  header: { hashes: { "crops.npy": "c", "masks.npy": "m" }, channels: SHAPE.channels, diameter: 20 },
  scales: "s",
  composite: { edge: "hard", sigma: 1, halo: 3, donorCenter: "keep", intensity: "none", clip: null, seed: 1 },
} as unknown as FeatureInputs;

const key = (name: string, more: Record<string, unknown> = {}) =>
  featureKey(inputs, readEncoder(describeFixture(folder, name, more)), 0, "original");

test("the key of a network in single precision holds what its description says, and nothing else", () => {
  const input = { name: "pixel_values", channels: SHAPE.channels, height: SIZE, width: SIZE, layout: "NCHW" };
  expect(key("vit")).toBe(
    shortHash({
      crops: "c",
      channels: SHAPE.channels,
      masks: null,
      scales: null,
      recipe: recipeOf("original", inputs.composite, 20),
      encoder: {
        version: ENCODE_VERSION,
        model: sha256File(join(FIXTURES, "vit.onnx")),
        input,
        preprocess: [],
        output: { output: "pooler_output", layout: "vector", pool: "none" },
      },
    }),
  );
});

test("all that changes features changes the key", () => {
  const input = { name: "pixel_values", channels: SHAPE.channels, height: SIZE, width: SIZE };
  const output = { output: "last_hidden_state", layout: "tokens", pool: "mean" };
  const keys = [
    key("vit"),
    key("vit", { input: { ...input, batch: 4 } }),
    key("vit", { extraInputs: [{ name: "gain", value: 1 }] }),
    key("vit", { extraInputs: [{ name: "gain", value: 2 }] }),
    key("vit", { extraInputs: [{ name: "gain", value: "center-mask" }] }),
    key("vit", { outputs: [output] }),
    key("vit", { outputs: [{ ...output, grid: [4, 4] }] }),
    key("vit", { outputs: [{ ...output, prefix: 3 }] }),
    key("vit", { outputs: [{ ...output, pool: "class" }] }),
    key("vit-half"),
    key("vit-external"),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
