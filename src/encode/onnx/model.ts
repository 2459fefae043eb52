import { ByteReader, damaged, type ProtoField, protoFields } from "../../files/protobuf.ts";

/** An input, output or inner tensor of an ONNX graph. */
export interface OnnxValue {
  readonly name: string;
  /** Type of its elements: `float32`, ...; `?` where nothing is said. */
  readonly type: string;
  /** Lengths; a name for a free axis, `?` where nothing is said; null where not even their number is. */
  readonly shape: readonly (number | string)[] | null;
}

/** A tensor of constants. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  /** The file that holds its values, relative to the model's folder, and where; null where the model does. */
  readonly external: { readonly location: string; readonly offset: number; readonly length: number } | null;
  readonly fields: readonly ProtoField[];
}

export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  /** Empty for the standard operators. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that are an integer. */
  readonly integers: ReadonlyMap<string, number>;
  readonly tensors: ReadonlyMap<string, OnnxTensor>;
  /** Bodies of If, Loop and Scan. */
  readonly graphs: readonly OnnxBody[];
}

/** A graph, the model's or that of a node. */
export interface OnnxBody {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** What is said of inner tensors. */
  readonly values: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly weights: readonly OnnxTensor[];
}

/** What an ONNX file says, without the values of its weights. */
export interface OnnxModel {
  readonly path: string;
  readonly producer: string;
  /** Version of the standard operators. */
  readonly opset: number;
  readonly graph: OnnxBody;
  /** Nodes of the model's own functions, by name. */
  readonly functions: ReadonlyMap<string, readonly OnnxNode[]>;
}

// biome-ignore format: TensorProto.DataType in order
const TYPES = ["?", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "text", "bool", "float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4"];

/** Graphs in graphs are read so deep. */
const DEEPEST = 64;

/** Reads an ONNX model, whose weights are views of `bytes`. @throws DataError where it is not one or is damaged. */
export function parseOnnx(bytes: Uint8Array, path: string): OnnxModel {
  try {
    return parse(bytes, path);
  } catch (cause) {
    if (cause instanceof UnfitName) throw damaged(path, cause.message);
    throw cause;
  }
}

function parse(bytes: Uint8Array, path: string): OnnxModel {
  const model = protoFields(bytes, path);
  const graphs = contents(model, 7);
  if (graphs.length === 0) throw damaged(path, "it holds no ONNX graph");
  const opsets = contents(model, 8).map((b) => protoFields(b, path));
  const standard = opsets.find((o) => ["", "ai.onnx"].includes(text(o, 1)));
  const functions = contents(model, 25).map((b) => protoFields(b, path));
  return {
    path,
    producer: [2, 3]
      .flatMap((field) => contents(model, field).slice(0, 1))
      .map((b) => new TextDecoder().decode(b).replace(/\p{Cc}/gu, " "))
      .filter((t) => t !== "")
      .join(" "),
    opset: standard === undefined ? 1 : integer(standard, 2, 1),
    // A message that is given in pieces is the sum of them.
    graph: body(
      graphs.flatMap((g) => protoFields(g, path)),
      path,
      0,
    ),
    functions: new Map(functions.map((f) => [text(f, 1), contents(f, 7).map((b) => node(b, path, 0))])),
  };
}

function body(fields: readonly ProtoField[], path: string, depth: number): OnnxBody {
  if (depth > DEEPEST) throw damaged(path, `graphs stand in graphs more than ${DEEPEST} deep`);
  const weights = contents(fields, 5).map((b) => tensor(b, path));
  const names = new Set(weights.map((w) => w.name));
  const values = (field: number) => contents(fields, field).map((b) => value(b, path));
  return {
    // Before IR version 4 every weight was an input as well.
    inputs: values(11).filter((v) => !names.has(v.name)),
    outputs: values(12),
    values: values(13),
    nodes: contents(fields, 1).map((b) => node(b, path, depth)),
    weights,
  };
}

function node(bytes: Uint8Array, path: string, depth: number): OnnxNode {
  const fields = protoFields(bytes, path);
  const integers = new Map<string, number>();
  const tensors = new Map<string, OnnxTensor>();
  const graphs: OnnxBody[] = [];
  for (const content of contents(fields, 5)) {
    const attribute = protoFields(content, path);
    const name = text(attribute, 1);
    for (const { field, wire, value, bytes: inner } of attribute)
      if (field === 3 && wire === 0) integers.set(name, value);
      else if (field === 5 && wire === 2) tensors.set(name, tensor(inner, path));
      else if ((field === 6 || field === 11) && wire === 2)
        graphs.push(body(protoFields(inner, path), path, depth + 1));
  }
  return {
    name: text(fields, 3),
    operator: text(fields, 4),
    domain: text(fields, 7),
    inputs: contents(fields, 1).map(decode),
    outputs: contents(fields, 2).map(decode),
    integers,
    tensors,
    graphs,
  };
}

function tensor(bytes: Uint8Array, path: string): OnnxTensor {
  const fields = protoFields(bytes, path);
  const name = text(fields, 8);
  const shape = numbers(fields, 1, path);
  if (!shape.every((n) => n >= 0) || !Number.isSafeInteger(size(shape)))
    throw damaged(path, `weight ${name} has an impossible shape`);
  const entries = new Map(
    contents(fields, 13).map((b) => {
      const entry = protoFields(b, path);
      return [text(entry, 1), text(entry, 2)] as const;
    }),
  );
  const external = integer(fields, 14, 0) === 1;
  return {
    name,
    type: TYPES[integer(fields, 2, 0)] ?? "?",
    shape,
    external: external
      ? {
          location: entries.get("location") ?? "",
          offset: Number(entries.get("offset") ?? 0),
          length: Number(entries.get("length") ?? 0),
        }
      : null,
    fields,
  };
}

/** Number of values of a shape. */
export function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Values of a small tensor of int64 or bool; null where it holds others, many, or lie in another file. */
export function smallIntegers({ type, shape, external, fields }: OnnxTensor, path: string): number[] | null {
  const count = size(shape);
  if (external !== null || count > 64 || (type !== "int64" && type !== "bool")) return null;
  const raw = contents(fields, 9)[0];
  if (raw === undefined) return numbers(fields, type === "int64" ? 7 : 5, path);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  if (raw.length !== count * (type === "int64" ? 8 : 1)) return null;
  return Array.from({ length: count }, (_, i) =>
    type === "int64" ? Number(view.getBigInt64(8 * i, true)) : view.getUint8(i),
  );
}

function value(bytes: Uint8Array, path: string): OnnxValue {
  const info = protoFields(bytes, path);
  const name = text(info, 1);
  const type = contents(info, 2)[0];
  const tensorType = type === undefined ? undefined : contents(protoFields(type, path), 1)[0];
  if (tensorType === undefined) return { name, type: "?", shape: null };
  const fields = protoFields(tensorType, path);
  const shape = contents(fields, 2)[0];
  return {
    name,
    type: TYPES[integer(fields, 1, 0)] ?? "?",
    shape:
      shape === undefined
        ? null
        : contents(protoFields(shape, path), 1).map((b) => {
            const dim = protoFields(b, path);
            const length = integer(dim, 1, Number.NaN);
            // Some exporters write -1, which is not read as a number, or 0 for a free axis.
            return length > 0 ? length : text(dim, 2) || "?";
          }),
  };
}

/** Numbers of a repeated field, one by one or packed. */
function numbers(fields: readonly ProtoField[], field: number, path: string): number[] {
  return fields
    .filter((f) => f.field === field)
    .flatMap((f) => (f.wire === 2 ? unpacked(f.bytes, path) : [f.value]));
}

function unpacked(bytes: Uint8Array, path: string): number[] {
  const reader = new ByteReader(bytes, path);
  const out: number[] = [];
  while (reader.left > 0) out.push(reader.varint());
  return out;
}

function contents(fields: readonly ProtoField[], field: number): Uint8Array[] {
  return fields.filter((f) => f.field === field && f.wire === 2).map((f) => f.bytes);
}

function integer(fields: readonly ProtoField[], field: number, otherwise: number): number {
  return fields.find((f) => f.field === field && f.wire === 0)?.value ?? otherwise;
}

function text(fields: readonly ProtoField[], field: number): string {
  const found = fields.find((f) => f.field === field && f.wire === 2);
  return found === undefined ? "" : decode(found.bytes);
}

function decode(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  // No exporter writes them, and they would write to the terminal what the model wants.
  if (/\p{Cc}/u.test(text)) throw new UnfitName("a name holds control characters");
  return text;
}

class UnfitName extends Error {}
