import type { OnnxModel, OnnxValue } from "./model.ts";
import { size } from "./tensor.ts";

/** What an ONNX file says of itself. */
export interface OnnxSummary {
  readonly producer: string;
  /** Version of the standard operators. */
  readonly opset: number;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Nodes by operator, in order of first use. */
  readonly operators: Readonly<Record<string, number>>;
  /** Values of all weights together. */
  readonly parameters: number;
}

/** The outline of an ONNX model. */
export function summarizeOnnx({ producer, opset, graph }: OnnxModel): OnnxSummary {
  const operators: Record<string, number> = Object.create(null) as Record<string, number>;
  for (const { operator } of graph.nodes) operators[operator] = (operators[operator] ?? 0) + 1;
  return {
    producer,
    opset,
    inputs: graph.inputs,
    outputs: graph.outputs,
    operators,
    parameters: graph.weights.reduce((n, w) => n + size(w.shape), 0),
  };
}

/** Inner tensors of a model, in the order of its nodes, as far as it says with their types and shapes. */
export function innerTensors({ graph }: OnnxModel): OnnxValue[] {
  const outputs = new Set(graph.outputs.map((v) => v.name));
  const known = new Map(graph.values.map((v) => [v.name, v]));
  return graph.nodes
    .flatMap((n) => n.outputs)
    .filter((name) => name !== "" && !outputs.has(name))
    .map((name) => known.get(name) ?? { name, type: "?", shape: null });
}

/** Names among `outputs` that are tensors inside the network, not outputs of the model. */
export function innerOf({ graph }: OnnxModel, outputs: readonly string[]): string[] {
  const given = new Set(graph.outputs.map((v) => v.name));
  return [...new Set(outputs)].filter((name) => !given.has(name));
}
