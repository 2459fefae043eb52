import { Message } from "./message.ts";

/** Fields of the ONNX protobuf messages that are written here (onnx.proto, IR version 8). */
const TYPES = { float32: 1, uint8: 2, int64: 7, bool: 9, float16: 10, float64: 11 };
const IR_VERSION = 8;

/** Types that inputs and outputs of a built model may have. */
export type OnnxType = keyof typeof TYPES;

/** Value of a node's attribute: an integer, integers, text, or `{ float }` for a single-precision number. */
export type OnnxAttribute = number | readonly number[] | string | { readonly float: number };

/** Number of a type in nodes that change types (`Cast`). */
export function typeNumber(type: OnnxType): number {
  return TYPES[type];
}

/** Length of an axis; text names a free one (`batch`). */
export type OnnxAxis = number | string;

/** What a graph is made for. */
export interface OnnxGraphOptions {
  /** Version of the standard operators (17: pooling axes are attributes). */
  readonly opset?: number;
  /** Names of a model that the graph is to be appended to. */
  readonly known?: Iterable<string>;
  /** Whether weights are inputs as well, as before IR version 4. */
  readonly weightsAreInputs?: boolean;
}

/**
 * Builds an ONNX model: inputs, outputs, nodes and weights, encoded as protobuf by {@link encode}.
 * Names are checked as they are used, so that a graph that could not be loaded is refused where it is made.
 */
export class OnnxGraph {
  readonly #name: string;
  readonly #opset: number;
  readonly #nodes = new Message();
  readonly #weights = new Message();
  readonly #inputs = new Message();
  readonly #outputs = new Message();
  readonly #known: Set<string>;
  readonly #weightsAreInputs: boolean;
  readonly #metadata: [string, string][] = [];
  #count = 0;

  constructor(name: string, { opset = 17, known = [], weightsAreInputs = false }: OnnxGraphOptions = {}) {
    this.#name = name;
    this.#opset = opset;
    this.#known = new Set(known);
    this.#weightsAreInputs = weightsAreInputs;
  }

  /** A name like `wanted` that nothing has yet. */
  free(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.#known.has(name); n++) name = `${wanted}_${n}`;
    return name;
  }

  /** Declares an input and returns its name. */
  input(name: string, shape: readonly OnnxAxis[], type: OnnxType = "float32"): string {
    this.#inputs.message(11, valueInfo(name, shape, TYPES[type]));
    return this.#define(name);
  }

  /** Declares an output; `name` must be the output of a node. */
  output(name: string, shape: readonly OnnxAxis[], type: OnnxType = "float32"): void {
    this.#use(name);
    this.#outputs.message(12, valueInfo(name, shape, TYPES[type]));
  }

  /** Adds float32 weights (row-major) and returns their name. */
  weight(name: string, shape: readonly number[], data: Float32Array): string {
    return this.#tensor(name, shape, "float32", data.length, bytesOf(data));
  }

  /** Adds float64 weights (row-major) and returns their name. */
  doubles(name: string, shape: readonly number[], data: Float64Array): string {
    return this.#tensor(name, shape, "float64", data.length, bytesOf(data));
  }

  /** Adds int64 values, for instance a shape for Reshape, and returns their name. */
  integers(name: string, values: readonly number[]): string {
    const bytes = new Uint8Array(values.length * 8);
    const view = new DataView(bytes.buffer);
    values.forEach((v, i) => void view.setBigInt64(i * 8, BigInt(v), true));
    return this.#tensor(name, [values.length], "int64", values.length, bytes);
  }

  /** Adds a node and returns the name of its output (`output`, or one made from the operator). */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    output = this.free(`${operator.toLowerCase()}_${++this.#count}`),
  ): string {
    const node = new Message();
    for (const name of inputs) {
      this.#use(name);
      node.text(1, name);
    }
    node.text(2, output);
    node.text(3, output);
    node.text(4, operator);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value));
    this.#nodes.message(1, node);
    return this.#define(output);
  }

  /** Adds a key and value that tools show beside the model. */
  metadata(key: string, value: string): void {
    this.#metadata.push([key, value]);
  }

  /** The model as the bytes of an `.onnx` file. */
  encode(): Uint8Array {
    const graph = new Message();
    graph.append(this.#nodes);
    graph.text(2, this.#name);
    this.#appendRest(graph);
    const model = new Message();
    model.integer(1, IR_VERSION);
    model.text(2, "cellswap");
    model.message(7, graph);
    const opset = new Message();
    opset.text(1, "");
    opset.integer(2, this.#opset);
    model.message(8, opset);
    for (const [key, value] of this.#metadata) {
      const entry = new Message();
      entry.text(1, key);
      entry.text(2, value);
      model.message(14, entry);
    }
    return model.bytes();
  }

  /** Fields of the graph's message: nodes, weights, inputs and outputs, without its name. */
  fields(): Uint8Array {
    const graph = new Message();
    graph.append(this.#nodes);
    this.#appendRest(graph);
    return graph.bytes();
  }

  #appendRest(graph: Message): void {
    graph.append(this.#weights);
    graph.append(this.#inputs);
    graph.append(this.#outputs);
  }

  #tensor(name: string, shape: readonly number[], type: OnnxType, length: number, bytes: Uint8Array): string {
    const size = shape.reduce((a, b) => a * b, 1);
    if (size !== length) throw new RangeError(`${name}: ${length} values for ${shape.join(" x ")}`);
    const tensor = new Message();
    for (const axis of shape) tensor.integer(1, axis);
    tensor.integer(2, TYPES[type]);
    tensor.text(8, name);
    tensor.raw(9, bytes);
    this.#weights.message(5, tensor);
    if (this.#weightsAreInputs) this.#inputs.message(11, valueInfo(name, shape, TYPES[type]));
    return this.#define(name);
  }

  #define(name: string): string {
    if (name === "" || this.#known.has(name)) throw new RangeError(`${name || "(empty)"} is defined twice`);
    this.#known.add(name);
    return name;
  }

  #use(name: string): void {
    if (name !== "" && !this.#known.has(name)) throw new RangeError(`${name} is used before it is defined`);
  }
}

/**
 * The bytes of a model with tensors from inside it as further outputs; the runtime finds out their types and shapes.
 * A protobuf message that comes in two pieces is the sum of both, so that nothing of the model is written anew.
 */
export function addOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  const graph = new Message();
  for (const name of names) {
    const info = new Message();
    info.text(1, name);
    graph.message(12, info);
  }
  const whole = new Message();
  whole.bare(model);
  whole.message(7, graph);
  return whole.bytes();
}

function attribute(name: string, value: OnnxAttribute): Message {
  const message = new Message();
  message.text(1, name);
  if (typeof value === "number") {
    message.integer(3, value);
    message.integer(20, 2);
  } else if (typeof value === "string") {
    message.text(4, value);
    message.integer(20, 3);
  } else if ("float" in value) {
    message.float(2, value.float);
    message.integer(20, 1);
  } else {
    for (const v of value) message.integer(8, v);
    message.integer(20, 7);
  }
  return message;
}

function valueInfo(name: string, shape: readonly OnnxAxis[], element: number): Message {
  const axes = new Message();
  for (const axis of shape) {
    const dim = new Message();
    if (typeof axis === "number") dim.integer(1, axis);
    else dim.text(2, axis);
    axes.message(1, dim);
  }
  const tensor = new Message();
  tensor.integer(1, element);
  tensor.message(2, axes);
  const type = new Message();
  type.message(1, tensor);
  const info = new Message();
  info.text(1, name);
  info.message(2, type);
  return info;
}

function bytesOf(data: Float32Array | Float64Array): Uint8Array {
  const bytes = new Uint8Array(data.byteLength);
  const view = new DataView(bytes.buffer);
  if (data instanceof Float32Array) data.forEach((v, i) => void view.setFloat32(i * 4, v, true));
  else data.forEach((v, i) => void view.setFloat64(i * 8, v, true));
  return bytes;
}
