import { ActiveSet } from "./active-set.ts";
import { FeatureSolver } from "./feature-solver.ts";
import { InnerProducts } from "./inner-products.ts";
import { Kernels } from "./kernels.ts";
import { memoryBytes, type Systems } from "./memory.ts";
import { type Fit, GAP_GOAL } from "./problem.ts";
import { Proof } from "./proof.ts";
import { solveRowsInterior } from "./rows-interior.ts";

/** The most that WebAssembly can address, less a page and the code's own. */
const MOST_BYTES = 2 ** 32 - 2 ** 20;
/** Room that systems of the size of the rows may take where those of the features' size would do as well. */
const ROWS_BYTES = 2 ** 30;
/** Arithmetic of a fit by systems of the size of the features, relative to that by systems of the size of the rows. */
const FEATURES_COST = 0.7;

/** Kept from pair to pair: their memory. */
const kept: Partial<Record<Systems, Kernels>> = {};

/**
 * Solves the training sets of one pair of classes. The active set is tried first, as it ends exactly and soonest where
 * few rows count for the features; where it gives up, and for all further folds then, it is the interior point, by
 * systems of the size of the features or the rows, whichever take less.
 */
export class PairSolver {
  readonly #a: Float32Array;
  readonly #b: Float32Array;
  readonly #dimension: number;
  readonly #parts: readonly Int32Array[];
  readonly #labels: Int8Array;
  #kernels: Kernels;
  #inner: InnerProducts | undefined;
  #active: ActiveSet | undefined;
  #features: FeatureSolver | undefined;

  /**
   * @param a features of the first class, rows x dimension
   * @param b features of the second class
   * @param parts disjoint sets of rows (those of a, then those of b) where training sets are all parts but one; none
   * where they are chosen otherwise
   */
  constructor(a: Float32Array, b: Float32Array, dimension: number, parts: readonly Int32Array[]) {
    this.#a = a;
    this.#b = b;
    this.#dimension = dimension;
    this.#parts = parts;
    this.#labels = new Int8Array((a.length + b.length) / dimension).fill(-1);
    this.#labels.fill(1, 0, a.length / dimension);
    this.#kernels = this.#load(
      this.#bytes("rows") <= ROWS_BYTES || !this.#fits("features") ? "rows" : "features",
    );
    if (this.#kernels.systems === "rows") {
      this.#inner = new InnerProducts(this.#kernels);
      this.#active = new ActiveSet(this.#kernels, this.#inner, this.#labels);
    }
  }

  /** Optimal machine for the given training rows, which are all parts but `without` where there are parts; null where rounding forbids it. */
  solve(train: Int32Array, without: number): Fit | null {
    return this.#bySet(train) ?? this.#byPoint(train, without);
  }

  /** Scores of the given rows under a machine. */
  scores(fit: Fit, rows: Int32Array): Float64Array {
    const w = new Float64Array(this.#kernels.columns);
    w.set(fit.w);
    const out = new Float64Array(rows.length);
    this.#kernels.view(rows).scores(w, out);
    for (let i = 0; i < out.length; i++) out[i] += fit.b;
    return out;
  }

  #bySet(train: Int32Array): Fit | null {
    const alpha = this.#active?.solve(train) ?? null;
    if (alpha !== null) {
      const proven = new Proof(this.#kernels.view(train), this.#signs(train)).of(alpha);
      if (proven.gap <= GAP_GOAL) return { ...proven, iterations: this.#active!.rounds, solver: "set" };
    }
    this.#active = undefined;
    return null;
  }

  #byPoint(train: Int32Array, without: number): Fit | null {
    if (this.#features === undefined && (!this.#byRows(train.length) || this.#inner === undefined)) {
      if (this.#kernels.systems !== "features") this.#kernels = this.#load("features");
      this.#features = new FeatureSolver(this.#kernels, this.#labels, this.#parts);
    }
    return this.#features === undefined ? this.#byRowsPoint(train) : this.#features.solve(train, without);
  }

  #byRowsPoint(train: Int32Array): Fit | null {
    const rows = this.#kernels.view(train);
    const y = this.#signs(train);
    const proof = new Proof(rows, y);
    let found = proof.of(new Float64Array(train.length));
    const steps = solveRowsInterior(rows, this.#inner!, y, (alpha) => {
      found = proof.of(alpha);
      return found.gap <= GAP_GOAL;
    });
    return steps === null ? null : { ...found, iterations: steps, solver: "ipm" };
  }

  #signs(rows: Int32Array): Int8Array {
    return Int8Array.from(rows, (r) => this.#labels[r]);
  }

  /** Whether systems of the size of the rows take less. */
  #byRows(rows: number): boolean {
    const d = this.#dimension;
    return !this.#fits("features") || rows ** 3 / 3 < FEATURES_COST * (rows * d ** 2 + d ** 3 / 3);
  }

  #bytes(systems: Systems): number {
    return memoryBytes(this.#labels.length, this.#dimension, systems);
  }

  #fits(systems: Systems): boolean {
    return this.#bytes(systems) <= MOST_BYTES;
  }

  /** The pair's rows in memory, centered. */
  #load(systems: Systems): Kernels {
    const rows = this.#labels.length;
    let kernels = kept[systems];
    if (kernels === undefined || kernels.dimension !== this.#dimension || kernels.rows < rows)
      kept[systems] = kernels = new Kernels(rows, this.#dimension, systems);
    kernels.load(this.#a, 0);
    kernels.load(this.#b, this.#a.length / this.#dimension);
    kernels.center(rows);
    return kernels;
  }
}
