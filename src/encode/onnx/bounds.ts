import { nameOf, type OnnxModel, type OnnxNode } from "./model.ts";
import { type Known, MOST_NODES, turns, type Visit, walk } from "./walk.ts";

/** Values of one tensor, at most. */
const MOST = 2 ** 28;
/** Turns of loops, those in them multiplied, at most. */
const MOST_TURNS = 100_000;
/** Pixels, at most, that an operator goes from one place to the next, or adds at an edge. */
const FARTHEST = 2 ** 16;

/** Operators that the runtime has, besides the standard ones. */
const DOMAINS = /^(|ai\.onnx(\..+)?|com\.microsoft(\..+)?|com\.ms\..+|org\.pytorch\..+)$/;

/** Attributes that say how far. */
const DISTANCES = ["pads", "strides", "dilations", "kernel_shape", "output_padding", "output_shape", "sizes"];

/** What the graph says itself of what it costs. */
export interface Bounds {
  /** What asks for more than any encoder does or never ends, one line each, with the remedy. */
  readonly faults: readonly string[];
  /**
   * Whether pixels, not only the shape of inputs, decide what it costs or whether it divides integers by zero, which
   * ends a process: on other crops than those that it was tried on, it may take all time and memory.
   */
  readonly open: boolean;
}

/** Reads from a graph what a network costs before it is run. */
export function boundsOf(model: OnnxModel): Bounds {
  const faults = new Set<string>();
  let open = false;
  let integers = model.graph.inputs.some((v) => /int/.test(v.type));
  let divides = false;
  const complete = walk(model, (at) => {
    const { node, inputs } = at;
    const fault = faultOf(at, model);
    if (fault !== null) faults.add(`node ${node.name || node.outputs[0] || "?"} (${nameOf(node)}) ${fault}`);
    const pixels = (i: number) => inputs[i]?.pixels === true;
    const own = node.domain === "" || /^ai\.onnx(\.ml)?$/.test(node.domain);
    if (
      own
        ? (SHAPED[node.operator] ?? []).some(pixels)
        : !model.functions.has(nameOf(node)) && inputs.some((_, i) => pixels(i))
    )
      open = true;
    // Whether its next turn comes is decided in it.
    open ||= node.operator === "Loop";
    integers ||= makesIntegers(node) && inputs.some((input) => input?.pixels);
    divides ||= /^(Div|Mod)$/.test(node.operator) && pixels(1);
  });
  if (!complete)
    faults.add(
      `its functions call themselves, or each other so often that it has more than ${MOST_NODES} nodes; export it without functions`,
    );
  return { faults: [...faults], open: open || (integers && divides) };
}

/** Inputs whose values decide on the shape of what an operator gives, on how much it does, or on what is done. */
const SHAPED: Readonly<Record<string, readonly number[]>> = {
  AffineGrid: [1],
  BlackmanWindow: [0],
  CenterCropPad: [1],
  Col2Im: [1, 2],
  Compress: [0, 1],
  ConstantOfShape: [0],
  DFT: [1],
  Expand: [1],
  HammingWindow: [0],
  HannWindow: [0],
  If: [0],
  ImageDecoder: [0],
  MaxUnpool: [1, 2],
  MelWeightMatrix: [0, 1, 2, 3, 4],
  NonMaxSuppression: [0, 1, 2, 3, 4],
  NonZero: [0],
  OneHot: [1],
  Pad: [1, 3],
  Range: [0, 1, 2],
  Reshape: [1],
  Resize: [1, 2, 3],
  SequenceAt: [0, 1],
  Slice: [1, 2, 3, 4],
  Split: [1],
  SplitToSequence: [1],
  STFT: [1, 3],
  StringConcat: [0, 1],
  StringSplit: [0],
  Tile: [1, 2],
  TopK: [1],
  Unique: [0],
  Upsample: [1],
};

/** Operators that make integers of other numbers. */
const INTEGERS = /^(CastLike|ArgMax|ArgMin|TopK|NonZero|QuantizeLinear|DynamicQuantizeLinear|BitCast)$/;

/** Types of floating-point numbers, and bool, which is not divided (TensorProto.DataType). */
const NO_INTEGERS = [1, 9, 10, 11, 16];

function makesIntegers({ operator, integers }: OnnxNode): boolean {
  return operator === "Cast" ? !NO_INTEGERS.includes(integers.get("to") ?? 0) : INTEGERS.test(operator);
}

const many = (what: string, count: number) =>
  `makes ${count.toExponential(0)} ${what}, more than any encoder needs (${MOST}); check where the file comes from`;

function faultOf({ node, inputs, times }: Visit, model: OnnxModel): string | null {
  const { operator, domain, lists } = node;
  if (!DOMAINS.test(domain) && !model.functions.has(nameOf(node)))
    return "is no operator of the runtime, and the model has no such function; export it with standard operators, or run it as a program (docs/own-model.md)";
  if (operator === "Loop") return loopFault(inputs, times * turns(node, inputs));
  for (const name of DISTANCES) {
    const far = lists.get(name)?.find((n) => n > FARTHEST);
    if (far !== undefined)
      return `has ${name} of ${far}, more than any image (${FARTHEST}); check where the file comes from`;
  }
  const count = countOf(
    operator,
    inputs.map((input) => input?.values ?? null),
    lists,
  );
  return count > MOST ? many("values", count) : null;
}

/** A loop that is not told how often ends when its values say so, or never. */
function loopFault([most, go]: readonly (Known | null)[], times: number): string | null {
  const remedy =
    "export the network by tracing it, which writes out its loops, or run it as a program (docs/own-model.md)";
  if (most === null || most === undefined || most.pixels)
    return go?.values?.[0] === 0
      ? null
      : `is a loop that may never end: nothing but what it calculates ends it; ${remedy}`;
  return times > MOST_TURNS
    ? `is a loop of ${times.toExponential(0)} turns, more than ${MOST_TURNS}; ${remedy}`
    : null;
}

/** Values that a node makes at least; 0 where that is not known. */
function countOf(
  operator: string,
  [a, b, c, d]: readonly (readonly number[] | null)[],
  lists: ReadonlyMap<string, readonly number[]>,
): number {
  const product = (values: readonly number[] | null | undefined) =>
    values?.reduce((x, y) => x * Math.max(1, y), 1) ?? 0;
  const sum = (values: readonly number[] | null | undefined) =>
    values?.reduce((x, y) => x + Math.max(0, y), 0) ?? 0;
  switch (operator) {
    case "ConstantOfShape":
      return product(a);
    case "HannWindow":
    case "HammingWindow":
    case "BlackmanWindow":
      return sum(a);
    case "Expand":
    case "Tile":
    case "OneHot":
    case "CenterCropPad":
    case "Upsample":
    case "DFT":
      return product(b);
    case "Pad":
      return sum(b);
    case "Resize":
      return Math.max(product(c), product(d));
    case "RandomNormal":
    case "RandomUniform":
      return product(lists.get("shape"));
    case "Range":
      return a && b && c ? Math.abs((b[0] - a[0]) / c[0]) : 0;
    default:
      return 0;
  }
}
