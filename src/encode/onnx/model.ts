import { damaged, type ProtoField, protoFields } from "../../files/protobuf.ts";
import { contents, decode, integer, merged, numbers, text, UnfitName } from "./fields.ts";
import { type OnnxTensor, parseTensor, partsOfSparse, TYPES } from "./tensor.ts";

/** An input, output or inner tensor of an ONNX graph. */
export interface OnnxValue {
  readonly name: string;
  /** Type of its elements: `float32`, ...; `?` where nothing is said. */
  readonly type: string;
  /** Lengths; a name for a free axis, `?` where nothing is said; null where not even their number is. */
  readonly shape: readonly (number | string)[] | null;
}

export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  /** Empty for the standard operators. */
  readonly domain: string;
  /** Tells apart functions of one name. */
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that are an integer; NaN for one that a double does not hold, and for negative ones. */
  readonly integers: ReadonlyMap<string, number>;
  /** Attributes that are several, as {@link integers}. */
  readonly lists: ReadonlyMap<string, readonly number[]>;
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

/** A function of the model's own: nodes that stand for one. */
export interface OnnxFunction {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly OnnxNode[];
}

/** What an ONNX file says, without the values of its weights. */
export interface OnnxModel {
  readonly path: string;
  readonly producer: string;
  /** Version of the standard operators. */
  readonly opset: number;
  readonly graph: OnnxBody;
  /** The model's own functions, by {@link nameOf}. */
  readonly functions: ReadonlyMap<string, OnnxFunction>;
}

/** Name of an operator with its domain; the standard ones have none. */
export function nameOf({
  domain,
  operator,
  overload,
}: Pick<OnnxNode, "domain" | "operator" | "overload">): string {
  const name = domain === "" || domain === "ai.onnx" ? operator : `${domain}:${operator}`;
  return overload === "" ? name : `${name}:${overload}`;
}

/** Graphs in graphs are read so deep. */
const DEEPEST = 64;

/** Reads an ONNX model, whose weights are views of `bytes`. @throws DataError where it is not one or is damaged. */
export function parseOnnx(bytes: Uint8Array, path: string): OnnxModel {
  try {
    return parse(bytes, new Reading(path));
  } catch (cause) {
    if (cause instanceof UnfitName) throw damaged(path, cause.message);
    throw cause;
  }
}

function parse(bytes: Uint8Array, file: Reading): OnnxModel {
  if (new TextDecoder("latin1").decode(bytes.subarray(4, 8)) === "ORTM")
    throw damaged(file.path, "it is in the runtime's own format: give the .onnx file that it was made from");
  const model = file.fields(bytes);
  const graphs = contents(model, 7);
  if (graphs.length === 0) throw damaged(file.path, "it holds no ONNX graph");
  const opsets = contents(model, 8).map((b) => file.fields(b));
  const standard = opsets.find((o) => ["", "ai.onnx"].includes(text(o, 1)));
  return {
    path: file.path,
    producer: [2, 3]
      .flatMap((field) => contents(model, field).slice(0, 1))
      .map((b) => new TextDecoder().decode(b).replace(/\p{Cc}/gu, " "))
      .filter((t) => t !== "")
      .join(" "),
    opset: standard === undefined ? 1 : integer(standard, 2, 1),
    // A message that is given in pieces is the sum of them.
    graph: body(
      graphs.flatMap((g) => file.fields(g)),
      file,
      0,
    ),
    functions: functionsOf(model, file),
  };
}

function functionsOf(model: readonly ProtoField[], file: Reading): Map<string, OnnxFunction> {
  const functions = new Map<string, OnnxFunction>();
  for (const content of contents(model, 25)) {
    const fields = file.fields(content);
    const name = nameOf({ domain: text(fields, 10), operator: text(fields, 1), overload: text(fields, 13) });
    if (functions.has(name)) throw damaged(file.path, `it has two functions ${name}`);
    // Defaults of attributes may be tensors: a node that is never called holds them.
    const defaults = contents(fields, 11);
    functions.set(name, {
      inputs: contents(fields, 4).map(decode),
      outputs: contents(fields, 5).map(decode),
      nodes: [
        ...contents(fields, 7).map((b) => node(b, file, 0)),
        ...(defaults.length === 0 ? [] : [nodeOf([], defaults, file, 0)]),
      ],
    });
  }
  return functions;
}

function body(fields: readonly ProtoField[], file: Reading, depth: number): OnnxBody {
  if (depth > DEEPEST) throw damaged(file.path, `graphs stand in graphs more than ${DEEPEST} deep`);
  const sparse = contents(fields, 15).flatMap((b) => partsOfSparse(b, file.path));
  const weights = [...contents(fields, 5), ...sparse].map((b) => file.weight(b));
  const names = new Set(weights.map((w) => w.name));
  const values = (field: number) => contents(fields, field).map((b) => value(b, file));
  return {
    // Before IR version 4 every weight was an input as well.
    inputs: values(11).filter((v) => !names.has(v.name)),
    outputs: values(12),
    values: values(13),
    nodes: contents(fields, 1).map((b) => node(b, file, depth)),
    weights,
  };
}

function node(bytes: Uint8Array, file: Reading, depth: number): OnnxNode {
  const fields = file.fields(bytes);
  return nodeOf(fields, contents(fields, 5), file, depth);
}

function nodeOf(
  fields: readonly ProtoField[],
  attributes: readonly Uint8Array[],
  file: Reading,
  depth: number,
): OnnxNode {
  if (attributes.length === 0) return { ...namesOf(fields), ...NO_ATTRIBUTES };
  const integers = new Map<string, number>();
  const lists = new Map<string, readonly number[]>();
  const tensors = new Map<string, OnnxTensor>();
  const graphs: OnnxBody[] = [];
  for (const content of attributes) {
    const attribute = protoFields(content, file.path);
    const name = text(attribute, 1);
    const one = attribute.findLast((f) => f.field === 3 && f.wire === 0);
    if (one !== undefined) integers.set(name, one.value);
    const many = numbers(attribute, 8, file.path);
    if (many.length > 0) lists.set(name, many);
    const value = merged(attribute, 5);
    if (value !== null) tensors.set(name, parseTensor(value, file.path));
    const graph = merged(attribute, 6);
    for (const inner of [...(graph === null ? [] : [graph]), ...contents(attribute, 11)])
      graphs.push(body(file.fields(inner), file, depth + 1));
    // Lists of tensors, and sparse ones, each of a tensor of values and one of places.
    const sparse = [22, 23].flatMap((field) => contents(attribute, field));
    [...contents(attribute, 10), ...sparse.flatMap((b) => partsOfSparse(b, file.path))].forEach(
      (b, i) => void tensors.set(`${name}[${i}]`, parseTensor(b, file.path)),
    );
  }
  return { ...namesOf(fields), integers, lists, tensors, graphs };
}

const NO_ATTRIBUTES: Pick<OnnxNode, "integers" | "lists" | "tensors" | "graphs"> = {
  integers: new Map(),
  lists: new Map(),
  tensors: new Map(),
  graphs: [],
};

function namesOf(fields: readonly ProtoField[]) {
  return {
    name: text(fields, 3),
    operator: text(fields, 4),
    domain: text(fields, 7),
    overload: text(fields, 8),
    inputs: contents(fields, 1).map(decode),
    outputs: contents(fields, 2).map(decode),
  };
}

function value(bytes: Uint8Array, file: Reading): OnnxValue {
  const info = file.fields(bytes);
  const inner = (message: Uint8Array) => protoFields(message, file.path);
  const name = text(info, 1);
  const type = contents(info, 2)[0];
  const tensorType = type === undefined ? undefined : contents(inner(type), 1)[0];
  if (tensorType === undefined) return { name, type: "?", shape: null };
  const fields = inner(tensorType);
  const shape = contents(fields, 2)[0];
  return {
    name,
    type: TYPES[integer(fields, 1, 0)] ?? "?",
    shape:
      shape === undefined
        ? null
        : contents(inner(shape), 1).map((b) => {
            const dim = inner(b);
            const length = integer(dim, 1, Number.NaN);
            // Some exporters write -1, which is not read as a number, or 0 for a free axis.
            return length > 0 ? length : text(dim, 2) || "?";
          }),
  };
}

/** Nodes, values and graphs that a model has at most: the largest have tens of thousands. */
const MOST = 2 ** 17;

/** A model while it is read. */
class Reading {
  readonly path: string;
  #left = MOST;

  constructor(path: string) {
    this.path = path;
  }

  /** Fields of one more node, value or graph. */
  fields(message: Uint8Array): ProtoField[] {
    this.#count();
    return protoFields(message, this.path);
  }

  weight(message: Uint8Array): OnnxTensor {
    this.#count();
    return parseTensor(message, this.path);
  }

  #count(): void {
    if (this.#left-- === 0) throw damaged(this.path, `it has more than ${MOST} nodes and values`);
  }
}
