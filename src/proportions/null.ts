import { namedSeed } from "../core/rng.ts";
import { quantileSorted } from "../core/statistics.ts";
import type { Change, ClaimRequest } from "./claim.ts";
import { smoothedDivergence, totalVariation } from "./divergence.ts";
import { mixtures } from "./mixtures.ts";
import type { Quantifying } from "./quantifying.ts";
import { freedomOf, halfWidth } from "./region.ts";

/** Draws of the null: at least, and at most unless so many exceed what was observed. */
const DRAWS = { least: 199, most: 1999, exceeding: 20 };
const LEVEL = 0.95;

/** A protein with several localizations, seen in two ways. */
export interface SeenTwice {
  readonly protein: string;
  /** Its cells among the targets. */
  readonly rows: readonly number[];
  /** Cells of every field. */
  readonly sizes: readonly number[];
  /** Its shares in the two ways. */
  readonly from: Float64Array;
  readonly to: Float64Array;
}

/** What mixtures say of a protein. */
export interface Tested {
  readonly change: Pick<Change, "low" | "high" | "null" | "p" | "q" | "verdict" | "why">;
  /** Per class: half the width of the interval of its share in the second way. */
  readonly half: Float64Array;
}

/**
 * Where a protein's change stands among those of mixtures of held-out cells, which are the same cells in both ways. p is
 * the share of mixtures that change as much (a Monte Carlo p value, with the protein itself counted). Draws end when
 * twenty mixtures have changed as much, but not before 199.
 *
 * The same mixtures show how far shares are off in the second way: the 95 % point of the error, up or down, times t over
 * the normal quantile, because a class shows few proteins (degrees of freedom by Satterthwaite, a class weighing as the
 * square of its share).
 */
export function tested(
  { training, classes, seed }: ClaimRequest,
  { protein, rows, sizes, from, to }: SeenTwice,
  [first, second]: readonly [Quantifying, Quantifying],
): Tested {
  const observed = totalVariation(first.ofTarget(rows), second.ofTarget(rows));
  const shares = from.map((share, k) => (share + to[k]) / 2);
  const draw = mixtures({ classes: classes.length, ...training }, shares, sizes, namedSeed(seed, protein));
  const variations: number[] = [];
  const divergences: number[] = [];
  const errors = classes.map(() => [] as number[]);
  const { labels } = training;
  let exceeding = 0;
  for (let n = 0; n < DRAWS.most && (n < DRAWS.least || exceeding < DRAWS.exceeding); n++) {
    const cells = draw(n);
    const [a, b] = [first.ofTraining(cells), second.ofTraining(cells)];
    const variation = totalVariation(a, b);
    variations.push(variation);
    divergences.push(smoothedDivergence(a, b, rows.length));
    if (variation >= observed) exceeding++;
    const truth = new Float64Array(classes.length);
    for (const cell of cells) truth[labels[cell]] += 1 / cells.length;
    errors.forEach((list, k) => {
      list.push(Math.abs(b[k] - truth[k]));
    });
  }
  const draws = variations.length;
  const quantile = (values: number[], at: number) => quantileSorted(Float64Array.from(values).sort(), at);
  const limit = quantile(variations, LEVEL);
  const difference = totalVariation(from, to);
  const freedom = freedomOf(to, labels, training.protein);
  return {
    half: Float64Array.from(errors, (list) => halfWidth(list, freedom)),
    change: {
      low: Math.max(0, difference - limit),
      high: Math.min(1, difference + limit),
      null: {
        median: quantile(variations, 0.5),
        limit,
        divergence: quantile(divergences, LEVEL),
        draws,
      },
      p: (exceeding + 1) / (draws + 1),
      q: null,
      verdict: "not shown",
      why: null,
    },
  };
}
