import type { Setting } from "../settings.ts";
import { counts, type JudgedBlock, type Judgments, type Term } from "./judgments.ts";

/** The partners of one class in a setting, ascending, and in how many blocks each pair counts. */
interface Partners {
  readonly partners: Int32Array;
  readonly times: Float64Array;
}

/** What pairs weigh in one term of a statement. */
export interface TermPairs {
  readonly term: Term;
  /** Per class. */
  readonly of: readonly Partners[];
  /** Weight of a class's pair with each of its partners, in a block where it counts. */
  weights(own: number): Float64Array;
  /** Sum of weights x times over the partners of a class; 0 where the term lacks it. */
  uses(own: number): number;
}

/**
 * The pairs of a statement's terms: weight 1 where a pair counts; in a term without backgrounds beside one that has them,
 * the share of that one's backgrounds on which the pair counts, of the most that any pair has.
 */
export function termPairs(terms: readonly Term[]): TermPairs[] {
  const partners = terms.map(partnersOf);
  const beside = terms.findIndex(hasBackgrounds);
  const most = beside < 0 ? 0 : mostTimes(partners[beside]);
  return terms.map((term, t): TermPairs => {
    const of = partners[t];
    const plain = most === 0 || hasBackgrounds(term);
    const weights = (own: number) => {
      const { partners: list } = of[own];
      if (plain) return new Float64Array(list.length).fill(1);
      const other = partners[beside][own];
      let at = 0;
      return Float64Array.from(list, (b) => {
        while (at < other.partners.length && other.partners[at] < b) at++;
        return other.partners[at] === b ? other.times[at] / most : 0;
      });
    };
    const uses = (own: number) => weights(own).reduce((sum, weight, i) => sum + weight * of[own].times[i], 0);
    return { term, of, weights, uses };
  });
}

/** Calls `visit` with the hits of every pair of class `own` that counts in a block, and its weight above 0. */
export function eachPair(
  block: JudgedBlock,
  own: number,
  { partners }: Partners,
  weights: Float64Array,
  visit: (right: Uint8Array, weight: number, at: number) => void,
): void {
  let at = 0;
  for (const [partner, right] of block.right[own]) {
    if (!counts(block, own, partner)) continue;
    while (partners[at] < partner) at++;
    if (weights[at] !== 0) visit(right, weights[at], at);
  }
}

/**
 * The two classes that make a pair which no block of a term counts, as a setting has backgrounds of these two alone; null
 * where every pair of the classes that have any counts in some block.
 */
export function barredPair(terms: readonly Term[]): readonly [number, number] | null {
  for (const { of, setting } of terms) {
    const own = of.blocks.filter((block) => block.setting === setting);
    const [first, second, ...others] = new Set(own.map(({ background }) => background));
    if (first >= 0 && second >= 0 && others.length === 0) return [first, second];
  }
  return null;
}

function hasBackgrounds({ of, setting }: Term): boolean {
  return of.blocks.some((block) => block.setting === setting && block.background >= 0);
}

const known = new WeakMap<Judgments, Map<Setting, readonly Partners[]>>();

/** Per class, made once for all statements. */
function partnersOf({ of, setting }: Term): readonly Partners[] {
  let settings = known.get(of);
  if (settings === undefined) known.set(of, (settings = new Map()));
  let found = settings.get(setting);
  if (found === undefined) settings.set(setting, (found = countPartners(of, setting)));
  return found;
}

const times = new WeakMap<readonly Partners[], number>();

/** In how many blocks the pair counts that counts in most. */
function mostTimes(partners: readonly Partners[]): number {
  let most = times.get(partners);
  if (most === undefined) {
    most = partners.reduce((max, { times: own }) => own.reduce((m, n) => Math.max(m, n), max), 0);
    times.set(partners, most);
  }
  return most;
}

function countPartners({ blocks, classes }: Judgments, setting: Setting): Partners[] {
  const own = blocks.filter((block) => block.setting === setting);
  return classes.map((_, a) => {
    const times = new Map<number, number>();
    for (const block of own)
      for (const partner of block.right[a].keys())
        if (counts(block, a, partner)) times.set(partner, (times.get(partner) ?? 0) + 1);
    const partners = Int32Array.from(times.keys()).sort();
    return { partners, times: Float64Array.from(partners, (b) => times.get(b)!) };
  });
}
