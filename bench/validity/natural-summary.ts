import { mean, standardDeviation } from "../../src/core/statistics.ts";
import type { StatedNumber } from "../../src/evidence/further.ts";
import type { NaturalDesign } from "./natural.ts";

/** Shares in percent with Monte Carlo standard errors; effects and half widths in points (ratios as they are). */
export interface NaturalSummary {
  readonly design: string;
  readonly fields: number;
  readonly statement: string;
  /** About one class, all classes' results together. */
  readonly single: boolean;
  readonly studies: number;
  readonly truth: number;
  /** Where the truth is known to be 0. */
  readonly bias: number | null;
  readonly biasError: number | null;
  /** Variance of the estimate over the mean estimated one; null for ratios. */
  readonly ratio: number | null;
  readonly coverage: number;
  readonly error: number;
  /** Intervals without 0, and shuffles with p of at most 0.05, where the truth is 0. */
  readonly claimed: number | null;
  readonly shuffled: number | null;
  readonly half: number;
  /** Studies that get an interval. */
  readonly given: number;
}

/** Whether a statement's truth is 0: no encoder of dose 0 sees neighbors, and without crowding cells do not differ by it. */
function isNull(statement: string, { lambda, crowded }: NaturalDesign): boolean {
  if (statement.includes("ratio")) return false;
  if (/hidden/.test(statement)) return crowded === 0;
  if (/seen|swap/.test(statement)) return lambda === 0;
  return lambda === 0 && crowded === 0;
}

export function summarizeNatural(
  name: string,
  design: NaturalDesign,
  studies: readonly (readonly StatedNumber[])[],
): NaturalSummary[] {
  const keys = new Map<string, StatedNumber[]>();
  for (const numbers of studies)
    for (const number of numbers) {
      if (/number|nearest|brightness/.test(number.statement)) continue;
      const key = `${number.statement}|${number.class ?? ""}`;
      keys.set(key, [...(keys.get(key) ?? []), number]);
    }
  const statements = [...new Set([...keys.keys()].map((key) => key.split("|")[0]))];
  return statements.flatMap((statement) => {
    const of = (single: boolean) =>
      [...keys]
        .filter(([key]) => key.startsWith(`${statement}|`) && key.endsWith("|") !== single)
        .map(([, list]) => list);
    return [false, true].flatMap((single) => {
      const lists = of(single);
      return lists.length === 0 ? [] : [summarize(name, design, statement, single, lists, studies.length)];
    });
  });
}

function summarize(
  name: string,
  design: NaturalDesign,
  statement: string,
  single: boolean,
  lists: readonly (readonly StatedNumber[])[],
  studies: number,
): NaturalSummary {
  const zero = isNull(statement, design);
  const factor = statement.includes("ratio") ? 1 : 100;
  const judged = lists.flatMap((list) => {
    const values = list.flatMap((n) => (n.estimate === null ? [] : [n.estimate]));
    // A ratio has no mean: the median stands for its truth.
    const middle = statement.includes("ratio")
      ? values.sort((a, b) => a - b)[values.length >> 1]
      : mean(values);
    const truth = zero ? 0 : middle;
    return list.map((n) => ({ ...n, truth }));
  });
  const given = judged.filter((n) => n.low !== null && n.high !== null);
  const share = (of: readonly boolean[]) => mean(of.map(Number));
  const coverage = share(given.map((n) => n.low! <= n.truth && n.truth <= n.high!));
  const estimates = judged.flatMap((n) => (n.estimate === null ? [] : [n.estimate]));
  const p = judged.flatMap((n) => (n.p === null ? [] : [n.p]));
  const ratios = lists.map((list) => {
    const values = list.flatMap((n) => (n.estimate === null || n.se === null ? [] : [n]));
    return (
      standardDeviation(
        values.map((n) => n.estimate!),
        1,
      ) **
        2 /
      mean(values.map((n) => n.se! ** 2))
    );
  });
  return {
    design: name,
    fields: design.fields,
    statement,
    single,
    studies,
    truth: factor * mean(judged.map((n) => n.truth)),
    bias: zero ? factor * mean(estimates) : null,
    biasError: zero ? (factor * standardDeviation(estimates, 1)) / Math.sqrt(studies) : null,
    ratio: statement.includes("ratio") ? null : mean(ratios),
    coverage: 100 * coverage,
    error: 100 * Math.sqrt((coverage * (1 - coverage)) / studies),
    claimed: zero ? 100 * share(given.map((n) => n.low! > 0 || n.high! < 0)) : null,
    shuffled: zero && !statement.includes("swap") ? 100 * share(p.map((v) => v <= 0.05)) : null,
    half: factor * mean(given.map((n) => (n.high! - n.low!) / 2)),
    given: (100 * given.length) / judged.length,
  };
}
