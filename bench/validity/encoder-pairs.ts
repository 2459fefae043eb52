/** Differences of two encoders in simulated studies: coverage of their intervals, for pair probes and transfer. */
import { mean } from "../../src/core/statistics.ts";
import {
  type EncoderDifference,
  encoderDifferences,
  transferDifferences,
} from "../../src/evidence/encoders.ts";
import { STATEMENTS } from "../../src/evidence/statements.ts";
import { transferComponents, transferStatements } from "../../src/evidence/transfer.ts";
import { SEEN, studySeen, worldSeen } from "./encoders.ts";
import { type Design, makeWorld } from "./model.ts";
import { drawStudy, judge } from "./study.ts";
import { predict } from "./transfer.ts";

/** Shares in percent, bias in points. */
export interface PairSummary {
  readonly design: string;
  readonly fields: number;
  readonly statement: string;
  readonly replicates: number;
  /** Largest difference of the six pairs. */
  readonly largest: number;
  readonly bias: number;
  readonly biasError: number;
  /** Intervals of single pairs that hold, each for itself. */
  readonly each: number;
  /** The least of the six pairs. */
  readonly least: number;
  /** Studies in which the six intervals hold that are to hold at once. */
  readonly atOnce: number;
  /** Intervals of single classes and pairs that hold, and the least of them. */
  readonly single: number;
  readonly leastSingle: number;
  /** Pairs without an interval, of all. */
  readonly refused: number;
}

/** One difference of one study. */
interface Row {
  readonly truth: number;
  readonly found: Pick<EncoderDifference, "estimate" | "low" | "high">;
}

/** By statement (`ID`, `ID at once`, `ID CLASS`) and pair: one row per study. */
type Rows = Map<string, Row[][]>;

const FLIPS = 500;

export function simulatePairs(design: Design, replicates: number, what: "pairs" | "transfer"): PairSummary[] {
  const world = makeWorld(design);
  const d = design.dimension;
  const rows: Rows = new Map();
  for (let r = 0; r < replicates; r++) {
    const study = drawStudy(world, 2 * r);
    if (what === "pairs") {
      const judged = SEEN.map((seen) => judge(worldSeen(world, seen), studySeen(d, study, seen)));
      const contestants = judged.map(({ judgments }, e) => ({ encoder: `${e}`, judgments }));
      for (const statement of STATEMENTS) {
        if (statement.id === "masked" || !statement.settings.every((s) => judged[0].truth.has(s))) continue;
        const truth = judged.map((j) =>
          Float64Array.from(j.judgments.classes, (_, c) =>
            statement.terms(j.judgments).reduce((sum, t) => sum + t.weight * j.truth.get(t.setting)![c], 0),
          ),
        );
        note(rows, statement.id, truth, (options) =>
          encoderDifferences(statement, contestants, world.groups, { ...options, flips: FLIPS, seed: r }),
        );
      }
    } else {
      const fresh = drawStudy(world, 2 * r + 1);
      const predicted = SEEN.map((seen) =>
        predict(worldSeen(world, seen), studySeen(d, study, seen), studySeen(d, fresh, seen)),
      );
      const contestants = predicted.map(([predictions], e) => ({ encoder: `${e}`, predictions }));
      for (const statement of transferStatements(contestants[0].predictions)) {
        const truth = predicted.map(([, of]) => transferComponents(of, statement).perClass);
        note(rows, statement.id, truth, (options) =>
          transferDifferences(statement, contestants, world.groups, { ...options, flips: FLIPS, seed: r }),
        );
      }
    }
  }
  return [...rows.keys()]
    .filter((key) => !key.includes(" "))
    .map((id) => summarize(design, world.groups.fewest, id, rows));
}

const PAIRS = SEEN.flatMap((_, i) => SEEN.slice(i + 1).map((_, k) => [i, i + k + 1] as const));

/** Notes a study's differences beside what they are in truth. @param truth per encoder and class */
function note(
  rows: Rows,
  id: string,
  truth: readonly Float64Array[],
  differences: (options: {
    pairs?: readonly (readonly [number, number])[];
    only?: number;
  }) => EncoderDifference[],
): void {
  const add = (key: string, pair: number, true_: number, found: EncoderDifference) => {
    let of = rows.get(key);
    if (of === undefined) rows.set(key, (of = PAIRS.map(() => [])));
    of[pair].push({ truth: true_, found });
  };
  const average = truth.map((of) => mean([...of].filter((v) => !Number.isNaN(v))));
  const together = differences({});
  PAIRS.forEach(([i, j], p) => {
    add(id, p, average[i] - average[j], differences({ pairs: [[i, j]] })[0]);
    add(`${id} at once`, p, average[i] - average[j], together[p]);
    truth[i].forEach((_, only) => {
      if (!Number.isNaN(truth[i][only]))
        add(`${id} ${only}`, p, truth[i][only] - truth[j][only], differences({ pairs: [[i, j]], only })[0]);
    });
  });
}

function summarize(design: Design, fields: number, id: string, rows: Rows): PairSummary {
  /** Per pair: 1 where the interval holds the mean truth, NaN where there is none. */
  const held = (key: string) =>
    rows.get(key)!.map((of) => {
      const truth = mean(of.map((r) => r.truth));
      return of.map(({ found: { low, high } }) =>
        low === null || high === null ? Number.NaN : low <= truth && truth <= high ? 1 : 0,
      );
    });
  const known = (list: readonly number[]) => list.filter((v) => !Number.isNaN(v));
  const percent = (list: readonly number[]) => (list.length === 0 ? Number.NaN : 100 * mean([...list]));
  const least = (pairs: readonly number[][]) => Math.min(...pairs.map((p) => percent(known(p))));
  const own = held(id);
  const together = held(`${id} at once`);
  const studies = own[0].length;
  const singles = [...rows.keys()].filter((k) => k.startsWith(`${id} `) && !k.endsWith("once")).map(held);
  const errors = rows.get(id)!.map((of) => of.map(({ truth, found }) => found.estimate - truth));
  // Of the pair that is farthest off, in its own errors.
  const biases = errors.map((of) => {
    const bias = mean(of);
    const error = Math.sqrt(mean(of.map((e) => (e - bias) ** 2)) / Math.max(1, of.length - 1));
    return { bias: 100 * bias, error: 100 * error };
  });
  const worst = biases.reduce((a, b) =>
    Math.abs(b.bias) / (b.error || 1) > Math.abs(a.bias) / (a.error || 1) ? b : a,
  );
  return {
    design: design.name,
    fields,
    statement: id,
    replicates: studies,
    largest: 100 * Math.max(...rows.get(id)!.map((of) => Math.abs(mean(of.map((r) => r.truth))))),
    bias: worst.bias,
    biasError: worst.error,
    each: percent(known(own.flat())),
    least: least(own),
    atOnce: percent(Array.from({ length: studies }, (_, r) => (together.every((p) => p[r] !== 0) ? 1 : 0))),
    single: percent(known(singles.flat(2))),
    leastSingle: Math.min(...singles.map(least)),
    refused: percent(own.flat().map((v) => (Number.isNaN(v) ? 1 : 0))),
  };
}
