import { crossValidatePair } from "../../src/evaluate/crossvalidate.ts";
import type { JudgedBlock } from "../../src/evidence/judgments.ts";
import type { Setting } from "../../src/types.ts";
import type { World } from "./model.ts";
import type { BlockFeatures, Replicate } from "./study.ts";

/**
 * Judges all rows of a study by the product's own support vector machines. Their truth has no closed form here: NaN,
 * and the mean over replicates stands for it.
 */
export function judgeBySvm(world: World, study: readonly BlockFeatures[]): Replicate {
  const { rows, design, groups } = world;
  const blocks = study.map(({ setting, background, features, donors }): JudgedBlock => {
    const right: (Uint8Array | null)[][] = rows.map(() => rows.map(() => null));
    for (let a = 0; a < rows.length; a++)
      for (let b = a + 1; b < rows.length; b++) {
        const [x, y] = [features[a], features[b]];
        if (x === undefined || y === undefined) continue;
        const fold = (c: number) => rows[c].map((row) => world.fold[row]);
        [right[a][b], right[b][a]] = judgePair(x, y, design.dimension, [fold(a), fold(b)], world.folds);
      }
    const donor = donors.map((list) => (list === null ? null : list.map((row) => groups.cluster[row])));
    return { setting, background, donor, right };
  });
  const unknown = new Float64Array(rows.length).fill(Number.NaN);
  return {
    judgments: {
      classes: rows.map((_, c) => `class${c}`),
      cluster: rows.map((list) => list.map((row) => groups.cluster[row])),
      blocks,
    },
    truth: new Map<Setting, Float64Array>(study.map((b) => [b.setting, unknown])),
  };
}

/**
 * The one place that calls the product's cross-validation. Its folds are stratified and unshuffled: rows in the order
 * of their groups, with groups of one size, make the groups the folds.
 */
function judgePair(
  a: Float64Array,
  b: Float64Array,
  dimension: number,
  folds: readonly [Int32Array, Int32Array],
  count: number,
): [Uint8Array, Uint8Array] {
  const order = folds.map((of) => Int32Array.from(of.keys()).sort((i, j) => of[i] - of[j] || i - j));
  const sorted = [a, b].map((x, c) => {
    const out = new Float32Array(x.length);
    order[c].forEach((row, i) => {
      out.set(x.subarray(row * dimension, (row + 1) * dimension), i * dimension);
    });
    return out;
  });
  for (const of of folds)
    for (let k = 0; k < count; k++)
      if (of.filter((f) => f === k).length * count !== of.length)
        throw new RangeError("groups of one size are needed");
  const { correct } = crossValidatePair(sorted[0], sorted[1], dimension, count);
  const back = (c: number, from: number) => {
    const out = new Uint8Array(folds[c].length);
    order[c].forEach((row, i) => {
      out[row] = correct[from + i];
    });
    return out;
  };
  return [back(0, 0), back(1, folds[0].length)];
}
