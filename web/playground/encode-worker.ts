/// <reference lib="webworker" />

import mjs from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import * as ort from "onnxruntime-web/wasm";
import { OnnxDescription } from "../../src/encode/description.ts";
import { NetworkEncoder, oneLine } from "../../src/encode/network.ts";
import { addOutputs } from "../../src/encode/onnx/graph.ts";
import { calculatesHalf } from "../../src/encode/onnx/half.ts";
import { parseOnnx } from "../../src/encode/onnx/model.ts";
import { innerOf } from "../../src/encode/onnx/outline.ts";
import { type OpenModel, RuntimeNetwork } from "../../src/encode/onnx/runtime-network.ts";
import { DataError } from "../../src/errors.ts";
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
    if (data.kind === "open") {
      encoder = open(data);
      const { dimensions } = await encoder;
      answer({ id: data.id, features: new Float32Array(dimensions[0]), ms: 0 });
      return;
    }
    const start = performance.now();
    const opened = await encoder!;
    const features = new Float32Array(opened.dimensions[0]);
    await opened.encode(data.crop, data.mask, 1, [features]);
    answer({ id: data.id, features, ms: performance.now() - start }, [features.buffer]);
  } catch (error) {
    answer({ id: data.id, error: (error as Error).message });
  }
});

async function open({ description: path, shape, output }: Opening): Promise<NetworkEncoder> {
  const described = OnnxDescription.safeParse(await (await get(path)).json());
  if (!described.success) throw new DataError("is no description of a network that the page reads", { path });
  // The page asks for one output; the network computes no others.
  const description = { ...described.data, outputs: [described.data.outputs[output]] };
  const modelPath = path.replace(/\.json$/, ".onnx");
  const bytes = new Uint8Array(await (await get(modelPath)).arrayBuffer());
  const model = parseOnnx(bytes, modelPath);
  const inner = innerOf(
    model,
    description.outputs.map((o) => o.output),
  );
  const place = { kind: "onnx" as const, path, modelPath, description };
  return NetworkEncoder.open(
    place,
    shape,
    async () =>
      new RuntimeNetwork(
        place,
        await opened(inner.length === 0 ? bytes : addOutputs(bytes, inner), modelPath),
        {
          half: calculatesHalf(model),
          inputs: 1,
        },
      ),
    true,
  ).then(async (opened) => {
    // Opened networks were tried by the study; this run finds out how many features there are.
    const pixels = shape.height * shape.width;
    const crop = new Float32Array(shape.channels.length * pixels);
    await opened.encode(crop, new Uint8Array(pixels), 1, []);
    return opened;
  });
}

async function opened(bytes: Uint8Array, path: string): Promise<OpenModel> {
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(bytes, {
      executionProviders: ["wasm"],
      graphOptimizationLevel: "all",
    });
  } catch (cause) {
    throw new DataError(`cannot be opened by the page's ONNX Runtime (${oneLine(cause)})`, { path, cause });
  }
  return {
    inputs: session.inputMetadata.map((value) =>
      value.isTensor ? value : { name: value.name, type: "no tensor", shape: [] },
    ),
    tensor: (type, data, dims) => new ort.Tensor(type as "float32", data as Float32Array, dims),
    run: (feeds, wanted) => session.run(feeds as Record<string, ort.Tensor>, wanted),
    release: () => session.release(),
  };
}

async function get(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok)
    throw new DataError(`cannot be read (${response.status} ${response.statusText})`, { path });
  return response;
}
