import { ActiveSet } from "./active-set.ts";
import { FeatureSolver } from "./feature-solver.ts";
import type { Passed } from "./follow.ts";
import { InnerProducts } from "./inner-products.ts";
import { Kernels } from "./kernels.ts";
import { pairSystems, type Systems } from "./memory.ts";
import { type Fit, GAP_GOAL, type Machine } from "./problem.ts";
import { Proof, type Proven } from "./proof.ts";
import { solveRowsInterior } from "./rows-interior.ts";

/** Arithmetic of a fit by systems of the size of the features, relative to that by systems of the size of the rows. */
const FEATURES_COST = 0.5;

/** Kept from pair to pair: their memory. */
const kept: Partial<Record<Systems, Kernels>> = {};

/**
 * Solves the training sets of one pair of classes. The active set is tried first, as it ends exactly and soonest where
 * few rows count for the features; where it gives up, and for all further folds then, it is the interior point, by
 * systems of the size of the features or the rows, whichever take less.
 */
export class PairSolver {
  readonly #dimension: number;
  readonly #parts: readonly Int32Array[];
  readonly #labels: Int8Array;
  readonly #systems: readonly Systems[];
  readonly #kernels: Kernels;
  /** Where there is room for systems of the size of the rows. */
  readonly #inner: InnerProducts | undefined;
  readonly #set: ActiveSet | undefined;
  /** Whether the set is still tried first. */
  #setFirst: boolean;
  #features: FeatureSolver | undefined;

  /**
   * @param a features of the first class, rows x dimension
   * @param b features of the second class
   * @param parts disjoint sets of rows (those of a, then those of b) where training sets are all parts but one; none
   * where they are chosen otherwise
   */
  constructor(a: Float32Array, b: Float32Array, dimension: number, parts: readonly Int32Array[]) {
    this.#dimension = dimension;
    this.#parts = parts;
    this.#labels = new Int8Array((a.length + b.length) / dimension).fill(-1);
    this.#labels.fill(1, 0, a.length / dimension);
    this.#systems = pairSystems(this.#labels.length, dimension);
    this.#setFirst = this.#systems.includes("rows");
    this.#kernels = this.#memory(this.#systems[0]);
    this.#kernels.load(a, 0);
    this.#kernels.load(b, a.length / dimension);
    this.#kernels.center(this.#labels.length);
    if (this.#setFirst) {
      this.#inner = new InnerProducts(this.#kernels);
      this.#set = new ActiveSet(this.#kernels, this.#inner, this.#labels);
    }
  }

  /** Optimal machine for the given training rows, which are all parts but `without` where there are parts; null where rounding forbids it. */
  solve(train: Int32Array, without: number): Fit | null {
    if (this.#setFirst) {
      const alpha = this.#set!.solve(train);
      const fit = alpha && this.#proven(train, alpha);
      if (fit) return fit;
      this.#setFirst = false;
    }
    const fit =
      this.#inner !== undefined && this.#rowsAreLess(train.length) ? this.#byRows(train, this.#inner) : null;
    return fit ?? (this.#systems.includes("features") ? this.#byFeatures(train, without) : null);
  }

  /** Scores of the given rows under a machine. */
  scores(fit: Machine, rows: Int32Array): Float64Array {
    const w = new Float64Array(this.#kernels.columns);
    w.set(fit.w);
    const out = new Float64Array(rows.length);
    this.#kernels.view(rows).scores(w, out);
    for (let i = 0; i < out.length; i++) out[i] += fit.b;
    return out;
  }

  #byFeatures(train: Int32Array, without: number): Fit | null {
    if (this.#features === undefined) {
      const kernels = this.#memory("features");
      if (kernels !== this.#kernels) kernels.copy(this.#kernels, this.#labels.length);
      this.#features = new FeatureSolver(kernels, this.#labels, this.#parts);
    }
    return this.#features.solve(train, without, this.#set ? (point) => this.#polished(train, point) : null);
  }

  #byRows(train: Int32Array, inner: InnerProducts): Fit | null {
    const rows = this.#kernels.view(train);
    const y = this.#signs(train);
    const proof = new Proof(rows, y);
    let found: Fit | Proven | null = null;
    const iterations = solveRowsInterior(rows, inner, y, {
      guess: (point) => {
        const polished = this.#polished(train, point);
        if (polished === null) return false;
        found = polished;
        return true;
      },
      done: (alpha) => (found = proof.of(alpha)).gap <= GAP_GOAL,
    });
    return iterations === null || found === null ? null : { solver: "ipm", ...(found as Proven), iterations };
  }

  /** The exact optimum that a point near it leads to, if it does. */
  #polished(train: Int32Array, point: Passed): Fit | null {
    const exact = this.#set!.polish(train, point);
    return exact && this.#proven(train, exact);
  }

  #proven(train: Int32Array, alpha: Float64Array): Fit | null {
    const proven = new Proof(this.#kernels.view(train), this.#signs(train)).of(alpha);
    return proven.gap <= GAP_GOAL ? { ...proven, iterations: this.#set!.rounds, solver: "set" } : null;
  }

  #signs(rows: Int32Array): Int8Array {
    const y = new Int8Array(rows.length);
    for (let i = 0; i < y.length; i++) y[i] = this.#labels[rows[i]];
    return y;
  }

  /** Whether systems of the size of the rows take less than those of the size of the features. */
  #rowsAreLess(rows: number): boolean {
    const d = this.#dimension;
    return (
      !this.#systems.includes("features") || rows ** 3 / 3 < FEATURES_COST * (rows * d ** 2 + d ** 3 / 3)
    );
  }

  #memory(systems: Systems): Kernels {
    const rows = this.#labels.length;
    const last = kept[systems];
    if (last !== undefined && last.dimension === this.#dimension && last.rows >= rows) return last;
    // Let go first, so that both need not be held at once.
    delete kept[systems];
    return (kept[systems] = new Kernels(rows, this.#dimension, systems));
  }
}
