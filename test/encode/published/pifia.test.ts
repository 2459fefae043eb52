import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { openBundle } from "../../../src/encode/published/bundle.ts";
import { importPublished } from "../../../src/encode/published/import.ts";
import { openPifia } from "../../../src/encode/published/pifia.ts";
import { temporary } from "../../temporary.ts";
import {
  encode,
  errorLimit,
  errors,
  fixtures,
  hasReal,
  preprocessed,
  readExpected,
  realErrors,
  relativeError,
} from "./expected.ts";

const folder = join(fixtures, "pifia");
const prefix = join(folder, "pifia_weights_i0");
const shared = resolve(import.meta.dirname, "../../../../shared/pifia/pifia_weights_i0");

test("every layer equals TensorFlow's", async () => {
  const found = await errors(() => openPifia(prefix), readExpected(folder), temporary());
  expect(Object.keys(found)).toHaveLength(8 * 3 + 3);
  for (const [what, error] of Object.entries(found)) expect(error, what).toBeLessThan(errorLimit(what));
});

test.skipIf(!hasReal)("every layer equals TensorFlow's on real crops", async () => {
  const found = await realErrors(() => openPifia(prefix), folder, temporary());
  expect(Object.keys(found)).toHaveLength(8 * 3 + 3);
  for (const [what, error] of Object.entries(found)) expect(error, what).toBeLessThan(errorLimit(what));
});

test("preprocessing equals the published Python's", () => {
  const expected = readExpected(folder).input;
  const { path } = importPublished(openPifia(prefix), temporary());
  expect(relativeError(preprocessed(path, expected), expected.sample)).toBeLessThan(2e-6);
});

test("a checkpoint in two shards gives the same file", () => {
  const [one, two] = [temporary(), temporary()];
  const a = importPublished(openPifia(prefix), one);
  const b = importPublished(openPifia(join(folder, "sharded", "pifia_weights_i0")), two);
  expect(b.description.sha256).toBe(a.description.sha256);
  expect(a.description.outputs.map((o) => o.layer)).toEqual(["conv8"]);
});

test("a checkpoint of a training, with the model's and the optimizer's variables, gives the same file", () => {
  const training = join(folder, "training", "ckpt-1");
  const names = openBundle(training).variables.map((v) => v.name);
  expect(names.some((n) => n.includes(".OPTIMIZER_SLOT"))).toBe(true);
  const [ours, theirs] = [prefix, training].map((p) =>
    importPublished(openPifia(p), temporary(), { layer: "all" }),
  );
  expect(theirs.description.sha256).toBe(ours.description.sha256);
  expect(Object.fromEntries(theirs.matched)["conv1/kernel"]).toBe(
    "model/conv1/kernel/.ATTRIBUTES/VARIABLE_VALUE",
  );
});

test("pooling by the center cell's mask takes the map out of the network", async () => {
  const { path, description } = importPublished(openPifia(prefix), temporary(), {
    layer: "conv5",
    pool: "center-mean",
  });
  expect(description.outputs).toEqual([
    { output: "conv5", layer: "conv5", layout: "NCHW", pool: "center-mean" },
  ]);
  // Without a center cell in the mask every pixel counts the same.
  const { mean } = readExpected(folder).layers.conv5;
  expect(relativeError((await encode(path)).get("conv5")!, mean!)).toBeLessThan(1e-4);
});

test("a single layer equals the same layer of all", async () => {
  const out = temporary();
  const all = await encode(importPublished(openPifia(prefix), out, { layer: "all", name: "all" }).path);
  for (const layer of ["conv3", "d2"]) {
    const one = await encode(importPublished(openPifia(prefix), out, { layer, name: layer }).path);
    expect(relativeError(one.get(layer)!, all.get(layer)!)).toBeLessThan(1e-6);
  }
});

test("a layer that is not there is refused and nothing is written", () => {
  const out = temporary();
  expect(() => importPublished(openPifia(prefix), out, { layer: "conv9" })).toThrow(
    "pifia has no layer conv9; choose one of conv1, conv2,",
  );
  expect(readdirSync(out)).toEqual([]);
});

test.skipIf(!existsSync(`${shared}.index`))(
  "the published checkpoint without its data says what is missing",
  () => {
    const out = temporary();
    expect(() => importPublished(openPifia(shared), out)).toThrow(
      /pifia_weights_i0\.data-00001-of-00002: is missing .*; put all 2 data files beside the \.index$/,
    );
    expect(readdirSync(out)).toEqual([]);
  },
);
