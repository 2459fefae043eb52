import type { OnnxBody, OnnxModel, OnnxNode } from "./model.ts";

/** The type of half precision in ONNX (TensorProto.DataType). */
const FLOAT16 = 10;

/** Whether weights, constants, inputs or outputs are of half precision, or anything is cast to it. */
export function calculatesHalf({ graph, functions }: OnnxModel): boolean {
  const inNode = ({ operator, integers, tensors, graphs }: OnnxNode): boolean =>
    (operator === "Cast" && integers.get("to") === FLOAT16) ||
    [...tensors.values()].some(isHalf) ||
    graphs.some(inBody);
  const inBody = ({ inputs, outputs, weights, nodes }: OnnxBody): boolean =>
    [...inputs, ...outputs, ...weights].some(isHalf) || nodes.some(inNode);
  return inBody(graph) || [...functions.values()].some(({ nodes }) => nodes.some(inNode));
}

function isHalf({ type }: { readonly type: string }): boolean {
  return type === "float16";
}
