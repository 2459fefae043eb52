import { mulberry32, namedSeed, normal } from "../core/rng.ts";
import { SETTINGS, traitsOf } from "../settings.ts";
import type { Features, SwapPlan } from "../types.ts";

/** An encoder whose leak is known. */
export interface OracleOptions {
  /** Dose of the background: 0 reads the center cell only, 1 reads cell and background alike. */
  readonly lambda: number;
  /** Standard deviation of what makes one cell differ from the next, in units of the distance of a class from the origin. */
  readonly noise: number;
  readonly seed: number;
}

/**
 * Features of every composite of a plan as an encoder with a known leak would give them; no pixel is read.
 *
 * A cell of class k is e_k + noise n(cell), its surroundings (cells of the same protein) are e_k + noise n'(cell), and a
 * composite is cell + lambda x surroundings of the crop that lends its background: the cell's own in `original` and
 * `self`, the donor's in `same` and `different`, nothing in `cell-free` and `masked`, and the surroundings alone in
 * `background-only`. The noise of a cell is the same in all its composites, so with lambda 0 every setting but
 * `background-only` gives the same bytes. With s = sqrt(1 + lambda^2) the best accuracy for a pair of classes is
 * Phi((1 + lambda) / (sqrt(2) noise s)) in `original`, `self` and `same`, Phi(1 / (sqrt(2) noise s)) in `different`
 * and Phi(1 / (sqrt(2) noise)) in `cell-free` and `masked`.
 *
 * @param truth class of every cell of the store; its background is of the same class
 * @throws RangeError for a negative lambda or noise
 */
export function oracleFeatures(plan: SwapPlan, truth: readonly string[], options: OracleOptions): Features {
  const { lambda, noise, seed } = options;
  if (!(lambda >= 0) || !(noise >= 0)) throw new RangeError("lambda and noise must be 0 or more");
  const classes = [...new Set(truth)].sort();
  const dimension = classes.length;
  const data = new Float32Array(plan.count * dimension);
  const add = (at: number, cell: number, part: "cell" | "surroundings", dose: number) => {
    const random = mulberry32(namedSeed(seed, part, cell));
    for (let k = 0; k < dimension; k++) data[at + k] += dose * noise * normal(random);
    data[at + classes.indexOf(truth[cell])] += dose;
  };
  for (let row = 0; row < plan.count; row++) {
    const at = row * dimension;
    const cell = plan.cell[row];
    const { cell: seen, background, removes } = traitsOf(SETTINGS[plan.setting[row]]);
    if (seen !== "removed") add(at, cell, "cell", 1);
    if (background !== "none" && removes !== "all")
      add(at, background === "own" ? cell : plan.donor[row], "surroundings", lambda);
  }
  return { rows: plan.count, dimension, data };
}
