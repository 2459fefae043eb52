import { damaged, type ProtoField, protoFields } from "../../files/protobuf.ts";

/** An input or output of an ONNX model. */
export interface OnnxValue {
  readonly name: string;
  /** Lengths; a name for a free axis, `?` where nothing is said. */
  readonly shape: readonly (number | string)[];
}

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

/** Reads the outline of an ONNX model. @throws DataError where it is not one or is damaged. */
export function summarizeOnnx(bytes: Uint8Array, path: string): OnnxSummary {
  const model = protoFields(bytes, path);
  const graph = model.find((f) => f.field === 7 && f.wire === 2);
  if (graph === undefined) throw damaged(path, "it holds no ONNX graph");
  const opsets = model.filter((f) => f.field === 8).map((f) => protoFields(f.bytes, path));
  const standard = opsets.find((o) => text(o, 1) === "");
  const fields = protoFields(graph.bytes, path);
  const operators: Record<string, number> = Object.create(null) as Record<string, number>;
  const weights = new Set<string>();
  let parameters = 0;
  for (const { field, bytes: content } of fields) {
    if (field === 1) {
      const operator = text(protoFields(content, path), 4);
      operators[operator] = (operators[operator] ?? 0) + 1;
    } else if (field === 5) {
      const tensor = protoFields(content, path);
      weights.add(text(tensor, 8));
      parameters += tensor.filter((f) => f.field === 1 && f.wire === 0).reduce((n, f) => n * f.value, 1);
    }
  }
  const values = (field: number) =>
    fields.filter((f) => f.field === field).map((f) => value(protoFields(f.bytes, path), path));
  return {
    producer: text(model, 2),
    opset: standard?.find((f) => f.field === 2)?.value ?? 0,
    inputs: values(11).filter((v) => !weights.has(v.name)),
    outputs: values(12),
    operators,
    parameters,
  };
}

function value(info: ProtoField[], path: string): OnnxValue {
  let fields = info;
  for (const field of [2, 1, 2]) {
    const next = fields.find((f) => f.field === field && f.wire === 2);
    if (next === undefined) return { name: text(info, 1), shape: [] };
    fields = protoFields(next.bytes, path);
  }
  const shape = fields
    .filter((f) => f.field === 1)
    .map((f) => {
      const dim = protoFields(f.bytes, path);
      return dim.find((d) => d.field === 1)?.value ?? (text(dim, 2) || "?");
    });
  return { name: text(info, 1), shape };
}

function text(fields: ProtoField[], field: number): string {
  const found = fields.find((f) => f.field === field && f.wire === 2);
  return found === undefined ? "" : new TextDecoder().decode(found.bytes);
}
