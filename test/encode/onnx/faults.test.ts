import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { LIMITS } from "../../../src/encode/onnx/apart.ts";
import { graphFaults } from "../../../src/encode/onnx/faults.ts";
import { readModel } from "../../../src/encode/onnx/file.ts";
import { openEncoder } from "../../../src/encode/open.ts";
import { InterruptedError } from "../../../src/errors.ts";
import { CROPS, describeFixture, EXPECTED, encode, FIXTURES, MASKS, SHAPE, SIZE } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const faults = (name: string, output = "features") =>
  graphFaults(readModel(join(FIXTURES, `${name}.onnx`)).model, [output]);
const describeNet = (name: string, output = "features") =>
  describeFixture(folder, name, {
    input: { name: "images", channels: SHAPE.channels, height: SIZE, width: SIZE },
    outputs: [{ output }],
  });

test.each<[string, string]>([
  [
    "norm-training",
    "node norm (BatchNormalization) takes means over the batch, as in training; export it in",
  ],
  [
    "norm-training-11",
    "node norm (BatchNormalization) takes means over the batch, as in training; export it in",
  ],
  [
    "dropout-training",
    "node drop (Dropout) drops values at random, as in training; export it in evaluation mode",
  ],
  ["vae", "node draw (RandomNormalLike) draws random numbers, on which its features depend; name an output"],
  ["huge-constant", "node zeros (ConstantOfShape) makes 4e+9 values, more than any encoder needs"],
])("%s is refused by its graph", async (name, message) => {
  expect(faults(name)).toEqual([expect.stringContaining(message)]);
  await expect(openEncoder(readEncoder(describeNet(name)), SHAPE)).rejects.toThrow(
    `${join(FIXTURES, `${name}.onnx`)}: ${message}`,
  );
});

test.each<[string, string?]>([["norm"], ["dropout"], ["vae", "mean"], ["vit", "pooler_output"]])(
  "%s in evaluation mode, or an output that does not depend on chance, is not",
  (name, output) => {
    expect(faults(name, output)).toEqual([]);
  },
);

test("in a process of its own a network gives the same bits, and its errors are the same", async () => {
  const path = describeFixture(folder, "vit");
  expect(await encode(path, [0, 3], { apart: LIMITS })).toEqual(await encode(path, [0, 3]));
  const found = await openEncoder(readEncoder(path), SHAPE, { apart: LIMITS });
  expect(found).toMatchObject({ dimensions: [EXPECTED.vit.pooler_output[0].length], usesMask: false });
  await found.release();
  const wrong = readEncoder(describeNet("norm-training"));
  await expect(openEncoder(wrong, SHAPE, { apart: LIMITS })).rejects.toThrow(
    /^.*norm-training\.onnx: node norm/,
  );
});

test("a graph that never ends is ended", async () => {
  const file = readEncoder(describeNet("endless"));
  const limits = { ...LIMITS, openMs: 4000 };
  await expect(openEncoder(file, SHAPE, { apart: limits })).rejects.toThrow(
    "gives no features within 4 s: it does not come to an end (a loop in it?) or is too large for this machine; check where the model comes from",
  );
});

test("a graph that takes all memory is ended", async () => {
  const file = readEncoder(describeNet("huge"));
  const limits = { ...LIMITS, bytes: 5e8 };
  await expect(openEncoder(file, SHAPE, { apart: limits })).rejects.toThrow(
    "takes more than 0.5 GB of memory: it makes tensors of an absurd size",
  );
});

test("a graph that asks for more than there is", async () => {
  const file = readEncoder(describeNet("absurd"));
  await expect(openEncoder(file, SHAPE, { apart: LIMITS })).rejects.toThrow(
    "asks for more memory than there is: it makes tensors of an absurd size",
  );
});

test("a network that ends on empty crops only is ended on others", async () => {
  const file = readEncoder(describeNet("endless-later"));
  const opened = await openEncoder(file, SHAPE, { apart: { ...LIMITS, encodeMs: 500 } });
  const out = [new Float32Array(opened.dimensions[0])];
  await expect(opened.encode(CROPS.subarray(0, 2 * SIZE * SIZE), MASKS, 1, out)).rejects.toThrow(
    "gives no features within 0.5 s",
  );
});

test("a run that is stopped ends the network that it tries", async () => {
  const file = readEncoder(describeNet("endless"));
  const controller = new AbortController();
  const opening = openEncoder(file, SHAPE, { apart: { ...LIMITS, signal: controller.signal } });
  setTimeout(() => controller.abort(), 1500);
  await expect(opening).rejects.toThrow(InterruptedError);
  await expect(openEncoder(file, SHAPE, { apart: { ...LIMITS, signal: controller.signal } })).rejects.toThrow(
    InterruptedError,
  );
});
