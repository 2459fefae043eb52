import { tokenGrid } from "../tokens.ts";
import type { Probed } from "./apart.ts";
import type { OnnxModel, OnnxNode } from "./model.ts";

/** A tensor inside a network that has pixels or patches, and how its axes lie. */
export interface SpatialTensor {
  readonly name: string;
  readonly layout: "NCHW" | "NHWC" | "tokens";
}

/** The last maps and tokens that lead to an output. */
export interface LastMaps {
  readonly maps: readonly SpatialTensor[];
  /** Whether a way comes to the network's input without passing any. */
  readonly reachesInput: boolean;
  /** Whether a tensor without a shape was passed, so that there may be others. */
  readonly incomplete: boolean;
}

/** Size of the network's input, pixels. */
interface InputSize {
  readonly height: number;
  readonly width: number;
}

/** Tensors that are followed back for the layout of one, or from view to view, at most. */
const FARTHEST = 1000;

/** Operators that give their values other axes and change none of them. */
const VIEWS = /^(Reshape|Transpose|Flatten|Squeeze|Unsqueeze|Identity|Cast)$/;
/** Operators whose axes are batch, channels, height and width in ONNX. */
const CHANNELS_FIRST =
  /^(Conv|ConvTranspose|ConvInteger|QLinearConv|MaxPool|AveragePool|LpPool|BatchNormalization|InstanceNormalization|GroupNormalization|LRN|DepthToSpace|SpaceToDepth)$/;

/** The tensors of a graph that depend on one of its inputs, with the nodes that make them. */
export class Flow {
  readonly #makers = new Map<string, OnnxNode>();
  readonly #input: string;

  constructor({ graph }: OnnxModel, input: string) {
    this.#input = input;
    for (const node of graph.nodes)
      if (!/^(Shape|Size)$/.test(node.operator) && takenBy(node).some((name) => this.has(name)))
        for (const output of node.outputs) if (output !== "") this.#makers.set(output, node);
  }

  has(name: string): boolean {
    return name === this.#input || this.#makers.has(name);
  }

  maker(name: string): OnnxNode | undefined {
    return this.#makers.get(name);
  }

  /** What a tensor is made of, as far as it depends on the input; nothing for the input itself. */
  sources(name: string): string[] {
    const maker = this.#makers.get(name);
    return maker === undefined ? [] : [...new Set(takenBy(maker))].filter((source) => this.has(source));
  }

  /** A tensor and all that it is made of, nearest first, without the input. */
  behind(name: string): string[] {
    const found = new Set(this.#makers.has(name) ? [name] : []);
    for (const next of found)
      for (const source of this.sources(next)) if (this.#makers.has(source)) found.add(source);
    return [...found];
  }
}

/** What a node takes, what the bodies of loops and branches in it take from around them included. */
function takenBy({ inputs, graphs }: OnnxNode): string[] {
  return [
    ...inputs,
    ...graphs.flatMap(({ nodes, outputs }) => [...nodes.flatMap(takenBy), ...outputs.map((o) => o.name)]),
  ].filter((name) => name !== "");
}

/**
 * The last feature maps and tokens that lead to an output of a network: on every way back from the output the first
 * tensor with pixels or patches. A view of a map (a reshape, a transpose) counts as that map.
 * @param shapes of the output and of what it is made of, the batch first
 */
export function lastMaps(
  flow: Flow,
  output: string,
  shapes: ReadonlyMap<string, Probed>,
  input: InputSize,
): LastMaps {
  const spatial = new Spatial(flow, shapes, input, shapes.get(output)?.dims[0] ?? 1);
  const maps = new Map<string, SpatialTensor>();
  let reachesInput = false;
  const seen = new Set([output]);
  for (const name of seen) {
    const found = spatial.of(name);
    if (found !== null) maps.set(found.name, found);
    else if (flow.maker(name) === undefined) reachesInput = true;
    else for (const source of flow.sources(name)) seen.add(source);
  }
  return { maps: [...maps.values()], reachesInput, incomplete: spatial.incomplete };
}

class Spatial {
  /** Whether a shape was asked for that is not known. */
  incomplete = false;
  readonly #flow: Flow;
  readonly #shapes: ReadonlyMap<string, Probed>;
  readonly #input: InputSize;
  readonly #batch: number;

  constructor(flow: Flow, shapes: ReadonlyMap<string, Probed>, input: InputSize, batch: number) {
    this.#flow = flow;
    this.#shapes = shapes;
    this.#input = input;
    this.#batch = batch;
  }

  /** A tensor as the map or the tokens that it is, or that it is a view of; null where it is none. */
  of(name: string): SpatialTensor | null {
    const views = new Set<string>();
    for (let at = name; views.size < FARTHEST && !views.has(at); ) {
      const maker = this.#flow.maker(at);
      if (maker === undefined) break;
      views.add(at);
      if (!VIEWS.test(maker.operator) && !this.#takesTokens(maker, at)) break;
      at = maker.inputs[0];
    }
    for (const view of [...views].reverse()) {
      const found = this.#itself(view);
      if (found !== null) return found;
    }
    return null;
  }

  /** Whether a node takes some of the tokens that it is given, whole ones: those of the patches. */
  #takesTokens({ operator, inputs }: OnnxNode, name: string): boolean {
    if (operator !== "Slice" && operator !== "Split") return false;
    const [some, all] = [name, inputs[0]].map((n) => this.#shape(n)?.dims);
    return some?.length === 3 && all?.length === 3 && some[2] === all[2] && some[0] === all[0];
  }

  #itself(name: string): SpatialTensor | null {
    const shape = this.#shape(name);
    if (shape === undefined || shape.type !== "float32" || shape.dims[0] !== this.#batch) return null;
    // A mean over columns is half of a pooling.
    if (/^Reduce/.test(this.#flow.maker(name)?.operator ?? "")) return null;
    const { dims } = shape;
    if (dims.length === 3)
      return dims[2] > 1 && this.#holdsTokens(dims[1]) ? { name, layout: "tokens" } : null;
    if (dims.length !== 4) return null;
    const layout = this.#layout(name, new Set()) ?? this.#byProportions(dims);
    if (layout === null) return null;
    const pixels = layout === "NCHW" ? dims[2] * dims[3] : dims[1] * dims[2];
    return pixels > 1 ? { name, layout } : null;
  }

  #shape(name: string): Probed | undefined {
    const shape = this.#shapes.get(name);
    if (shape === undefined && this.#flow.maker(name) !== undefined) this.incomplete = true;
    return shape;
  }

  #holdsTokens(count: number): boolean {
    if (count < 2) return false;
    try {
      tokenGrid(count, this.#input, {});
      return true;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // Several grids fit: they are tokens all the same.
      return / may be /.test(error.message);
    }
  }

  /** Layout of a map by the operators that made it; null where they do not say. */
  #layout(name: string, seen: Set<string>): "NCHW" | "NHWC" | null {
    const maker = this.#flow.maker(name);
    if (maker === undefined || seen.has(name) || seen.size === FARTHEST) return null;
    seen.add(name);
    const { operator, inputs, integers, lists } = maker;
    if (CHANNELS_FIRST.test(operator)) return "NCHW";
    if (operator === "LayerNormalization") return "NHWC";
    if (operator === "MatMul") return this.#flow.has(inputs[1]) ? null : "NHWC";
    if (operator === "Concat")
      return integers.get("axis") === 1 ? "NCHW" : integers.get("axis") === 3 ? "NHWC" : null;
    if (operator === "Transpose") {
      const from = this.#layout(inputs[0], seen);
      const perm = lists.get("perm")?.join();
      if (perm === "0,2,3,1") return from === "NCHW" ? "NHWC" : null;
      if (perm === "0,3,1,2") return from === "NHWC" ? "NCHW" : null;
      return null;
    }
    if (/^(Reshape|Softmax|Gather|Expand|Tile|Einsum)$/.test(operator)) return null;
    for (const source of this.#flow.sources(name)) {
      if (this.#shape(source)?.dims.length !== 4) continue;
      const layout = this.#layout(source, seen);
      if (layout !== null) return layout;
    }
    return null;
  }

  /** Layout of a map whose height and width are as long as the input's, in one order of the axes only. */
  #byProportions([, first, second, third]: readonly number[]): "NCHW" | "NHWC" | null {
    const { height, width } = this.#input;
    const alike = (rows: number, columns: number) => rows > 1 && rows * width === columns * height;
    const [NCHW, NHWC] = [alike(second, third), alike(first, second)];
    return NCHW === NHWC ? null : NCHW ? "NCHW" : "NHWC";
  }
}
