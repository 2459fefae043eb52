import type { CellStore } from "../../cells/store.ts";
import type { Groups } from "../../core/groups.ts";
import { table, writeParquetPieces } from "../../files/table.ts";
import { hasDonor, SETTINGS } from "../../settings.ts";
import { mediumOf } from "../../swap/plan.ts";
import {
  CENTER,
  type Cells,
  type Column,
  type CropSource,
  NEIGHBOR,
  type SwapPlan,
  type Table,
} from "../../types.ts";
import type { Selection } from "../select.ts";

/** Rows that are written at once. */
const PIECE = 65_536;

/** What the explorer's tables are made of. */
export interface ViewRequest {
  readonly plan: SwapPlan;
  readonly store: CellStore;
  readonly selection: Pick<Selection, "classes" | "classOf" | "rows">;
  readonly groups: Pick<Groups, "group" | "cluster">;
}

/** Writes tables of numbers as the explorer reads them fastest: Snappy would save one byte in a hundred. */
export function writeNumbers(path: string, pieces: Iterable<Table>): void {
  writeParquetPieces(path, pieces, { codec: "UNCOMPRESSED" });
}

/** `view/plan`: composites by numbers (`PLAN_COLUMNS`), in pieces. */
export function* planPieces({ plan }: ViewRequest): Generator<Table> {
  for (const { start, end } of pieces(plan.count)) {
    const [setting, background] = [new Int32Array(end - start), new Int32Array(end - start)];
    for (const run of plan.runs) {
      const [from, to] = [Math.max(0, run.start - start), Math.max(0, run.end - start)];
      setting.fill(run.setting, from, to);
      background.fill(run.background, from, to);
    }
    yield table({
      cell: plan.cell.slice(start, end),
      setting,
      background,
      donor: plan.donor.slice(start, end),
      medium: Int32Array.from({ length: end - start }, (_, i) => mediumOf(plan, start + i)),
    });
  }
}

/** `view/cells`: every cell of the store (`CELL_COLUMNS`), in pieces. */
export function* cellPieces({ plan, store, selection, groups }: ViewRequest): Generator<Table> {
  const { cells, verdicts } = store;
  const lends = new Int32Array(cells.count);
  for (const { setting, start, end } of plan.runs)
    for (let row = start; hasDonor(SETTINGS[setting]) && row < end; row++) lends[plan.donor[row]]++;
  const area = areas(store);
  const order = positions(selection.rows, cells.count);
  const [x, y] = ["Metadata_X", "Metadata_Y"].map((name) => numbersOf(cells.metadata.columns.get(name)));
  for (const { start, end } of pieces(cells.count)) {
    const rows = Array.from({ length: end - start }, (_, i) => start + i);
    yield table({
      cell_id: rows.map((r) => cells.id[r]),
      class: rows.map((r) => selection.classes[selection.classOf[r]] ?? null),
      protein: rows.map((r) => cells.protein?.[r] ?? null),
      field: rows.map((r) => cells.field[r]),
      verdict: rows.map((r) => verdicts?.[r] ?? null),
      group: Int32Array.from(rows, (r) => groups.group[r]),
      cluster: Int32Array.from(rows, (r) => groups.cluster[r]),
      order: order.slice(start, end),
      cell_area: Float32Array.from(rows, (r) => area.center[r]),
      neighbor_area: Float32Array.from(rows, (r) => area.neighbors[r]),
      lends: lends.slice(start, end),
      x: Float32Array.from(rows, (r) => x?.[r] ?? Number.NaN),
      y: Float32Array.from(rows, (r) => y?.[r] ?? Number.NaN),
    });
  }
}

/** A metadata column of numbers; null where it is none. */
function numbersOf(column: Column | undefined): ArrayLike<number> | null {
  return ArrayBuffer.isView(column) ? (column as Float64Array) : null;
}

/** Micrometers per pixel, where the metadata say the same of all cells; else null. */
export function micrometersOf({ metadata }: Pick<Cells, "metadata">): number | null {
  const sizes = numbersOf(metadata.columns.get("Metadata_PixelSize"));
  const [size] = sizes === null ? [] : Array.from(sizes);
  return size > 0 && Number.isFinite(size) && Array.from(sizes!).every((s) => s === size) ? size : null;
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

/** Place of every row of the store among the cells of its class; -1 for those of none. */
function positions(rows: readonly Int32Array[], count: number): Int32Array {
  const out = new Int32Array(count).fill(-1);
  for (const list of rows)
    list.forEach((row, i) => {
      out[row] = i;
    });
  return out;
}

/** Rows of a table that are written at once. */
export function pieces(count: number): { start: number; end: number }[] {
  return Array.from({ length: Math.max(1, Math.ceil(count / PIECE)) }, (_, i) => ({
    start: i * PIECE,
    end: Math.min(count, (i + 1) * PIECE),
  }));
}
