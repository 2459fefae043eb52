import { z } from "zod";
import { dot, quantileSorted } from "../core/statistics.ts";
import { studentQuantile } from "../core/student.ts";
import { type ClassSlope, residuals } from "./slope.ts";

/** An outcome against a dose, in bins of equally many cells. */
export const BINNED = z.strictObject({
  /** Statement of the slope. */
  dose: z.string(),
  points: z.array(
    z.strictObject({
      /** Mean dose and outcome of the bin, less what field, own area and brightness say of each. */
      dose: z.number(),
      outcome: z.number(),
      /** 95 % of the bin by itself; null with fewer than three clusters. */
      low: z.number().nullable(),
      high: z.number().nullable(),
      cells: z.int().min(1),
    }),
  ),
});
export type Binned = z.infer<typeof BINNED>;

const BINS = 5;
const LEVEL = 0.95;

interface Point {
  readonly dose: number;
  readonly outcome: number;
  readonly weight: number;
  readonly cluster: number;
}

/**
 * The curve behind a slope: dose and outcome less what strata and controls say of them, plus their means, each class of the
 * same weight; bins by quantiles of the dose.
 * @returns null where no class has a slope
 */
export function binnedSlope(
  dose: string,
  prepared: readonly (ClassSlope | null)[],
  outcome: readonly Float64Array[],
  raw: readonly Float64Array[],
): Binned | null {
  const found = prepared.flatMap((of, c) => (of === null ? [] : [{ of, y: outcome[c], x: raw[c] }]));
  if (found.length === 0) return null;
  const level = (values: (f: (typeof found)[number]) => Float64Array) =>
    found.reduce((sum, f) => sum + mean(f.of.rows, values(f)), 0) / found.length;
  const [x0, y0] = [level((f) => f.x), level((f) => f.y)];
  const points = found.flatMap(({ of, y }): Point[] => {
    const left = residuals(of, y);
    const cluster = new Int32Array(of.rows.length);
    for (const [name, { at }] of of.weights) for (const i of at) cluster[i] = name;
    return Array.from(left, (v, i) => ({
      dose: x0 + of.dose[i],
      outcome: y0 + v,
      weight: 1 / (found.length * left.length),
      cluster: cluster[i],
    }));
  });
  const sorted = Float64Array.from(points, (p) => p.dose).sort();
  const edges = Array.from({ length: BINS - 1 }, (_, b) => quantileSorted(sorted, (b + 1) / BINS));
  const binOf = (p: Point) => edges.filter((edge) => p.dose > edge).length;
  return {
    dose,
    points: Array.from({ length: BINS }, (_, b) => points.filter((p) => binOf(p) === b))
      .filter((bin) => bin.length > 0)
      .map(binPoint),
  };
}

function binPoint(bin: readonly Point[]): Binned["points"][number] {
  const weight = Float64Array.from(bin, (p) => p.weight);
  const total = weight.reduce((sum, w) => sum + w, 0);
  const average = (of: (p: Point) => number) => dot(weight, Float64Array.from(bin, of)) / total;
  const outcome = average((p) => p.outcome);
  const sums = new Map<number, number>();
  for (const p of bin)
    sums.set(p.cluster, (sums.get(p.cluster) ?? 0) + (p.weight * (p.outcome - outcome)) / total);
  const clusters = sums.size;
  let variance = 0;
  for (const v of sums.values()) variance += (v * v * clusters) / (clusters - 1);
  const half = clusters < 3 ? null : studentQuantile((1 + LEVEL) / 2, clusters - 1) * Math.sqrt(variance);
  return {
    dose: average((p) => p.dose),
    outcome,
    low: half === null ? null : outcome - half,
    high: half === null ? null : outcome + half,
    cells: bin.length,
  };
}

function mean(rows: Int32Array, values: Float64Array): number {
  let sum = 0;
  for (const row of rows) sum += values[row];
  return sum / rows.length;
}
