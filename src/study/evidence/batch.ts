import { listed } from "../../core/format.ts";
import { BATCH, type Batch, batchNumbers } from "../../evidence/batch.ts";
import type { BatchRequest } from "../../evidence/batch-labels.ts";
import { statedNumber } from "../../evidence/further.ts";
import { transferEstimates } from "../../evidence/transfer.ts";
import type { Cells } from "../../types.ts";
import { type Block, listBlocks } from "../block.ts";
import { keyOf } from "../inference.ts";
import type { Study } from "../schema.ts";
import { metadataColumn } from "../select.ts";
import { predictionRequest, transferPredictions } from "../transfer.ts";
import type { EvidenceKind, EvidenceRequest } from "./further.ts";

const VERSION = 2;

/** Columns that hold batches by their names. */
const COLUMNS = ["Plate", "Batch", "Replicate"];

/** Statements of transfer that stand beside the capture of batches. */
const BESIDE = ["capture-effect/cell-free", "capture-effect/different", "capture-neighbor"];

/** What the surroundings give away of field, batch and class, and what comes of the medium effect with another batch. */
export const batchEvidence: EvidenceKind<Batch> = {
  id: "batch",
  shape: BATCH,
  predicted: true,
  key: (request) => {
    const { study, groups, selection, cells } = request;
    if (groups.count < 2 || !study.settings.includes("original")) return null;
    const column = batchColumn(cells, study);
    const batch = column === null ? null : metadataColumn(cells, column, "batch");
    const place = selection.rows.map((rows) =>
      Array.from(rows, (row) => [
        groups.group[row],
        groups.cluster[row],
        cells.field[row],
        batch?.[row] ?? null,
      ]),
    );
    return keyOf(request, blocksOf(request), selection.rows, ["batch", VERSION, column, place]);
  },
  *draw(request) {
    const { set, groups, cells, study } = request;
    const column = batchColumn(cells, study);
    const asked = batchRequest(request, column);
    const predictions = transferPredictions(request)!;
    const { numbers, ...rest } = yield* batchNumbers(asked, predictions, groups);
    const beside = transferEstimates(predictions, groups);
    return {
      id: "batch",
      encoder: set.name,
      numbers,
      column,
      ...rest,
      beside: beside
        .filter((e) => BESIDE.includes(e.statement))
        .map(({ statement, kind: _, setting: _setting, base: _base, class: _class, ...estimate }) =>
          statedNumber(estimate, { statement, kind: "difference" }),
        ),
      ...batchNotes(asked, column, {
        split: numbers.some((n) => n.statement === "medium-batch"),
        otherBatch: rest.otherBatch,
      }),
    };
  },
  flags: ({ encoder, column, confounded }) =>
    confounded
      ? [
          {
            id: "batch-is-class",
            severity: "note",
            encoder,
            text: `classes and values of ${column} go together (every class is on one, or has its own): what comes with the medium or the neighbors of another class may be its ${column}, and nothing here tells the two apart; image every class on several`,
          },
        ]
      : [],
};

/** The column that holds the batches; null where the cells have none. */
export function batchColumn(
  { metadata }: Pick<Cells, "metadata">,
  { batch, groupBy }: Pick<Study, "batch" | "groupBy">,
) {
  return batch ?? groupBy ?? COLUMNS.find((name) => metadata.columns.has(`Metadata_${name}`)) ?? null;
}

function blocksOf({ study: { settings, backgrounds }, selection: { classes } }: EvidenceRequest): Block[] {
  const wanted = ["original", "self", "cell-free", "different", "background-only"] as const;
  return listBlocks(
    wanted.filter((s) => settings.includes(s)),
    backgrounds ?? classes,
  );
}

function batchRequest(request: EvidenceRequest, column: string | null): BatchRequest {
  const { set, index, selection, groups, cells } = request;
  const { classes, rows } = selection;
  const position = new Int32Array(cells.count).fill(-1);
  for (const list of rows)
    list.forEach((row, i) => {
      position[row] = i;
    });
  const numbered = (values: readonly (string | null)[]) => {
    const ids = new Map<string, number>();
    return rows.map((list) =>
      list.map((row) => {
        const value = values[row];
        if (value === null || value === "") return -1;
        const id = ids.get(value) ?? ids.size;
        ids.set(value, id);
        return id;
      }),
    );
  };
  return {
    ...predictionRequest({ set, index, classes, rows, groups, blocks: blocksOf(request) }),
    field: numbered(cells.field),
    batch: column === null ? null : numbered(metadataColumn(cells, column, "batch")),
    donors: (setting, background, own) => {
      const block = { setting, background: classes[background] };
      if (index.isOwn(block, classes[own])) return null;
      const found = index.rows(block, classes[own], rows[own]);
      return found?.map((row) => position[index.plan.donor[row]]) ?? null;
    },
  };
}

/** What cannot be told apart, and why. */
export function batchNotes(
  { batch, field, classes }: Pick<BatchRequest, "batch" | "field" | "classes">,
  column: string | null,
  { split, otherBatch }: { readonly split: boolean } & Pick<Batch, "otherBatch">,
): Pick<Batch, "confounded" | "notes"> {
  if (batch === null || column === null)
    return {
      confounded: false,
      notes: [
        'The medium effect cannot be split into batch and rest: the cells have no column Plate, Batch or Replicate. Name another as "batch" in the study file.',
      ],
    };
  const notes: string[] = [];
  const known = batch.map((of) => new Set(of.filter((b) => b >= 0)));
  const all = new Set(known.flatMap((of) => [...of]));
  const missing = batch.reduce((n, of) => n + of.filter((b) => b < 0).length, 0);
  if (missing > 0)
    notes.push(
      `${missing} ${missing === 1 ? "cell" : "cells"} without a ${column}: left out of what is said of it.`,
    );
  const shared = [...all].some((b) => known.filter((of) => of.has(b)).length > 1);
  const oneEach = known.every((of) => of.size < 2);
  const confounded = all.size > 1 && (oneEach || !shared);
  const apart = `The medium effect cannot be split into ${column} and rest`;
  if (all.size === 0) notes.push(`${apart}: no cell has a value there.`);
  else if (all.size === 1) notes.push(`${apart}: all cells are of one.`);
  else if (!shared) notes.push(`${apart}: every class has its own, so that a donor's is never the cell's.`);
  else if (oneEach)
    notes.push(`${apart}: every class is on one, so that a donor's class decides whether it is the cell's.`);
  else if (otherBatch === 0)
    notes.push(`${apart}: every donor is of its cell's own, so that no part of it comes with another.`);
  else if (!split)
    notes.push(
      `${apart}: too few cells of a class have donors of their own and of another one on the same background, or the study lacks self or cell-free.`,
    );
  const several = known.flatMap((of, own) => (of.size > 1 ? [own] : []));
  const single = several.filter((own) =>
    [...known[own]].every((b) => new Set(field[own].filter((_, row) => batch[own][row] === b)).size < 2),
  );
  if (all.size > 1 && several.length === 0)
    notes.push(`No class has cells of two values of ${column}, so it cannot be told within a class.`);
  else if (single.length > 0)
    notes.push(
      `In ${listed(
        single.map((own) => classes[own]),
        15,
      )} every ${column} is one field, so that telling the one is telling the other.`,
    );
  return { confounded, notes };
}
