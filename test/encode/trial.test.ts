import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CellStore } from "../../src/cells/store.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { checkTrial, runTrial } from "../../src/encode/trial.ts";
import { drawCells, writeEncoder } from "../study/drawn.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-trial-"));
const cells = join(folder, "cells");
beforeAll(() => drawCells(cells));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function describeProgram(fault: string) {
  const path = join(folder, `${fault}.json`);
  const program = resolve(import.meta.dirname, "command/program.mjs");
  writeFileSync(
    path,
    JSON.stringify({
      format: "cellswap-encoder",
      version: 1,
      name: fault,
      command: [process.execPath, program, fault],
      input: { channels: ["GFP", "RFP"], height: 32, width: 32 },
      outputs: [{ output: "y", layer: "last" }],
    }),
  );
  return readEncoder(path);
}

test("a trial says what an encoder gives of some cells, without a study", async () => {
  const printed: string[] = [];
  const onPrint = (chunk: Uint8Array) => void printed.push(Buffer.from(chunk).toString());
  const trial = await runTrial(describeProgram("notes"), cells, { count: 10, onPrint });
  expect(trial).toMatchObject({
    cells: 10,
    outputs: [{ output: "last", features: 4, notFinite: 0 }],
    flags: [],
  });
  // Means of a dark medium with a cell in it, and maxima of the cell.
  const [least, largest] = trial.outputs[0].range!;
  expect(least).toBeGreaterThan(100);
  expect(largest).toBeGreaterThan(2 * least);
  expect(printed.join("")).toBe("ready\n");
  const onnx = await runTrial(readEncoder(writeEncoder(folder, { name: "tiny" })), cells, { count: 500 });
  expect(onnx).toMatchObject({ cells: 40, flags: [] });
});

test("a trial tells what a study would say", async () => {
  const ids = async (fault: string) => (await runTrial(describeProgram(fault), cells)).flags.map((f) => f.id);
  expect(await ids("random")).toEqual(["not-reproducible"]);
  expect(await ids("batch-mean")).toEqual(["batch-dependent"]);
  const nan = await runTrial(describeProgram("nan"), cells, { count: 5 });
  expect(nan.outputs).toEqual([{ output: "last", features: 4, range: null, notFinite: 20 }]);
  expect(nan.flags.map(({ id, severity }) => [id, severity])).toEqual([["not-finite", "refuse"]]);
  expect(() => checkTrial(nan, "nan.json")).toThrow(
    /^nan\.json: encoder nan gives 20 features of output last that are NaN or infinite/,
  );
  expect(() => checkTrial({ ...nan, flags: [] }, "nan.json")).not.toThrow();
});

test("a stopped trial ends its program", async () => {
  await expect(
    runTrial(describeProgram("hangs"), cells, { signal: AbortSignal.timeout(300) }),
  ).rejects.toMatchObject({ name: "InterruptedError" });
});

test("many cells are tried a part at a time, with the same result", async () => {
  const many = join(folder, "many");
  drawCells(many, { cellsPerClass: 50 });
  const file = readEncoder(writeEncoder(folder, { name: "parts" }));
  const { cells: count, outputs } = await runTrial(file, many, { count: 1000 });
  expect(count).toBeGreaterThan(64);
  const store = await CellStore.open(many);
  const encoder = await openEncoder(file, store);
  const size = store.channels.length * store.height * store.width;
  const crops = new Float32Array(count * size);
  for (let c = 0; c < count; c++) store.readCrop(c, crops.subarray(c * size, (c + 1) * size));
  const out = encoder.dimensions.map((d) => new Float32Array(count * d));
  await encoder.encode(crops, new Uint8Array((count * size) / store.channels.length), count, out);
  expect(outputs.map((o) => o.range)).toEqual(
    out.map((v) => [v.reduce((a, b) => Math.min(a, b)), v.reduce((a, b) => Math.max(a, b))]),
  );
  await encoder.release();
  store.close();
});
