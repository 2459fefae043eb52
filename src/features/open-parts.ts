import { partOf } from "../swap/runs.ts";
import type { Segment } from "../swap/segments.ts";
import type { OutputTarget } from "./encoding.ts";
import { FillingPart } from "./part.ts";

/** Parts that are open at most. */
const OPEN = 128;

/** Parts that are being filled; the ones written last are held open. */
export class OpenParts {
  readonly #pieces: readonly Segment[];
  readonly #attempt: string | undefined;
  readonly #open = new Map<string, FillingPart>();

  /**
   * @param pieces those of the plan whose rows are written
   * @param attempt tag of the attempt, as {@link FillingPart} takes it
   */
  constructor(pieces: readonly Segment[], attempt?: string) {
    this.#pieces = pieces;
    this.#attempt = attempt;
  }

  /** Writes the features of rows of the plan where they belong; neighbors in a part are written at once. */
  write({ dimension, shelves }: OutputTarget, rows: Int32Array, features: Float32Array): void {
    const places = Array.from(rows, (row) => {
      const s = partOf(this.#pieces, row);
      const at = row - this.#pieces[s].start;
      const { missing, part, row: inPart } = shelves[s];
      return missing === null || (part !== null && part[at] >= 0)
        ? null
        : { ...missing, row: inPart?.[at] ?? at };
    });
    for (let i = 0; i < places.length; ) {
      const place = places[i];
      let n = 1;
      if (place !== null) {
        while (places[i + n]?.base === place.base && places[i + n]?.row === place.row + n) n++;
        this.#part(place.base, place.count, dimension).write(
          place.row,
          features.subarray(i * dimension, (i + n) * dimension),
        );
      }
      i += n;
    }
  }

  close(): void {
    for (const part of this.#open.values()) part.close();
    this.#open.clear();
  }

  #part(base: string, rows: number, dimension: number): FillingPart {
    let part = this.#open.get(base);
    if (part === undefined) {
      if (this.#open.size >= OPEN) {
        const [oldest, old] = this.#open.entries().next().value!;
        old.close();
        this.#open.delete(oldest);
      }
      part = new FillingPart(base, rows, dimension, this.#attempt);
    } else this.#open.delete(base);
    this.#open.set(base, part);
    return part;
  }
}
