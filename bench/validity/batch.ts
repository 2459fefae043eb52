/** Paste and batch evidence of simulated studies: coverage, type I error and bias of what is stated of one encoder. */
import { mean, standardDeviation } from "../../src/core/statistics.ts";
import { batchNumbers } from "../../src/evidence/batch.ts";
import type { BatchRequest } from "../../src/evidence/batch-labels.ts";
import type { StatedNumber } from "../../src/evidence/further.ts";
import { pasteDetectability } from "../../src/evidence/paste.ts";
import { type PredictedBlock, predictHeldOut } from "../../src/evidence/predictions.ts";
import { transferEstimates } from "../../src/evidence/transfer.ts";
import { type Design, makeWorld, type World } from "./model.ts";
import { type BlockFeatures, drawStudy } from "./study.ts";

/** Shares in percent with Monte Carlo standard errors; differences and half widths in points. */
export interface BatchSummary {
  readonly design: string;
  readonly clusters: number;
  readonly statement: string;
  readonly replicates: number;
  /** Replicates in which an interval is given. */
  readonly given: number;
  /** Mean over replicates; where it is known (chance, 0), that. */
  readonly truth: number;
  readonly known: boolean;
  /** Mean over replicates minus what is known. */
  readonly bias: number | null;
  readonly biasError: number;
  readonly coverage: number;
  readonly error: number;
  readonly half: number;
  /** Intervals that do not hold chance (shares) or 0 (differences). */
  readonly claimed: number | null;
}

function requestOf(world: World, study: readonly BlockFeatures[]): BatchRequest {
  const { rows, groups, design, plate, field } = world;
  const d = design.dimension;
  const pick = (of: ArrayLike<number>) => rows.map((list) => list.map((row) => of[row]));
  const ids = new Map([...new Set(field)].map((name, i) => [name, i]));
  const block = (setting: string, background: number) =>
    study.find((b) => b.setting === setting && b.background === background);
  return {
    classes: rows.map((_, c) => `class${c}`),
    group: pick(groups.group),
    cluster: pick(groups.cluster),
    field: pick(field.map((name) => ids.get(name)!)),
    batch: design.plates === undefined ? null : pick(plate),
    count: groups.count,
    dimension: d,
    blocks: study.map(
      (b): Omit<PredictedBlock, "cells"> => ({
        setting: b.setting,
        background: b.background,
        donor: b.donors.map((list) => list?.map((row) => groups.cluster[row]) ?? null),
      }),
    ),
    has: ({ setting, background }, own) => block(setting, background)?.features[own] !== undefined,
    read: ({ setting, background }, own, wanted, out) => {
      const x = block(setting, background)!.features[own]!;
      wanted.forEach((row, i) => {
        out.set(x.subarray(row * d, (row + 1) * d), i * d);
      });
    },
    donors: (setting, background, own) =>
      block(setting, background)?.donors[own]?.map((row) => row - rows[background][0]) ?? null,
  };
}

function finish<T>(steps: Generator<unknown, T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Everything that is stated of one replicate, and chance where it is not 0.5 or 0. */
function stated(world: World, replicate: number) {
  const study = drawStudy(world, replicate);
  const request = requestOf(world, study);
  const paste = finish(pasteDetectability(request, world.groups));
  const predictions = finish(predictHeldOut(request));
  const { numbers, chance } = finish(batchNumbers(request, predictions, world.groups));
  const transfer = transferEstimates(predictions, world.groups)
    .filter(({ statement }) => /^capture-(effect|neighbor)/.test(statement))
    .map((e): Pick<StatedNumber, "statement" | "estimate" | "low" | "high"> => e);
  return { numbers: [...paste, ...numbers, ...transfer], chance };
}

/**
 * @param zero statements (or their beginnings) whose truth is chance or 0 in the design
 */
export function simulateBatch(design: Design, replicates: number, zero: readonly string[]): BatchSummary[] {
  const world = makeWorld(design);
  const found = new Map<string, { e: number; low: number | null; high: number | null }[]>();
  let chances: Record<string, number> = {};
  for (let r = 0; r < replicates; r++) {
    const { numbers, chance } = stated(world, r);
    chances = chance;
    for (const { statement, estimate, low, high } of numbers) {
      const rows = found.get(statement) ?? [];
      found.set(statement, rows);
      rows.push({ e: estimate!, low, high });
    }
  }
  return [...found].map(([statement, all]): BatchSummary => {
    const known = zero.some((z) => statement.startsWith(z));
    const by = statement.startsWith("paste") ? 0.5 : (chances[statement] ?? 0);
    const estimates = all.map(({ e }) => e);
    const truth = known ? by : mean(estimates);
    const given = all.filter(({ low }) => low !== null);
    const share = (held: (row: (typeof given)[number]) => boolean) =>
      given.length === 0 ? Number.NaN : (100 * given.filter(held).length) / given.length;
    const coverage = share(({ low, high }) => low! <= truth && truth <= high!);
    return {
      design: design.name,
      clusters: world.groups.fewest,
      statement,
      replicates: all.length,
      given: given.length,
      truth: 100 * truth,
      known,
      bias: known ? 100 * (mean(estimates) - by) : null,
      biasError: (100 * standardDeviation(estimates, 1)) / Math.sqrt(all.length),
      coverage,
      error: Math.sqrt((coverage * (100 - coverage)) / given.length),
      half: 100 * mean(given.map(({ low, high }) => (high! - low!) / 2)),
      claimed: known ? share(({ low, high }) => low! > by || high! < by) : null,
    };
  });
}
