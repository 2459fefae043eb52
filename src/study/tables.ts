import { relative, sep } from "node:path";
import type { Groups } from "../core/groups.ts";
import type { Estimate } from "../evidence/estimate.ts";
import type { PredictedCells, Predictions } from "../evidence/predictions.ts";
import type { FeatureSet } from "../features/features.ts";
import { table } from "../files/table.ts";
import { hasSharedBackground } from "../settings.ts";
import { segmentsOf } from "../swap/segments.ts";
import type { Cells, Column, PairScore, SwapPlan, Table } from "../types.ts";
import type { Selection } from "./select.ts";

/** One number of one encoder. */
export interface EffectRow extends Estimate {
  readonly encoder: string;
  readonly statement: string;
  /** The one class that it is about; absent or null: mean over classes. */
  readonly class?: string | null;
  /** False discovery rate over the classes. */
  readonly q?: number | null;
}

/** `results/effects`: every number that the study states, with its interval or why it has none. */
export function effectsTable(rows: readonly EffectRow[]): Table {
  const numbers = (of: (row: EffectRow) => number | null | undefined) =>
    Float64Array.from(rows, (row) => of(row) ?? Number.NaN);
  const counts = (of: (row: EffectRow) => number) => Int32Array.from(rows, of);
  return table(
    new Map<string, Column>([
      ["encoder", rows.map((r) => r.encoder)],
      ["statement", rows.map((r) => r.statement)],
      ["class", rows.map((r) => r.class ?? null)],
      ["estimate", numbers((r) => r.estimate)],
      ["low", numbers((r) => r.low)],
      ["high", numbers((r) => r.high)],
      ["level", numbers((r) => r.level)],
      ["se", numbers((r) => r.se)],
      ["df", numbers((r) => r.df)],
      ["p", numbers((r) => r.p)],
      ["q", numbers((r) => r.q)],
      ["n", counts((r) => r.cells)],
      ["clusters", counts((r) => r.clusters)],
      ["unit", rows.map((r) => r.unit)],
      ["groups", counts((r) => r.groups)],
      ["classes", counts((r) => r.classes)],
      ["method", rows.map((r) => r.method)],
      ["why", rows.map((r) => r.refused ?? null)],
      ...(rows.some((r) => r.sampled !== undefined)
        ? ([
            ["pairs", numbers((r) => r.sampled?.pairs)],
            ["pairs_of", numbers((r) => r.sampled?.of)],
            ["pairs_se", numbers((r) => r.sampled?.se)],
          ] as const)
        : []),
    ]),
  );
}

/** The pair scores as a table: one row per encoder, setting, background and pair. */
export function scoreTable(scores: readonly PairScore[]): Table {
  const folds = scores.reduce((most, s) => Math.max(most, s.folds.length), 0);
  const columns = new Map<string, Column>([
    ["encoder", scores.map((s) => s.encoder)],
    ["setting", scores.map((s) => s.setting)],
    ["background", scores.map((s) => s.background)],
    ["class1", scores.map((s) => s.class1)],
    ["class2", scores.map((s) => s.class2)],
    ["accuracy", Float64Array.from(scores, (s) => s.accuracy)],
    ["sd", Float64Array.from(scores, (s) => s.sd)],
  ]);
  for (let k = 0; k < folds; k++)
    columns.set(
      `fold${k + 1}`,
      Float64Array.from(scores, (s) => s.folds[k] ?? Number.NaN),
    );
  columns.set(
    "gap",
    Float64Array.from(scores, (s) => s.gap ?? Number.NaN),
  );
  columns.set(
    "cells",
    Int32Array.from(scores, (s) => s.cells ?? 0),
  );
  return table(columns);
}

/** What the cell table is made of, for all encoders. */
export interface CellTableRequest {
  readonly plan: SwapPlan;
  readonly cells: Pick<Cells, "id" | "count">;
  readonly selection: Pick<Selection, "classes" | "classOf" | "rows">;
  readonly groups: Pick<Groups, "group">;
  /** Folder that the places of features are told from. */
  readonly features: string;
}

/** One output of an encoder; without predictions the columns about them are empty. */
export interface CellTableOutput {
  readonly encoder: string;
  readonly set: Pick<FeatureSet, "place">;
  readonly predictions: Predictions | null;
}

/** Composites that are turned into rows at once. */
const PIECE = 100_000;

/**
 * `results/cells`: one row per encoder and composite of the plan, piece by piece, so that memory does not grow with the
 * study. Columns are described in docs/tables.md.
 */
export function* cellPieces(request: CellTableRequest, outputs: Iterable<CellTableOutput>): Generator<Table> {
  const { plan, cells, selection } = request;
  const position = new Int32Array(cells.count).fill(-1);
  for (const rows of selection.rows)
    rows.forEach((row, i) => {
      position[row] = i;
    });
  for (const output of outputs) {
    const find = lookUp(output.predictions);
    for (const { setting, background, start, end } of segmentsOf(plan)) {
      const from = hasSharedBackground(setting) ? selection.classes.indexOf(background!) : -1;
      const predicted = selection.classes.map((_, own) => find(setting, from, own));
      const original = selection.classes.map((_, own) => find("original", -1, own));
      for (let at = start; at < end; at += PIECE)
        yield piece(
          request,
          output,
          { setting, background, start: at, end: Math.min(end, at + PIECE) },
          { position, predicted, original },
        );
    }
  }
}

/** Predictions of a block and of the original crops by class, and where in them every row of the store stands, or -1. */
interface Found {
  readonly position: Int32Array;
  readonly predicted: readonly (PredictedCells | null)[];
  readonly original: readonly (PredictedCells | null)[];
}

function piece(
  { plan, cells, selection, groups, features }: CellTableRequest,
  { encoder, set }: CellTableOutput,
  { setting, background, start, end }: ReturnType<typeof segmentsOf>[number],
  { position, predicted, original }: Found,
): Table {
  const size = end - start;
  const { classes, classOf } = selection;
  const text = <T>(of: (row: number) => T) => Array.from({ length: size }, (_, i) => of(start + i));
  // Columns, not an object for every row: these would be most of the memory.
  const own = Int32Array.from(plan.cell.subarray(start, end), (cell) => {
    const c = classOf[cell];
    return c < 0 || position[cell] < 0 || predicted[c] === null ? -1 : c;
  });
  const at = (i: number) => position[plan.cell[start + i]];
  const number = (of: (cells: PredictedCells, at: number, own: number) => number) => {
    const out = new Float32Array(size).fill(Number.NaN);
    for (let i = 0; i < size; i++) if (own[i] >= 0) out[i] = of(predicted[own[i]]!, at(i), own[i]);
    return out;
  };
  const rowInFile = new Int32Array(size);
  const files = new Map<string, string>();
  const file = (base: string) => {
    let name = files.get(base);
    if (name === undefined) files.set(base, (name = `${relative(features, base).split(sep).join("/")}.npy`));
    return name;
  };
  const placed = text((row) => {
    const place = set.place(row);
    rowInFile[row - start] = place.row;
    return file(place.base);
  });
  return table(
    new Map<string, Column>([
      ["encoder", text(() => encoder)],
      ["Metadata_Cell", text((row) => cells.id[plan.cell[row]])],
      ["Metadata_Class", text((row) => classes[classOf[plan.cell[row]]] ?? null)],
      ["setting", text(() => setting)],
      ["background", text(() => background)],
      ["Metadata_Donor", text((row) => (plan.donor[row] < 0 ? null : cells.id[plan.donor[row]]))],
      ["prediction", Array.from(own, (c, i) => (c < 0 ? null : classes[predicted[c]!.predicted[at(i)]]))],
      ["probability", number((of, i) => of.probability[i])],
      ["probability_own", number((of, i) => of.own[i])],
      ["margin", number((of, i) => of.margin[i])],
      ["correct", number((of, i, c) => (of.predicted[i] === c ? 1 : 0))],
      [
        "flipped",
        number((of, i, c) => {
          const before = original[c];
          return before === null ? Number.NaN : of.predicted[i] === before.predicted[i] ? 0 : 1;
        }),
      ],
      ["group", Int32Array.from({ length: size }, (_, i) => groups.group[plan.cell[start + i]])],
      ["features_file", placed],
      ["features_row", rowInFile],
    ]),
  );
}

/** The predictions of (setting, background, class); null where there are none. */
function lookUp(predictions: Predictions | null) {
  const blocks = new Map(predictions?.blocks.map((b) => [`${b.setting} ${b.background}`, b]));
  return (setting: string, background: number, own: number) =>
    blocks.get(`${setting} ${background}`)?.cells[own] ?? null;
}
