import { crossValidatePair } from "../../src/evaluate/crossvalidate.ts";
import { groupSplit } from "../../src/evaluate/split.ts";
import { hitsByPartner, type JudgedBlock } from "../../src/evidence/judgments.ts";
import type { Setting } from "../../src/settings.ts";
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
    return { setting, background, donor, right: hitsByPartner(right) };
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

/** Hits of either class where a group's rows are judged by the machine of all other groups. */
function judgePair(
  a: Float64Array,
  b: Float64Array,
  dimension: number,
  folds: readonly [Int32Array, Int32Array],
  count: number,
): [Uint8Array, Uint8Array] {
  const splits = groupSplit(folds, count);
  const { correct } = crossValidatePair(Float32Array.from(a), Float32Array.from(b), dimension, splits);
  return [correct.slice(0, folds[0].length), correct.slice(folds[0].length)];
}
