import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { EncoderOutput } from "../../src/encode/description.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { type ExportedFeatures, exportEncoder } from "../../src/encode/export.ts";
import type { OnnxFile } from "../../src/encode/onnx/file.ts";
import { readModel } from "../../src/encode/onnx/file.ts";
import { OnnxGraph } from "../../src/encode/onnx/graph.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { pooledEncoder } from "../../src/encode/pooled.ts";
import { describeModel, writeModel } from "../study/drawn.ts";
import { apart, COUNT, CROPS, SHAPE, SIZE } from "./onnx/fixtures.ts";
import { describePooled, EXPECTED, encodePooled, POOL_MASKS } from "./pool-fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const place = () => join(folder, `${count++}`);
const read = (path: string) => readEncoder(path) as OnnxFile;
const one = (output: object, more: object = {}): ExportedFeatures => ({
  output: EncoderOutput.parse(output),
  ...more,
});

/** Features of the crops of every output. */
async function encodeAll(file: OnnxFile): Promise<number[][][]> {
  const encoder = await openEncoder(file, SHAPE);
  const out = encoder.dimensions.map((d) => new Float32Array(COUNT * d).fill(9));
  await encoder.encode(CROPS, POOL_MASKS, COUNT, out);
  await encoder.release();
  return out.map((rows, o) => {
    const d = encoder.dimensions[o];
    return Array.from({ length: COUNT }, (_, i) => Array.from(rows.subarray(i * d, (i + 1) * d)));
  });
}

describe.each(Object.entries(EXPECTED))("%s", (name, { pooled }) => {
  const vit = name.startsWith("vit");
  const half = name === "vit-half";

  test("pooling under the mask, in the network, is that of numpy", async () => {
    const at = place();
    const variant = (await pooledEncoder(readEncoder(describePooled(at, name)))) as OnnxFile;
    const features = variant.description.outputs.map((output) => ({ output }));
    const made = await exportEncoder(variant, features, { out: join(at, `${name}-pool.json`) });
    expect(readdirSync(at).sort()).toEqual([`${name}-pool.json`, `${name}-pool.onnx`, `${name}.json`].sort());
    expect(made.description).toMatchObject({
      name: `${name}-pool`,
      model: `${name}-pool.onnx`,
      extraInputs: [{ name: "center_mask", value: "center-mask" }],
      // The network's own output `features` keeps its name.
      outputs: [{ output: vit ? "features" : "features_2", layout: "vector", pool: "none" }],
    });
    const exported = read(made.path);
    const found = await encodePooled(exported);
    expect(apart(found, pooled)).toBeLessThan(half ? 2e-3 : 1e-6);
    // In half precision the runtime rounds at other places of another graph.
    expect(apart(found, await encodePooled(variant))).toBeLessThan(half ? 2e-3 : 1e-5);
  });
});

test.each(["opset9", "nhwc11", "fixed13", "vit", "vit-external"])(
  "every pooling of %s, with an affine map and with probabilities behind it, is that of cellswap",
  async (name) => {
    const { tensor, layout } = EXPECTED[name];
    const at = place();
    const pools = ["max", "mean", "center-mean", "flatten", ...(layout === "tokens" ? ["class"] : [])];
    const outputs = pools.map((pool) => ({ output: tensor, layer: pool, layout, pool }));
    const base = read(describePooled(at, name, { outputs }));
    const plain = await encodeAll(base);
    const random = mulberry32(5);
    const maps = plain.map(([row]) => {
      const [inputs, out] = [row.length, 3];
      const draw = (n: number) => Float64Array.from({ length: n }, () => 2 * random() - 1);
      return { inputs, outputs: out, weights: draw(inputs * out), offset: draw(out) };
    });
    const kinds = [{}, { affine: true }, { affine: true, softmax: true }];
    const features = kinds.flatMap((kind) =>
      base.description.outputs.map((output, o) =>
        one(output, { ...kind, ...("affine" in kind ? { affine: maps[o] } : {}) }),
      ),
    );
    const made = await exportEncoder(base, features, { out: join(at, "made.json") });
    const found = await encodeAll(read(made.path));
    plain.forEach((rows, o) => {
      const { inputs, outputs: n, weights, offset } = maps[o];
      const scores = rows.map((row) =>
        Array.from({ length: n }, (_, k) =>
          row.reduce((sum, v, i) => sum + v * weights[k * inputs + i], offset[k]),
        ),
      );
      const probabilities = scores.map((row) => {
        const powers = row.map((v) => Math.exp(v - Math.max(...row)));
        const sum = powers.reduce((a, b) => a + b, 0);
        return powers.map((v) => v / sum);
      });
      for (const [k, expected] of [rows, scores, probabilities].entries())
        expect(apart(found[k * plain.length + o], expected), `${pools[o]} ${k}`).toBeLessThan(1e-5);
    });
  },
);

test("names of the network are left to it, and its own outputs stay", async () => {
  const at = place();
  const graph = new OnnxGraph("taken");
  const x = graph.input("center_mask", ["n", 2, SIZE, SIZE]);
  const kernel = graph.weight(
    "cellswap_rows",
    [4, 2, 1, 1],
    Float32Array.from({ length: 8 }, (_, i) => i + 1),
  );
  const map = graph.node("Conv", [x, kernel], {}, "cellswap_cast");
  graph.output(graph.node("GlobalAveragePool", [map], {}, "features"), ["n", 4, 1, 1]);
  writeModel(join(at, "taken.onnx"), graph);
  const base = read(
    describeModel(at, {
      name: "taken",
      model: "taken.onnx",
      input: { name: "center_mask", channels: SHAPE.channels, height: SIZE, width: SIZE },
      outputs: [{ output: "features" }],
    }),
  );
  const variant = (await pooledEncoder(base)) as OnnxFile;
  const made = await exportEncoder(variant, [{ output: variant.description.outputs[0] }], {
    out: join(at, "out.json"),
  });
  const exported = read(made.path);
  expect(apart(await encodePooled(exported), await encodePooled(variant))).toBeLessThan(1e-6);
  // What is between map and features has as many channels as a grid has patches, and is none.
  const [again] = (await pooledEncoder(exported)).description.outputs;
  expect(again).toMatchObject({ output: "cellswap_cast", layout: "NCHW" });
  const { outputs, inputs } = readModel(made.model).model.graph;
  expect(outputs.map((v) => v.name)).toEqual(["features", "features_2"]);
  expect(inputs.map((v) => [v.name, v.shape])).toEqual([
    ["center_mask", ["n", 2, SIZE, SIZE]],
    ["center_mask_2", ["n", SIZE, SIZE]],
  ]);
});

test("what is described beside the output stays: preprocessing with five crops, further inputs, notes", async () => {
  const at = place();
  const path = describePooled(at, "opset9", {
    preprocess: [
      { step: "crop", height: 24, width: 24, at: "five" },
      { step: "resize", height: SIZE, width: SIZE },
    ],
    license: "MIT",
    notes: ["mine"],
    retrained: "opset9-swap",
  });
  const variant = (await pooledEncoder(readEncoder(path))) as OnnxFile;
  const features = variant.description.outputs.map((output) => ({ output }));
  const made = await exportEncoder(variant, features, { out: join(at, "five.json"), notes: ["more"] });
  const exported = read(made.path);
  expect(exported.description).toMatchObject({
    license: "MIT",
    notes: ["mine", "more"],
    preprocess: variant.description.preprocess,
  });
  // The twin is one of the encoder as it was.
  expect(exported.description.retrained).toBeUndefined();
  expect(apart(await encodePooled(exported), await encodePooled(variant))).toBeLessThan(1e-6);
  const affine = { inputs: 4, outputs: 2, weights: new Float64Array(8), offset: [0, 0] };
  await expect(
    exportEncoder(read(path), [one({ output: "features" }, { affine, softmax: true })], {
      out: join(at, "soft.json"),
    }),
  ).rejects.toThrow(/five crops, and the mean of probabilities .*export the scores/);
});

describe("writes nothing", () => {
  const attempt = async (out: string, more: object = {}, file?: OnnxFile) => {
    const base = file ?? read(describePooled(place(), "opset9"));
    const before = existsSync(dirname(out)) ? readdirSync(dirname(out)) : [];
    const error = await exportEncoder(base, [one({ output: "features" })], { out, ...more }).catch(
      (e: Error) => e,
    );
    expect(existsSync(dirname(out)) ? readdirSync(dirname(out)) : []).toEqual(before);
    return (error as Error).message;
  };

  test("over files that are there, unless it is told to", async () => {
    const base = read(describePooled(place(), "opset9"));
    for (const there of ["out.json", "out.onnx"]) {
      const at = place();
      describePooled(at, "opset9");
      writeFileSync(join(at, there), "mine");
      expect(await attempt(join(at, "out.json"))).toMatch(/is there already; give another --out, or --force/);
      expect(readFileSync(join(at, there), "utf8")).toBe("mine");
      await exportEncoder(base, [one({ output: "features" })], { out: join(at, "out.json"), force: true });
      expect(apart(await encodePooled(read(join(at, "out.json"))), EXPECTED.opset9.features)).toBeLessThan(
        1e-6,
      );
    }
  });

  test("over the encoder that it exports, told or not", async () => {
    const at = place();
    const path = describePooled(at, "opset9");
    copyFileSync(read(path).modelPath, join(at, "own.onnx"));
    const own = read(describePooled(at, "opset9", { model: "own.onnx" }));
    for (const out of ["opset9.json", "own.json"])
      expect(await attempt(join(at, out), { force: true }, own)).toMatch(
        /is a file of the encoder that is exported/,
      );
  });

  test("through a symbolic link", async () => {
    for (const link of ["out.json", "out.onnx"]) {
      const at = place();
      describePooled(at, "opset9");
      symlinkSync(join(at, "elsewhere"), join(at, link));
      expect(await attempt(join(at, "out.json"), { force: true })).toMatch(/is a symbolic link/);
    }
  });

  test("under a name that is none", async () => {
    expect(await attempt(join(place(), "out.onnx"))).toMatch(/give NAME.json/);
    expect(await attempt(join(place(), "my net.json"))).toMatch(/my net is not a name for an encoder/);
  });

  test("of a network in operators that are too old", async () => {
    const at = place();
    const graph = new OnnxGraph("old", { opset: 6 });
    graph.output(graph.node("GlobalAveragePool", [graph.input("x", ["n", 2, SIZE, SIZE])], {}, "features"), [
      "n",
      2,
      1,
      1,
    ]);
    writeModel(join(at, "old.onnx"), graph);
    const base = read(describePooled(at, "opset9", { model: "old.onnx" }));
    expect(await attempt(join(at, "out.json"), {}, base)).toMatch(
      /operators of version 6 \(opset\).*export it again in version 7 or later/,
    );
  });
});
