import { mulberry32, namedSeed } from "../core/rng.ts";
import { quantileSorted } from "../core/statistics.ts";
import { studentQuantile } from "../core/student.ts";
import { StudyError } from "../errors.ts";
import type { Components } from "./components.ts";
import { type Computed, compute, type Estimate, estimate, type Grouping } from "./estimate.ts";
import type { Judgments } from "./judgments.ts";
import type { Statement } from "./statements.ts";

/** One encoder's judgments, of the same cells in the same groups as the others'. */
export interface Contestant {
  readonly encoder: string;
  readonly judgments: Judgments;
}

/** `first` minus `second` in one statement; its interval holds for all pairs of encoders at once. */
export interface EncoderDifference extends Estimate {
  readonly first: string;
  readonly second: string;
  /** p value adjusted for the number of pairs. */
  readonly adjusted: number | null;
  readonly adjustment: "none" | "bonferroni" | "sign-flips";
}

export interface EncoderOptions {
  /** Default 0.95. */
  readonly level?: number;
  /** Sign flips; default 4,000. */
  readonly flips?: number;
  readonly seed?: number;
}

/** Clusters per class from which the largest |t| is calibrated by sign flips. */
const FEWEST_FOR_FLIPS = 12;

/**
 * Every pair of encoders in one statement. Both encoders saw the same composites, so that clusters' differences are
 * paired. Below twelve clusters a class, Bonferroni's correction of Student's t; from twelve on, the quantile of the
 * largest |t| over the pairs when the signs of clusters' centered deviations are flipped at random, the same signs for
 * all pairs, which takes their correlation into account.
 *
 * @throws StudyError where an encoder judged other cells
 */
export function encoderDifferences(
  statement: Statement,
  contestants: readonly Contestant[],
  grouping: Grouping,
  { level = 0.95, flips = 4000, seed = 0 }: EncoderOptions = {},
): EncoderDifference[] {
  checkSame(contestants);
  const pairs = contestants.flatMap((a, i) => contestants.slice(i + 1).map((b) => [a, b] as const));
  const number = pairs.length;
  const useFlips = number > 1 && grouping.fewest >= FEWEST_FOR_FLIPS;
  const computed = pairs.map(([a, b]) => {
    const terms = [
      ...statement.terms(a.judgments),
      ...statement.terms(b.judgments).map((t) => ({ ...t, weight: -t.weight })),
    ];
    return { terms, ...compute(terms, grouping) };
  });
  const largest = useFlips ? flippedMaxima(computed, flips, seed) : null;
  return pairs.map(([a, b], i): EncoderDifference => {
    const { terms, variance } = computed[i];
    const plain = estimate(terms, grouping, { level: number > 1 ? 1 - (1 - level) / number : level });
    const names = { first: a.encoder, second: b.encoder };
    if (plain.refused !== undefined || plain.se === null)
      return { ...names, ...plain, level, adjusted: null, adjustment: "none" };
    if (largest === null)
      return {
        ...names,
        ...plain,
        level,
        adjusted: Math.min(1, plain.p! * number),
        adjustment: number > 1 ? "bonferroni" : "none",
      };
    const critical = Math.max(quantileSorted(largest, level), studentQuantile((1 + level) / 2, plain.df!));
    const t = Math.abs(plain.estimate) / Math.sqrt(variance);
    return {
      ...names,
      ...plain,
      level,
      low: Math.max(-1, plain.estimate - critical * plain.se),
      high: Math.min(1, plain.estimate + critical * plain.se),
      adjusted: Math.max(plain.p!, (1 + countAtLeast(largest, t)) / (1 + flips)),
      adjustment: "sign-flips",
    };
  });
}

/** Largest |t| over the statements in every flip, ascending. */
function flippedMaxima(computed: readonly Computed[], flips: number, seed: number): Float64Array {
  const random = mulberry32(namedSeed(seed, "sign flips"));
  const names = computed[0].components.names;
  const clusters = Math.max(...names.map((n) => Math.max(...n))) + 1;
  const out = new Float64Array(flips);
  const sign = new Int8Array(clusters);
  for (let r = 0; r < flips; r++) {
    for (let f = 0; f < clusters; f++) sign[f] = random() < 0.5 ? -1 : 1;
    for (const { components } of computed)
      if (components.differing > 0) out[r] = Math.max(out[r], flippedT(components, sign));
  }
  return out.sort();
}

/** |t| of the flipped deviations, their variance taken anew around the flipped means. */
function flippedT({ own, names, present }: Components, sign: Int8Array): number {
  let total = 0;
  let variance = 0;
  for (const c of present) {
    const size = own[c].length;
    let sum = 0;
    let squares = 0;
    for (let f = 0; f < size; f++) {
      const e = sign[names[c][f]] * own[c][f];
      sum += e;
      squares += e * e;
    }
    total += sum;
    variance += (size / (size - 1)) * (squares - (sum * sum) / size);
  }
  return variance > 0 ? Math.abs(total) / Math.sqrt(variance) : 0;
}

function countAtLeast(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return ascending.length - low;
}

function checkSame(contestants: readonly Contestant[]): void {
  const [first] = contestants;
  for (const other of contestants)
    if (
      other.judgments.cluster.length !== first.judgments.cluster.length ||
      other.judgments.cluster.some(
        (list, c) =>
          list.some((name, i) => name !== first.judgments.cluster[c][i]) ||
          list.length !== first.judgments.cluster[c].length,
      )
    )
      throw new StudyError(
        `encoders ${first.encoder} and ${other.encoder} judged other cells; compare encoders of one study`,
      );
}
