import { table } from "../files/table.ts";
import type { Column, Table } from "../types.ts";
import { kindOf, plateName } from "./cultures.ts";
import type { DatasetField } from "./dataset.ts";
import type { SimulatedCell, SimulatedField } from "./field.ts";

/** A cell of a field as far as the field shows it. */
export interface Seen {
  readonly cell: SimulatedCell;
  /** Mean of its pixels; the middle of the field's first pixel is 0. */
  readonly x: number;
  readonly y: number;
  /** Its pixels in the field. */
  readonly area: number;
}

/** The cells that a field shows a pixel of, by label. */
export function seenCells({
  cells,
  labels,
  size,
}: Pick<SimulatedField, "cells" | "labels" | "size">): Map<number, Seen> {
  const sums = new Float64Array(3 * (cells.length + 1));
  for (let y = 0, p = 0; y < size; y++)
    for (let x = 0; x < size; x++, p++) {
      const at = 3 * labels[p];
      sums[at]++;
      sums[at + 1] += x;
      sums[at + 2] += y;
    }
  const seen = new Map<number, Seen>();
  for (const cell of cells) {
    const [area, x, y] = sums.subarray(3 * cell.label, 3 * cell.label + 3);
    if (area > 0) seen.set(cell.label, { cell, x: x / area, y: y / area, area });
  }
  return seen;
}

/** All cells of the fields of a data set: `field-cells.csv`. */
export class FieldCells {
  readonly #rows: (Seen & Pick<DatasetField, "name" | "plate"> & { readonly id: string | null })[] = [];

  /** Adds the cells of one field. */
  add({ name, plate, cells }: DatasetField, seen: ReadonlyMap<number, Seen>): void {
    const ids = new Map(cells.map(({ cell, id }) => [cell.label, id]));
    for (const [label, cell] of seen) this.#rows.push({ ...cell, name, plate, id: ids.get(label) ?? null });
  }

  table(): Table {
    const rows = this.#rows;
    const text = (of: (row: (typeof rows)[number]) => string | null): Column => rows.map(of);
    const whole = (of: (row: (typeof rows)[number]) => number): Column => Int32Array.from(rows, of);
    const real = (of: (row: (typeof rows)[number]) => number): Column => Float64Array.from(rows, of);
    const columns: [string, Column][] = [
      ["Metadata_Field", text((r) => r.name)],
      ["Metadata_ObjectNumber", whole((r) => r.cell.label)],
      ["Metadata_Cell", text((r) => r.id)],
      ["Metadata_X", real((r) => r.x)],
      ["Metadata_Y", real((r) => r.y)],
      ["Metadata_Protein", text((r) => r.cell.protein.name)],
      ["Metadata_Localization", text((r) => kindOf(r.cell.protein))],
      ["Truth_Area", whole((r) => r.area)],
      ["Truth_Localization", text((r) => r.cell.localization)],
      ["Truth_Visible", whole((r) => Number(r.cell.visible))],
      ["Truth_Amount", real((r) => r.cell.amount)],
      ["Truth_Focused", whole((r) => Number(r.cell.focused))],
    ];
    if (rows.some((r) => r.plate !== null))
      columns.unshift(["Metadata_Plate", text((r) => (r.plate === null ? null : plateName(r.plate)))]);
    return table(new Map(columns));
  }
}
