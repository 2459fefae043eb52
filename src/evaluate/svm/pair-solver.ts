import { balance, certifyScores, primalObjective } from "./certificate.ts";
import { type InteriorProblem, solveInterior } from "./ipm.ts";
import type { Kernels } from "./kernels.ts";
import { type Fit, GAP_GOAL } from "./problem.ts";

/** Below this many values factoring all rows is cheaper than what a scatter in their stead saves. */
const SCATTER_VALUES = 65536;

/**
 * Solves the training sets of one pair of classes: the rows are held once, and what the folds share is computed once.
 */
export class PairSolver {
  readonly #kernels: Kernels;
  readonly #first: number;
  /** Sum of x x' over the rows of each part, and over all of them; none for small pairs and without parts. */
  readonly #scatters: Float32Array[];
  readonly #total: Float32Array;

  /**
   * @param a features of the first class, rows x dimension
   * @param b features of the second class
   * @param parts disjoint sets of rows (those of a, then those of b) where training sets are all parts but one; none
   * where they are chosen otherwise
   * @param kernels reused where it fits
   */
  constructor(a: Float32Array, b: Float32Array, parts: readonly Int32Array[], kernels: Kernels) {
    const { dimension } = kernels;
    const rows = (a.length + b.length) / dimension;
    this.#kernels = kernels;
    this.#first = a.length / dimension;
    kernels.load(a, 0);
    kernels.load(b, this.#first);
    kernels.center(rows);
    this.#total = new Float32Array(kernels.columns ** 2);
    this.#scatters =
      rows * kernels.columns < SCATTER_VALUES ? [] : parts.map((part) => kernels.view(part).scatter());
    for (const part of this.#scatters) for (let i = 0; i < part.length; i++) this.#total[i] += part[i];
  }

  /** Optimal machine for the given training rows, which are all parts but `without` where there are parts; null where rounding forbids it. */
  solve(train: Int32Array, without: number): Fit | null {
    const rows = this.#kernels.view(train);
    const y = Int8Array.from(train, (r) => (r < this.#first ? 1 : -1));
    const scatter = this.#scatters.length > 0 ? this.#scatter(without) : null;
    const problem = { rows, y, scatter };
    return this.#descend({ ...problem, shrink: true }) ?? this.#descend({ ...problem, shrink: false });
  }

  #descend(problem: Omit<InteriorProblem, "done">): Fit | null {
    const { rows, y } = problem;
    const { columns, dimension } = this.#kernels;
    const w = new Float64Array(columns);
    const f = new Float64Array(y.length);
    const signed = new Float64Array(y.length);
    let found: Omit<Fit, "iterations" | "solver"> | undefined;
    const done = (alpha: Float64Array, near: Float64Array): boolean => {
      balance(y, alpha);
      let sum = 0;
      for (let i = 0; i < alpha.length; i++) {
        sum += alpha[i];
        signed[i] = y[i] * alpha[i];
      }
      rows.combine(signed, w);
      rows.scores(w, f);
      const { dual, primal, gap, b } = certifyScores(y, sum, w, f);
      found = { w: w.slice(0, dimension), b, objective: primal, gap };
      if (gap <= GAP_GOAL) return true;
      // Any w bounds the optimum from above; on badly scaled features the method's own loses fewer digits.
      rows.scores(near, f);
      const other = primalObjective(y, near, f);
      if (other.primal < primal) {
        const closer = (other.primal - dual) / (1 + other.primal);
        found = { w: near.slice(0, dimension), b: other.b, objective: other.primal, gap: closer };
      }
      return found.gap <= GAP_GOAL;
    };
    const steps = solveInterior({ ...problem, done });
    return steps === null || found === undefined ? null : { ...found, iterations: steps, solver: "ipm" };
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

  /** Of all parts but one. */
  #scatter(without: number): Float32Array {
    const sum = this.#total.slice();
    const part = this.#scatters[without];
    for (let i = 0; i < sum.length; i++) sum[i] -= part[i];
    return sum;
  }
}
