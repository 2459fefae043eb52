import { mulberry32, namedSeed } from "../core/rng.ts";
import { quantileSorted } from "../core/statistics.ts";
import { studentQuantile } from "../core/student.ts";
import { StudyError } from "../errors.ts";
import type { Setting } from "../settings.ts";
import { type Components, components } from "./components.ts";
import { dependence } from "./dependence.ts";
import { type Estimate, type Grouping, refusal, stated } from "./estimate.ts";
import type { Judgments } from "./judgments.ts";
import type { Called } from "./predictions.ts";
import type { Statement } from "./statements.ts";
import { type TransferStatement, transferDependence, transferDifference } from "./transfer.ts";

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
  /** Pairs of contestants, by position, that the intervals hold for at once; default: all. */
  readonly pairs?: readonly (readonly [first: number, second: number])[];
  /** The one class that the statement is about; the average over all classes by default. */
  readonly only?: number | undefined;
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
  options: EncoderOptions = {},
): EncoderDifference[] {
  const { pairs = allPairs(contestants.length), only } = options;
  checkSame(contestants.map(({ encoder, judgments }) => ({ encoder, cluster: judgments.cluster })));
  const paired = pairs.map(([i, j]): PairedSums => {
    const [first, second] = [contestants[i], contestants[j]];
    const terms = [
      ...statement.terms(first.judgments),
      ...statement.terms(second.judgments).map((t) => ({ ...t, weight: -t.weight })),
    ];
    const single = only !== undefined;
    return {
      first: first.encoder,
      second: second.encoder,
      sums: components(terms, only),
      settings: terms.map((t) => t.setting),
      dependence: { average: dependence(terms, grouping), own: dependence(terms, grouping, single) },
    };
  });
  return differencesAtOnce(paired, grouping, options);
}

/** One encoder's predictions, of the same cells in the same groups as the others'. */
export interface Predicting {
  readonly encoder: string;
  readonly predictions: Called;
}

/**
 * As {@link encoderDifferences}, in what probes that were trained on originals say of composites; both encoders must
 * have the same blocks.
 * @throws StudyError where an encoder's cells are others
 */
export function transferDifferences(
  statement: TransferStatement,
  contestants: readonly Predicting[],
  grouping: Grouping,
  options: EncoderOptions = {},
): EncoderDifference[] {
  const { pairs = allPairs(contestants.length), only } = options;
  checkSame(contestants.map(({ encoder, predictions }) => ({ encoder, cluster: predictions.cluster })));
  const factor = transferDependence(grouping);
  const { setting, base } = statement;
  const paired = pairs.map(([i, j]): PairedSums => {
    const [first, second] = [contestants[i], contestants[j]];
    return {
      first: first.encoder,
      second: second.encoder,
      sums: transferDifference(first.predictions, second.predictions, statement, only),
      settings: base === null ? [setting] : [setting, base],
      dependence: { average: factor, own: factor },
    };
  });
  return differencesAtOnce(paired, grouping, options);
}

/** Every two of `count`, by position. */
function allPairs(count: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => i).flatMap((i) =>
    Array.from({ length: count - i - 1 }, (_, k): [number, number] => [i, i + k + 1]),
  );
}

/** Deviations of a paired difference, and what its interval takes besides. */
interface PairedSums extends Pick<EncoderDifference, "first" | "second"> {
  readonly sums: Components;
  readonly settings: readonly Setting[];
  /** Factor for the dependence of the folds: of the average over classes, and of the statement itself. */
  readonly dependence: { readonly average: number; readonly own: number };
}

/** The differences with intervals that hold for all of them at once. */
function differencesAtOnce(
  paired: readonly PairedSums[],
  grouping: Grouping,
  { level = 0.95, flips = 4000, seed = 0, only }: EncoderOptions,
): EncoderDifference[] {
  const number = paired.length;
  const useFlips = number > 1 && grouping.fewest >= FEWEST_FOR_FLIPS;
  const largest = useFlips
    ? flippedMaxima(
        paired.map(({ sums }) => sums),
        flips,
        seed,
      )
    : null;
  return paired.map(({ first, second, sums, settings, dependence: factor }): EncoderDifference => {
    const plain = stated(sums, grouping, {
      level: number > 1 ? 1 - (1 - level) / number : level,
      difference: true,
      dependence: factor.own,
      refused: refusal(settings, grouping, sums, {
        difference: true,
        single: only !== undefined,
        dependence: factor.average,
      }),
    });
    const names = { first, second };
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
    return {
      ...names,
      ...plain,
      level,
      low: Math.max(-1, plain.estimate - critical * plain.se),
      high: Math.min(1, plain.estimate + critical * plain.se),
      adjusted: Math.max(
        plain.p!,
        (1 + countAtLeast(largest, Math.abs(plain.estimate) / plain.se)) / (1 + flips),
      ),
      adjustment: "sign-flips",
    };
  });
}

/** Largest |t| over the statements in every flip, ascending. */
function flippedMaxima(paired: readonly Components[], flips: number, seed: number): Float64Array {
  const random = mulberry32(namedSeed(seed, "sign flips"));
  const { names } = paired[0];
  const clusters = Math.max(...names.map((n) => Math.max(...n))) + 1;
  const out = new Float64Array(flips);
  const sign = new Int8Array(clusters);
  for (let r = 0; r < flips; r++) {
    for (let f = 0; f < clusters; f++) sign[f] = random() < 0.5 ? -1 : 1;
    for (const sums of paired) if (sums.differing > 0) out[r] = Math.max(out[r], flippedT(sums, sign));
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

function checkSame(
  contestants: readonly { readonly encoder: string; readonly cluster: readonly Int32Array[] }[],
): void {
  const [first] = contestants;
  for (const other of contestants)
    if (
      other.cluster.length !== first.cluster.length ||
      other.cluster.some(
        (list, c) =>
          list.some((name, i) => name !== first.cluster[c][i]) || list.length !== first.cluster[c].length,
      )
    )
      throw new StudyError(
        `encoders ${first.encoder} and ${other.encoder} judged other cells; compare encoders of one study`,
      );
}
