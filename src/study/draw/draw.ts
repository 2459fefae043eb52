import type { Cells } from "../../types.ts";
import type { Study } from "../schema.ts";
import { dealtFromFields, listedRows, selectCells } from "../select.ts";

/** The cells of one class in the order in which they stand in for each other, and which of them are drawn. */
interface ClassDraw {
  readonly rows: Int32Array;
  readonly drawn: Uint8Array;
}

/** A cell that was drawn and waits for its mask. */
interface Waiting {
  readonly row: number;
  /** Its class and place there; null where nothing stands in for it. */
  readonly from: { readonly of: ClassDraw; readonly place: number } | null;
}

/**
 * Draws the cells of a study before they have masks: as many of every class as the study takes, evenly spaced, the first
 * ones, or of every field in turn. For a cell whose mask fails the next one of its class stands in, until there are enough
 * or none is left. Cells of proteins with several localizations are all drawn, and so are all that the study lists.
 */
export class Draw {
  #waiting: Waiting[] = [];

  /** @throws StudyError, DataError as {@link selectCells} */
  constructor(cells: Cells, study: Study) {
    if (study.cellList !== undefined) {
      this.#waiting = listedRows(cells, study.cellList).map((row) => ({ row, from: null }));
      return;
    }
    const usable = new Uint8Array(cells.count).fill(1);
    const all = selectCells(
      { ...cells, usable },
      { ...study, cellsPerClass: cells.count, pick: "first" },
      null,
    );
    this.#waiting = Array.from(all.multiple, (row) => ({ row, from: null }));
    const { pick, seed } = study;
    for (const own of all.rows) {
      const rows = pick === "fields" ? dealtFromFields(own, cells, seed) : own;
      const wanted = Math.min(study.cellsPerClass, rows.length);
      const of = { rows, drawn: new Uint8Array(rows.length) };
      for (let k = 0; k < wanted; k++)
        this.#add(of, pick === "even" ? Math.floor((k * rows.length) / wanted) : k);
    }
  }

  #add(of: ClassDraw, place: number): void {
    of.drawn[place] = 1;
    this.#waiting.push({ row: of.rows[place], from: { of, place } });
  }

  /** Rows of the cells that wait for their masks, ascending; none at the end. */
  get rows(): Int32Array {
    return Int32Array.from(this.#waiting, ({ row }) => row).sort();
  }

  /** Takes which of the {@link rows} can be used, and draws others for those that cannot. */
  take(usable: (row: number) => boolean): void {
    const failed = this.#waiting.filter(({ row }) => !usable(row));
    this.#waiting = [];
    for (const { from } of failed) {
      if (from === null) continue;
      const { of, place } = from;
      const count = of.rows.length;
      let next = (place + 1) % count;
      while (next !== place && of.drawn[next] === 1) next = (next + 1) % count;
      if (next !== place) this.#add(of, next);
    }
  }
}
