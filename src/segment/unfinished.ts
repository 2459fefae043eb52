import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeError } from "../files/atomic.ts";
import { MarkedRows, type MarkedRowsOptions } from "../files/marked-rows.ts";
import { npyHeader } from "../files/npy.ts";
import { stagedPath } from "../files/replace.ts";
import { MEASURES } from "../masks/verdict.ts";

/** Names of unfinished files in a cell store: what they become, and the key of the segmentation. */
const UNFINISHED = /^(?:masks\.npy|quality\.csv)\.(?:filling|sums)-([0-9a-f]{16})$/;

/** Bytes for a verdict. */
const VERDICT = 120;

/** Files of a segmentation that is not finished. */
export interface UnfinishedFiles {
  readonly masks: MarkedRowsOptions;
  readonly judged: MarkedRowsOptions;
}

/** Where a segmentation with this key keeps what it has made, in the store at `path`. */
export function unfinishedFiles(
  path: string,
  key: string,
  shape: { readonly count: number; readonly height: number; readonly width: number },
): UnfinishedFiles {
  const { count: rows, height, width } = shape;
  const names = (name: string) => ({
    path: stagedPath(path, name),
    filling: join(path, `${name}.filling-${key}`),
    sums: join(path, `${name}.sums-${key}`),
  });
  return {
    masks: {
      ...names("masks.npy"),
      header: npyHeader("uint8", [rows, height, width]),
      rows,
      rowBytes: height * width,
    },
    judged: {
      ...names("quality.csv"),
      header: new Uint8Array(),
      rows,
      rowBytes: 8 * MEASURES.length + VERDICT,
    },
  };
}

/** Removes what segmentations with other keys left, or all: whoever calls it holds the lock of the store. */
export function removeUnfinished(path: string, except: string | null): void {
  for (const name of readdirSync(path)) {
    const key = UNFINISHED.exec(name)?.[1];
    try {
      if (key !== undefined && key !== except) rmSync(join(path, name), { force: true });
    } catch (cause) {
      throw writeError(join(path, name), cause);
    }
  }
}

/**
 * Masks and verdicts while a segmentation makes them, cell by cell and from several threads: a segmentation that was
 * killed goes on with those that are whole.
 */
export class UnfinishedMasks {
  readonly #masks: MarkedRows;
  readonly #judged: MarkedRows;
  readonly #row: Uint8Array;
  readonly #measures = new Float64Array(MEASURES.length);

  constructor({ masks, judged }: UnfinishedFiles) {
    this.#masks = new MarkedRows(masks);
    this.#judged = new MarkedRows(judged);
    this.#row = new Uint8Array(judged.rowBytes);
  }

  /** 1 for every cell whose mask and verdict an earlier process made. */
  verify(): Uint8Array {
    const masks = this.#masks.verify();
    return this.#judged.verify().map((made, row) => made & masks[row]);
  }

  write(row: number, mask: Uint8Array, verdict: string, measures: Readonly<Record<string, number>>): void {
    this.#masks.write(row, mask);
    MEASURES.forEach((name, m) => {
      this.#measures[m] = measures[name];
    });
    this.#row.fill(0);
    this.#row.set(new Uint8Array(this.#measures.buffer));
    const text = Buffer.from(verdict);
    if (text.length > VERDICT) throw new RangeError(`the verdict ${verdict} is longer than ${VERDICT} bytes`);
    this.#row.set(text, 8 * MEASURES.length);
    this.#judged.write(row, this.#row);
  }

  /** Verdict of a cell that is made, whose measures are written into `measures`. */
  judgment(row: number, measures: Float64Array): string {
    this.#judged.read(row, this.#row);
    new Uint8Array(this.#measures.buffer).set(this.#row.subarray(0, 8 * MEASURES.length));
    measures.set(this.#measures);
    const text = this.#row.subarray(8 * MEASURES.length);
    return Buffer.from(text.subarray(0, text.indexOf(0))).toString();
  }

  close(): void {
    this.#masks.close();
    this.#judged.close();
  }

  /** Closes the files and gives the masks, all of which are made, their staged name. */
  finish(): void {
    this.#judged.close();
    this.#masks.finish();
  }
}
