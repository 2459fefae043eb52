import { countText } from "../../core/format.ts";
import { SHARES, type ShareRequest, type Shares, varianceShares } from "../../evidence/shares.ts";
import type { Flag } from "../../types.ts";
import type { Block } from "../block.ts";
import { keyOf } from "../inference.ts";
import type { FittedStudy } from "../schema.ts";
import { metadataColumn, type Selection } from "../select.ts";
import { batchColumn } from "./batch.ts";
import type { EvidenceKind, EvidenceRequest } from "./further.ts";

const VERSION = 6;
/** Pairs of classes over all backgrounds at most, as each is held. */
const MOST_PAIRS = 2 ** 23;
const AS_IMAGED: Block = { setting: "original", background: null };
const PASTED_BACK: Block = { setting: "self", background: null };

/** Says that shares of variance are left out, where classes and backgrounds are too many for them. */
export function tooManyForShares(
  { settings, backgrounds }: Pick<FittedStudy, "settings" | "backgrounds">,
  { classes }: Pick<Selection, "classes">,
): Flag | null {
  if (!settings.includes("different")) return null;
  const lending = (backgrounds ?? classes).length;
  const pairs = (lending * classes.length ** 2) / 2;
  if (pairs <= MOST_PAIRS) return null;
  return {
    id: "without-shares",
    severity: "note",
    encoder: null,
    text: `shares of variance are left out: ${countText(classes.length)} classes on ${countText(lending)} backgrounds make ${countText(pairs)} pairs, and up to ${countText(MOST_PAIRS)} are held; name fewer backgrounds or classes to have them`,
  };
}

/** Who owns the variance of the encoder's features. */
export const shareEvidence: EvidenceKind<Shares> = {
  id: "shares",
  shape: SHARES,
  predicted: false,
  key: (request) => {
    const { study, selection, cells, groups } = request;
    const { classes, rows } = selection;
    const lending = study.backgrounds ?? classes;
    // Of fewer a cell would stand on one foreign background, or a donor serve one class.
    if (!study.settings.includes("different") || classes.length < 3 || lending.length < 2) return null;
    if (tooManyForShares(study, selection) !== null) return null;
    const batch = batchOf(request);
    const who = rows.map((list) =>
      Array.from(list, (row) => [cells.field[row], cells.protein?.[row], groups.cluster[row], batch?.[row]]),
    );
    const blocks = [...blocksOf(request), AS_IMAGED, PASTED_BACK];
    return keyOf(request, blocks, rows, ["shares", VERSION, hasPaste(request), who]);
  },
  *draw(request) {
    const numbers = yield* varianceShares(shareRequest(request), request.groups);
    return { id: "shares", encoder: request.set.name, numbers };
  },
};

function blocksOf({ study, selection }: EvidenceRequest): Block[] {
  return (study.backgrounds ?? selection.classes).map((background) => ({ setting: "different", background }));
}

/** Batch of every row; null where the cells have none. A row without a value is of a batch of its own name. */
function batchOf({ cells, study }: EvidenceRequest): string[] | null {
  const column = batchColumn(cells, study);
  return column === null ? null : metadataColumn(cells, column, "batch").map((name) => name ?? "");
}

function hasPaste({ study }: EvidenceRequest): boolean {
  return study.settings.includes("original") && study.settings.includes("self");
}

function shareRequest(request: EvidenceRequest): ShareRequest {
  const { set, index, cells, groups, selection } = request;
  const { classes, rows } = selection;
  // Block after block, as features lie.
  const parts = blocksOf(request).flatMap((block) =>
    classes.flatMap((name, own) => {
      const found = index.isOwn(block, name) ? null : index.rows(block, name, rows[own]);
      return found === null ? [] : [{ own, lender: classes.indexOf(block.background!), rows: found }];
    }),
  );
  const plan = Int32Array.from(parts.flatMap((p) => Array.from(p.rows)));
  const spread = (of: (p: (typeof parts)[number]) => number) =>
    Int32Array.from(parts.flatMap((p) => Array.from(p.rows, () => of(p))));
  const all = Int32Array.from(rows.flatMap((list) => Array.from(list)));
  const batch = batchOf(request);
  const imaged = rowsOf(request, AS_IMAGED);
  const back = rowsOf(request, PASTED_BACK);
  const read = (of: Int32Array, from: number, count: number, out: Float32Array) =>
    set.read(of.subarray(from, from + count), out);
  return {
    own: spread((p) => p.own),
    background: spread((p) => p.lender),
    cell: plan.map((row) => index.plan.cell[row]),
    donor: plan.map((row) => index.plan.donor[row]),
    classes: classes.length,
    classOf: selection.classOf,
    field: numbered(cells.field),
    cluster: groups.cluster,
    protein: cells.protein === null ? null : numbered(cells.protein),
    batch: batch === null ? null : numbered(batch),
    dimension: set.dimension,
    read: (from, count, out) => read(plan, from, count, out),
    pasted: hasPaste(request)
      ? {
          cell: all,
          read: (setting, from, count, out) => read(setting === "self" ? back : imaged, from, count, out),
        }
      : null,
  };
}

/** Equal names get equal numbers. */
function numbered(names: readonly string[]): Int32Array {
  const ids = new Map<string, number>();
  return Int32Array.from(names, (name) => {
    const known = ids.get(name) ?? ids.size;
    ids.set(name, known);
    return known;
  });
}

function rowsOf({ index, selection }: EvidenceRequest, block: Block): Int32Array {
  return Int32Array.from(
    selection.classes.flatMap((name, own) => Array.from(index.rows(block, name, selection.rows[own]) ?? [])),
  );
}
