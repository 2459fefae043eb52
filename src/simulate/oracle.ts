import { mulberry32, namedSeed, normal } from "../core/rng.ts";
import { traitsOf } from "../settings.ts";
import { settingOf } from "../swap/runs.ts";
import type { Features, SwapPlan } from "../types.ts";

/** An encoder whose leak is known. */
export interface OracleOptions {
  /** Dose of the neighbors: 0 reads none, 1 reads cell and neighbors alike. */
  readonly lambda: number;
  /** Dose of the medium, in the same units; standard 0. */
  readonly medium?: number;
  /** Standard deviation of what makes one cell differ from the next, in units of the distance of a class from the origin. */
  readonly noise: number;
  /** Standard deviation of what one composite of a cell adds, in the same units; standard 0: settings that show the same give the same bytes. */
  readonly jitter?: number;
  /** What pasting adds to every feature of a class, in the same units; standard 0. It moves no class toward another. */
  readonly paste?: number;
  /** Dose of the batch in the medium, in the same units; standard 0. Above it there are {@link BATCH_FEATURES} more features. */
  readonly batch?: number;
  /** Batch of every cell of the store, where `batch` is above 0. */
  readonly batchOf?: readonly string[];
  /** How many times `lambda` the neighbors in the crop of every cell of the store count (by their area, for instance); standard 1. */
  readonly crowding?: ArrayLike<number>;
  /** Standard deviation of what a field adds to its cells, in the same units; standard 0. */
  readonly ownField?: number;
  /** Standard deviation of what a field adds to its mediums, in the same units; standard 0. */
  readonly mediumField?: number;
  /** Field of every cell of the store, where one of them is above 0. */
  readonly fieldOf?: readonly string[];
  readonly seed: number;
}

/** Features in which batches differ. */
export const BATCH_FEATURES = 4;

/**
 * Features of every composite of a plan as an encoder with a known leak would give them; no pixel is read.
 *
 * A cell of class k is e_k + noise n(cell), its neighbors (cells of the same protein) are e_k + noise n'(cell), its
 * medium e_k + noise n''(cell). A composite is cell + lambda x neighbors + medium x medium of the crop that lends its
 * background: the cell's own in `original` and `self`, the donor's in `same`, `cell-free` and `different`; no neighbors in
 * `cell-free`, neither in `masked`, and both without the cell in `background-only`. The noise of a cell is the same in
 * all its composites, so with both doses and the jitter 0 every setting but `background-only` gives the same bytes. With
 * medium and jitter 0 and s = sqrt(1 + lambda^2) the best accuracy for a pair of classes is
 * Phi((1 + lambda) / (sqrt(2) noise s)) in `original`, `self` and `same`, Phi(1 / (sqrt(2) noise s)) in `different` and
 * Phi(1 / (sqrt(2) noise)) in `cell-free` and `masked`.
 *
 * `paste` is added to all features of classes wherever the cell is pasted: a linear probe of many cells tells it from the
 * cell as imaged in Phi(paste sqrt(C) / (2 noise s)) of crops, C the classes and, with a medium, s = sqrt(1 + lambda^2 +
 * medium^2); of a cell's two crops it chooses the paste in Phi(paste sqrt(C) / (sqrt(2) jitter)) of cells. `batch` times a
 * normal vector of the batch, and noise of the crop, stand in features of their own wherever the crop's medium is seen.
 *
 * With `crowding` the dose of the neighbors is lambda times that of the crop that shows them.
 *
 * Between composites of one class in `different` a feature then has the variances noise^2 (cell), (lambda^2 + medium^2)
 * noise^2 (donor), ownField^2, mediumField^2 (field of the donor) and jitter^2.
 *
 * @param truth class of every cell of the store; its background is of the same class
 * @throws RangeError for a negative dose, noise or jitter, or one of batch or field without `batchOf` or `fieldOf`
 */
export function oracleFeatures(plan: SwapPlan, truth: readonly string[], options: OracleOptions): Features {
  const { lambda, medium = 0, noise, jitter = 0, paste = 0, batch = 0, batchOf, crowding, seed } = options;
  const { ownField = 0, mediumField = 0, fieldOf } = options;
  if (![lambda, medium, noise, jitter, paste, batch, ownField, mediumField].every((dose) => dose >= 0))
    throw new RangeError("lambda, medium, noise, jitter, paste, batch and fields must be 0 or more");
  if (ownField + mediumField > 0 && fieldOf === undefined)
    throw new RangeError("what a field adds needs fieldOf");
  if (batch > 0 && batchOf === undefined) throw new RangeError("a dose of the batch needs batchOf");
  const classes = [...new Set(truth)].sort();
  const dimension = classes.length + (batch > 0 ? BATCH_FEATURES : 0);
  const data = new Float32Array(plan.count * dimension);
  const blur = (at: number, amount: number, ...stream: (string | number)[]) => {
    const random = mulberry32(namedSeed(seed, ...stream));
    for (let k = 0; k < classes.length; k++) data[at + k] += amount * normal(random);
  };
  const addBatch = (at: number, cell: number) => {
    const of = mulberry32(namedSeed(seed, "batch", batchOf![cell]));
    const own = mulberry32(namedSeed(seed, "batch of crop", cell));
    for (let k = 0; k < BATCH_FEATURES; k++)
      data[at + classes.length + k] += batch * normal(of) + noise * normal(own);
  };
  const add = (at: number, cell: number, part: "cell" | "surroundings" | "medium", dose: number) => {
    if (dose === 0) return;
    blur(at, dose * noise, part, cell);
    data[at + classes.indexOf(truth[cell])] += dose;
  };
  for (let row = 0; row < plan.count; row++) {
    const at = row * dimension;
    const cell = plan.cell[row];
    const { cell: seen, background, removes } = traitsOf(settingOf(plan, row));
    const lender = background === "own" ? cell : plan.donor[row];
    if (seen !== "removed") {
      add(at, cell, "cell", 1);
      if (ownField > 0) blur(at, ownField, "field of cells", fieldOf![cell]);
    }
    if (background !== "none" && removes !== "all")
      add(at, lender, "surroundings", lambda * (crowding?.[lender] ?? 1));
    if (background !== "none") add(at, lender, "medium", medium);
    if (background !== "none" && mediumField > 0) blur(at, mediumField, "field of mediums", fieldOf![lender]);
    if (background !== "none" && batch > 0) addBatch(at, lender);
    if (seen === "pasted") for (let k = 0; k < classes.length; k++) data[at + k] += paste;
    if (jitter > 0) blur(at, jitter, "composite", row);
  }
  return { rows: plan.count, dimension, data };
}
