import { DataError } from "../errors.ts";
import type { Labels } from "./metadata/labels.ts";
import type { CellRecord } from "./writer.ts";

/** Where cells come from, for messages. */
export interface IdOrigin {
  /** File or folder that was read. */
  readonly path: string;
  readonly labels: Labels | undefined;
  /** File that a cell is read from. */
  file(cell: number): string;
}

/** Sees to it that every cell has an id of its own, and a protein where labels are joined by it. */
export class CellIds {
  readonly #origin: IdOrigin;
  readonly #cells = new Map<string, number>();

  constructor(origin: IdOrigin) {
    this.#origin = origin;
  }

  /** @throws DataError where an earlier cell has the id, or the cell has no protein */
  add(cell: number, record: CellRecord): void {
    const { path, labels } = this.#origin;
    const id = String(record.Metadata_Cell);
    const twin = this.#cells.get(id);
    if (twin !== undefined)
      throw new DataError(
        `has the cell id ${id}, and so has ${this.#origin.file(twin)}; every cell needs its own`,
        { path: this.#origin.file(cell) },
      );
    this.#cells.set(id, cell);
    if (labels !== undefined && record.Metadata_Protein === null)
      throw new DataError(
        `has no protein for the cell ${id}, and labels are joined by protein; add a column Protein`,
        { path },
      );
  }
}
