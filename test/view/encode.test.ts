import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as openRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CropFiles } from "../../src/cells/crops.ts";
import { CellStore } from "../../src/cells/store.ts";
import { mean } from "../../src/core/statistics.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { viewStudySchema } from "../../src/explore/format.ts";
import { type Serving, serveStudies } from "../../src/view/server.ts";
import { describeModel } from "../study/drawn.ts";
import { drawnPage, drawnStudy, drawStore, runDrawn, SIZE } from "./studies.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-encode-"));
const outputs = [
  { output: "vector", layer: "dense" },
  // A tensor inside the network.
  { output: "conv_1", layer: "conv", layout: "NCHW", pool: "mean" },
];
let serving: Serving;
let store: CropFiles;

beforeAll(async () => {
  const study = await drawnStudy(base, { outputs });
  serving = await serveStudies([study], { page: drawnPage(base) });
  store = await CellStore.open(join(base, "cells"));
});
afterAll(async () => {
  store.close();
  await serving.close();
  rmSync(base, { recursive: true, force: true });
});

function bodyOf(cells: readonly number[]): Uint8Array<ArrayBuffer> {
  const pixels = store.height * store.width;
  const crop = new Float32Array(pixels * store.channels.length);
  const mask = new Uint8Array(pixels);
  const body = new Uint8Array(cells.length * (crop.byteLength + pixels));
  cells.forEach((cell, i) => {
    store.readCrop(cell, crop);
    store.readMask(cell, mask);
    body.set(new Uint8Array(crop.buffer), i * crop.byteLength);
    body.set(mask, cells.length * crop.byteLength + i * pixels);
  });
  return body;
}

function encode(encoder: string, body: Uint8Array<ArrayBuffer>, headers = {}): Promise<Response> {
  const url = new URL(`data/0/encode?encoder=${encodeURIComponent(encoder)}`, serving.url);
  return fetch(url, { method: "POST", body, headers });
}

const aboutOf = async ({ url }: Serving) =>
  viewStudySchema.parse(await (await fetch(new URL("data/0/study.json", url))).json());

const features = async (answer: Response) => new Float32Array(await answer.arrayBuffer());

test("features are those of the encoder, to the bit, of every output and however many crops", async () => {
  const encoder = await openEncoder(readEncoder(join(base, "tiny.json")), store);
  const cells = [3, 7, 11];
  const pixels = store.height * store.width;
  const crops = new Float32Array(cells.length * pixels * store.channels.length);
  const masks = new Uint8Array(cells.length * pixels);
  cells.forEach((cell, i) => {
    store.readCrop(cell, crops.subarray(i * pixels * store.channels.length));
    store.readMask(cell, masks.subarray(i * pixels));
  });
  const expected = encoder.dimensions.map((d) => new Float32Array(cells.length * d));
  await encoder.encode(crops, masks, cells.length, expected);
  await encoder.release();
  for (const [o, name] of ["tiny.dense", "tiny.conv"].entries()) {
    const together = await features(await encode(name, bodyOf(cells)));
    expect(together).toEqual(expected[o]);
    const alone = await features(await encode(name, bodyOf([7])));
    const { length } = alone;
    expect(alone).toEqual(expected[o].subarray(length, 2 * length));
  }
});

test("the network that a page gets has the inner tensors as outputs, and gives the same features", async () => {
  const { encoders } = await aboutOf(serving);
  expect(encoders.map(({ runs }) => runs.where)).toEqual(["page", "page"]);
  const folder = join(base, "page-encoder");
  mkdirSync(folder);
  for (const file of ["tiny.json", "tiny.onnx"]) {
    const got = await fetch(new URL(`data/0/encoders/${file}`, serving.url));
    writeFileSync(join(folder, file), new Uint8Array(await got.arrayBuffer()));
  }
  const file = readEncoder(join(folder, "tiny.json"));
  expect(file).toMatchObject({ kind: "onnx", inner: [], fault: null });
  const encoder = await openEncoder(file, store);
  const out = encoder.dimensions.map((d) => new Float32Array(d));
  const body = bodyOf([5]);
  const values = store.channels.length * store.height * store.width;
  await encoder.encode(new Float32Array(body.buffer, 0, values), body.subarray(4 * values), 1, out);
  await encoder.release();
  expect(out[1]).toEqual(await features(await encode("tiny.conv", body)));
});

test("what is no crop, and who is no encoder, is refused in words", async () => {
  const body = bodyOf([0]);
  const refused = async (answer: Promise<Response>) => {
    const { status, headers } = await answer;
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    return [status, ((await (await answer).json()) as { error: string }).error];
  };
  expect(await refused(encode("other", body))).toEqual([404, "No encoder other can be run here."]);
  expect(await refused(encode("tiny.dense", body.slice(1)))).toEqual([413, expect.stringMatching(/1 to 8/)]);
  expect(await refused(encode("tiny.dense", new Uint8Array(0)))).toEqual([413, expect.any(String)]);
  expect(await refused(encode("tiny.dense", bodyOf(Array.from({ length: 9 }, () => 0))))).toEqual([
    413,
    expect.any(String),
  ]);
  const nan = body.slice();
  new Float32Array(nan.buffer)[3] = Number.NaN;
  expect(await refused(encode("tiny.dense", nan))).toEqual([400, "A crop holds values that are no numbers."]);
  const label = body.slice();
  label[label.length - 1] = 3;
  expect(await refused(encode("tiny.dense", label))).toEqual([
    400,
    "A mask holds labels besides 0, 1 and 2.",
  ]);
  const elsewhere = new URL("data/1/encode?encoder=tiny.dense", serving.url);
  expect(await refused(fetch(elsewhere, { method: "POST", body }))).toEqual([404, "There is nothing here."]);
  expect((await encode("tiny.dense", body, { origin: "http://evil.example" })).status).toBe(403);
  expect((await encode("tiny.dense", body)).status).toBe(200);
});

test("requests beyond those that may wait are told to come again, and none is lost", async () => {
  const body = bodyOf([1]);
  const answers = await Promise.all(Array.from({ length: 20 }, () => encode("tiny.dense", body)));
  const counted = answers.map(({ status }) => status);
  expect(counted.every((status) => status === 200 || status === 503)).toBe(true);
  expect(counted.filter((status) => status === 200).length).toBeGreaterThanOrEqual(8);
  const alone = await features(await encode("tiny.dense", body));
  for (const answer of answers) if (answer.status === 200) expect(await features(answer)).toEqual(alone);
});

test("a request that is cut off holds no place", async () => {
  const body = bodyOf([1]);
  for (let i = 0; i < 30; i++)
    await new Promise<void>((resolve) => {
      const url = new URL("data/0/encode?encoder=tiny.dense", serving.url);
      const sent = openRequest(url, { method: "POST", headers: { "content-length": body.length } });
      sent.on("error", () => resolve());
      sent.write(body.subarray(0, 100), () => sent.destroy(new Error("gone")));
    });
  expect((await encode("tiny.dense", body)).status).toBe(200);
});

test("an encoder that is a program is run where the user lets it, as long as it is the study's", async () => {
  const folder = join(base, "program");
  mkdirSync(folder);
  drawStore(folder);
  const program = join(folder, "serve.mjs");
  copyFileSync(join(import.meta.dirname, "../encode/command/program.mjs"), program);
  describeModel(folder, {
    name: "means",
    command: [process.execPath, "serve.mjs"],
    batch: 4,
    input: { channels: ["GFP", "RFP"], height: SIZE, width: SIZE },
    outputs: [{ output: "y" }],
  });
  const study = await runDrawn(folder, ["means.json"]);
  const runs = async (from: Serving) => (await aboutOf(from)).encoders[0].runs;
  const own = await serveStudies([study], { page: join(base, "page"), programs: true });
  const body = bodyOf([2]);
  try {
    expect(await runs(own)).toEqual({ where: "server", why: "it is a program" });
    expect((await fetch(new URL("data/0/encoders/means.json", own.url))).status).toBe(404);
    const url = new URL("data/0/encode?encoder=means", own.url);
    const given = await features(await fetch(url, { method: "POST", body }));
    const planes = new Float32Array(body.buffer, 0, 2 * SIZE * SIZE);
    const means = [0, 1].map((c) => mean(planes.subarray(c * SIZE * SIZE, (c + 1) * SIZE * SIZE)));
    expect([given[0], given[2]].map((v, c) => Math.abs(v - means[c]) < 1e-5 * means[c])).toEqual([
      true,
      true,
    ]);
  } finally {
    await own.close();
  }
  const without = await serveStudies([study], { page: join(base, "page") });
  expect(await runs(without)).toEqual({
    where: "none",
    why: "it is a program, which `cellswap view` runs only with --programs",
  });
  const refused = await fetch(new URL("data/0/encode?encoder=means", without.url), { method: "POST", body });
  expect(refused.status).toBe(404);
  await without.close();
  appendFileSync(program, "// changed\n");
  const after = await serveStudies([study], { page: join(base, "page"), programs: true });
  expect(await runs(after)).toEqual({
    where: "none",
    why: "its description or its network is not the one that the study used",
  });
  await after.close();
});
