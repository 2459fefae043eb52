/** Builds ONNX models that exporters do not write, byte by byte (onnx.proto). */
export type Bytes = Uint8Array;

/** A varint; negative numbers as 64-bit two's complement. */
export function varint(value: number | bigint): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

export const integer = (field: number, value: number | bigint): Bytes =>
  Buffer.concat([varint(field * 8), varint(value)]);
export const bytes = (field: number, content: Bytes): Bytes =>
  Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
export const text = (field: number, content: string): Bytes => bytes(field, Buffer.from(content));
export const message = (field: number, ...parts: readonly Bytes[]): Bytes =>
  bytes(field, Buffer.concat(parts));

const FLOAT = 1;
const INT64 = 7;
const BOOL = 9;

/** A tensor (TensorProto) of float32, of int64 where the values are bigint, or of bool. */
export function tensor(
  name: string,
  shape: readonly number[],
  values: readonly (number | bigint | boolean)[],
) {
  const [first] = values;
  const type = typeof first === "bigint" ? INT64 : typeof first === "boolean" ? BOOL : FLOAT;
  const raw =
    type === INT64
      ? BigInt64Array.from(values as readonly bigint[])
      : type === BOOL
        ? Uint8Array.from(values, Number)
        : Float32Array.from(values as readonly number[]);
  return Buffer.concat([
    ...shape.map((n) => integer(1, n)),
    integer(2, type),
    text(8, name),
    bytes(9, new Uint8Array(raw.buffer)),
  ]);
}

/** A tensor whose values lie in another file. */
export function external(name: string, shape: readonly number[], entries: Readonly<Record<string, string>>) {
  return Buffer.concat([
    ...shape.map((n) => integer(1, n)),
    integer(2, FLOAT),
    text(8, name),
    ...Object.entries(entries).map(([key, value]) => message(13, text(1, key), text(2, value))),
    integer(14, 1),
  ]);
}

/** Value of an attribute: an integer, integers, a graph (`Graph`) or a tensor. */
export type Attribute = number | bigint | readonly (number | bigint)[] | { graph: Bytes } | { tensor: Bytes };

/** A node (NodeProto); the domain stands before the operator: `my:Op`. */
export function node(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Bytes {
  const [name, domain = ""] = operator.split(":").reverse();
  return Buffer.concat([
    ...inputs.map((n) => text(1, n)),
    ...outputs.map((n) => text(2, n)),
    text(4, name),
    ...Object.entries(attributes).map(([key, value]) => message(5, text(1, key), attribute(value))),
    text(7, domain),
  ]);
}

function attribute(value: Attribute): Bytes {
  if (typeof value === "number" || typeof value === "bigint")
    return Buffer.concat([integer(3, value), integer(20, 2)]);
  if ("graph" in value) return Buffer.concat([bytes(6, value.graph), integer(20, 5)]);
  if ("tensor" in value) return Buffer.concat([bytes(5, value.tensor), integer(20, 4)]);
  return Buffer.concat([...value.map((v) => integer(8, v)), integer(20, 7)]);
}

/** A value (ValueInfoProto) of float32; text is a free axis. */
export function value(name: string, shape: readonly (number | string)[] | null, type = FLOAT): Bytes {
  const axes = shape?.map((n) => message(1, typeof n === "number" ? integer(1, n) : text(2, n)));
  return Buffer.concat([
    text(1, name),
    message(2, message(1, integer(1, type), ...(axes === undefined ? [] : [message(2, ...axes)]))),
  ]);
}

export interface Graph {
  readonly nodes: readonly Bytes[];
  readonly inputs?: readonly Bytes[];
  readonly outputs?: readonly Bytes[];
  readonly weights?: readonly Bytes[];
}

/** A graph (GraphProto). */
export function graph({ nodes, inputs = [], outputs = [], weights = [] }: Graph): Bytes {
  return Buffer.concat([
    ...nodes.map((n) => bytes(1, n)),
    text(2, "g"),
    ...weights.map((w) => bytes(5, w)),
    ...inputs.map((v) => bytes(11, v)),
    ...outputs.map((v) => bytes(12, v)),
  ]);
}

/** A function of the model's own, in the domain `my` (FunctionProto). */
export function ownFunction(name: string, input: string, output: string, nodes: readonly Bytes[]): Bytes {
  return Buffer.concat([
    text(1, name),
    text(4, input),
    text(5, output),
    ...nodes.map((n) => bytes(7, n)),
    message(9, text(1, ""), integer(2, 17)),
    message(9, text(1, "my"), integer(2, 1)),
    text(10, "my"),
  ]);
}

/** Height and width of the images that {@link network} takes. */
export const SIDE = 8;

/**
 * A model of images of two channels, `images`; `base` is their mean by channel, and what is given makes `features` of
 * both.
 */
export function network(
  nodes: readonly Bytes[],
  weights: readonly Bytes[] = [],
  functions: readonly Bytes[] = [],
): Bytes {
  return Buffer.concat([
    integer(1, 9),
    message(
      7,
      graph({
        nodes: [node("ReduceMean", ["images"], ["base"], { axes: [2, 3], keepdims: 0 }), ...nodes],
        inputs: [value("images", ["n", 2, SIDE, SIDE])],
        outputs: [value("features", null)],
        weights,
      }),
    ),
    message(8, text(1, ""), integer(2, 17)),
    message(8, text(1, "my"), integer(2, 1)),
    ...functions.map((f) => bytes(25, f)),
  ]);
}

/** Body of a loop that adds one to what it carries in every turn; `more` are further nodes of it. */
export function loopBody(more: readonly Bytes[] = [], step = "one"): Bytes {
  return graph({
    nodes: [node("Identity", ["go"], ["again"]), ...more, node("Add", ["a", step], ["b"])],
    inputs: [value("i", [], INT64), value("go", [], BOOL), value("a", null)],
    outputs: [value("again", [], BOOL), value("b", null)],
    weights: [tensor("one", [], [1])],
  });
}

/** Adds the sum of a float32 tensor to the features. */
export const addSum = (name: string): Bytes[] => [
  node("ReduceSum", [name], ["sum"], { keepdims: 0 }),
  node("Add", ["base", "sum"], ["features"]),
];

/** A network that ends at once where no pixel is over 1, and not within days else. */
export const endlessOnBright = (): Bytes =>
  network(
    [
      node("ReduceMax", ["images"], ["max"], { keepdims: 0 }),
      node("Greater", ["max", "limit"], ["bright"]),
      node("Loop", ["turns", "bright", "base"], ["features"], {
        body: {
          graph: loopBody(
            [
              node("ReduceMax", ["a"], ["largest"], { keepdims: 0 }),
              node("Expand", ["largest", "sides"], ["square"]),
              node("MatMul", ["square", "square"], ["product"]),
              node("ReduceMean", ["product"], ["step"], { keepdims: 0 }),
            ],
            "step",
          ),
        },
      }),
    ],
    [tensor("limit", [], [1]), tensor("turns", [], [100_000n]), tensor("sides", [2], [1500n, 1500n])],
  );

/** A network with a loop of so many turns that nobody waits for them; how many is known when it is run. */
export const endless = (): Bytes =>
  network(
    [
      node("Size", ["images"], ["size"]),
      node("Mul", ["size", "many"], ["turns"]),
      node("Loop", ["turns", "", "base"], ["features"], { body: { graph: loopBody() } }),
    ],
    [tensor("many", [], [2n ** 40n])],
  );

/** A network that takes gigabytes where a pixel is over 1. */
export const hugeOnBright = (): Bytes =>
  network(
    [
      node("ReduceMax", ["images"], ["max"], { keepdims: 0 }),
      node("Floor", ["max"], ["floor"]),
      node("Mul", ["floor", "many"], ["product"]),
      node("Cast", ["product"], ["count"], { to: 7 }),
      node("Range", ["none", "count", "step"], ["range"]),
      node("Size", ["range"], ["size"]),
      node("Cast", ["size"], ["length"], { to: 1 }),
      ...addSum("length"),
    ],
    [tensor("many", [], [5e8]), tensor("none", [], [0n]), tensor("step", [], [1n])],
  );
