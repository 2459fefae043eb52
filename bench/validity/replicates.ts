/** Runs the replicates of one design in chunks that are kept, and reads them back. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mean } from "../../src/core/statistics.ts";
import { components } from "../../src/evidence/components.ts";
import { estimate } from "../../src/evidence/estimate.ts";
import type { Judgments } from "../../src/evidence/judgments.ts";
import { available, type Statement } from "../../src/evidence/statements.ts";
import { variances } from "../../src/evidence/variance.ts";
import { FieldBootstrap } from "./bootstrap.ts";
import type { Cell } from "./designs.ts";
import { makeWorld, type World } from "./model.ts";
import { drawStudy, judge, type Replicate } from "./study.ts";

/** Numbers kept of one statement in one replicate. */
export interface Numbers {
  readonly estimate: number;
  /** Accuracy (or difference) of this replicate's own machines on new cells, fields and donors. */
  readonly truth: number;
  readonly own: number;
  readonly crossed: number;
  readonly node: number;
  readonly df: number;
  /** Percentile bootstrap; NaN where it was not asked for. */
  readonly low: number;
  readonly high: number;
  /** Whether the product gives an interval. */
  readonly given: number;
}
export const NUMBERS = ["estimate", "truth", "own", "crossed", "node", "df", "low", "high", "given"] as const;

/** Per statement (class statements as `neighbor/0`): replicates x NUMBERS. */
export type Kept = Record<string, number[][]>;

/** Statements that are also kept class by class. */
const PER_CLASS = ["neighbor", "total", "original", "different"];
const CHUNK = 100;
const RESAMPLES = 500;

/** All replicates of a cell; those that an earlier run left in `folder` are read. */
export function replicates(
  cell: Cell,
  folder: string,
  judges: (world: World, study: ReturnType<typeof drawStudy>) => Replicate = judge,
  onChunk?: (done: number) => void,
): { world: World; kept: Kept } {
  const world = makeWorld(cell.design);
  mkdirSync(folder, { recursive: true });
  const all: Kept = {};
  for (let from = 0; from < cell.replicates; from += CHUNK) {
    const to = Math.min(cell.replicates, from + CHUNK);
    const path = join(folder, `${cell.design.name.replace(/[^\w.-]+/g, "_")}.${from}-${to}.json`);
    if (!existsSync(path)) {
      const found: Kept = {};
      for (let r = from; r < to; r++) add(found, one(world, r, r < cell.bootstrap, judges));
      writeFileSync(`${path}.part`, JSON.stringify(found));
      renameSync(`${path}.part`, path);
    }
    const chunk = JSON.parse(readFileSync(path, "utf8")) as Kept;
    for (const [id, rows] of Object.entries(chunk)) (all[id] ??= []).push(...rows);
    onChunk?.(to);
  }
  return { world, kept: all };
}

function add(kept: Kept, found: ReadonlyMap<string, number[]>): void {
  for (const [id, row] of found) (kept[id] ??= []).push(row.map((v) => Number(v.toPrecision(6))));
}

function one(
  world: World,
  replicate: number,
  withBootstrap: boolean,
  judges: (world: World, study: ReturnType<typeof drawStudy>) => Replicate,
): Map<string, number[]> {
  const { judgments, truth } = judges(world, drawStudy(world, replicate));
  const out = new Map<string, number[]>();
  const statements = available(judgments);
  const boot = withBootstrap ? bootstrap(judgments, statements) : undefined;
  for (const statement of statements) {
    const terms = statement.terms(judgments);
    const true_ = (c: number) => terms.reduce((sum, t) => sum + t.weight * truth.get(t.setting)![c], 0);
    const classes = judgments.classes.map((_, c) => c);
    const push = (id: string, of: readonly number[], only?: number) => {
      const sums = components(terms, only);
      const v = variances(sums);
      const [low, high] = (only === undefined ? boot?.get(id) : undefined) ?? [Number.NaN, Number.NaN];
      const { refused } = estimate(terms, world.groups, only === undefined ? {} : { only });
      const given = refused === undefined ? 1 : 0;
      out.set(id, [sums.estimate, mean(of.map(true_)), v.own, v.crossed, v.node, v.df, low, high, given]);
    };
    push(statement.id, classes);
    if (PER_CLASS.includes(statement.id)) for (const c of classes) push(`${statement.id}/${c}`, [c], c);
  }
  return out;
}

function bootstrap(
  judgments: Judgments,
  statements: readonly Statement[],
): Map<string, [low: number, high: number]> {
  const drawn = new FieldBootstrap(judgments.cluster.map((list) => Array.from(list)));
  for (const { setting, background, right } of judgments.blocks)
    right.forEach((row, a) => {
      row.forEach((hits, b) => {
        if (b < a) return;
        const both = Uint8Array.from([...hits, ...right[b].get(a)!]);
        drawn.add(setting, a, b, background < 0 ? null : background, both);
      });
    });
  const effects = statements.filter((s) => s.settings.length === 2);
  const found = drawn.intervals(
    effects.map((s) => [s.settings[0], s.settings[1]] as const),
    { resamples: RESAMPLES },
  );
  return new Map(
    [
      ...found.settings.map((s) => [s.setting, [s.low, s.high]] as const),
      ...found.differences.map((s, i) => [effects[i].id, [s.low, s.high]] as const),
    ].map(([id, [low, high]]) => [id, [low, high]]),
  );
}
