import type { Table } from "../../types.ts";

/** Cells that are listed at most; more are only counted. */
const LISTED = 100_000;
/** Cells that a sentence names. */
const NAMED = 3;

interface Entry {
  readonly field: string;
  readonly label: number;
  readonly row: number;
  readonly column: number;
}

/** What is left out, as plain data. */
export interface LeftOutList {
  readonly counts: readonly (readonly [reason: string, cells: number])[];
  readonly entries: readonly (Entry & { readonly reason: string })[];
}

/** Cells of fields that get no crop, or are odd, by reason: counted, and listed in a table. */
export class LeftOut {
  readonly counts = new Map<string, number>();
  readonly #entries: (Entry & { readonly reason: string })[] = [];

  /** Those of several lists, in their order. */
  static join(lists: readonly LeftOutList[]): LeftOut {
    const joined = new LeftOut();
    for (const { counts, entries } of lists) {
      for (const [reason, n] of counts) joined.counts.set(reason, (joined.counts.get(reason) ?? 0) + n);
      joined.#entries.push(...entries.slice(0, LISTED - joined.#entries.length));
    }
    return joined;
  }

  /** All of it as plain data. */
  get list(): LeftOutList {
    return { counts: [...this.counts], entries: this.#entries };
  }

  add(reason: string, cell: Entry): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    if (this.#entries.length < LISTED) this.#entries.push({ reason, ...cell });
  }

  /** `3 cells` and the first ones: FIELD LABEL. */
  say(reason: string): string {
    const count = this.counts.get(reason) ?? 0;
    const first: string[] = [];
    for (const e of this.#entries) {
      if (first.length === NAMED) break;
      if (e.reason === reason) first.push(`${e.field}_${e.label}`);
    }
    return `${count.toLocaleString("en-US")} cell${count === 1 ? "" : "s"} (${first.join(", ")}${count > first.length ? ", ..." : ""})`;
  }

  /** One row per cell: reason, field, label and position. */
  table(): Table {
    const of = <T>(get: (e: Entry & { reason: string }) => T) => this.#entries.map(get);
    return {
      rows: this.#entries.length,
      columns: new Map<string, string[] | Float64Array>([
        ["Reason", of((e) => e.reason)],
        ["Metadata_Field", of((e) => e.field)],
        ["Metadata_ObjectNumber", Float64Array.from(of((e) => e.label))],
        ["Metadata_X", Float64Array.from(of((e) => e.column))],
        ["Metadata_Y", Float64Array.from(of((e) => e.row))],
      ]),
    };
  }
}
