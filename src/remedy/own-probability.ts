import { closedGroups } from "../core/groups.ts";
import { fitLogistic, type LogisticModel, predictProbabilities } from "../evaluate/logistic/logistic.ts";
import type { FeatureSet } from "../features/features.ts";

/** Composites that the probes are trained on at most, and bytes of their features. */
const SAMPLE = 3000;
const SAMPLE_BYTES = 1 << 26;

/** Classes above which a sample has too few cells of each. */
const MOST_CLASSES = 100;

/** Cells of a store, in classes. */
export interface ProbeCells {
  readonly names: readonly string[];
  /** Positions of every class's cells. */
  readonly classes: readonly Int32Array[];
  /** Field of the cell at each position. */
  readonly field: readonly string[];
}

/** Probes that say how probable its own class is for a composite of a cell; none was trained on a cell of that cell's field. */
export interface OwnProbes {
  /** Class of the cell at a position among those of the probes, -1 for none. */
  classOf(at: number): number;
  /** Probability of its own class for features (rows x dimension) of composites of the cell at a position. */
  of(at: number, features: Float32Array): Float64Array;
}

/**
 * Trains a logistic probe (standardized features, every class of the same weight) on recomposed cells of all closed
 * groups of fields but one, all groups in turn; a bounded sample, evenly spaced over the cells of each class.
 * @param set row `draw * count + at` shows the cell at a position the `draw`-th time; of each cell one draw is taken
 * @returns the probes, or why there are none
 */
export async function fitOwnProbes(
  set: Pick<FeatureSet, "dimension" | "read">,
  { count, draws }: { readonly count: number; readonly draws: number },
  cells: ProbeCells,
  between: () => Promise<void>,
): Promise<OwnProbes | string> {
  const { dimension } = set;
  const several = cells.classes
    .map((rows, c) => ({ name: cells.names[c], rows }))
    .filter(({ rows }) => new Set(Array.from(rows, (at) => cells.field[at])).size > 1);
  if (several.length < 2)
    return "a probability takes two classes with two fields each, so that no probe is trained on the fields that it judges";
  if (several.length > MOST_CLASSES)
    return `probabilities are given among at most ${MOST_CLASSES} classes, and there are ${several.length}`;
  const rows = several.map((s) => s.rows);
  const groups = closedGroups({ classes: several.map((s) => s.name), rows, field: cells.field });
  if (groups.count < 2)
    return "the fields that classes share cannot be split so that each group has one of every class";
  const most = Math.min(SAMPLE, Math.floor(SAMPLE_BYTES / (4 * dimension)));
  const perClass = Math.max(2 * groups.count, Math.floor(most / rows.length));
  const models: LogisticModel[] = [];
  for (let g = 0; g < groups.count; g++) {
    await between();
    const train = rows.map((list) =>
      even(
        list.filter((at) => groups.group[at] !== g),
        perClass,
      ),
    );
    const labels = Int32Array.from(train.flatMap((list, c) => Array.from(list, () => c)));
    const seen = train.flatMap((list) => Array.from(list, (at, i) => (i % draws) * count + at));
    const features = new Float32Array(labels.length * dimension);
    set.read(seen, features);
    models.push(fitLogistic(features, labels, dimension, rows.length, { standardize: true, balanced: true }));
  }
  const classOf = new Int32Array(count).fill(-1);
  rows.forEach((list, c) => {
    for (const at of list) classOf[at] = c;
  });
  return {
    classOf: (at) => classOf[at],
    of(at, features) {
      const all = predictProbabilities(models[groups.group[at]], features);
      return Float64Array.from(
        { length: features.length / dimension },
        (_, i) => all[i * rows.length + classOf[at]],
      );
    },
  };
}

/** `most` of the items, evenly spaced. */
function even(items: Int32Array, most: number): Int32Array {
  if (items.length <= most) return items;
  return Int32Array.from({ length: most }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / most)]);
}
