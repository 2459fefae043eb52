import { type OnnxBody, type OnnxModel, type OnnxNode, type OnnxTensor, smallIntegers } from "./model.ts";

const EVALUATION = "export it in evaluation mode (PyTorch: model.eval() before the export)";
const RANDOM = /^(Random(Normal|Uniform)(Like)?|Multinomial|Bernoulli)$/;
/** Values of one constant tensor, at most. */
const MOST = 2 ** 28;

/**
 * What in its graph makes a network no encoder: nodes in training mode, nodes that draw random numbers, constants
 * of an absurd size; only nodes that the outputs named depend on are looked at. One line each, with the remedy.
 */
export function graphFaults(model: OnnxModel, outputs: readonly string[]): string[] {
  const faults: string[] = [];
  const constants = new Map<string, OnnxTensor>();
  const look = (node: OnnxNode): void => {
    const fault = faultOf(node, model, (name) => {
      const tensor = constants.get(name);
      return tensor === undefined ? null : smallIntegers(tensor, model.path);
    });
    if (fault !== null) faults.push(fault);
    for (const graph of node.graphs) {
      collectConstants(graph, constants);
      graph.nodes.forEach(look);
    }
    const called = functionOf(model, node);
    if (called !== undefined && !looked.has(node.operator)) {
      looked.add(node.operator);
      called.forEach(look);
    }
  };
  const looked = new Set<string>();
  collectConstants(model.graph, constants);
  neededNodes(model.graph, outputs).forEach(look);
  return faults;
}

function functionOf(
  { functions }: OnnxModel,
  { domain, operator }: OnnxNode,
): readonly OnnxNode[] | undefined {
  return domain === "" ? undefined : functions.get(operator);
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
  if (operator === "ConstantOfShape") {
    const count = constant(inputs[0])?.reduce((a, b) => a * b, 1) ?? 0;
    if (count > MOST)
      return `${name} makes ${count.toExponential(0)} values, more than any encoder needs (${MOST}); check where the file comes from`;
  }
  return null;
}
