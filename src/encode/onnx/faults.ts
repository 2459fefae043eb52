import { type Bounds, boundsOf } from "./bounds.ts";
import { nameOf, type OnnxBody, type OnnxModel, type OnnxNode } from "./model.ts";
import { type OnnxTensor, smallNumbers } from "./tensor.ts";

const EVALUATION = "export it in evaluation mode (PyTorch: model.eval() before the export)";
const RANDOM = /^(Random(Normal|Uniform)(Like)?|Multinomial|Bernoulli)$/;

/**
 * What in its graph makes a network no encoder: what never ends or makes tensors of an absurd size (the runtime runs all
 * that a model holds), and, of the nodes that the outputs named depend on, those in training mode and those that draw
 * random numbers. One line each, with the remedy.
 */
export function graphFaults(
  model: OnnxModel,
  outputs: readonly string[],
  bounds: Bounds = boundsOf(model),
): string[] {
  const faults = [...bounds.faults];
  if (faults.length > 0) return faults;
  const constants = new Map<string, OnnxTensor>();
  const look = (node: OnnxNode): void => {
    const fault = faultOf(node, model, (name) => {
      const tensor = constants.get(name);
      return tensor === undefined ? null : smallNumbers(tensor, model.path);
    });
    if (fault !== null) faults.push(fault);
    for (const graph of node.graphs) {
      collectConstants(graph, constants);
      graph.nodes.forEach(look);
    }
    const name = nameOf(node);
    if (!looked.has(name)) {
      looked.add(name);
      model.functions.get(name)?.nodes.forEach(look);
    }
  };
  const looked = new Set<string>();
  collectConstants(model.graph, constants);
  neededNodes(model.graph, outputs).forEach(look);
  return faults;
}

function collectConstants({ weights, nodes }: OnnxBody, out: Map<string, OnnxTensor>): void {
  for (const tensor of weights) out.set(tensor.name, tensor);
  for (const { operator, outputs, tensors } of nodes)
    if (operator === "Constant" && tensors.has("value")) out.set(outputs[0], tensors.get("value")!);
}

/** Nodes of a graph that outputs depend on, in its order. */
function neededNodes({ nodes }: OnnxBody, outputs: readonly string[]): OnnxNode[] {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const needed = new Set<OnnxNode>();
  const names = [...outputs];
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const node = makers.get(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    names.push(...namesIn(node));
  }
  return nodes.filter((node) => needed.has(node));
}

/** Names that a node takes, those that its graphs take from around them included. */
function namesIn(node: OnnxNode): string[] {
  return [
    ...node.inputs,
    ...node.graphs.flatMap((g) => [...g.nodes.flatMap(namesIn), ...g.outputs.map((v) => v.name)]),
  ];
}

function faultOf(
  node: OnnxNode,
  { opset }: OnnxModel,
  constant: (name: string) => number[] | null,
): string | null {
  const { operator, domain, inputs, outputs, integers } = node;
  if (domain !== "" && domain !== "ai.onnx") return null;
  const name = `node ${node.name || outputs[0]} (${operator})`;
  if (operator === "BatchNormalization") {
    const training =
      integers.get("training_mode") === 1 || (opset < 14 && outputs.slice(1).some((o) => o !== ""));
    if (training) return `${name} takes means over the batch, as in training; ${EVALUATION}`;
  }
  if (operator === "Dropout" && inputs.length > 2 && constant(inputs[2])?.[0] === 1)
    return `${name} drops values at random, as in training; ${EVALUATION}`;
  if (RANDOM.test(operator))
    return `${name} draws random numbers, on which its features depend; name an output that does not depend on it, or export the network without it`;
  return null;
}
