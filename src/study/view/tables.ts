import type { CellStore } from "../../cells/store.ts";
import type { Groups } from "../../core/groups.ts";
import type { PredictedCells, Predictions } from "../../evidence/predictions.ts";
import { table } from "../../files/table.ts";
import { hasDonor, hasSharedBackground, SETTINGS } from "../../settings.ts";
import { mediumOf } from "../../swap/plan.ts";
import { segmentsOf } from "../../swap/segments.ts";
import { CENTER, type CropSource, NEIGHBOR, type SwapPlan, type Table } from "../../types.ts";
import type { Selection } from "../select.ts";

/** Rows that are written at once. */
const PIECE = 65_536;

/** What the explorer's tables are made of. */
export interface ViewRequest {
  readonly plan: SwapPlan;
  readonly store: CellStore;
  readonly selection: Pick<Selection, "classes" | "classOf" | "rows">;
  readonly groups: Pick<Groups, "group">;
}

/** `view/plan`: composites by numbers (`PLAN_COLUMNS`), in pieces. */
export function* planPieces({ plan }: ViewRequest): Generator<Table> {
  for (const { start, end } of pieces(plan.count))
    yield table({
      cell: plan.cell.slice(start, end),
      setting: Int32Array.from(plan.setting.subarray(start, end)),
      background: Int32Array.from(plan.background.subarray(start, end)),
      donor: plan.donor.slice(start, end),
      medium: Int32Array.from({ length: end - start }, (_, i) => mediumOf(plan, start + i)),
    });
}

/** `view/cells`: every cell of the store (`CELL_COLUMNS`), in pieces. */
export function* cellPieces({ plan, store, selection, groups }: ViewRequest): Generator<Table> {
  const { cells, verdicts } = store;
  const lends = new Int32Array(cells.count);
  for (let row = 0; row < plan.count; row++)
    if (hasDonor(SETTINGS[plan.setting[row]])) lends[plan.donor[row]]++;
  const area = areas(store);
  for (const { start, end } of pieces(cells.count)) {
    const rows = Array.from({ length: end - start }, (_, i) => start + i);
    yield table({
      cell_id: rows.map((r) => cells.id[r]),
      class: rows.map((r) => selection.classes[selection.classOf[r]] ?? null),
      protein: rows.map((r) => cells.protein?.[r] ?? null),
      field: rows.map((r) => cells.field[r]),
      verdict: rows.map((r) => verdicts?.[r] ?? null),
      group: Int32Array.from(rows, (r) => groups.group[r]),
      cell_area: Float32Array.from(rows, (r) => area.center[r]),
      neighbor_area: Float32Array.from(rows, (r) => area.neighbors[r]),
      lends: lends.slice(start, end),
      x: new Float32Array(rows.length).fill(Number.NaN),
      y: new Float32Array(rows.length).fill(Number.NaN),
    });
  }
}

/** Pixels of the center cell and of its neighbors; NaN where the masks do not know. */
function areas(source: CropSource): { center: Float32Array; neighbors: Float32Array } {
  const unknown = () => new Float32Array(source.count).fill(Number.NaN);
  const [center, neighbors] = [unknown(), unknown()];
  if (source.masks === "none") return { center, neighbors };
  const mask = new Uint8Array(source.height * source.width);
  for (let cell = 0; cell < source.count; cell++) {
    source.readMask(cell, mask);
    let [own, other] = [0, 0];
    for (const label of mask) {
      if (label === CENTER) own++;
      else if (label === NEIGHBOR) other++;
    }
    center[cell] = own;
    if (source.masks === "full") neighbors[cell] = other;
  }
  return { center, neighbors };
}

/** `view/ENCODER`: what one encoder makes of every composite (`ENCODER_COLUMNS`), in pieces. */
export function* encoderPieces(
  { plan, store, selection }: ViewRequest,
  predictions: Predictions | null,
): Generator<Table> {
  const position = new Int32Array(store.count).fill(-1);
  for (const rows of selection.rows)
    rows.forEach((row, i) => {
      position[row] = i;
    });
  const blocks = new Map(predictions?.blocks.map((b) => [`${b.setting} ${b.background}`, b]));
  for (const { setting, background, start, end } of segmentsOf(plan)) {
    const from = hasSharedBackground(setting) ? selection.classes.indexOf(background!) : -1;
    const block = blocks.get(`${setting} ${from}`);
    for (let at = start; at < end; at += PIECE) {
      const rows = Array.from({ length: Math.min(PIECE, end - at) }, (_, i) => at + i);
      const found = rows.map((row) => {
        const own = selection.classOf[plan.cell[row]];
        const i = position[plan.cell[row]];
        const of = own < 0 || i < 0 ? null : (block?.cells[own] ?? null);
        return of === null ? null : { of, i };
      });
      const numbers = (name: Exclude<keyof PredictedCells, "predicted">) =>
        Float32Array.from(found, (f) => (f === null ? Number.NaN : (f.of[name]?.[f.i] ?? Number.NaN)));
      yield table({
        prediction: Int32Array.from(found, (f) => (f === null ? -1 : f.of.predicted[f.i])),
        probability: numbers("probability"),
        own: numbers("own"),
        lent: numbers("lent"),
        margin: numbers("margin"),
        map_x: new Float32Array(rows.length).fill(Number.NaN),
        map_y: new Float32Array(rows.length).fill(Number.NaN),
      });
    }
  }
}

function pieces(count: number): { start: number; end: number }[] {
  return Array.from({ length: Math.max(1, Math.ceil(count / PIECE)) }, (_, i) => ({
    start: i * PIECE,
    end: Math.min(count, (i + 1) * PIECE),
  }));
}
