import { closeSync, readSync } from "node:fs";
import { openInput, readError } from "../input.ts";

/** A table that is read row by row, a few of its columns at a time; values are text, empty where nothing is known. */
export interface RowSource {
  readonly path: string;
  readonly columns: readonly string[];
  /** A comma is the decimal sign of numbers. */
  readonly comma: boolean;
  /** What `row` counts: lines of a text file, or rows from 1. */
  readonly unit: "line" | "row";
  /** Hands over the values of `names`, in their order, of every row, in the order of the table; the array is used again. */
  each(names: readonly string[], use: (values: readonly string[], row: number) => void): Promise<void>;
}

/** The first bytes of a file, a character each. @throws DataError where it cannot be read */
export function firstBytes(path: string, count: number): string {
  const file = openInput(path);
  try {
    const bytes = Buffer.alloc(count);
    return bytes.toString("latin1", 0, readSync(file, bytes, 0, count, 0));
  } catch (cause) {
    throw readError(path, cause);
  } finally {
    closeSync(file);
  }
}
