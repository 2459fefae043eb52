/** One simulated study: the product's groups and plan, linear machines, judgments and their truth. */
import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import { hitsByPartner, type JudgedBlock, type Judgments } from "../../src/evidence/judgments.ts";
import type { Setting } from "../../src/settings.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { backgroundOf, settingOf } from "../../src/swap/runs.ts";
import { compose, draw, gaussian, positive, type World } from "./model.ts";

/** Ridge on the pooled covariance, in units of the variance between cells. */
const RIDGE = 0.1;

export interface Replicate {
  readonly judgments: Judgments;
  /** By setting and class: accuracy of this replicate's machines on new cells, fields and donors. */
  readonly truth: ReadonlyMap<Setting, Float64Array>;
}

/** Features of one block: one class after the other, rows x dimension; undefined where the class has none. */
export interface BlockFeatures {
  readonly setting: Setting;
  readonly background: number;
  readonly features: (Float64Array | undefined)[];
  readonly donors: (Int32Array | null)[];
}

/**
 * Draws a study and composes the features of all its blocks.
 * @param again names another draw of what pasting adds, everything else as it is
 */
export function drawStudy(world: World, replicate: number, again?: number): BlockFeatures[] {
  const { design, groups, classOf, rows } = world;
  const { dimension: d } = design;
  const seed = namedSeed(replicate, "validity", design.name);
  const random = mulberry32(namedSeed(seed, "features"));
  const drawn = draw(world, random);
  const normal = gaussian(again === undefined ? random : mulberry32(namedSeed(seed, "again", again)));
  const classes = rows.map((_, c) => `class${c}`);
  const plan = makePlan({
    classes,
    classOf,
    field: world.field,
    protein: world.protein,
    usable: new Uint8Array(classOf.length).fill(1),
    settings: design.settings,
    ...(design.lending === undefined ? {} : { backgrounds: classes.slice(0, design.lending) }),
    sameDonor: "any",
    seed,
    ...(design.open === true ? {} : { group: groups.group }),
  });
  const position = new Int32Array(classOf.length);
  for (const list of rows)
    list.forEach((row, i) => {
      position[row] = i;
    });
  const blocks = new Map<string, BlockFeatures>();
  const one = new Float64Array(d);
  for (let r = 0; r < plan.count; r++) {
    const setting = settingOf(plan, r);
    const background = setting === "same" ? -1 : backgroundOf(plan, r);
    const key = `${setting} ${background}`;
    let block = blocks.get(key);
    if (block === undefined)
      blocks.set(key, (block = { setting, background, features: [], donors: rows.map(() => null) }));
    const cell = plan.cell[r];
    const own = classOf[cell];
    if (own === background) continue;
    const features = (block.features[own] ??= new Float64Array(rows[own].length * d));
    const lent = setting === "same" || background >= 0;
    if (lent) (block.donors[own] ??= new Int32Array(rows[own].length))[position[cell]] = plan.donor[r];
    compose(world, drawn, setting, cell, lent ? plan.donor[r] : cell, normal, one);
    features.set(one, position[cell] * d);
  }
  return [...blocks.values()];
}

/**
 * Judges all rows of a study by regularized linear discriminants trained on the other groups.
 *
 * @param trains per class, 1 for the rows that may train; all by default
 */
export function judge(
  world: World,
  study: readonly BlockFeatures[],
  trains?: readonly Uint8Array[],
): Replicate {
  const { rows, groups, design } = world;
  const { dimension: d } = design;
  const K = world.folds;
  const truth = new Map<Setting, Float64Array>();
  const combinations = new Map<Setting, Int32Array>();
  const group = rows.map((list) => list.map((row) => world.fold[row]));
  const members = group.map((of) =>
    Array.from({ length: K }, (_, k) => Int32Array.from(of.keys()).filter((i) => of[i] === k)),
  );
  const blocks = study.map(({ setting, background, features, donors }): JudgedBlock => {
    const stats = features.map((x, c) =>
      x === undefined ? undefined : groupStats(x, group[c], K, d, trains?.[c]),
    );
    const right: (Uint8Array | null)[][] = rows.map(() => rows.map(() => null));
    let sums = truth.get(setting);
    if (sums === undefined) truth.set(setting, (sums = new Float64Array(rows.length)));
    let used = combinations.get(setting);
    if (used === undefined) combinations.set(setting, (used = new Int32Array(rows.length)));
    for (let a = 0; a < rows.length; a++)
      for (let b = a + 1; b < rows.length; b++) {
        const [sa, sb] = [stats[a], stats[b]];
        if (sa === undefined || sb === undefined) continue;
        right[a][b] = new Uint8Array(rows[a].length);
        right[b][a] = new Uint8Array(rows[b].length);
        used[a]++;
        used[b]++;
        for (let k = 0; k < K; k++) {
          const machine = discriminant(sa, sb, k, d);
          for (const [own, other, sign] of [
            [a, b, 1],
            [b, a, -1],
          ]) {
            const x = features[own]!;
            const hits = right[own][other]!;
            for (const i of members[own][k]) {
              let score = machine.b;
              for (let j = 0, at = i * d; j < d; j++) score += machine.w[j] * x[at + j];
              hits[i] = score > 0 === sign > 0 ? 1 : 0;
            }
            const p = positive(world, setting, own, background < 0 ? own : background, machine.w, machine.b);
            sums[own] += ((sign > 0 ? p : 1 - p) * members[own][k].length) / rows[own].length;
          }
        }
      }
    const donor = donors.map((list) => (list === null ? null : list.map((row) => groups.cluster[row])));
    return { setting, background, donor, right: hitsByPartner(right) };
  });
  for (const [setting, sums] of truth) {
    const used = combinations.get(setting)!;
    sums.forEach((s, c) => {
      sums[c] = s / used[c];
    });
  }
  const cluster = rows.map((list) => list.map((row) => groups.cluster[row]));
  return {
    judgments: {
      classes: rows.map((_, c) => `class${c}`),
      cluster,
      blocks,
    },
    truth,
  };
}

export interface Stats {
  /** Per group: count, sum, lower triangle of the scatter around zero. */
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly scatter: Float64Array;
  readonly all: { readonly count: number; readonly sum: Float64Array; readonly scatter: Float64Array };
}

export function groupStats(
  x: Float64Array,
  group: Int32Array,
  K: number,
  d: number,
  trains: Uint8Array | undefined,
): Stats {
  const t = (d * (d + 1)) / 2;
  const count = new Float64Array(K);
  const sum = new Float64Array(K * d);
  const scatter = new Float64Array(K * t);
  for (let i = 0; i < group.length; i++) {
    if (trains?.[i] === 0) continue;
    const k = group[i];
    count[k]++;
    for (let j = 0, s = k * t; j < d; j++) {
      const v = x[i * d + j];
      sum[k * d + j] += v;
      for (let l = 0; l <= j; l++) scatter[s++] += v * x[i * d + l];
    }
  }
  const all = { count: 0, sum: new Float64Array(d), scatter: new Float64Array(t) };
  for (let k = 0; k < K; k++) {
    all.count += count[k];
    for (let j = 0; j < d; j++) all.sum[j] += sum[k * d + j];
    for (let s = 0; s < t; s++) all.scatter[s] += scatter[k * t + s];
  }
  return { count, sum, scatter, all };
}

const work = { matrix: new Float64Array(0) };

/** Linear discriminant of all groups but k; positive: first class. */
export function discriminant(a: Stats, b: Stats, k: number, d: number): { w: Float64Array; b: number } {
  const t = (d * (d + 1)) / 2;
  if (work.matrix.length < t) work.matrix = new Float64Array(t);
  const m = work.matrix;
  const [na, nb] = [a.all.count - a.count[k], b.all.count - b.count[k]];
  const ma = new Float64Array(d);
  const mb = new Float64Array(d);
  for (let j = 0; j < d; j++) {
    ma[j] = (a.all.sum[j] - a.sum[k * d + j]) / na;
    mb[j] = (b.all.sum[j] - b.sum[k * d + j]) / nb;
  }
  const n = na + nb;
  for (let j = 0, s = 0; j < d; j++)
    for (let l = 0; l <= j; l++, s++)
      m[s] =
        (a.all.scatter[s] -
          a.scatter[k * t + s] -
          na * ma[j] * ma[l] +
          b.all.scatter[s] -
          b.scatter[k * t + s] -
          nb * mb[j] * mb[l]) /
          n +
        (j === l ? RIDGE : 0);
  const w = ma.map((v, j) => v - mb[j]);
  solve(m, w, d);
  let bias = 0;
  for (let j = 0; j < d; j++) bias -= (w[j] * (ma[j] + mb[j])) / 2;
  return { w, b: bias };
}

/** Solves a symmetric positive definite system in place (Cholesky, lower triangle by rows). */
function solve(m: Float64Array, x: Float64Array, d: number): void {
  for (let i = 0, ri = 0; i < d; ri += ++i)
    for (let j = 0, rj = 0; j <= i; rj += ++j) {
      let sum = m[ri + j];
      for (let l = 0; l < j; l++) sum -= m[ri + l] * m[rj + l];
      m[ri + j] = i === j ? Math.sqrt(sum) : sum / m[rj + j];
    }
  for (let i = 0, ri = 0; i < d; ri += ++i) {
    for (let l = 0; l < i; l++) x[i] -= m[ri + l] * x[l];
    x[i] /= m[ri + i];
  }
  for (let i = d - 1; i >= 0; i--) {
    for (let l = i + 1; l < d; l++) x[i] -= m[(l * (l + 1)) / 2 + i] * x[l];
    x[i] /= m[(i * (i + 1)) / 2 + i];
  }
}
