import { StudyError } from "../errors.ts";
import { fitLogistic, type LogisticModel } from "../evaluate/logistic/logistic.ts";
import type { Setting } from "../settings.ts";
import type { AffineMap } from "./affine.ts";
import type { ClassRows } from "./rows.ts";

/** Blocks of a class that stand in where it has no composite on its own class's background, the best first. */
const STAND_INS: readonly Setting[] = ["same", "self", "original"];

/**
 * Last-layer retraining (deep feature reweighting; Kirichenko, Izmailov & Wilson 2023, ICLR): a softmax regression from
 * features to classes, fitted on composites among cells of each background class, where the groups class x background
 * weigh the same, so that the background says nothing of the class. On the background of its own class a class has the
 * crops that stand in for it: those of `same`, else those pasted back (`self`), else the originals. Other than in the
 * source groups are weighted, not thinned out, and the penalty is L2 (C = 1 on standardized features), not L1.
 *
 * @param train cells of every class, in blocks of `different` and of what stands in
 * @param classes number of classes
 * @throws StudyError where there is no `different`, or a class lacks a background and what stands in for it
 */
export function fitDfr(train: readonly ClassRows[], classes: number): LogisticModel {
  const lending = [
    ...new Set(
      train.flatMap(({ blocks }) => blocks.filter((b) => b.setting === "different").map((b) => b.background)),
    ),
  ].sort((a, b) => a - b);
  if (lending.length === 0)
    throw new StudyError("dfr is fitted on composites of the setting different, and there are none; add it");
  const groups = train.flatMap((rows) =>
    lending.map((background) => ({ rows, block: groupBlock(rows, background) })),
  );
  const dimension = train[0].dimension;
  const count = groups.reduce((n, { rows }) => n + rows.cells, 0);
  const features = new Float32Array(count * dimension);
  const labels = new Int32Array(count);
  const group = new Int32Array(count);
  let at = 0;
  groups.forEach(({ rows: { features: from, cells, own }, block }, g) => {
    const size = cells * dimension;
    features.set(from.subarray(block * size, (block + 1) * size), at * dimension);
    labels.fill(own, at, at + cells);
    group.fill(g, at, at + cells);
    at += cells;
  });
  return fitLogistic(features, labels, dimension, classes, { standardize: true, groups: group });
}

/** The scores of a softmax regression as a map of raw features: one output per class, a logarithm of its probability up to a constant of the row. */
export function scoreMap({ classes, dimension, theta }: LogisticModel): AffineMap {
  const width = dimension + 1;
  return {
    inputs: dimension,
    outputs: classes,
    weights: Float64Array.from(
      { length: classes * dimension },
      (_, i) => theta[Math.floor(i / dimension) * width + (i % dimension)],
    ),
    offset: Float64Array.from({ length: classes }, (_, k) => theta[k * width + dimension]),
  };
}

/** The inverse of {@link scoreMap}: a softmax regression with these scores, fitted as `model` was. */
export function modelOf(
  { inputs, outputs, weights, offset }: AffineMap,
  model: LogisticModel,
): LogisticModel {
  const theta = new Float64Array(outputs * (inputs + 1));
  for (let k = 0; k < outputs; k++) {
    theta.set(weights.subarray(k * inputs, (k + 1) * inputs), k * (inputs + 1));
    theta[k * (inputs + 1) + inputs] = offset[k];
  }
  return { ...model, classes: outputs, dimension: inputs, theta };
}

/** Position of the block that is a class's group on a background. */
function groupBlock({ blocks, own }: ClassRows, background: number): number {
  const different = blocks.findIndex((b) => b.setting === "different" && b.background === background);
  if (different >= 0) return different;
  const found = STAND_INS.map((setting) => blocks.findIndex((b) => b.setting === setting)).find(
    (b) => b >= 0,
  );
  if (background !== own || found === undefined)
    throw new StudyError(
      `class number ${own + 1} has no crops on the background of class number ${background + 1}; dfr takes every class on every background (the setting self stands in for the own one)`,
    );
  return found;
}
