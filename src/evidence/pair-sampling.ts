import { fitClassEffects } from "../core/class-effects.ts";
import { barredPair, eachPair, type TermPairs } from "./pairs.ts";

/** What a sample of the pairs of classes leaves open about all of them. */
export interface PairSampling {
  /** Pairs that the number is the mean of. */
  readonly pairs: number;
  /** Pairs that all classes of the statement make, and that count on some background. */
  readonly of: number;
  /** Design-based variance of the sample's number around that of all pairs; NaN without degrees of freedom. */
  readonly variance: number;
  readonly df: number;
}

/** Value of every pair of one class in a statement; the class's number is the sum of shares x values. */
interface ClassPairs {
  readonly partners: Int32Array;
  readonly values: Float64Array;
  /** Add up to 1. */
  readonly shares: Float64Array;
}

/**
 * Variance of a statement over the choice of its pairs (docs/method-probes.md derives it): of the average over classes,
 * from what pairs differ by beyond their classes, which a balanced sample averages out; of one class, from how its
 * partners differ. What fields add to the spread of pairs is in it and in the cluster variance as well, so that the sum of
 * both errs on the wide side. Terms of judgments whose pairs differ are taken for independent.
 *
 * @param present classes that the statement averages
 * @param number of classes that the statement has, also where it is about one
 */
export function pairSampling(
  terms: readonly TermPairs[],
  present: readonly number[],
  number: number,
  single: boolean,
): PairSampling {
  const groups = samePairs(terms, present) ? [terms] : byJudgments(terms);
  const parts = groups.map((group) => {
    const pairs = present.map((own) => classPairs(group, own));
    const barred: readonly number[] = barredPair(group.map(({ term }) => term)) ?? [];
    const never =
      barred.length > 0 && (single ? barred.includes(present[0]) : barred.every((a) => present.includes(a)));
    return single
      ? ofClass(pairs[0], number - 1 - Number(never))
      : ofAverage(pairs, present, group[0].of.length, Number(never));
  });
  if (parts.length === 1) return parts[0];
  const variance = parts.reduce((sum, p) => sum + p.variance, 0);
  const apart = parts.reduce((sum, p) => sum + p.variance ** 2 / p.df, 0);
  return {
    ...parts[0],
    variance,
    df: apart > 0 ? variance ** 2 / apart : Math.min(...parts.map((p) => p.df)),
  };
}

function samePairs(terms: readonly TermPairs[], present: readonly number[]): boolean {
  const [first, ...others] = terms;
  return others.every((term) =>
    present.every((a) => {
      const [mine, theirs] = [first.of[a].partners, term.of[a].partners];
      return first.term.of === term.term.of || `${mine}` === `${theirs}`;
    }),
  );
}

function byJudgments(terms: readonly TermPairs[]): TermPairs[][] {
  const groups = new Map<unknown, TermPairs[]>();
  for (const term of terms) {
    const group = groups.get(term.term.of);
    if (group === undefined) groups.set(term.term.of, [term]);
    else group.push(term);
  }
  return [...groups.values()];
}

/** The pairs of a class that weigh something, those of all terms together. */
function classPairs(terms: readonly TermPairs[], own: number): ClassPairs {
  const value = new Map<number, number>();
  const share = new Map<number, number>();
  for (const { term, of, weights, uses } of terms) {
    const { partners, times } = of[own];
    const [weight, all] = [weights(own), uses(own)];
    partners.forEach((b, i) => {
      if (weight[i] > 0) share.set(b, Math.max(share.get(b) ?? 0, (weight[i] * times[i]) / all));
    });
    for (const block of term.of.blocks) {
      if (block.setting !== term.setting) continue;
      eachPair(block, own, of[own], weight, (right, w, at) => {
        let sum = 0;
        for (let i = 0; i < right.length; i++) sum += right[i];
        const b = partners[at];
        value.set(b, (value.get(b) ?? 0) + (term.weight * w * sum) / (right.length * all));
      });
    }
  }
  const partners = Int32Array.from(share.keys()).sort();
  const shares = Float64Array.from(partners, (b) => share.get(b)!);
  return { partners, shares, values: shares.map((s, i) => (value.get(partners[i]) ?? 0) / s) };
}

/**
 * V = s^2 (1 - E / M) sum u^2 over the E of M pairs, u being a pair's share in the average (1 / E in a balanced sample)
 * and s^2 the residual variance beside class effects. Where backgrounds take pairs out, classes are in unequally many,
 * and their effects no longer cancel: their squares times that imbalance are added.
 *
 * @param never pairs of the classes that count on no background
 */
function ofAverage(
  of: readonly ClassPairs[],
  present: readonly number[],
  classes: number,
  never: number,
): PairSampling {
  const [first, second, values, shares]: number[][] = [[], [], [], []];
  const place = new Int32Array(classes).fill(-1);
  present.forEach((a, i) => {
    place[a] = i;
  });
  of.forEach(({ partners, values: own, shares: mine }, i) => {
    partners.forEach((b, k) => {
      const j = place[b];
      if (j <= i) return;
      const back = of[j].partners.indexOf(present[i]);
      const [here, there] = [mine[k], back < 0 ? 0 : of[j].shares[back]];
      first.push(i);
      second.push(j);
      shares.push((here + there) / present.length);
      values.push((here * own[k] + (back < 0 ? 0 : there * of[j].values[back])) / (here + there));
    });
  });
  const pairs = values.length;
  const all = (present.length * (present.length - 1)) / 2 - never;
  const fit = fitClassEffects(
    Int32Array.from(first),
    Int32Array.from(second),
    Float64Array.from(values),
    present.length,
  );
  const held = new Float64Array(present.length).fill(-2 / present.length);
  let squares = 0;
  shares.forEach((u, e) => {
    squares += u * u;
    held[first[e]] += u;
    held[second[e]] += u;
  });
  const uneven = held.reduce((sum, u, a) => sum + (u * fit.effects[a]) ** 2, 0);
  const open = Math.max(0, 1 - pairs / all);
  // 0 / 0 where all degrees of freedom went into the classes.
  const variance = open === 0 ? 0 : open * ((fit.residual / fit.df) * squares + uneven);
  return { pairs, of: all, variance: fit.df > 0 || open === 0 ? variance : Number.NaN, df: fit.df };
}

/** Simple random sampling of a class's partners, of `all` that it has, without replacement. */
function ofClass({ values, shares }: ClassPairs, all: number): PairSampling {
  const pairs = values.length;
  const mean = values.reduce((sum, v, i) => sum + shares[i] * v, 0);
  const spread = values.reduce((sum, v, i) => sum + (pairs * shares[i] * (v - mean)) ** 2, 0) / (pairs - 1);
  const open = Math.max(0, 1 - pairs / all);
  return { pairs, of: all, variance: open === 0 ? 0 : (open * spread) / pairs, df: pairs - 1 };
}
