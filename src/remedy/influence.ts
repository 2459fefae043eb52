import type { FeatureSet } from "../features/features.ts";
import type { OwnProbes } from "./own-probability.ts";
import { lengthOf, meanShift } from "./shift.ts";

/** Bytes of features that are held at a time. */
const HELD = 1 << 24;

/** Composites that show what the neighbors of cells do: every draw of a cell alone, and of those that have neighbors with them. */
export interface InfluencePlan {
  /** Cells; row `draw * count + at` shows the cell at a position alone. */
  readonly count: number;
  readonly draws: number;
  /** Positions of the cells with neighbors; row `draws * count + draw * beset.length + i` shows cell i of them with its own. */
  readonly beset: Int32Array;
  /** Whose medium the cell at a position is shown on in a draw. */
  medium(at: number, draw: number): number;
}

/** What neighbors do to cells, by position; NaN where it is not known. */
export interface Influences {
  /** Length of the expected move of the features, in units of the yardstick. */
  readonly influence: Float64Array;
  readonly influenceError: Float64Array;
  /** Probability of the own class with the neighbors less that without. */
  readonly probability: Float64Array;
  readonly probabilityError: Float64Array;
}

/**
 * Measures for every cell how far its own neighbors move its features and its class's probability: a cell on the medium
 * of several donors, once with its neighbors and once alone, so that nothing but the neighbors differs. Errors are over
 * donors. Cells without neighbors get exactly 0. Draws that share their medium count once.
 * @param yardstick distance that counts as 1; NaN leaves the influence unknown
 * @param probes null leaves the probability unknown
 */
export async function measureInfluence(
  set: Pick<FeatureSet, "dimension" | "read">,
  plan: InfluencePlan,
  { yardstick, probes }: { readonly yardstick: number; readonly probes: OwnProbes | null },
  between: () => Promise<void>,
): Promise<Influences> {
  const { dimension } = set;
  const { count, draws, beset } = plan;
  const known = (value: (at: number) => boolean) =>
    Float64Array.from({ length: count }, (_, at) => (value(at) ? 0 : Number.NaN));
  const influence = known(() => yardstick > 0);
  const probability = known((at) => probes !== null && probes.classOf(at) >= 0);
  const out = {
    influence,
    influenceError: influence.slice(),
    probability,
    probabilityError: probability.slice(),
  };
  const step = Math.max(1, Math.floor(HELD / (8 * draws * dimension)));
  const size = draws * dimension;
  const alone = new Float32Array(Math.min(step, beset.length) * size);
  const together = new Float32Array(alone.length);
  for (let from = 0; from < beset.length; from += step) {
    await between();
    const n = Math.min(step, beset.length - from);
    for (let d = 0; d < draws; d++) {
      const at = (rows: ArrayLike<number>, into: Float32Array) =>
        set.read(rows, into.subarray(d * n * dimension, (d + 1) * n * dimension));
      at(
        Int32Array.from({ length: n }, (_, i) => d * count + beset[from + i]),
        alone,
      );
      at(
        Int32Array.from({ length: n }, (_, i) => draws * count + d * beset.length + from + i),
        together,
      );
    }
    for (let i = 0; i < n; i++) {
      const cell = beset[from + i];
      const used = distinct(draws, (d) => plan.medium(cell, d));
      const of = (all: Float32Array) => {
        const own = new Float32Array(used.length * dimension);
        used.forEach((d, u) => {
          const start = (d * n + i) * dimension;
          own.set(all.subarray(start, start + dimension), u * dimension);
        });
        return own;
      };
      const [a, b] = [of(alone), of(together)];
      if (yardstick > 0) {
        const moved = lengthOf(
          meanShift(
            Float64Array.from(b, (v, j) => v - a[j]),
            used.length,
            dimension,
          ),
        );
        influence[cell] = moved.length / yardstick;
        out.influenceError[cell] = moved.error / yardstick;
      }
      if (probes !== null && probes.classOf(cell) >= 0) {
        const without = probes.of(cell, a);
        const gained = probes.of(cell, b).map((p, u) => p - without[u]);
        const { mean, error } = meanAndError(gained);
        probability[cell] = mean;
        out.probabilityError[cell] = error;
      }
    }
  }
  return out;
}

/** Draws whose value no earlier one has. */
function distinct(draws: number, value: (draw: number) => number): number[] {
  const seen = new Set<number>();
  const used: number[] = [];
  for (let d = 0; d < draws; d++) {
    const v = value(d);
    if (!seen.has(v)) used.push(d);
    seen.add(v);
  }
  return used;
}

/** Mean and its standard error; the error of one value is NaN. */
function meanAndError(values: Float64Array): { readonly mean: number; readonly error: number } {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const square = values.reduce((a, b) => a + (b - mean) ** 2, 0);
  return { mean, error: Math.sqrt(square / (n - 1) / n) };
}
