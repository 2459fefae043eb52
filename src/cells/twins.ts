import { crc32 } from "node:zlib";
import type { Flag } from "../types.ts";
import { hasOneValue } from "./check-crop.ts";
import { bytesOfCrop, type CropValues } from "./crop-type.ts";

/** Pairs that are named at most. */
const NAMED = 3;

/** Where the crops that were added lie, and what is known of their cells. */
export interface TwinCells {
  /** The values of a crop that was added, until the next call. */
  read(cell: number): CropValues;
  id(cell: number): string;
  /** Class, or what else a crop that is there twice should not have two of. */
  label(cell: number): string;
}

/** Finds crops whose bytes are those of an earlier one: by their CRC-32, and where that is known by the bytes. */
export class Twins {
  readonly #cells: TwinCells;
  /** First crop of each sum, and the others of one sum that differ from it. */
  readonly #first = new Map<number, number | number[]>();
  /** Crops that are there already. */
  count = 0;
  /** Of these, those under another label. */
  relabeled = 0;
  /** The first pairs of ids. */
  readonly pairs: [string, string][] = [];

  constructor(cells: TwinCells) {
    this.#cells = cells;
  }

  /** Crops of one value say nothing of where they come from and are left out. */
  add(cell: number, crop: CropValues): void {
    if (hasOneValue(crop)) return;
    const bytes = bytesOfCrop(crop);
    const first = this.#find(crc32(bytes), cell, bytes);
    if (first === null) return;
    const { id, label } = this.#cells;
    this.count++;
    if (label(first) !== label(cell)) this.relabeled++;
    if (this.pairs.length < NAMED) this.pairs.push([id(first), id(cell)]);
  }

  /** The crops that were added lie in another type now, and so do those that follow. */
  renew(): void {
    const cells = [...this.#first.values()].flat().sort((a, b) => a - b);
    this.#first.clear();
    for (const cell of cells) {
      const bytes = bytesOfCrop(this.#cells.read(cell)).slice();
      this.#find(crc32(bytes), cell, bytes);
    }
  }

  /** The first cell with these bytes; null, and kept as such a one, where there is none. */
  #find(sum: number, cell: number, bytes: Uint8Array): number | null {
    const known = this.#first.get(sum);
    if (known === undefined) {
      this.#first.set(sum, cell);
      return null;
    }
    const others = typeof known === "number" ? [known] : known;
    const same = (other: number) => Buffer.compare(bytesOfCrop(this.#cells.read(other)), bytes) === 0;
    const first = others.find(same);
    if (first !== undefined) return first;
    this.#first.set(sum, [...others, cell]);
    return null;
  }
}

/** What is said of crops that are there several times; null where there are none. `labels` says what the labels are. */
export function repeated(
  { count, relabeled, pairs }: Pick<Twins, "count" | "relabeled" | "pairs">,
  labels: string,
): Flag | null {
  if (count === 0) return null;
  const named = pairs.map(([a, b]) => `${b} is ${a}`).join(", ");
  return {
    id: "same-crop",
    severity: "warning",
    encoder: null,
    text: `${count} ${count === 1 ? "crop has" : "crops have"} exactly the pixels of another (${named}${count > pairs.length ? ", ..." : ""})${relabeled > 0 ? `, ${relabeled} of them under another ${labels}` : ""}: cells that are no cells of their own train and test the same probe; give each crop once`,
  };
}
