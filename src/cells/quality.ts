import { table, writeCsv } from "../files/table.ts";
import type { Column } from "../types.ts";

/** Quality of every cell's mask, in store order. */
export interface Quality {
  /** `ok`, or why the cell is left out, `;` between reasons. */
  readonly verdict: string[];
  /** Further columns (areas in px, ...). */
  readonly measures: ReadonlyMap<string, Column>;
}

/** Writes `quality.csv` (`Quality_Verdict` first) under the name it is given. */
export function writeQuality(file: string, { verdict, measures }: Quality): void {
  writeCsv(file, table(new Map<string, Column>([["Quality_Verdict", verdict], ...measures])));
}
