import type { EncoderOutput } from "../description.ts";
import { makePooling, mapLayout } from "../pool.ts";
import { type OnnxGraph, typeNumber } from "./graph.ts";

/** An affine map of feature vectors: weights x features + offset, in float64. */
export interface AffineLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** Row-major, outputs x inputs. */
  readonly weights: ArrayLike<number>;
  readonly offset: ArrayLike<number>;
}

/** Size of the network's input in pixels, and the tensor that holds the center mask: batch x height x width. */
export interface MaskInput {
  readonly name: string;
  readonly height: number;
  readonly width: number;
}

/** Appends to a graph what makes features of tensors inside it, of the same operators in opsets 7 to 22. */
export class LayerAppender {
  readonly #graph: OnnxGraph;
  readonly #size: Omit<MaskInput, "name">;
  readonly #mask: () => string;
  /** Weights of the pixels of a map under the center mask, by the map's rows and columns. */
  readonly #weights = new Map<string, string>();

  /** @param mask declares the input with the center mask; called where an output is pooled under it */
  constructor(graph: OnnxGraph, size: Omit<MaskInput, "name">, mask: () => string) {
    this.#graph = graph;
    this.#size = size;
    this.#mask = mask;
  }

  /**
   * Pools an output of dimensions `dims` (batch first) as it is described, as {@link makePooling} does.
   * @returns name and length of the vectors (batch x length, float32)
   */
  pool(output: EncoderOutput, dims: readonly number[]): { readonly name: string; readonly length: number } {
    const { height, width } = this.#size;
    const { layout, pool } = output;
    const { dimension: length } = makePooling(output, dims, height, width);
    const single = this.#cast(output.output, "float32");
    if (pool === "class") return { name: this.#rows(this.#take(single, [0]), length), length };
    if (pool === "none" || pool === "flatten")
      return { name: dims.length === 2 ? single : this.#rows(single, length), length };
    const { height: rows, width: columns, start, channels } = mapLayout(output, dims, height, width);
    const pixels = rows * columns;
    const first = start / channels;
    const patches = Array.from({ length: pixels }, (_, i) => first + i);
    const values = this.#reshape(
      layout === "tokens" && dims[1] > pixels ? this.#take(single, patches) : single,
      layout === "NCHW" ? [-1, channels, pixels] : [-1, pixels, channels],
    );
    const name =
      pool === "max"
        ? this.#max(values, layout)
        : this.#weighted(values, layout, pixels, pool === "mean" ? null : this.#underMask(rows, columns));
    return { name: this.#rows(name, length), length };
  }

  /**
   * Applies an affine map to vectors, and makes probabilities of what it gives where `softmax` says so.
   * @returns name of the vectors, float32
   */
  affine(vectors: string, { inputs, outputs, weights, offset }: AffineLayer, softmax = false): string {
    const turned = Float64Array.from(
      { length: inputs * outputs },
      (_, i) => weights[(i % outputs) * inputs + Math.floor(i / outputs)],
    );
    const map = this.#graph.doubles(this.#free("map"), [inputs, outputs], turned);
    const plus = this.#graph.doubles(this.#free("offset"), [outputs], Float64Array.from(offset));
    const scores = this.#node("Add", [this.#node("MatMul", [this.#cast(vectors, "float64"), map]), plus]);
    return this.#cast(softmax ? this.#node("Softmax", [scores], { axis: 1 }) : scores, "float32");
  }

  #max(values: string, layout: EncoderOutput["layout"]): string {
    const planes = layout === "NCHW" ? values : this.#node("Transpose", [values], { perm: [0, 2, 1] });
    return this.#node("GlobalMaxPool", [planes]);
  }

  /** Sum of the pixels, weighted; of all alike where there are no weights. */
  #weighted(values: string, layout: EncoderOutput["layout"], pixels: number, weights: string | null): string {
    const first = layout === "NCHW";
    const shape = first ? [-1, pixels, 1] : [-1, 1, pixels];
    const by =
      weights === null
        ? this.#constant("even", shape.slice(1), new Float32Array(pixels).fill(1 / pixels))
        : this.#reshape(weights, shape);
    return this.#node("MatMul", first ? [values, by] : [by, values]);
  }

  /** Share of the center cell in each pixel of a map (batch x pixels); even where none of it is in the input. */
  #underMask(rows: number, columns: number): string {
    const known = this.#weights.get(`${rows} ${columns}`);
    if (known !== undefined) return known;
    const { height, width } = this.#size;
    const pixels = rows * columns;
    // Which pixels of the input lie in which of the map.
    const down = new Float32Array(rows * height);
    for (let y = 0; y < height; y++) down[Math.floor((y * rows) / height) * height + y] = 1;
    const across = new Float32Array(width * columns);
    for (let x = 0; x < width; x++) across[x * columns + Math.floor((x * columns) / width)] = 1;
    const bands = this.#node("MatMul", [this.#constant("rows", [rows, height], down), this.#mask()]);
    const cut = this.#node("MatMul", [bands, this.#constant("columns", [width, columns], across)]);
    const shares = this.#reshape(cut, [-1, pixels]);
    const ones = this.#constant("ones", [pixels, 1], new Float32Array(pixels).fill(1));
    const total = this.#node("MatMul", [shares, ones]);
    const there = this.#cast(this.#cast(total, "bool"), "float32");
    const empty = this.#node("Sub", [this.#constant("one", [1], Float32Array.of(1)), there]);
    const all = this.#node("Mul", [empty, this.#constant("pixels", [1], Float32Array.of(pixels))]);
    const weights = this.#node("Div", [this.#node("Add", [shares, empty]), this.#node("Add", [total, all])]);
    this.#weights.set(`${rows} ${columns}`, weights);
    return weights;
  }

  /** Vectors: batch x length. */
  #rows(name: string, length: number): string {
    return this.#reshape(name, [-1, length]);
  }

  #reshape(name: string, shape: readonly number[]): string {
    return this.#node("Reshape", [name, this.#graph.integers(this.#free("shape"), shape)]);
  }

  /** Tokens at some places. */
  #take(name: string, places: readonly number[]): string {
    return this.#node("Gather", [name, this.#graph.integers(this.#free("places"), places)], { axis: 1 });
  }

  #cast(name: string, type: "float32" | "float64" | "bool"): string {
    return this.#node("Cast", [name], { to: typeNumber(type) });
  }

  #constant(name: string, shape: readonly number[], values: Float32Array): string {
    return this.#graph.weight(this.#free(name), shape, values);
  }

  #node(operator: string, inputs: readonly string[], attributes: Parameters<OnnxGraph["node"]>[2] = {}) {
    return this.#graph.node(operator, inputs, attributes, this.#free(operator.toLowerCase()));
  }

  #free(name: string): string {
    return this.#graph.free(`cellswap_${name}`);
  }
}
