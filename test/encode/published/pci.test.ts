import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importPublished } from "../../../src/encode/published/import.ts";
import { inboundLayers } from "../../../src/encode/published/keras-read.ts";
import { openPci } from "../../../src/encode/published/pci.ts";
import { temporary } from "../../temporary.ts";
import {
  errorLimit,
  errors,
  fixtures,
  hasReal,
  preprocessed,
  readExpected,
  realErrors,
  relativeError,
} from "./expected.ts";

const folder = join(fixtures, "pci");
const source = join(folder, "model_weights.h5");

test("every layer equals Keras'", async () => {
  const published = await openPci(source);
  const found = await errors(() => published, readExpected(folder), temporary());
  expect(Object.keys(found)).toHaveLength(5 * 3);
  for (const [what, error] of Object.entries(found)) expect(error, what).toBeLessThan(errorLimit(what));
});

test.skipIf(!hasReal)("every layer equals Keras' on real crops", async () => {
  const published = await openPci(source);
  const found = await realErrors(() => published, folder, temporary());
  expect(Object.keys(found)).toHaveLength(5 * 3);
  for (const [what, error] of Object.entries(found)) expect(error, what).toBeLessThan(errorLimit(what));
});

test("preprocessing equals the published Python's", async () => {
  const expected = readExpected(folder).input;
  const { path } = importPublished(await openPci(source), temporary());
  expect(relativeError(preprocessed(path, expected), expected.sample)).toBeLessThan(1e-6);
});

test("a whole model, and weights whose numbers go on from an earlier network, give the same file", async () => {
  const models = await Promise.all(
    ["model_weights.h5", "whole_model.h5", "later_numbers.h5"].map(async (name) => {
      const made = importPublished(await openPci(join(folder, name)), temporary(), { layer: "all" });
      return made.description.sha256;
    }),
  );
  expect(new Set(models).size).toBe(1);
});

test("the wiring of a model is read in Keras 2's form and refused in any other", () => {
  const layers = [
    { name: "a", inbound_nodes: [] },
    { name: "b", inbound_nodes: [[["a", 0, 0, {}]]] },
  ];
  const config = JSON.stringify({ config: { layers } });
  expect(inboundLayers(config)).toEqual(
    new Map([
      ["a", []],
      ["b", ["a"]],
    ]),
  );
  for (const other of [undefined, 3, "{", "null", "{}", '{"config":{"layers":[{"name":1}]}}'])
    expect(inboundLayers(other)).toBeNull();
});

test("what is no HDF5 file, or ends early, is refused in one line", async () => {
  const out = temporary();
  const bytes = readFileSync(source);
  const wrong = join(out, "wrong.h5");
  writeFileSync(wrong, "not HDF5");
  await expect(openPci(wrong)).rejects.toThrow("wrong.h5: is not an HDF5 file; give the Keras weights");
  const short = join(out, "short.h5");
  writeFileSync(short, bytes.subarray(0, bytes.length / 2));
  await expect(openPci(short)).rejects.toThrow(/short\.h5: [^\n]*(damaged|truncated)[^\n]*$/);
  await expect(openPci(join(out, "none.h5"))).rejects.toThrow("none.h5: there is no such file");
});
