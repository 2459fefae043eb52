import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import type { OnnxFile } from "../../../src/encode/onnx/file.ts";
import { OnnxGraph } from "../../../src/encode/onnx/graph.ts";
import { openEncoder } from "../../../src/encode/open.ts";
import { sha256, sha256File } from "../../../src/files/hash.ts";
import { describeModel, writeModel } from "../../study/drawn.ts";
import { apart, COUNT, describeFixture, EXPECTED, encode, FIXTURES, SHAPE, SIZE } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-forms-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const fixture = (name: string, more: Record<string, unknown> = {}) =>
  describeFixture(join(folder, `${count++}`), name, more);

const tokens = (pool: string, more = {}) => ({
  output: "last_hidden_state",
  layer: pool,
  layout: "tokens",
  pool,
  ...more,
});
const POOLS = ["class", "mean", "max", "center-mean", "flatten"];

describe.each([
  ["vit", "vit", 1e-6],
  // Half precision has 11 bits, and some processors sum in it.
  ["vit-half", "vit-half", 2e-3],
  ["vit-batch4", "vit", 1e-6],
  ["vit-external", "vit", 1e-6],
])("%s equals ONNX Runtime in Python", (name, expected, tolerance) => {
  test("tokens in every pooling, and a vector beside them", async () => {
    const path = fixture(name, {
      outputs: [...POOLS.map((pool) => tokens(pool)), { output: "pooler_output", layer: "pooled" }],
    });
    const found = await encode(path);
    for (const [o, pool] of [...POOLS, "pooler_output"].entries())
      expect(apart(found[o], EXPECTED[expected][pool]), pool).toBeLessThan(tolerance);
  });

  test("the features of a crop are the same bits at any place and beside any others", async () => {
    const path = fixture(name, { outputs: [tokens("center-mean")] });
    const [first] = await encode(path);
    for (const order of [[3], [4, 0], Array.from({ length: 21 }, (_, i) => (i * 3 + 1) % COUNT)]) {
      const [found] = await encode(path, order);
      order.forEach((c, i) => void expect(found[i]).toEqual(first[c]));
    }
  });
});

test("five crops in batches of four: the mean of each crop's views", async () => {
  const five = {
    preprocess: [
      { step: "crop", height: 24, width: 24, at: "five" },
      { step: "resize", height: SIZE, width: SIZE },
    ],
    outputs: [tokens("mean"), tokens("center-mean")],
  };
  const [free, fixed] = [await encode(fixture("vit", five)), await encode(fixture("vit-batch4", five))];
  for (const o of [0, 1]) expect(apart(fixed[o], free[o])).toBeLessThan(1e-6);
});

test("a network takes batches of a given size where it does not say that it takes no other", async () => {
  const input = { name: "pixel_values", channels: SHAPE.channels, height: SIZE, width: SIZE, batch: 3 };
  const [found] = await encode(fixture("vit", { input }));
  expect(apart(found, EXPECTED.vit.pooler_output)).toBeLessThan(1e-6);
});

test("half precision goes in alone, at the first place of a batch of one size too", async () => {
  const input = { name: "pixel_values", channels: SHAPE.channels, height: SIZE, width: SIZE, batch: 4 };
  const more = { outputs: [tokens("center-mean")] };
  const [[free], [fixed]] = [
    await encode(fixture("vit-half", more)),
    await encode(fixture("vit-half", { ...more, input })),
  ];
  expect(apart(fixed, free)).toBeLessThan(2e-3);
  const [again] = await encode(fixture("vit-half", { ...more, input }), [4, 4, 1]);
  expect(again).toEqual([fixed[4], fixed[4], fixed[1]]);
});

test("a channel that is named twice goes in twice", async () => {
  const channels = ["ER", "ER"];
  const input = { name: "pixel_values", channels, height: SIZE, width: SIZE };
  const [twice] = await encode(fixture("vit", { input }));
  expect(apart(twice, EXPECTED.vit.pooler_output)).toBeGreaterThan(1e-3);
  expect(twice.flat().every(Number.isFinite)).toBe(true);
});

test("a tensor inside the network is an output by its name, with weights in another file too", async () => {
  for (const name of ["vit", "vit-external", "vit-batch4"]) {
    const path = fixture(name, {
      outputs: [{ output: "encoder.layer.0", layout: "tokens", pool: "mean" }, { output: "pooler_output" }],
    });
    expect(readEncoder(path)).toMatchObject({ inner: ["encoder.layer.0"] });
    const [inner, outer] = await encode(path);
    expect(apart(inner, EXPECTED.inner.mean)).toBeLessThan(1e-6);
    expect(apart(outer, EXPECTED.vit.pooler_output)).toBeLessThan(1e-6);
  }
});

const extra = [
  { name: "cell_mask", value: "center-mask" },
  { name: "gain", value: 2.5 },
  { name: "offset", value: [3, -1] },
];
const masked = (name: string, extraInputs: unknown) =>
  fixture(name, {
    input: { name: "images", channels: SHAPE.channels, height: SIZE, width: SIZE },
    extraInputs,
    outputs: [{ output: "features" }],
  });

test.each(["mask-float", "mask-bool", "mask-uint8"])(
  "%s: the center mask and constants go in, double precision comes out",
  async (name) => {
    const path = masked(name, extra);
    const [found] = await encode(path);
    expect(apart(found, EXPECTED[name].features)).toBeLessThan(1e-6);
    const [again] = await encode(path, [2, 2, 0]);
    expect(again).toEqual([found[2], found[2], found[0]]);
    await expect(openEncoder(readEncoder(path), { ...SHAPE, masks: "none" })).rejects.toThrow(
      'asks for center masks ("extraInputs"), and the cells have none',
    );
  },
);

test.each<[string, unknown, string]>([
  ["one is left out", extra.slice(0, 2), 'has another input, offset (int64 n x 2); say in "extraInputs" of'],
  [
    "one is not there",
    [...extra, { name: "extra", value: 1 }],
    "has no input extra; it has images, cell_mask, gain, offset; correct extraInputs in",
  ],
  [
    "too many values",
    [...extra.slice(0, 2), { name: "offset", value: [1, 2, 3] }],
    "takes 2 values in input offset, and its constant has 3",
  ],
  [
    "a mask that is none",
    [extra[0], { name: "gain", value: "center-mask" }, extra[2]],
    "takes one value in input gain, and a center mask is batch x 1 x 32 x 32 or batch x 32 x 32",
  ],
])("further inputs: %s", async (_, extraInputs, message) => {
  await expect(openEncoder(readEncoder(masked("mask-float", extraInputs)), SHAPE)).rejects.toThrow(message);
});

test.each<[string, Record<string, unknown>, string]>([
  [
    "an output that is not there",
    { outputs: [{ output: "cls_token" }] },
    "has no output cls_token; it has last_hidden_state, pooler_output (and ",
  ],
  [
    "another size",
    { input: { name: "pixel_values", channels: ["DNA", "ER"], height: 64, width: 64 } },
    "takes batch x 2 x 32 x 32 in input pixel_values, and its description gives batch x 2 x 64 x 64",
  ],
  [
    "another layout",
    { input: { name: "pixel_values", channels: ["DNA", "ER"], height: 32, width: 32, layout: "NHWC" } },
    "and its description gives batch x 32 x 32 x 2 (NHWC: DNA, ER)",
  ],
])("what does not fit is told with both sides: %s", async (_, more, message) => {
  const path = fixture("vit", { preprocess: [{ step: "resize", height: 64, width: 64 }], ...more });
  const file = readEncoder(path);
  if (!("input" in more)) Object.assign(file.description, { preprocess: [] });
  else if (message.includes("NHWC")) Object.assign(file.description, { preprocess: [] });
  await expect(openEncoder(file, SHAPE)).rejects.toThrow(message);
});

describe("weights in another file", () => {
  const files = () => {
    const dir = join(folder, `weights${count++}`);
    mkdirSync(dir, { recursive: true });
    for (const name of ["vit-external.onnx", "vit-external.onnx_data"])
      copyFileSync(join(FIXTURES, name), join(dir, name));
    const describe = (more = {}) =>
      describeModel(dir, {
        name: "net",
        model: "vit-external.onnx",
        input: { name: "pixel_values", channels: SHAPE.channels, height: SIZE, width: SIZE },
        outputs: [{ output: "pooler_output" }],
        ...more,
      });
    return { dir, describe, data: join(dir, "vit-external.onnx_data") };
  };

  test("are part of the hash, which is that of the files' hashes", () => {
    const { dir, describe, data } = files();
    const { hash } = readEncoder(describe());
    const lines = [join(dir, "vit-external.onnx"), data].map((file) => `${sha256File(file)}\n`);
    expect(hash).toBe(sha256(lines.join("")));
    expect(readEncoder(describe({ sha256: hash })).hash).toBe(hash);
    writeFileSync(data, Buffer.alloc(20_000, 1));
    expect(() => readEncoder(describe({ sha256: hash }))).toThrow("says the model's SHA-256 is");
    expect(readEncoder(describe()).hash).not.toBe(hash);
  });

  test("that are not there, cut off or a link are refused", () => {
    const { describe, data } = files();
    truncateSync(data, 5000);
    expect(() => readEncoder(describe())).toThrow(
      "bytes of weights in vit-external.onnx_data, which has 5000",
    );
    rmSync(data);
    expect(() => readEncoder(describe())).toThrow(
      "has weights in vit-external.onnx_data, which is not there",
    );
    symlinkSync(join(FIXTURES, "vit-external.onnx_data"), data);
    expect(() => readEncoder(describe())).toThrow("which is a symbolic link; put the file itself beside");
  });

  test.each(["../secret.bin", "/dev/zero", "C:\\w.bin", "a//b"])(
    "outside the folder, %s, are refused",
    (at) => {
      const { dir, describe } = files();
      const model = join(dir, "vit-external.onnx");
      // A length of its own before every text: only names of the same length can take each other's place.
      const name = "vit-external.onnx_data";
      const bytes = readFileSync(model);
      let place = bytes.indexOf(name);
      while (place >= 0) {
        bytes.write(at.padEnd(name.length, "x"), place);
        place = bytes.indexOf(name, place);
      }
      writeFileSync(model, bytes);
      expect(() => readEncoder(describe())).toThrow(/has weights in ".*", outside its folder/);
    },
  );
});

test("a network that only casts to half precision inside itself goes in alone as well", () => {
  const half = (to: number | null) => {
    const graph = new OnnxGraph("casts");
    const x = graph.input("pixel_values", ["n", 2, SIZE, SIZE]);
    const cast = to === null ? x : graph.node("Cast", [graph.node("Cast", [x], { to })], { to: 1 });
    graph.output(graph.node("Flatten", [graph.node("GlobalAveragePool", [cast])], {}, "y"), ["n", 2]);
    writeModel(join(folder, "casts.onnx"), graph);
    const path = describeModel(folder, {
      name: "casts",
      model: "casts.onnx",
      input: { name: "pixel_values", channels: SHAPE.channels, height: SIZE, width: SIZE },
      outputs: [{ output: "y" }],
    });
    return (readEncoder(path) as OnnxFile).half;
  };
  expect([null, 11, 10].map(half)).toEqual([false, false, true]);
});
