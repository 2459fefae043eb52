/** What is stated of remedies that are fitted to features, in simulated studies: spread, and coverage of the intervals. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mean, standardDeviation } from "../../src/core/statistics.ts";
import { crossValidatePair } from "../../src/evaluate/crossvalidate.ts";
import type { PairGrid } from "../../src/evaluate/grid.ts";
import type { Estimate } from "../../src/evidence/estimate.ts";
import { remedyEvidence } from "../../src/evidence/remedies.ts";
import type { Setting } from "../../src/settings.ts";
import type { Block, PlanIndex } from "../../src/study/block.ts";
import { type BlockResult, evaluateBlocks } from "../../src/study/blocks.ts";
import { judgmentsOf } from "../../src/study/judge.ts";
import { StudyLayout } from "../../src/study/layout.ts";
import { evaluateMapped } from "../../src/study/remedies/feature-remedies.ts";
import { evaluateAugmented, evaluateDfr } from "../../src/study/remedies/probe-remedies.ts";
import { type RemedyEvaluation, remedied } from "../../src/study/remedies/remedied.ts";
import type { Selection } from "../../src/study/select.ts";
import type { SwapPlan } from "../../src/types.ts";
import { type Design, makeWorld, type World } from "./model.ts";
import { type BlockFeatures, drawStudy } from "./study.ts";

export const FITTED: Readonly<
  Record<string, (of: RemedyEvaluation) => Promise<{ results: readonly BlockResult[] }>>
> = {
  project: (of) => evaluateMapped(of, "project"),
  leace: (of) => evaluateMapped(of, "leace"),
  whiten: (of) => evaluateMapped(of, "whiten"),
  augmented: evaluateAugmented,
  dfr: evaluateDfr,
};

export const STATEMENTS = ["original", "cost", "neighbor", "medium"] as const;

/** Shares in percent with Monte Carlo standard errors; half widths in points. */
export interface FittedSummary {
  readonly design: string;
  readonly clusters: number;
  readonly remedy: string;
  readonly statement: (typeof STATEMENTS)[number];
  readonly replicates: number;
  /** Mean of the estimates, which the coverage is of. */
  readonly mean: number;
  /** Variance of the estimates over their mean squared standard error: above 1, intervals are too narrow. */
  readonly ratio: number;
  readonly coverage: number;
  readonly error: number;
  readonly half: number;
}

const SHOWN: readonly Setting[] = ["original", "self", "cell-free", "different"];

/** Pairs one after the other in this thread. */
const inline = {
  evaluate: async (classes, dimension, splits, pairs) =>
    pairs!.map(([a, b]) =>
      crossValidatePair(classes[a].features, classes[b].features, dimension, splits(a, b)),
    ),
} as Pick<PairGrid, "evaluate"> as PairGrid;

/** One study's features as those of a feature set; a row of the plan is a row of the cells in one block. */
function evaluationOf(world: World, study: readonly BlockFeatures[], folder: string): RemedyEvaluation {
  const { rows, groups, design, classOf } = world;
  const { dimension } = design;
  const classes = rows.map((_, c) => `class${c}`);
  const [cells, first] = [classOf.length, rows.map((list) => list[0])];
  const donor = new Int32Array(study.length * cells).fill(-1);
  study.forEach(({ donors }, b) => {
    donors.forEach((list, own) => {
      list?.forEach((row, i) => {
        donor[b * cells + first[own] + i] = row;
      });
    });
  });
  const numberOf = ({ setting, background }: Block) =>
    study.findIndex(
      (b) =>
        b.setting === setting && b.background === (background === null ? -1 : classes.indexOf(background)),
    );
  const index: Pick<PlanIndex, "plan" | "rows" | "isOwn"> = {
    plan: { donor } as SwapPlan,
    rows: (block, own, list) => {
      const b = numberOf(block);
      const has = b >= 0 && study[b].features[classes.indexOf(own)] !== undefined;
      return has ? list.map((row) => b * cells + row) : null;
    },
    isOwn: () => false,
  };
  return {
    name: "drawn",
    layout: new StudyLayout(folder),
    set: {
      name: "drawn",
      dimension,
      key: () => "drawn",
      read: (list, out) => {
        for (let i = 0; i < list.length; i++) {
          const [b, row] = [Math.floor(list[i] / cells), list[i] % cells];
          const own = classOf[row];
          const at = (row - first[own]) * dimension;
          out.set(study[b].features[own]!.subarray(at, at + dimension), i * dimension);
        }
      },
    },
    blocks: study.map(({ setting, background }) => ({
      setting,
      background: background < 0 ? null : classes[background],
    })),
    classes,
    rows,
    index: index as PlanIndex,
    groups,
    grid: () => inline,
    signal: undefined,
  };
}

export async function certifyFitted(design: Design, replicates: number): Promise<FittedSummary[]> {
  const world = makeWorld({ ...design, settings: SHOWN });
  const { groups, rows } = world;
  const found = new Map<string, Estimate[]>();
  for (let r = 0; r < replicates; r++) {
    const folder = mkdtempSync(join(tmpdir(), "fitted-"));
    const of = evaluationOf(world, drawStudy(world, r), folder);
    const { splits } = remedied(of, "none");
    const plain = await evaluateBlocks({ ...of, sets: [of.set], splits: (a, b) => [splits[a], splits[b]] });
    const judged = {
      plan: of.index.plan,
      index: of.index,
      groups,
      selection: { classes: of.classes, rows } as unknown as Selection,
    };
    const remedies = [];
    for (const [remedy, evaluate] of Object.entries(FITTED)) {
      const { results } = await evaluate({ ...of, name: remedy });
      remedies.push({ remedy, judgments: judgmentsOf(judged, results) });
    }
    // One by one, so that every interval is of 95 % for itself.
    for (const one of remedies) {
      const [none, evidence] = remedyEvidence(judgmentsOf(judged, plain), [one], groups);
      for (const [name, numbers] of [["none", none] as const, [one.remedy, evidence] as const]) {
        if (name === "none" && one !== remedies[0]) continue;
        for (const statement of STATEMENTS) {
          const key = `${name} ${statement}`;
          found.set(key, [...(found.get(key) ?? []), numbers[statement]]);
        }
      }
    }
    rmSync(folder, { recursive: true });
  }
  return [...found]
    .filter(([key]) => key !== "none cost")
    .map(([key, list]) => summarize(design.name, world, key, list));
}

function summarize(design: string, world: World, key: string, list: readonly Estimate[]): FittedSummary {
  const [remedy, statement] = key.split(" ");
  const truth = mean(list.map((e) => e.estimate));
  const given = list.filter((e) => e.low !== null);
  const coverage = mean(given.map(({ low, high }) => (low! <= truth && truth <= high! ? 1 : 0)));
  const spread = standardDeviation(
    given.map((e) => e.estimate),
    1,
  );
  return {
    design,
    clusters: world.groups.fewest,
    remedy,
    statement: statement as FittedSummary["statement"],
    replicates: given.length,
    mean: 100 * truth,
    ratio: spread ** 2 / mean(given.map((e) => e.se! ** 2)),
    coverage: 100 * coverage,
    error: 100 * Math.sqrt((coverage * (1 - coverage)) / given.length),
    half: 100 * mean(given.map((e) => (e.high! - e.low!) / 2)),
  };
}
