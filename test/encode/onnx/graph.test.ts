import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { OnnxGraph } from "../../../src/encode/onnx/graph.ts";
import { parseOnnx } from "../../../src/encode/onnx/model.ts";
import { summarizeOnnx } from "../../../src/encode/onnx/outline.ts";
import { importPublished } from "../../../src/encode/published/import.ts";
import { openPifia } from "../../../src/encode/published/pifia.ts";

async function run(graph: OnnxGraph, feeds: Record<string, ort.Tensor>): Promise<Record<string, number[]>> {
  const session = await ort.InferenceSession.create(graph.encode());
  const out = await session.run(feeds);
  const values: Record<string, number[]> = {};
  for (const [name, tensor] of Object.entries(out)) values[name] = Array.from(tensor.data as Float32Array);
  await session.release();
  return values;
}

test("a dense layer with ReLU computes what it says", async () => {
  const graph = new OnnxGraph("tiny");
  const x = graph.input("x", ["batch", 2]);
  const w = graph.weight("w", [2, 3], Float32Array.of(1, 2, 3, 4, 5, -6));
  const b = graph.weight("b", [3], Float32Array.of(0.5, 0, 0));
  graph.output(graph.node("Relu", [graph.node("Gemm", [x, w, b])], {}, "y"), ["batch", 3]);
  const feeds = { x: new ort.Tensor("float32", Float32Array.of(1, 1, 0, 2), [2, 2]) };
  // (1, 1) and (0, 2) times ((1, 2, 3), (4, 5, -6)), plus (0.5, 0, 0), negative values cut.
  expect(await run(graph, feeds)).toEqual({ y: [5.5, 7, 0, 8.5, 10, 0] });
});

test("integers, text, floats, lists and negative numbers arrive as attributes and tensors", async () => {
  const graph = new OnnxGraph("attributes");
  const x = graph.input("x", [1, 4]);
  const reshaped = graph.node("Reshape", [x, graph.integers("shape", [-1, 2])]);
  const leaky = graph.node("LeakyRelu", [reshaped], { alpha: { float: 0.25 } });
  graph.output(graph.node("ReduceMean", [leaky], { axes: [-1], keepdims: 0 }, "mean"), [2]);
  const padded = graph.node("MaxPool", [graph.node("Reshape", [x, graph.integers("map", [1, 1, 2, 2])])], {
    kernel_shape: [2, 2],
    auto_pad: "SAME_UPPER",
  });
  graph.output(graph.node("Flatten", [padded], {}, "pool"), [1, 4]);
  const feeds = { x: new ort.Tensor("float32", Float32Array.of(-4, 2, 3, 5), [1, 4]) };
  expect(await run(graph, feeds)).toEqual({ mean: [0.5, 4], pool: [5, 5, 5, 5] });
});

test("a graph that could not be loaded is refused where it is made", () => {
  const graph = new OnnxGraph("wrong");
  graph.input("x", [1]);
  expect(() => graph.input("x", [1])).toThrow("x is defined twice");
  expect(() => graph.node("Relu", ["z"])).toThrow("z is used before it is defined");
  expect(() => graph.output("y", [1])).toThrow("y is used before it is defined");
  expect(() => graph.weight("w", [2, 2], new Float32Array(3))).toThrow("w: 3 values for 2 x 2");
});

test("the same graph gives the same bytes, and its outline reads back", () => {
  const make = () => {
    const graph = new OnnxGraph("twice");
    const x = graph.input("x", ["batch", 1, 8, 8]);
    const w = graph.weight("w", [5, 1, 3, 3], new Float32Array(45).fill(0.1));
    graph.output(graph.node("Conv", [x, w], { kernel_shape: [3, 3] }, "y"), ["batch", 5, 6, 6]);
    graph.metadata("made for", "a test");
    return graph.encode();
  };
  expect(make()).toEqual(make());
  expect(summarizeOnnx(parseOnnx(make(), "twice.onnx"))).toEqual({
    producer: "cellswap",
    opset: 17,
    inputs: [{ name: "x", type: "float32", shape: ["batch", 1, 8, 8] }],
    outputs: [{ name: "y", type: "float32", shape: ["batch", 5, 6, 6] }],
    operators: { Conv: 1 },
    parameters: 45,
  });
});

test("what is no ONNX model is refused", () => {
  expect(() => parseOnnx(new Uint8Array(0), "x.onnx")).toThrow("x.onnx: is damaged (it holds no ONNX graph)");
  expect(() => parseOnnx(new TextEncoder().encode("hello"), "x.onnx")).toThrow(/^x\.onnx: is damaged/);
});

test("names with control characters are refused, as they would write to the terminal", () => {
  const graph = new OnnxGraph("names");
  graph.output(graph.node("Relu", [graph.input("x", [1])], {}, "y\u001b[31m"), [1]);
  expect(() => parseOnnx(graph.encode(), "x.onnx")).toThrow(
    "x.onnx: is damaged (a name holds control characters)",
  );
});

test("an imported encoder is refused when its model was changed", () => {
  const out = mkdtempSync(join(tmpdir(), "cellswap-onnx-"));
  const source = resolve(import.meta.dirname, "../../fixtures/published/pifia/pifia_weights_i0");
  const { path, model } = importPublished(openPifia(source), out);
  expect(readEncoder(path).description.outputs).toEqual([
    { output: "conv8", layer: "conv8", layout: "vector", pool: "none" },
  ]);
  const bytes = readFileSync(model);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(model, bytes);
  expect(() => readEncoder(path)).toThrow("says the model's SHA-256 is");
});
