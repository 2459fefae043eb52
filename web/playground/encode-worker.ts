/// <reference lib="webworker" />

import mjs from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import * as ort from "onnxruntime-web/wasm";
import type { NetworkEncoder } from "../../src/encode/network.ts";
import type { OpenModel } from "../../src/encode/onnx/runtime-network.ts";
import { DataError } from "../../src/errors.ts";
import { openForPage } from "../../src/explore/playground/encoder.ts";
import type { Answer, Asked, Opening } from "./encode-messages.ts";

ort.env.wasm.wasmPaths = { mjs: new URL(mjs, location.href).href, wasm: new URL(wasm, location.href).href };
// One thread needs no headers of the server.
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

/** What is open: one output of one encoder. */
let encoder: Promise<NetworkEncoder> | undefined;

addEventListener("message", async ({ data }: MessageEvent<Asked>) => {
  const answer = (given: Answer, move: Transferable[] = []) => postMessage(given, { transfer: move });
  try {
    if (data.kind === "open") encoder = open(data);
    const opened = await encoder!;
    const features = new Float32Array(opened.dimensions[0]);
    const start = performance.now();
    if (data.kind === "encode") await opened.encode(data.crop, data.mask, 1, [features]);
    answer({ id: data.id, features, ms: performance.now() - start }, [features.buffer]);
  } catch (error) {
    answer({ id: data.id, error: (error as Error).message });
  }
});

async function open({ description: path, shape, output }: Opening): Promise<NetworkEncoder> {
  const modelPath = path.replace(/\.json$/, ".onnx");
  const [description, model] = await Promise.all([
    read(path).then((response) => response.json() as Promise<unknown>),
    read(modelPath).then(async (response) => new Uint8Array(await response.arrayBuffer())),
  ]);
  return openForPage({ path, description, modelPath, model, output }, shape, start);
}

async function start(model: Uint8Array): Promise<OpenModel> {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  return {
    inputs: session.inputMetadata.map((value) =>
      value.isTensor ? value : { name: value.name, type: "no tensor", shape: [] },
    ),
    tensor: (type, data, dims) => new ort.Tensor(type as "float32", data as Float32Array, dims),
    run: (feeds, wanted) => session.run(feeds as Record<string, ort.Tensor>, wanted),
    release: () => session.release(),
  };
}

async function read(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok)
    throw new DataError(`cannot be read (${response.status} ${response.statusText})`, { path });
  return response;
}
