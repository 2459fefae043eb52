import type { Column, Table } from "../types.ts";
import { TextStore } from "./text-store.ts";
import type { CellRecord } from "./writer.ts";

/** Rows of a table that are made at once: the groups of rows in which metadata are written, the first a small one. */
const PIECES = { first: 1000, rows: 100_000 };

/** What importers say of the cells, column by column, as compactly as they allow; columns may begin late. */
export class RecordColumns {
  readonly #columns: Map<string, RecordColumn>;
  #rows = 0;

  /** @param leading columns of text that every table has, in their order */
  constructor(leading: readonly string[]) {
    this.#columns = new Map(leading.map((name) => [name, new RecordColumn(true)]));
  }

  add(record: CellRecord): void {
    for (const name in record) {
      let column = this.#columns.get(name);
      if (column === undefined) {
        this.#columns.set(name, (column = new RecordColumn(false)));
        for (let row = 0; row < this.#rows; row++) column.add(null);
      }
      column.add(record[name]);
    }
    this.#rows++;
    for (const column of this.#columns.values()) if (column.rows < this.#rows) column.add(null);
  }

  /** A value as text; null where there is none. */
  text(name: string, row: number): string | null {
    return this.#columns.get(name)?.text(row) ?? null;
  }

  /** All rows as tables of some of them. */
  *tables(): Generator<Table> {
    let from = 0;
    // Without rows there is a table of the columns all the same.
    do {
      const to = Math.min(this.#rows, from + (from === 0 ? PIECES.first : PIECES.rows));
      const columns = new Map<string, Column>();
      for (const [name, column] of this.#columns) columns.set(name, column.values(from, to));
      yield { rows: to - from, columns };
      from = to;
    } while (from < this.#rows);
  }

  /** Columns of text in which a value is missing. */
  get withMissing(): ReadonlySet<string> {
    return new Set([...this.#columns].filter(([, column]) => column.missing).map(([name]) => name));
  }
}

/** One column: numbers as long as nothing else comes, then text. */
class RecordColumn {
  #numbers: Float64Array | null = new Float64Array(16);
  /** 1 where there is a number; a number may be NaN. */
  #there = new Uint8Array(16);
  #numbered = false;
  #text: TextStore | null = null;
  rows = 0;
  missing = false;

  constructor(text: boolean) {
    if (text) this.#toText();
  }

  add(value: string | number | null): void {
    if (value === null) this.missing = true;
    if (this.#numbers !== null && typeof value === "string") this.#toText();
    if (this.#numbers === null) this.#text?.add(value === null ? null : String(value));
    else {
      if (this.rows === this.#numbers.length) {
        const [numbers, there] = [new Float64Array(2 * this.rows), new Uint8Array(2 * this.rows)];
        numbers.set(this.#numbers);
        there.set(this.#there);
        [this.#numbers, this.#there] = [numbers, there];
      }
      this.#numbers[this.rows] = value === null ? Number.NaN : (value as number);
      this.#there[this.rows] = value === null ? 0 : 1;
      this.#numbered ||= value !== null;
    }
    this.rows++;
  }

  text(row: number): string | null {
    if (this.#numbers === null) return this.#text?.at(row) ?? null;
    return this.#there[row] === 1 ? String(this.#numbers[row]) : null;
  }

  values(from: number, to: number): Column {
    // A column of which nothing is known is one of text.
    if (this.#numbers !== null && this.#numbered) return this.#numbers.slice(from, to);
    return Array.from({ length: to - from }, (_, i) => this.#text?.at(from + i) ?? null);
  }

  #toText(): void {
    const text = new TextStore();
    const numbers = this.#numbers as Float64Array;
    for (let row = 0; row < this.rows; row++) text.add(this.#there[row] === 1 ? String(numbers[row]) : null);
    this.#text = text;
    this.#numbers = null;
    this.#there = new Uint8Array(0);
  }
}
