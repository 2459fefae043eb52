import type { Passed } from "./follow.ts";
import { type InteriorProblem, solveInterior } from "./ipm.ts";
import type { Kernels } from "./kernels.ts";
import { type Fit, GAP_GOAL } from "./problem.ts";
import { Proof, type Proven } from "./proof.ts";

/** Below this many values factoring all rows is cheaper than what a scatter in their stead saves. */
const SCATTER_VALUES = 65536;

/** The machine that a point near the optimum leads to; null where it leads to none. */
export type Polish = (point: Passed) => Fit | null;

/** Solves training sets of one pair by systems of the size of the features; what the folds share is computed once. */
export class FeatureSolver {
  readonly #kernels: Kernels;
  readonly #labels: Int8Array;
  /** Sum of x x' over the rows of each part, and over all of them; none for small pairs and without parts. */
  readonly #scatters: Float32Array[];
  readonly #total: Float32Array;

  /**
   * @param kernels with the pair's rows, centered, and room for systems of the size of the features
   * @param labels +1 or -1 for each row
   * @param parts disjoint sets of rows where training sets are all parts but one; none where they are chosen otherwise
   */
  constructor(kernels: Kernels, labels: Int8Array, parts: readonly Int32Array[]) {
    this.#kernels = kernels;
    this.#labels = labels;
    this.#scatters =
      labels.length * kernels.columns < SCATTER_VALUES
        ? []
        : parts.map((part) => kernels.view(part).scatter());
    this.#total = new Float32Array(this.#scatters.length === 0 ? 0 : kernels.columns ** 2);
    for (const part of this.#scatters) for (let i = 0; i < part.length; i++) this.#total[i] += part[i];
  }

  /** Optimal machine for the given training rows, which are all parts but `without` where there are parts; null where rounding forbids it. */
  solve(train: Int32Array, without: number, polish: Polish | null): Fit | null {
    const rows = this.#kernels.view(train);
    const y = Int8Array.from(train, (r) => this.#labels[r]);
    const scatter = this.#scatters.length > 0 ? this.#scatter(without) : null;
    const problem = { rows, y, scatter, polish };
    return this.#descend({ ...problem, shrink: true }) ?? this.#descend({ ...problem, shrink: false });
  }

  #descend({
    polish,
    ...problem
  }: Omit<InteriorProblem, "done" | "guess"> & { polish: Polish | null }): Fit | null {
    const proof = new Proof(problem.rows, problem.y);
    let found: Proven | Fit | undefined;
    const steps = solveInterior({
      ...problem,
      guess:
        polish &&
        ((point) => {
          const polished = polish(point);
          if (polished === null) return false;
          found = polished;
          return true;
        }),
      done: (alpha, near) => {
        found = proof.of(alpha, near);
        return found.gap <= GAP_GOAL;
      },
    });
    return steps === null || found === undefined ? null : { solver: "ipm", ...found, iterations: steps };
  }

  /** Of all parts but one. */
  #scatter(without: number): Float32Array {
    const sum = this.#total.slice();
    const part = this.#scatters[without];
    for (let i = 0; i < sum.length; i++) sum[i] -= part[i];
    return sum;
  }
}
