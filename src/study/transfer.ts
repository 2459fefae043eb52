import { z } from "zod";
import type { Groups } from "../core/groups.ts";
import {
  emptyCells,
  type PredictedBlock,
  type PredictedCells,
  type PredictionRequest,
  type Predictions,
  predictHeldOut,
} from "../evidence/predictions.ts";
import { hasDonor, type Setting } from "../settings.ts";
import { type Block, listBlocks, type PlanIndex } from "./block.ts";
import { type FeatureRequest, keyOf } from "./inference.ts";
import { keep, readKept } from "./kept.ts";
import type { Selection } from "./select.ts";

/** What the transfer probes of one encoder are fitted on. */
export interface TransferRequest extends FeatureRequest {
  /** Closed groups of the study's cells; without any (`count` 0) nothing is fitted. */
  readonly groups: Groups;
}

/** Fits the transfer probes, or finds them in the study folder; `between` is awaited after every fit. */
export async function fitTransfer(request: TransferRequest, between: () => Promise<void>): Promise<void> {
  const work = transferWork(request);
  if (work === null || readKept<Packed>(work.path, work.key, PACKED) !== undefined) return;
  const steps = predictHeldOut(work.probes);
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) await between();
  keep(work.path, work.key, packed(step.value));
}

/**
 * Held-out predictions of the logistic probes for every composite of the study, from the study folder where
 * {@link fitTransfer} left them there; null without `original` or with fewer than two closed groups.
 */
export function transferPredictions(request: TransferRequest): Predictions | null {
  const work = transferWork(request);
  if (work === null) return null;
  const found = readKept<Packed>(work.path, work.key, PACKED);
  if (found !== undefined) return unpacked(found, work.probes);
  const steps = predictHeldOut(work.probes);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  keep(work.path, work.key, packed(step.value));
  return step.value;
}

/** Store row of the donor of every row of a class in a block (`background`: position among the classes, -1 for none). */
function donorRows(
  index: PlanIndex,
  { classes, rows }: Pick<Selection, "classes" | "rows">,
): (setting: Setting, background: number, own: number) => Int32Array | null {
  return (setting, background, own) => {
    const block = { setting, background: background < 0 ? null : classes[background] };
    return index.rows(block, classes[own], rows[own])?.map((row) => index.plan.donor[row]) ?? null;
  };
}

function transferWork(request: TransferRequest) {
  const { set, selection, index, study, groups, layout } = request;
  const { classes, rows } = selection;
  if (!study.settings.includes("original") || groups.count < 2) return null;
  const blocks = listBlocks(study.settings, study.backgrounds ?? classes);
  const group = rows.map((list) => list.map((row) => groups.group[row]));
  const named = (block: { setting: Setting; background: number }): Block => ({
    setting: block.setting,
    background: block.background < 0 ? null : classes[block.background],
  });
  /** Null for cells among which other rows stand in: those are another block's. */
  const planRows = (block: { setting: Setting; background: number }, own: number, cells: Int32Array) =>
    index.isOwn(named(block), classes[own]) ? null : index.rows(named(block), classes[own], cells);
  const donors = donorRows(index, selection);
  const probes: PredictionRequest = {
    classes,
    group,
    cluster: rows.map((list) => list.map((row) => groups.cluster[row])),
    count: groups.count,
    dimension: set.dimension,
    blocks: blocks.map(({ setting, background: name }) => {
      const background = name === null ? -1 : classes.indexOf(name);
      const lends = hasDonor(setting);
      return {
        setting,
        background,
        donor: classes.map((_, own) =>
          lends ? (donors(setting, background, own)?.map((row) => groups.cluster[row]) ?? null) : null,
        ),
      };
    }),
    has: (block, own) => planRows(block, own, rows[own]) !== null,
    read: (block, own, wanted, out) => {
      const cells = wanted.map((row) => rows[own][row]);
      set.read(planRows(block, own, cells)!, out);
    },
  };
  const key = keyOf(request, [{ setting: "original", background: null }, ...blocks], rows, [
    "closed groups",
    group.map((of) => Array.from(of)),
  ]);
  return { path: layout.stage("transfer", set.name), key, probes };
}

/** Predictions of every block and class as the study folder keeps them: base64 of the arrays' bytes. */
type Packed = readonly (Record<keyof PredictedCells, string | null> | null)[][];

const ARRAYS = [
  "predicted",
  "probability",
  "own",
  "lent",
  "margin",
] as const satisfies readonly (keyof PredictedCells)[];

const PACKED = z.array(z.array(z.record(z.enum(ARRAYS), z.base64().nullable()).nullable()));

function packed({ blocks }: Predictions): Packed {
  const text = (a: Int16Array | Float32Array | null) =>
    a === null ? null : Buffer.from(a.buffer, a.byteOffset, a.byteLength).toString("base64");
  return blocks.map(({ cells }) =>
    cells.map((of) =>
      of === null
        ? null
        : (Object.fromEntries(ARRAYS.map((name) => [name, text(of[name])])) as NonNullable<
            Packed[number][number]
          >),
    ),
  );
}

function unpacked(kept: Packed, { classes, cluster, blocks }: PredictionRequest): Predictions {
  const read = (block: PredictionRequest["blocks"][number], b: number): PredictedBlock => ({
    ...block,
    cells: kept[b].map((of, own) => {
      if (of === null) return null;
      const cells = emptyCells(cluster[own].length, block.background >= 0);
      for (const name of ARRAYS) {
        const array = cells[name];
        if (array !== null) new Uint8Array(array.buffer).set(Buffer.from(of[name]!, "base64"));
      }
      return cells;
    }),
  });
  return { classes, cluster, blocks: blocks.map(read) };
}
