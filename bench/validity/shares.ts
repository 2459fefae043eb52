/** Shares of variance in simulated studies whose variances are known: bias, and coverage of the intervals. */
import { mean, standardDeviation } from "../../src/core/statistics.ts";
import type { StatedNumber } from "../../src/evidence/further.ts";
import { varianceShares } from "../../src/evidence/shares.ts";
import {
  CELL_MEDIUM,
  type Design,
  kept,
  makeWorld,
  NEIGHBOR_CELL,
  NEIGHBOR_NUMBER,
  TEXTURE_CELL,
  TEXTURE_FIELD,
  type World,
} from "./model.ts";
import { type BlockFeatures, drawStudy } from "./study.ts";

/** Shares in percent with Monte Carlo standard errors. */
export interface ShareSummary {
  readonly design: string;
  readonly clusters: number;
  readonly statement: string;
  readonly replicates: number;
  readonly truth: number;
  readonly bias: number;
  readonly biasError: number;
  /** Mean squared standard error over the variance of the estimates. */
  readonly ratio: number;
  readonly coverage: number;
  readonly error: number;
  /** Truth below and above the interval. */
  readonly below: number;
  readonly above: number;
  readonly half: number;
  readonly negative: number;
  readonly df: number;
}

/** True shares of what varies in `different` between composites of one class, and what is compared with that. */
export function trueShares(world: World): Map<string, number> {
  const { design, rows, medium, neighbors, own } = world;
  const { lambda, ownField, donorField, paste, protein, dimension: d } = design;
  const lending = design.lending ?? rows.length;
  const share = kept("different", lambda);
  const around = medium.map((m, b) => m.map((v, j) => v + lambda * neighbors[b][j]));
  const spread = (vectors: readonly Float64Array[]) => {
    let sum = 0;
    for (let j = 0; j < d; j++)
      sum +=
        standardDeviation(
          vectors.map((v) => v[j]),
          1,
        ) ** 2;
    return sum / d;
  };
  /** By degrees of freedom, as the product pools them. */
  const weighed = (sets: readonly (readonly Float64Array[])[]) => {
    const large = sets.filter((of) => of.length > 1);
    const degrees = large.reduce((sum, of) => sum + of.length - 1, 0);
    return large.reduce((sum, of) => sum + ((of.length - 1) / degrees) * spread(of), 0);
  };
  const square = (v: Float64Array) => v.reduce((s, x) => s + x * x, 0) / d;
  const parts = new Map<string, number>([
    ["own-field", share ** 2 * ownField ** 2],
    ["cell", share ** 2],
    ["donor-field", donorField ** 2 + TEXTURE_FIELD ** 2],
    [
      "donor",
      CELL_MEDIUM ** 2 +
        TEXTURE_CELL ** 2 +
        lambda ** 2 *
          (NEIGHBOR_CELL ** 2 + NEIGHBOR_NUMBER ** 2 * mean(neighbors.slice(0, lending).map(square))),
    ],
    ["background-class", weighed(rows.map((_, a) => around.filter((_, b) => b < lending && b !== a)))],
    ["residual", paste ** 2],
  ]);
  if (protein > 0) parts.set("own-protein", share ** 2 * protein ** 2);
  const total = [...parts.values()].reduce((a, b) => a + b, 0);
  const at = (name: string) => parts.get(name) ?? 0;
  const whole = new Map([
    ...parts,
    ["own", at("own-field") + at("own-protein") + at("cell")],
    ["background", at("donor-field") + at("donor") + at("background-class")],
    [
      "own-class",
      share ** 2 * weighed(around.slice(0, lending).map((_, b) => own.filter((_, a) => a !== b))),
    ],
    ["paste", paste ** 2],
  ]);
  return new Map([...whole].map(([name, v]) => [`variance/${name}`, v / total]));
}

/** The shares of one drawn study, as the product states them. */
export function sharesOf(world: World, study: readonly BlockFeatures[]): StatedNumber[] {
  const { rows, groups, design, classOf } = world;
  const d = design.dimension;
  const first = rows.map((list) => list[0]);
  const fields = [...new Set(world.field)];
  const proteins = [...new Set(world.protein)];
  const composites = study.flatMap((block) =>
    block.setting !== "different"
      ? []
      : block.features.flatMap((features, own) =>
          features === undefined
            ? []
            : Array.from(rows[own], (cell, i) => ({
                own,
                background: block.background,
                cell,
                donor: block.donors[own]![i],
                at: features.subarray(i * d, (i + 1) * d),
              })),
        ),
  );
  const column = (of: (c: (typeof composites)[number]) => number) => Int32Array.from(composites, of);
  const plain = (setting: "original" | "self") => study.find((b) => b.setting === setting)!;
  const cells = Int32Array.from(classOf.keys());
  const steps = varianceShares(
    {
      own: column((c) => c.own),
      background: column((c) => c.background),
      cell: column((c) => c.cell),
      donor: column((c) => c.donor),
      classes: rows.length,
      classOf,
      field: Int32Array.from(world.field, (f) => fields.indexOf(f)),
      cluster: groups.cluster,
      protein: design.protein > 0 ? Int32Array.from(world.protein, (p) => proteins.indexOf(p)) : null,
      dimension: d,
      read: (from, count, out) => {
        for (let i = 0; i < count; i++) out.set(composites[from + i].at, i * d);
      },
      pasted: {
        cell: cells,
        read: (setting, from, count, out) => {
          for (let i = 0; i < count; i++) {
            const own = classOf[from + i];
            const at = (from + i - first[own]) * d;
            out.set(plain(setting).features[own]!.subarray(at, at + d), i * d);
          }
        },
      },
    },
    groups,
  );
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** @param salt names a stream of replicates, so that constants are not chosen on those that certify them */
export function certifyShares(design: Design, replicates: number, salt = 0): ShareSummary[] {
  const world = makeWorld({ ...design, settings: ["original", "self", "different"] });
  const truth = trueShares(world);
  const found = new Map<string, StatedNumber[]>();
  for (let r = 0; r < replicates; r++)
    for (const number of sharesOf(world, drawStudy(world, salt + r)))
      if (truth.has(number.statement))
        found.set(number.statement, [...(found.get(number.statement) ?? []), number]);
  return [...found].map(([statement, list]) => {
    const t = truth.get(statement)!;
    const estimates = list.map((n) => n.estimate!);
    const given = list.filter((n) => n.low !== null);
    const of = (hit: (n: StatedNumber) => boolean) => mean(given.map((n) => (hit(n) ? 1 : 0)));
    const coverage = of((n) => n.low! <= t && t <= n.high!);
    const sd = standardDeviation(estimates, 1);
    return {
      design: design.name,
      clusters: world.groups.fewest,
      statement,
      replicates: given.length,
      truth: 100 * t,
      bias: 100 * (mean(estimates) - t),
      biasError: (100 * sd) / Math.sqrt(replicates),
      ratio: mean(given.map((n) => n.se! ** 2)) / sd ** 2,
      coverage: 100 * coverage,
      error: 100 * Math.sqrt((coverage * (1 - coverage)) / given.length),
      below: 100 * of((n) => t < n.low!),
      above: 100 * of((n) => t > n.high!),
      half: 50 * mean(given.map((n) => n.high! - n.low!)),
      negative: 100 * mean(estimates.map((e) => (e < 0 ? 1 : 0))),
      df: mean(given.map((n) => n.df!)),
    };
  });
}
