import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEVICES, type Device, onDevice } from "../../src/encode/device.ts";
import type { Encoder } from "../../src/encode/encoder.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { compareDevices } from "../../src/encode/try.ts";
import { featureKey } from "../../src/features/key.ts";
import { encodedOn } from "../../src/study/encoders.ts";
import { built } from "../built.ts";
import { drawCells, writeEncoder } from "../study/drawn.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-device-"));
const cells = join(folder, "cells");
let encoder: string;
beforeAll(async () => {
  await drawCells(cells);
  encoder = writeEncoder(folder, { name: "tiny" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Vulkan on the processor, as Chromium brings it along; empty where it is not installed. */
const chromium = "/usr/lib/chromium";
const icd = join(chromium, "vk_swiftshader_icd.json");
const software: NodeJS.ProcessEnv = existsSync(icd)
  ? { LD_LIBRARY_PATH: chromium, VK_ICD_FILENAMES: icd }
  : {};

function cellswap(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(built(), "cli.js"), ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, stdout, said: stderr.trim().split("\n").at(-1)! };
}

const tryOn = (device: Device, env?: NodeJS.ProcessEnv) =>
  cellswap(["encoder", "try", encoder, "--cells", cells, "--device", device, "--json"], env);

describe.each(DEVICES.filter((d) => d !== "cpu"))("%s", (device) => {
  test("encodes as the processor does, or one line says what it needs", ({ skip }) => {
    const { status, stdout, said } = tryOn(device, device === "webgpu" ? software : {});
    if (status !== 0) {
      const inBuild = ort.listSupportedBackends().some(({ name }) => name === device);
      expect(said).toMatch(
        inBuild ? `--device ${device}: ONNX Runtime cannot use it here (` : `has no ${device} on`,
      );
      expect(said).toMatch(/it needs .*; leave --device out, or start the model in a program/);
      skip(`this machine has no ${device}`);
    }
    const there = JSON.parse(stdout);
    const here = JSON.parse(tryOn("cpu").stdout);
    for (const [o, { range }] of there.outputs.entries())
      for (const side of [0, 1]) expect(range[side] / here.outputs[o].range[side]).toBeCloseTo(1, 3);
  });
});

test("many batches go to one device, whatever the number of threads", ({ skip }) => {
  const out = join(folder, "features.parquet");
  const asked = ["features", cells, "--encoder", encoder, "--remedy", "recompose", "--out", out];
  const { status, said } = cellswap([...asked, "--device", "webgpu", "--workers", "2"], software);
  if (status !== 0) {
    expect(said).toMatch("--device webgpu: ");
    skip("this machine has no webgpu");
  }
  expect(existsSync(out)).toBe(true);
});

test("the report says where encoders ran", () => {
  const file = readEncoder(encoder);
  const path = writeEncoder(folder, { name: "other" });
  const other = onDevice(readEncoder(path), "webgpu");
  expect(encodedOn([file])).toBe("the processor");
  expect(encodedOn([file, other])).toMatch(/^the processor: tiny; webgpu \(.* to 0\.001\): other$/);
});

test("features of a device have keys of their own", () => {
  const file = readEncoder(encoder);
  const inputs = {
    header: { hashes: { "crops.npy": "a", "masks.npy": "b" }, channels: ["GFP", "RFP"] },
    scales: "c",
    composite: {
      edge: "hard",
      sigma: 1,
      donorCenter: "keep",
      halo: 0,
      intensity: "none",
      clip: null,
      seed: 1,
    },
  } as const;
  const key = (device: Device) => featureKey(inputs, onDevice(file, device), 0, "original");
  expect(new Set(DEVICES.map(key)).size).toBe(DEVICES.length);
  expect(key("cpu")).toBe(featureKey(inputs, file, 0, "original"));
});

test("features that are off those of the processor by more than rounding are refused in one line", async () => {
  const giving = (factor: number): Encoder => ({
    dimensions: [2],
    usesMask: false,
    tolerance: 0,
    runMs: 0,
    encode: async (_crops, _masks, _count, [out]) => out.set([factor, 10 * factor]),
    release: async () => {},
  });
  const samples = { count: 1, crops: new Float32Array(8), masks: new Uint8Array(4) };
  const compared = (factor: number) => compareDevices(giving(factor), giving(1), "tiny", samples);
  expect(await compared(1.0009)).toEqual([]);
  const [flag] = await compared(1.002);
  expect(flag).toMatchObject({ id: "device-differs", severity: "refuse" });
  expect(flag.text).toMatch("by up to 0.20 % of the largest, at most 0.10 % are rounding");
  expect((await compared(Number.NaN))[0].severity).toBe("refuse");
});
