/** Fields of the ONNX protobuf messages that are written here (onnx.proto, IR version 8). */
const FLOAT = 1;
const INT64 = 7;
const TYPES = { float32: FLOAT, uint8: 2, int64: INT64, bool: 9, float16: 10, float64: 11 };
const IR_VERSION = 8;

/** Types that inputs and outputs of a built model may have. */
export type OnnxType = keyof typeof TYPES;

/** Value of a node's attribute: an integer, integers, text, or `{ float }` for a single-precision number. */
export type OnnxAttribute = number | readonly number[] | string | { readonly float: number };

/** Length of an axis; text names a free one (`batch`). */
export type OnnxAxis = number | string;

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
  readonly #known = new Set<string>();
  readonly #metadata: [string, string][] = [];
  #count = 0;

  /** `opset` is the version of the standard operators (17: pooling axes are attributes). */
  constructor(name: string, opset = 17) {
    this.#name = name;
    this.#opset = opset;
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
    return this.#tensor(name, shape, FLOAT, data.length, float32Bytes(data));
  }

  /** Adds int64 values, for instance a shape for Reshape, and returns their name. */
  integers(name: string, values: readonly number[]): string {
    const bytes = new Uint8Array(values.length * 8);
    const view = new DataView(bytes.buffer);
    values.forEach((v, i) => void view.setBigInt64(i * 8, BigInt(v), true));
    return this.#tensor(name, [values.length], INT64, values.length, bytes);
  }

  /** Adds a node and returns the name of its output (`output`, or one made from the operator). */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    output = `${operator.toLowerCase()}_${++this.#count}`,
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
    graph.append(this.#weights);
    graph.append(this.#inputs);
    graph.append(this.#outputs);
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

  #tensor(name: string, shape: readonly number[], type: number, length: number, bytes: Uint8Array): string {
    const size = shape.reduce((a, b) => a * b, 1);
    if (size !== length) throw new RangeError(`${name}: ${length} values for ${shape.join(" x ")}`);
    const tensor = new Message();
    for (const axis of shape) tensor.integer(1, axis);
    tensor.integer(2, type);
    tensor.text(8, name);
    tensor.raw(9, bytes);
    this.#weights.message(5, tensor);
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
  const piece = new Message();
  piece.message(7, graph);
  return Buffer.concat([model, piece.bytes()]);
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

function float32Bytes(data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(data.byteLength);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < data.length; i++) view.setFloat32(i * 4, data[i], true);
  return bytes;
}

/** A protobuf message under construction: pieces, joined once at the end. */
class Message {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  integer(field: number, value: number): void {
    this.#push(varint(field << 3));
    this.#push(varint(value));
  }
  float(field: number, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#push(varint((field << 3) | 5));
    this.#push(bytes);
  }
  text(field: number, value: string): void {
    this.raw(field, new TextEncoder().encode(value));
  }
  raw(field: number, value: Uint8Array): void {
    this.#push(varint((field << 3) | 2));
    this.#push(varint(value.length));
    this.#push(value);
  }
  message(field: number, value: Message): void {
    this.#push(varint((field << 3) | 2));
    this.#push(varint(value.#length));
    this.append(value);
  }
  append(other: Message): void {
    for (const piece of other.#pieces) this.#push(piece);
  }
  bytes(): Uint8Array {
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }
  #push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }
}

/** Base-128 varint; negative numbers as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
