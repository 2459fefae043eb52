import { StudyError } from "../../errors.ts";
import type { EncoderOutput } from "../description.ts";
import { OnnxGraph } from "../onnx/graph.ts";
import {
  type Affine,
  checkLayer,
  checkNormalization,
  foldNormalization,
  type Normalization,
  normalizationScale,
} from "./weights.ts";

/** How a feature map becomes a vector; `flatten` is in TensorFlow's order (height, width, channel). */
export const POOLS = ["max", "mean", "flatten", "center-mean"] as const;
export type PublishedPool = (typeof POOLS)[number];

/** One step of a published network; weights are read when the step is reached. */
export type NetworkStep =
  | {
      readonly step: "conv" | "dense";
      /** Name under which the result (after ReLU) can be taken as features. */
      readonly layer: string;
      readonly weights: () => Affine;
      /** Normalization between the layer and its ReLU. */
      readonly normalization?: () => Normalization;
      /** `same` keeps height and width. Convolutions only. */
      readonly padding?: "same" | "valid";
      readonly relu: boolean;
    }
  | { readonly step: "normalize"; readonly normalization: () => Normalization }
  /** 2 x 2 with stride 2; `same` keeps the last odd row and column. */
  | { readonly step: "pool"; readonly padding: "same" | "valid" }
  | { readonly step: "softmax"; readonly layer: string };

/** A published network: its input and its steps in order. */
export interface Network {
  readonly name: string;
  /** Checkpoint, for errors. */
  readonly path: string;
  readonly channels: readonly string[];
  /** Pixels. */
  readonly height: number;
  /** Pixels. */
  readonly width: number;
  readonly steps: readonly NetworkStep[];
}

/** Names of the layers that can be taken as features, in order. */
export function layerNames(network: Network): string[] {
  return network.steps.flatMap((s) => ("layer" in s ? [s.layer] : []));
}

type Value =
  | { readonly kind: "map"; readonly name: string; channels: number; height: number; width: number }
  | { readonly kind: "vector"; readonly name: string; length: number };

/**
 * Writes the part of a network that the wanted layers need as an ONNX graph (input `crops`, batch x channels x height
 * x width), one output per layer, pooled inside the graph; `center-mean` leaves the map for cellswap to pool.
 * Normalizations before a ReLU are folded into their layer; those behind one are kept.
 * @throws StudyError for a layer that the network does not have; DataError for weights that do not fit.
 */
export function buildNetwork(
  network: Network,
  wanted: readonly string[],
  pool: PublishedPool,
): { model: Uint8Array; outputs: EncoderOutput[] } {
  const names = layerNames(network);
  for (const layer of wanted)
    if (!names.includes(layer))
      throw new StudyError(
        `${network.name} has no layer ${layer}; choose one of ${names.join(", ")}, or all`,
      );
  const graph = new OnnxGraph(network.name);
  const { channels, height, width } = network;
  let value: Value = {
    kind: "map",
    name: graph.input("crops", ["batch", channels.length, height, width]),
    channels: channels.length,
    height,
    width,
  };
  const outputs: EncoderOutput[] = [];
  for (const step of network.steps) {
    if (outputs.length === wanted.length) break;
    value = apply(graph, network, step, value);
    if ("layer" in step && wanted.includes(step.layer))
      outputs.push(addOutput(graph, step.layer, value, pool));
  }
  return { model: graph.encode(), outputs };
}

function apply(graph: OnnxGraph, network: Network, step: NetworkStep, x: Value): Value {
  if (step.step === "softmax")
    return { ...x, name: graph.node("Softmax", [x.name], { axis: 1 }, `${step.layer}_values`) };
  if (step.step === "dense") return dense(graph, network, step, flatten(graph, x));
  if (x.kind !== "map") throw new RangeError(`${step.step} behind a dense layer`);
  if (step.step === "conv") return convolution(graph, network, step, x);
  if (step.step === "normalize") {
    const normalization = step.normalization();
    checkNormalization(
      network.path,
      normalization,
      x.channels,
      `the layer before it has ${x.channels} outputs`,
    );
    const { factor, offset } = normalizationScale(normalization);
    const shape = [1, x.channels, 1, 1];
    const scaled = graph.node("Mul", [
      x.name,
      graph.weight(`${x.name}_factor`, shape, Float32Array.from(factor)),
    ]);
    const shifted = graph.node("Add", [
      scaled,
      graph.weight(`${x.name}_offset`, shape, Float32Array.from(offset)),
    ]);
    return { ...x, name: shifted };
  }
  const [padY, padX] = step.padding === "same" ? [x.height % 2, x.width % 2] : [0, 0];
  const name = graph.node("MaxPool", [x.name], {
    kernel_shape: [2, 2],
    strides: [2, 2],
    pads: [0, 0, padY, padX],
  });
  return { ...x, name, height: Math.floor((x.height + padY) / 2), width: Math.floor((x.width + padX) / 2) };
}

type LayerStep = Extract<NetworkStep, { weights: unknown }>;

function layerWeights(network: Network, step: LayerStep, inputs: number, size?: number): Affine {
  const layer = step.weights();
  const normalization = step.normalization?.() ?? null;
  checkLayer(network.path, layer, normalization, inputs, size);
  return normalization === null ? layer : foldNormalization(layer, normalization);
}

function convolution(
  graph: OnnxGraph,
  network: Network,
  step: LayerStep,
  x: Extract<Value, { kind: "map" }>,
): Value {
  const { kernel, bias } = layerWeights(network, step, x.channels, 3);
  const out = bias.data.length;
  const pad = step.padding === "same" ? 1 : 0;
  const inputs = [
    x.name,
    graph.weight(`${step.layer}_kernel`, [out, x.channels, 3, 3], outFirst(kernel.data, x.channels, out)),
    graph.weight(`${step.layer}_bias`, [out], bias.data),
  ];
  const attributes = { kernel_shape: [3, 3], pads: [pad, pad, pad, pad] };
  const name = relu(graph, step, graph.node("Conv", inputs, attributes));
  return { kind: "map", name, channels: out, height: x.height - 2 + 2 * pad, width: x.width - 2 + 2 * pad };
}

function dense(
  graph: OnnxGraph,
  network: Network,
  step: LayerStep,
  x: Extract<Value, { kind: "vector" }>,
): Value {
  const { kernel, bias } = layerWeights(network, step, x.length);
  const out = bias.data.length;
  const inputs = [
    x.name,
    graph.weight(`${step.layer}_kernel`, [x.length, out], kernel.data),
    graph.weight(`${step.layer}_bias`, [out], bias.data),
  ];
  return { kind: "vector", name: relu(graph, step, graph.node("Gemm", inputs)), length: out };
}

function relu(graph: OnnxGraph, step: LayerStep, name: string): string {
  return graph.node(step.relu ? "Relu" : "Identity", [name], {}, `${step.layer}_values`);
}

/** A map as the vector that TensorFlow's Flatten makes of it. */
function flatten(graph: OnnxGraph, x: Value): Extract<Value, { kind: "vector" }> {
  if (x.kind === "vector") return x;
  const last = graph.node("Transpose", [x.name], { perm: [0, 2, 3, 1] });
  const name = graph.node("Flatten", [last], { axis: 1 });
  return { kind: "vector", name, length: x.channels * x.height * x.width };
}

function addOutput(graph: OnnxGraph, layer: string, x: Value, pool: PublishedPool): EncoderOutput {
  const output = { output: layer, layer, layout: "vector", pool: "none" } as const;
  if (x.kind === "map" && pool === "center-mean") {
    graph.output(graph.node("Identity", [x.name], {}, layer), ["batch", x.channels, x.height, x.width]);
    return { ...output, layout: "NCHW", pool };
  }
  if (x.kind === "map" && pool !== "flatten") {
    const pooled = graph.node(pool === "max" ? "GlobalMaxPool" : "GlobalAveragePool", [x.name]);
    graph.output(graph.node("Flatten", [pooled], { axis: 1 }, layer), ["batch", x.channels]);
    return output;
  }
  const vector = flatten(graph, x);
  graph.output(graph.node("Identity", [vector.name], {}, layer), ["batch", vector.length]);
  return output;
}

/** 3 x 3 x in x out as out x in x 3 x 3. */
function outFirst(kernel: Float32Array, inputs: number, outputs: number): Float32Array {
  const result = new Float32Array(kernel.length);
  for (let p = 0; p < 9; p++)
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++)
        result[(o * inputs + i) * 9 + p] = kernel[(p * inputs + i) * outputs + o];
  return result;
}
