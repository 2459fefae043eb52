import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bundledEncoders } from "../../src/encode/bundled.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { pooledEncoder } from "../../src/encode/pooled.ts";
import { featureKey } from "../../src/features/key.ts";
import { describeModel } from "../study/drawn.ts";
import { apart } from "./onnx/fixtures.ts";
import { describePooled, EXPECTED, encodePooled } from "./pool-fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-pooled-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inputs = {
  header: { hashes: { "crops.npy": "a", "masks.npy": "b" }, channels: ["GFP"], diameter: 30 },
  scales: "",
  composite: {},
} as unknown as Parameters<typeof featureKey>[0];

describe.each(Object.entries(EXPECTED))("%s", (name, { features, tensor, layout, pooled }) => {
  const tolerance = name === "vit-half" ? 2e-3 : 1e-6;

  test("finds the last map behind a vector; its mean under the mask is that of numpy", async () => {
    const path = describePooled(folder, name);
    const base = readEncoder(path);
    const variant = await pooledEncoder(base);
    expect(variant.description.name).toBe(`${name}+pool`);
    expect(variant.description.outputs).toEqual([{ output: tensor, layout, pool: "center-mean" }]);
    expect(apart(await encodePooled(base), features)).toBeLessThan(tolerance);
    expect(apart(await encodePooled(variant), pooled)).toBeLessThan(tolerance);
    expect(featureKey(inputs, variant, 0, "original")).not.toBe(featureKey(inputs, base, 0, "original"));
  });

  test("pools an output that is described as a map or as tokens itself", async () => {
    const pool = layout === "tokens" ? "class" : "max";
    const path = describePooled(folder, name, { outputs: [{ output: tensor, layer: "last", layout, pool }] });
    const variant = await pooledEncoder(readEncoder(path));
    expect(variant.description.outputs).toEqual([
      { output: tensor, layer: "last", layout, pool: "center-mean" },
    ]);
    expect(apart(await encodePooled(variant), pooled)).toBeLessThan(tolerance);
  });
});

test.each(["deeploc", "pci", "human-center"])(
  "all outputs of %s come from the last map of its trunk",
  async (name) => {
    const base = readEncoder(bundledEncoders().get(name)!);
    const outputs = ["max", "mean", "head"].map((output) => ({
      output,
      layout: "vector" as const,
      pool: "none" as const,
    }));
    const variant = await pooledEncoder({
      ...base,
      description: { ...base.description, outputs },
    } as typeof base);
    expect(variant.description.outputs).toEqual([
      { output: "/trunk/Relu_output_0", layout: "NCHW", pool: "center-mean" },
    ]);
    const { channels, height, width } = base.description.input;
    const encoder = await openEncoder(variant, { channels, height, width });
    expect(encoder.dimensions).toEqual([64]);
    expect(encoder.usesMask).toBe(true);
    await encoder.release();
  },
);

describe("is refused in one line, with what to write", () => {
  const refused = async (name: string, more: Record<string, unknown> = {}) => {
    const file = readEncoder(describePooled(folder, name, more));
    const error = await pooledEncoder(file).catch((e: Error) => e);
    expect(error).toMatchObject({ name: "StudyError", path: file.path });
    return (error as Error).message;
  };

  test("where several maps lead to the output, or a map and the pixels themselves", async () => {
    const two = await refused("two-maps", { outputs: [{ output: "features" }] });
    expect(two).toMatch(
      /output features comes from map and relu; .*\{ "output": "map", "layout": "NCHW", "pool": "center-mean" \}/,
    );
    expect(await refused("beside", { outputs: [{ output: "features" }] })).toMatch(
      /comes from map and the input itself/,
    );
  });

  test("where there is no map", async () => {
    expect(await refused("dense", { outputs: [{ output: "features" }] })).toMatch(
      /does not come from a feature map .*show --tensors.*"pool": "center-mean"/,
    );
  });

  test("where all is pooled so already", async () => {
    const outputs = [{ output: "last_hidden_state", layout: "tokens", pool: "center-mean" }];
    expect(await refused("vit", { outputs })).toMatch(/is pooled under the center mask already/);
  });
});

test("a program is pooled where it gives maps, and refused where it gives vectors", async () => {
  const program = (name: string, outputs: object[]) =>
    readEncoder(
      describeModel(folder, {
        name,
        command: [process.execPath],
        input: { channels: ["GFP"], height: 8, width: 8 },
        outputs,
      }),
    );
  const maps = program("maps", [{ output: "map", layout: "NHWC", pool: "mean" }]);
  const variant = await pooledEncoder(maps);
  expect(variant).toMatchObject({
    kind: "command",
    hash: maps.hash,
    description: { outputs: [{ output: "map", layout: "NHWC", pool: "center-mean" }] },
  });
  expect(featureKey(inputs, variant, 0, "original")).not.toBe(featureKey(inputs, maps, 0, "original"));
  await expect(pooledEncoder(program("vectors", [{ output: "v" }]))).rejects.toThrow(
    /is a program that gives vectors \(v\).*"layout": "NCHW"/,
  );
});
