import { z } from "zod";
import type { CellStore } from "../../cells/store.ts";
import { Surroundings } from "../../cells/surroundings.ts";
import { Twins } from "../../cells/twins.ts";
import { median } from "../../core/statistics.ts";
import { scalesHash, shortHash } from "../../features/key.ts";
import { type PixelScale, pixelScale, type Scales, unscaled } from "../../swap/intensity.ts";
import { contrastOf, levelOf } from "../../swap/signal.ts";
import { CENTER, type CompositeOptions, type SwapPlan } from "../../types.ts";
import { readKept } from "../kept.ts";
import { StudyLayout } from "../layout.ts";
import type { FittedStudy } from "../schema.ts";
import type { Selection } from "../select.ts";

/** What one look at every crop of a study found; plain data, kept in the study folder. */
export interface Survey {
  readonly surroundings: Pick<Surroundings, "cells" | "empty">;
  readonly twins: Pick<Twins, "count" | "relabeled" | "pairs">;
  /** Standard deviation of the medium, groups of the scales x channels; null for groups that the plan does not use. */
  readonly noise: readonly (number | null)[];
  /** Standard deviations that the cells stand above the medium, median over the cells, by channel; null: not measured. */
  readonly contrast: readonly (number | null)[];
  /** Share of the pixels of center cells that lie at a clip limit, by channel. */
  readonly clipped: readonly number[];
}

const count = z.int().min(0);
const perChannel = z.array(z.number().nullable());

const SURVEY = z.strictObject({
  surroundings: z.strictObject({ cells: count, empty: z.array(count) }),
  twins: z.strictObject({
    count,
    relabeled: count,
    pairs: z.array(z.tuple([z.string(), z.string()])),
  }),
  noise: perChannel,
  contrast: perChannel,
  clipped: z.array(z.number()),
});

/** Raised whenever the same crops give another survey. */
const SURVEY_VERSION = 1;

/** Crops that a plan shows, ascending. @param count of the store */
function cropsOf({ cell, donor }: SwapPlan, count: number): Int32Array {
  const used = new Uint8Array(count);
  for (const list of [cell, donor])
    for (let row = 0; row < list.length; row++) if (list[row] >= 0) used[list[row]] = 1;
  const crops = new Int32Array(used.reduce((n, one) => n + one, 0));
  for (let row = 0, at = 0; row < count; row++) if (used[row] === 1) crops[at++] = row;
  return crops;
}

/** Key of a survey: what it looks at. */
function surveyKey(
  store: CellStore,
  plan: SwapPlan,
  scales: Scales,
  { clip }: CompositeOptions,
  labels: readonly string[],
): string {
  const { "crops.npy": crops, "masks.npy": masks } = store.header.hashes;
  const of = new Uint8Array(cropsOf(plan, store.count).buffer);
  return shortHash({
    version: SURVEY_VERSION,
    crops,
    masks: masks ?? null,
    scales: scalesHash(scales),
    clip,
    of: shortHash(of),
    labels: shortHash(labels),
  });
}

/**
 * The survey of a study and its key: of an earlier run in the folder `out` under the same key (`kept`), or a new one.
 */
export function surveyOf(
  { composite }: Pick<FittedStudy, "composite">,
  store: CellStore,
  plan: SwapPlan,
  scales: Scales,
  { classes, classOf }: Selection,
  out: string | null,
  onProgress?: (done: number, total: number) => void,
): { key: string; kept: boolean; survey: Survey } {
  const labels = Array.from(classOf, (c) => classes[c] ?? "");
  const key = surveyKey(store, plan, scales, composite, labels);
  const known = out === null ? undefined : readKept<Survey>(new StudyLayout(out).survey, key, SURVEY);
  return {
    key,
    kept: known !== undefined,
    survey: known ?? survey(store, plan, scales, composite, labels, onProgress),
  };
}

/** Looks at every crop of a plan once. @param labels class of every cell of the store, for crops that are there twice */
function survey(
  store: CellStore,
  plan: SwapPlan,
  scales: Scales,
  { clip }: CompositeOptions,
  labels: readonly string[],
  onProgress?: (done: number, total: number) => void,
): Survey {
  const channels = store.channels.length;
  const pixels = store.height * store.width;
  const crop = new Float32Array(channels * pixels);
  const mask = store.masks === "none" ? null : new Uint8Array(pixels);
  const surroundings = new Surroundings(store);
  const other = new Float32Array(crop.length);
  const twins = new Twins({
    read: (cell) => {
      store.readCrop(cell, other);
      return other;
    },
    id: (cell) => store.cells.id[cell],
    label: (cell) => labels[cell],
  });
  const noise = scales.groups.map(() => Array.from({ length: channels }, (): number[] => []));
  const contrast = Array.from({ length: channels }, (): number[] => []);
  const clipped = new Array<number>(channels).fill(0);
  let inside = 0;
  const scale = unscaled(channels);
  const crops = cropsOf(plan, store.count);
  for (const [at, cell] of crops.entries()) {
    onProgress?.(at, crops.length);
    store.readCrop(cell, crop);
    if (mask !== null) store.readMask(cell, mask);
    surroundings.add(crop, mask);
    twins.add(cell, crop);
    if (mask === null) continue;
    pixelScale(crop, cell, scales, clip, scale);
    for (let p = 0; p < pixels; p++) if (mask[p] === CENTER) inside++;
    for (let c = 0; c < channels; c++) {
      const plane = crop.subarray(c * pixels, (c + 1) * pixels);
      const level = levelOf(plane, mask);
      if (level !== null) {
        contrast[c].push(contrastOf(level));
        if (scales.kind === "group") noise[scales.groupOf[cell]][c].push(level.noise);
      }
      clipped[c] += atLimits(plane, mask, scale, c);
    }
  }
  const middle = (values: number[]) => (values.length === 0 ? null : median(values));
  return {
    surroundings: { cells: surroundings.cells, empty: surroundings.empty },
    twins: { count: twins.count, relabeled: twins.relabeled, pairs: twins.pairs },
    noise: noise.flatMap((group) => group.map(middle)),
    contrast: contrast.map(middle),
    clipped: clipped.map((n) => (inside === 0 ? 0 : n / inside)),
  };
}

/** Pixels of the center cell that the intensity step clips. */
function atLimits(
  plane: Float32Array,
  mask: Uint8Array,
  { zero, range, low, high }: PixelScale,
  c: number,
): number {
  if (low === -Infinity && high === Infinity) return 0;
  let n = 0;
  for (let p = 0; p < mask.length; p++) {
    if (mask[p] !== CENTER) continue;
    const v = (plane[p] - zero[c]) / range[c];
    if (v <= low || v >= high) n++;
  }
  return n;
}
