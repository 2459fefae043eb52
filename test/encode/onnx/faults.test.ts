import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { LIMITS } from "../../../src/encode/onnx/apart.ts";
import { draftEncoder } from "../../../src/encode/onnx/draft.ts";
import { graphFaults } from "../../../src/encode/onnx/faults.ts";
import { type OnnxFile, readModel } from "../../../src/encode/onnx/file.ts";
import { openEncoder } from "../../../src/encode/open.ts";
import { InterruptedError } from "../../../src/errors.ts";
import { describeModel } from "../../study/drawn.ts";
import { describeFixture, EXPECTED, encode, FIXTURES, SHAPE, SIZE } from "./fixtures.ts";
import { endless, endlessOnBright, SIDE } from "./proto.ts";

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

/** Describes a model that is made here. */
function describeMade(name: string, model: Uint8Array): OnnxFile {
  writeFileSync(join(folder, `${name}.onnx`), model);
  const input = { name: "images", channels: SHAPE.channels, height: SIDE, width: SIDE };
  const path = describeModel(folder, {
    name,
    model: `${name}.onnx`,
    input,
    outputs: [{ output: "features" }],
  });
  return readEncoder(path) as OnnxFile;
}
const SMALL = { ...SHAPE, height: SIDE, width: SIDE };

test("a graph that never ends is ended", async () => {
  const file = describeMade("endless", endless());
  const slow = /gives no features within [\d.]+ s: it does not come to an end \(a loop in it\?\)/;
  await expect(openEncoder(file, SMALL, { apart: { ...LIMITS, openMs: 2000 } })).rejects.toThrow(slow);
  await expect(draftEncoder(file.modelPath, { channels: SHAPE.channels })).rejects.toThrow(slow);
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
  const file = describeMade("bright", endlessOnBright());
  expect(file).toMatchObject({ open: true, fault: null });
  const opened = await openEncoder(file, SMALL, { apart: { ...LIMITS, encodeMs: 4000 } });
  const out = [new Float32Array(opened.dimensions[0])];
  const encode = (value: number) =>
    opened.encode(new Float32Array(2 * SIDE * SIDE).fill(value), new Uint8Array(SIDE * SIDE), 1, out);
  await encode(0.5);
  expect([...out[0]]).toEqual([0.5, 0.5]);
  await expect(encode(2)).rejects.toThrow("gives no features within 4 s");
});

test("loops that never end are refused before a process is started", async () => {
  for (const name of ["endless", "endless-later"])
    await expect(openEncoder(readEncoder(describeNet(name)), SHAPE, { apart: LIMITS })).rejects.toThrow(
      `${name}.onnx: node forever (Loop) is a loop that may never end`,
    );
});

test("a run that is stopped ends the network that it tries", async () => {
  const file = describeMade("endless", endless());
  const controller = new AbortController();
  const opening = openEncoder(file, SMALL, { apart: { ...LIMITS, signal: controller.signal } });
  setTimeout(() => controller.abort(), 1500);
  await expect(opening).rejects.toThrow(InterruptedError);
  await expect(openEncoder(file, SMALL, { apart: { ...LIMITS, signal: controller.signal } })).rejects.toThrow(
    InterruptedError,
  );
});
