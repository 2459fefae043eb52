import { beforeAll, expect, test } from "vitest";
import { closedGroups } from "../../src/core/groups.ts";
import { crossValidatePair } from "../../src/evaluate/crossvalidate.ts";
import { groupSplit } from "../../src/evaluate/split.ts";
import { answer } from "../../src/evidence/answer.ts";
import { collectJudgments, type PairJudgments } from "../../src/evidence/collect.ts";
import { statedEstimates } from "../../src/evidence/statements.ts";
import { hasDonor, type Setting } from "../../src/settings.ts";
import { type DatasetCell, simulateDataset } from "../../src/simulate/dataset.ts";
import { type OracleOptions, oracleFeatures } from "../../src/simulate/oracle.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { backgroundOf, settingOf } from "../../src/swap/runs.ts";

const CLASSES = ["Cytosol", "Mitochondria", "Nucleoli"] as const;
const USED: readonly Setting[] = ["original", "self", "cell-free", "different"];
const NOISE = 0.45;
let cells: Pick<DatasetCell, "protein" | "field">[];

/** 120 human cells of each class in eight fields. */
beforeAll(() => {
  cells = [
    ...simulateDataset({
      organism: "human",
      seed: 11,
      localizations: CLASSES,
      proteinsPerLocalization: 2,
      cellsPerProtein: 60,
      fieldsPerProtein: 4,
      physics: { size: 384 },
    }),
  ].map(({ protein, field }) => ({ protein, field }));
});

/** Plan, probes and evidence of the cells, with the oracle in the encoder's place. */
function judged(options: Pick<OracleOptions, "lambda" | "medium" | "seed">) {
  const truth = cells.map((c) => c.protein.shares[0].localization as (typeof CLASSES)[number]);
  const field = cells.map((c) => c.field);
  const protein = cells.map((c) => c.protein.name);
  const rows = CLASSES.map((name) => Int32Array.from(truth.keys()).filter((i) => truth[i] === name));
  const groups = closedGroups({ classes: CLASSES, rows, field, protein });
  const plan = makePlan({
    classes: CLASSES,
    classOf: Int16Array.from(truth, (name) => CLASSES.indexOf(name)),
    field,
    protein,
    usable: new Uint8Array(cells.length).fill(1),
    settings: USED,
    sameDonor: "any",
    seed: options.seed,
    group: groups.group,
  });
  const { data, dimension } = oracleFeatures(plan, truth, { ...options, noise: NOISE, jitter: 0.05 });
  const rowOf = new Map<string, number>();
  const key = (setting: Setting, background: number, cell: number) => `${setting} ${background} ${cell}`;
  plan.cell.forEach((cell, r) => rowOf.set(key(settingOf(plan, r), backgroundOf(plan, r), cell), r));
  const planRows = (setting: Setting, background: number, own: number) =>
    rows[own].map((cell) => rowOf.get(key(setting, background, cell))!);
  const features = (of: Int32Array) =>
    Float32Array.from([...of].flatMap((r) => [...data.subarray(r * dimension, (r + 1) * dimension)]));
  const pairs: PairJudgments[] = [];
  for (const setting of USED)
    for (let first = 0; first < 3; first++)
      for (let second = first + 1; second < 3; second++) {
        const background = hasDonor(setting) ? 3 - first - second : -1;
        const [a, b] = [first, second].map((own) => features(planRows(setting, background, own)));
        const folds = [first, second].map((own) => rows[own].map((cell) => groups.group[cell]));
        const { correct } = crossValidatePair(a, b, dimension, groupSplit(folds, groups.count));
        pairs.push({ setting, background, first, second, correct });
      }
  const judgments = collectJudgments({ classes: CLASSES, rows, cluster: groups.cluster }, pairs, (...of) =>
    planRows(...of).map((r) => plan.donor[r]),
  );
  const stated = statedEstimates(judgments, groups);
  return { stated, ...answer({ encoder: "oracle", stated, zone: 0.02, undecided: null, notes: [] }) };
}

/** Distribution function of the normal distribution. */
function phi(x: number): number {
  let sum = 0;
  for (let t = -8; t < x; t += 1e-3) sum += Math.exp((-t * t) / 2) * 1e-3;
  return sum / Math.sqrt(2 * Math.PI);
}

/** Best accuracy for a pair of classes where the doses tell both, and those in `foreign` neither. */
function accuracy(own: readonly number[], foreign: readonly number[] = []): number {
  const signal = own.reduce((sum, dose) => sum + dose, 0);
  const spread = Math.hypot(...own, ...foreign);
  return phi(signal / (Math.SQRT2 * NOISE * spread));
}

test.each([
  { reads: "the cell alone", lambda: 0, medium: 0, badge: "cell" },
  { reads: "the neighbors", lambda: 1, medium: 0, badge: "neighbors" },
  { reads: "the medium", lambda: 0, medium: 1, badge: "medium" },
])(
  "among human cells, an encoder that reads $reads is said to look there, or nothing is said",
  ({ lambda, medium, badge }) => {
    const original = accuracy([1, lambda, medium]);
    const free = accuracy([1], [medium]);
    const truth = { neighbor: free - accuracy([1], [lambda, medium]), medium: original - free };
    const badges = new Map<string, number>();
    const held = { neighbor: 0, medium: 0 };
    for (let seed = 0; seed < 12; seed++) {
      const { badge, stated } = judged({ lambda, medium, seed });
      badges.set(badge, (badges.get(badge) ?? 0) + 1);
      for (const effect of ["neighbor", "medium"] as const) {
        const { low, high } = stated.find((s) => s.statement === effect)!;
        held[effect] += Number(
          low !== null && high !== null && low <= truth[effect] && truth[effect] <= high,
        );
      }
    }
    expect([...badges.keys()].filter((b) => b !== badge && b !== "undecided")).toEqual([]);
    expect(badges.get(badge)).toBeGreaterThanOrEqual(8);
    expect(Math.min(held.neighbor, held.medium)).toBeGreaterThanOrEqual(10);
  },
);
