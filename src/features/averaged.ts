import type { SwapPlan } from "../types.ts";
import type { FeatureSet } from "./features.ts";
import { shortHash } from "./key.ts";

/** Rows whose draws are read at once. */
const PIECE = 1024;

/** The features of crops that were each encoded several times: the mean over the times. */
export class AveragedFeatures {
  /** Name in results. */
  readonly name: string;
  readonly dimension: number;
  readonly draws: number;
  readonly #set: Pick<FeatureSet, "key" | "read" | "dimension">;
  readonly #plan: SwapPlan;
  readonly #count: number;
  #piece = new Float32Array(0);

  /**
   * @param set features of `plan`, whose row `draw * count + i` is crop i the `draw`-th time
   * @param draws how many of the times count, from the first on
   */
  constructor(
    name: string,
    set: Pick<FeatureSet, "key" | "read" | "dimension">,
    plan: SwapPlan,
    { count, draws }: { readonly count: number; readonly draws: number },
  ) {
    this.name = name;
    this.dimension = set.dimension;
    this.draws = draws;
    this.#set = set;
    this.#plan = plan;
    this.#count = count;
  }

  /** Hash of exactly which features crops have. */
  key(_plan: SwapPlan, rows: Int32Array): string {
    return shortHash(
      Array.from({ length: this.draws }, (_, d) => this.#set.key(this.#plan, this.#at(rows, d))),
    );
  }

  /** Copies the features of crops (rows x dimension) into `out`: float64 sums, rounded once. */
  read(rows: ArrayLike<number>, out: Float32Array): void {
    const { dimension, draws } = this;
    if (draws === 1) {
      this.#set.read(rows, out);
      return;
    }
    for (let from = 0; from < rows.length; from += PIECE) {
      const own = Int32Array.from({ length: Math.min(PIECE, rows.length - from) }, (_, i) => rows[from + i]);
      const size = own.length * dimension;
      const sum = new Float64Array(size);
      if (this.#piece.length < size) this.#piece = new Float32Array(size);
      const piece = this.#piece.subarray(0, size);
      for (let d = 0; d < draws; d++) {
        this.#set.read(this.#at(own, d), piece);
        for (let i = 0; i < size; i++) sum[i] += piece[i];
      }
      for (let i = 0; i < size; i++) out[from * dimension + i] = sum[i] / draws;
    }
  }

  #at(rows: Int32Array, draw: number): Int32Array {
    return rows.map((row) => draw * this.#count + row);
  }
}
