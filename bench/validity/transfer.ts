/** Transfer and capture over closed groups in simulated studies: type I error, coverage, bias and the ratio R. */
import { mean, standardDeviation } from "../../src/core/statistics.ts";
import { studentQuantile } from "../../src/core/student.ts";
import { type PredictedBlock, type Predictions, predictHeldOut } from "../../src/evidence/predictions.ts";
import { transferComponents, transferDependence, transferStatements } from "../../src/evidence/transfer.ts";
import { clusterVariance, variances } from "../../src/evidence/variance.ts";
import { type Design, makeWorld, type World } from "./model.ts";
import { type BlockFeatures, drawStudy } from "./study.ts";

/** Shares in percent with Monte Carlo standard errors; effects and half widths in points. */
export interface TransferSummary {
  readonly design: string;
  readonly clusters: number;
  readonly groups: number;
  readonly statement: string;
  /** About one class, all classes' results together. */
  readonly single: boolean;
  readonly replicates: number;
  /** Of the machines on new cells, clusters and donors. */
  readonly truth: number;
  readonly bias: number;
  readonly biasError: number;
  /** True variance over the mean estimated one, before the factor for dependence. */
  readonly ratio: number;
  readonly factor: number;
  readonly coverage: number;
  readonly error: number;
  /** Intervals without 0. */
  readonly claimed: number;
  readonly half: number;
}

interface Source {
  readonly setting: PredictedBlock["setting"];
  readonly background: number;
  readonly donor: readonly (Int32Array | null)[];
  readonly drawn: BlockFeatures;
}

/** Predictions of one study's probes for its own composites, and for those of another study, new in everything. */
export function predict(
  world: World,
  study: readonly BlockFeatures[],
  fresh: readonly BlockFeatures[],
): [Predictions, Predictions] {
  const { rows, groups, design } = world;
  const d = design.dimension;
  const cluster = rows.map((list) => list.map((row) => groups.cluster[row]));
  const source = (drawn: BlockFeatures): Source => ({
    setting: drawn.setting,
    background: drawn.background,
    donor: drawn.donors.map((list) => list?.map((row) => groups.cluster[row]) ?? null),
    drawn,
  });
  const original = study.find((b) => b.setting === "original")!;
  const of = (block: object) => (block as Partial<Source>).drawn ?? original;
  const steps = predictHeldOut({
    classes: rows.map((_, c) => `class${c}`),
    group: rows.map((list) => list.map((row) => groups.group[row])),
    cluster,
    count: groups.count,
    dimension: d,
    blocks: [...study.map(source), ...fresh.map(source)],
    has: (block, own) => of(block).features[own] !== undefined,
    read: (block, own, wanted, out) => {
      const x = of(block).features[own]!;
      wanted.forEach((row, i) => {
        out.set(x.subarray(row * d, (row + 1) * d), i * d);
      });
    },
  });
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const { blocks, ...rest } = step.value;
  return [
    { ...rest, blocks: blocks.slice(0, study.length) },
    { ...rest, blocks: blocks.slice(study.length) },
  ];
}

export function simulateTransfer(design: Design, replicates: number): TransferSummary[] {
  const world = makeWorld(design);
  const found = new Map<
    string,
    { single: boolean; factor: number; rows: { e: number; t: number; v: number; df: number }[] }
  >();
  for (let r = 0; r < replicates; r++) {
    const [own, fresh] = predict(world, drawStudy(world, 2 * r), drawStudy(world, 2 * r + 1));
    for (const statement of transferStatements(own))
      for (const only of [undefined, ...own.classes.keys()]) {
        const sums = transferComponents(own, statement, only);
        const v = variances(sums);
        const key = `${statement.id} ${only ?? ""}`;
        const single = only !== undefined;
        let of = found.get(key);
        if (of === undefined)
          found.set(key, (of = { single, factor: transferDependence(world.groups), rows: [] }));
        const t = transferComponents(fresh, statement, only).estimate;
        // The others get no interval (`stated`).
        if (sums.differing >= 5 && v.df > 0 && clusterVariance(v) > 0)
          of.rows.push({ e: sums.estimate, t, v: clusterVariance(v), df: v.df });
      }
  }
  const whole = [...found].filter(([, { single }]) => !single);
  return whole.flatMap(([key, average]) => {
    const id = key.trim();
    const each = [...found].filter(([k, { single }]) => single && k.startsWith(`${id} `));
    return [
      summarize(design.name, world, id, false, [average]),
      summarize(
        design.name,
        world,
        id,
        true,
        each.map(([, of]) => of),
      ),
    ];
  });
}

function summarize(
  design: string,
  world: World,
  statement: string,
  single: boolean,
  of: readonly { factor: number; rows: { e: number; t: number; v: number; df: number }[] }[],
): TransferSummary {
  const factor = of[0].factor;
  const truths = of.map(({ rows }) => mean(rows.map((r) => r.t)));
  const judged = of.flatMap(({ rows }, i) =>
    rows.map((r) => ({
      ...r,
      off: Math.abs(r.e - truths[i]),
      half: studentQuantile(0.975, r.df) * Math.sqrt(factor * r.v),
    })),
  );
  const bias = judged.map((r) => r.e - r.t);
  const coverage = mean(judged.map((r) => (r.off <= r.half ? 1 : 0)));
  return {
    design,
    clusters: world.groups.fewest,
    groups: world.groups.count,
    statement,
    single,
    replicates: of[0].rows.length,
    truth: 100 * mean(truths),
    bias: 100 * mean(bias),
    biasError: (100 * standardDeviation(bias, 1)) / Math.sqrt(of[0].rows.length),
    ratio: mean(
      of.map(
        ({ rows }) =>
          standardDeviation(
            rows.map((r) => r.e),
            1,
          ) **
            2 /
          mean(rows.map((r) => r.v)),
      ),
    ),
    factor,
    coverage: 100 * coverage,
    error: 100 * Math.sqrt((coverage * (1 - coverage)) / of[0].rows.length),
    claimed: 100 * mean(judged.map((r) => (Math.abs(r.e) > r.half ? 1 : 0))),
    half: 100 * mean(judged.map((r) => r.half)),
  };
}
