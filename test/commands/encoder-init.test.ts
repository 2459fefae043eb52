import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { OnnxGraph } from "../../src/encode/onnx/graph.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { FIXTURES, SHAPE } from "../encode/onnx/fixtures.ts";
import { drawCells, writeModel, writeStudy } from "../study/drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-init-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
afterEach(() => void vi.restoreAllMocks());
let count = 0;

/** A folder with networks of the fixtures in it. */
function folderOf(...files: string[]): string {
  const folder = mkdtempSync(join(base, `${count++}-`));
  for (const file of files) copyFileSync(join(FIXTURES, file), join(folder, file));
  return folder;
}

async function run(...argv: string[]): Promise<{ code: number; out: string; error: string }> {
  const said = { out: "", error: "" };
  vi.spyOn(console, "log").mockImplementation((line: string) => void (said.out += `${line}\n`));
  vi.spyOn(console, "error").mockImplementation((line: string) => void (said.error += `${line}\n`));
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const code = await main(argv);
  vi.restoreAllMocks();
  return { code, ...said };
}

const init = (...argv: string[]) => run("encoder", "init", ...argv);
const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;

test("a drafted description works at once in a study", async () => {
  const folder = folderOf("vit-external.onnx", "vit-external.onnx_data");
  drawCells(join(folder, "cells"), { cellsPerClass: 6, channels: ["DNA", "ER"] });
  const made = await init(join(folder, "vit-external.onnx"), "--cells", join(folder, "cells"));
  expect([made.code, made.error]).toEqual([0, ""]);
  expect(made.out.split("\n")).toEqual(
    expect.arrayContaining([
      "read     input pixel_values: float32 batch x 2 x 32 x 32",
      "guessed  channels DNA, ER",
      "read     output last_hidden_state: float32 batch x 19 x 12",
      expect.stringMatching(/^guessed {2}last_hidden_state holds tokens: 4 x 4/),
      "read     weights in vit-external.onnx_data",
    ]),
  );
  const study = writeStudy(join(folder, "study.json"), {
    encoders: ["vit-external.json"],
    settings: ["original"],
  });
  const ran = await run("run", study, "--out", join(folder, "out"), "--workers", "1");
  expect([ran.code, ran.error.split("\n").filter((l) => l.startsWith("cellswap:"))]).toEqual([0, []]);
  expect(readdirSync(join(folder, "out/results"))).toContain("pairs.csv");
});

test.each<[string, Record<string, unknown>]>([
  ["vit.onnx", { outputs: [{ output: "last_hidden_state", layout: "tokens", pool: "class" }] }],
  ["vit-half.onnx", { input: { name: "pixel_values", height: 32, width: 32 } }],
  ["vit-batch4.onnx", { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
  ["norm.onnx", { outputs: [{ output: "features", layout: "vector", pool: "none" }] }],
])("%s: what is written opens, and says what was guessed", async (file, expected) => {
  const folder = folderOf(file);
  const { code } = await init(join(folder, file), "--channels", "DNA,ER");
  expect(code).toBe(0);
  const path = join(folder, file.replace(".onnx", ".json"));
  expect(read(path)).toMatchObject({ format: "cellswap-encoder", model: file, ...expected });
  expect(read(path).notes).toEqual(
    expect.arrayContaining([expect.stringMatching(/^Guessed when drafted: /)]),
  );
  const encoder = await openEncoder(readEncoder(path), { ...SHAPE, height: 48, width: 48 });
  expect(encoder.dimensions.length).toBe(1);
  await encoder.release();
});

test("further inputs are named: masks by their names, constants to be given", async () => {
  const folder = folderOf("mask-bool.onnx");
  const model = join(folder, "mask-bool.onnx");
  expect((await init(model, "--channels", "DNA,ER")).error).toContain(
    "does not run on 64 x 64 px, which was guessed as the network leaves the size of its input open; give --size",
  );
  const { out } = await init(model, "--channels", "DNA,ER", "--size", "32");
  expect(out).toContain("guessed  further input cell_mask: bool n x h x w gets the center mask");
  expect(out).toContain("guessed  further input gain: float32 (one value) gets 0; give what it needs");
  expect(read(join(folder, "mask-bool.json")).extraInputs).toEqual([
    { name: "cell_mask", value: "center-mask" },
    { name: "gain", value: 0 },
    { name: "offset", value: 0 },
  ]);
});

/** A classifier for photographs: two convolutions, mean, 1,000 scores, their softmax; channels first or last. */
function classifier(path: string, last: boolean): void {
  const graph = new OnnxGraph("classifier");
  const x = graph.input("input", last ? ["n", 32, 32, 3] : ["n", 3, 32, 32]);
  const image = last ? graph.node("Transpose", [x], { perm: [0, 3, 1, 2] }) : x;
  const weight = (name: string, shape: number[]) =>
    graph.weight(
      name,
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
    );
  const map = graph.node("Conv", [image, weight("w", [5, 3, 3, 3])], { strides: [2, 2] }, "map");
  const mean = graph.node("GlobalAveragePool", [graph.node("Relu", [map])]);
  const flat = graph.node("Flatten", [mean], { axis: 1 }, "penultimate");
  const scores = graph.node("Gemm", [flat, weight("fc", [5, 1000])], {}, "logits");
  graph.output(graph.node("Softmax", [scores], { axis: 1 }, "probabilities"), ["n", 1000]);
  writeModel(path, graph);
}

test.each([false, true])(
  "a classifier (channels last: %s) gives its last features, with ImageNet's constants",
  async (last) => {
    const folder = folderOf();
    const model = join(folder, "net.onnx");
    classifier(model, last);
    const { code, out } = await init(
      model,
      "--channels",
      "DNA,DNA,ER",
      "--out",
      join(folder, "sub/other.json"),
    );
    expect(code).toBe(0);
    expect(out).toMatch(
      /guessed {2}probabilities holds scores of 1000 classes; the features are .* before the last layer/,
    );
    const path = join(folder, "sub/other.json");
    expect(read(path)).toMatchObject({
      model: "../net.onnx",
      input: { channels: ["DNA", "DNA", "ER"], layout: last ? "NHWC" : "NCHW" },
      preprocess: [{ step: "resize" }, { step: "minmax" }, { step: "fixed", mean: [0.485, 0.456, 0.406] }],
    });
    const encoder = await openEncoder(readEncoder(path), SHAPE);
    expect(encoder.dimensions).toEqual([5]);
    await encoder.release();
  },
);

/** Means of a convolution's map with 5 channels, then what `end` makes of them; returns the path of the model. */
function network(
  folder: string,
  end: (graph: OnnxGraph, means: string) => string,
  size: (number | string)[],
) {
  const graph = new OnnxGraph("network");
  const x = graph.input("x", ["n", 2, ...size]);
  const weights = Float32Array.from({ length: 5 * 2 * 9 }, (_, i) => Math.sin(i));
  const map = graph.node("Conv", [x, graph.weight("w", [5, 2, 3, 3], weights)], {}, "map");
  const mean = graph.node("GlobalAveragePool", [map]);
  graph.output(end(graph, graph.node("Flatten", [mean], {}, "means")), []);
  const path = join(folder, "net.onnx");
  writeModel(path, graph);
  return path;
}

const dense = (graph: OnnxGraph, means: string, name: string) =>
  graph.node(
    "Gemm",
    [
      means,
      graph.weight(
        "fc",
        [5, 7],
        Float32Array.from({ length: 35 }, (_, i) => Math.cos(i)),
      ),
    ],
    {},
    name,
  );

test.each<[string, (graph: OnnxGraph, means: string) => string, RegExp]>([
  [
    "scores by their name",
    (graph, means) => dense(graph, means, "logits"),
    /logits holds scores of 7 classes; the features are \S+ before/,
  ],
  [
    "probabilities by what makes them",
    (graph, means) => graph.node("Sigmoid", [dense(graph, means, "z")], {}, "y"),
    /y holds scores of 7 classes; the features are \S+ before/,
  ],
  [
    "scores without a layer before them",
    (graph, means) => graph.node("Exp", [means], {}, "scores"),
    /scores seems to hold scores of 5 classes, and the layer before them is not found: name/,
  ],
])("init knows a head of any number of classes: %s", async (_, end, said) => {
  const folder = folderOf();
  const model = network(folder, end, [32, 32]);
  expect((await init(model, "--channels", "A,B")).out).toMatch(said);
  const encoder = await openEncoder(readEncoder(join(folder, "net.json")), {
    ...SHAPE,
    channels: ["A", "B"],
  });
  expect(encoder.dimensions).toEqual([5]);
  await encoder.release();
});

test("init takes a last layer whose name says nothing as it is", async () => {
  const folder = folderOf();
  const model = network(folder, (graph, means) => dense(graph, means, "embedding"), [32, 32]);
  await init(model, "--channels", "A,B");
  expect(read(join(folder, "net.json"))).toMatchObject({ outputs: [{ output: "embedding" }] });
});

test("init tells the layout of a feature map by its proportions, not by the input's layout", async () => {
  const folder = folderOf();
  const model = network(
    folder,
    (graph) => graph.node("Transpose", ["map"], { perm: [0, 2, 3, 1] }),
    [32, 32],
  );
  expect((await init(model, "--channels", "A,B")).out).toContain("is a feature map (NHWC)");
  expect(read(join(folder, "net.json"))).toMatchObject({
    input: { layout: "NCHW" },
    outputs: [{ layout: "NHWC", pool: "mean" }],
  });
});

test("the constants that Transformers keeps beside a model are read", async () => {
  const folder = folderOf();
  classifier(join(folder, "net.onnx"), false);
  writeFileSync(
    join(folder, "preprocessor_config.json"),
    JSON.stringify({ image_mean: [0.5, 0.5, 0.5], image_std: [0.25, 0.25, 0.25], do_rescale: true }),
  );
  const { out } = await init(join(folder, "net.onnx"), "--channels", "A,A,A");
  expect(out).toContain("read     mean and sd from preprocessor_config.json");
  expect(read(join(folder, "net.json"))).toMatchObject({
    preprocess: [
      { step: "resize" },
      { step: "minmax" },
      { step: "fixed", mean: [0.5, 0.5, 0.5], sd: [0.25, 0.25, 0.25] },
    ],
  });
});

test("what cannot be drafted is one line, and nothing is written or replaced", async () => {
  const folder = folderOf("vit.onnx", "norm-training.onnx");
  drawCells(join(folder, "cells"), { cellsPerClass: 2, channels: ["A", "B", "C"] });
  const model = join(folder, "vit.onnx");
  const before = readdirSync(folder);
  const refused = async (...argv: string[]) => {
    const { code, error } = await init(...argv);
    expect(code).toBe(1);
    expect(error.trimEnd()).not.toContain("\n");
    return error;
  };
  expect(await refused(model)).toContain(
    "takes 2 channels; name those of your cells in the network's order, one several times where there are fewer: --channels DNA,ER",
  );
  expect(await refused(model, "--cells", join(folder, "cells"))).toContain(
    "takes 2 channels, and the cells have A, B, C; name",
  );
  expect(await refused(model, "--channels", "DNA")).toContain("takes 2 channels, and 1 is named (DNA)");
  expect(await refused(join(folder, "none.onnx"), "--channels", "A")).toContain("there is no such file");
  expect(await refused(join(folder, "norm-training.onnx"), "--channels", "A,B")).toContain("as in training");
  expect(readdirSync(folder)).toEqual(before);
  writeFileSync(join(folder, "vit.json"), "mine");
  expect(await refused(model, "--channels", "A,B")).toContain(
    "vit.json: is there already; give another --out, or --force",
  );
  expect(readFileSync(join(folder, "vit.json"), "utf8")).toBe("mine");
  expect((await init(model, "--channels", "A,B", "--force", "--json")).code).toBe(0);
  expect(read(join(folder, "vit.json"))).toMatchObject({ name: "vit" });
});

test.each<[string, string[], string[]]>([
  [
    "vit-external.onnx",
    ["weights in vit-external.onnx_data (12096 bytes)", "pixel_values  float32  batch x 2 x 32 x 32"],
    ["encoder.layer.0"],
  ],
  [
    "vit-half.onnx",
    ["half precision: one input at a time", "last_hidden_state  float16  batch x 19 x 12"],
    [],
  ],
  ["vit-batch4.onnx", ["  batches of 4", "pixel_values  float32  4 x 2 x 32 x 32"], []],
  ["mask-bool.onnx", ["cell_mask  bool     n x h x w", "gain       float32  one value"], []],
  [
    "vae.onnx",
    ["features  float32  shape not said", "no encoder: node draw (RandomNormalLike) draws random numbers"],
    ["noise"],
  ],
])("show %s says what is in it", async (file, lines, tensors) => {
  const model = join(FIXTURES, file);
  const { code, out } = await run("encoder", "show", model, "--tensors");
  expect(code).toBe(0);
  for (const line of [...lines, ...tensors]) expect(out).toContain(line);
  expect(out).not.toMatch(/NaN|undefined|null/);
  const { out: plain } = await run("encoder", "show", model);
  for (const name of tensors) expect(plain).not.toContain(`  ${name} `);
});
