import { CROP_BYTES } from "./crop-type.ts";
import type { CellPixels, CellSource } from "./importer.ts";
import { ReadAhead } from "./read-ahead.ts";

/** Cells that are read ahead at most, and bytes of their crops. */
const AHEAD = 16;
const AHEAD_BYTES = 2 ** 25;

/** Some cells of a source one after the other, a few of which are read while earlier ones are still at work. */
export class OrderedReading {
  readonly #source: CellSource;
  readonly #to: number;
  readonly #most: number;
  readonly #known: (cell: number) => CellPixels | null;
  readonly #room = new ReadAhead(AHEAD_BYTES / CROP_BYTES.float32);
  readonly #reading: Promise<CellPixels>[] = [];
  /** First cell that is not yet asked for, and the one that comes next. */
  #begun: number;
  #next: number;
  /** How large crops are is known once the first is there. */
  #ahead = -1;

  /**
   * @param from the first cell @param to the one after the last
   * @param known gives the pixels of cells that need not be read, null for the others
   * @param most cells that are read ahead
   */
  constructor(
    source: CellSource,
    { from = 0, to = source.count, most = AHEAD }: { from?: number; to?: number; most?: number | undefined },
    known: (cell: number) => CellPixels | null = () => null,
  ) {
    this.#source = source;
    this.#begun = from;
    this.#next = from;
    this.#to = to;
    this.#most = most;
    this.#known = known;
  }

  /** The pixels of the next cell. {@link release} gives its room back. */
  async next(): Promise<CellPixels> {
    const cell = this.#next++;
    this.#room.turn(cell);
    this.#upTo(cell + 1);
    const pixels = await (this.#reading.shift() as Promise<CellPixels>);
    if (this.#ahead < 0)
      this.#ahead = Math.min(this.#most, Math.floor(AHEAD_BYTES / (CROP_BYTES.float32 * pixels.crop.length)));
    this.#upTo(cell + 1 + this.#ahead);
    return pixels;
  }

  /** The cell that came last is not held any more. */
  release(): void {
    this.#room.release(this.#next - 1);
  }

  /** Reads no further cell; resolves when what was begun has ended. */
  async stop(): Promise<void> {
    this.#room.stop();
    await Promise.allSettled(this.#reading);
  }

  #upTo(cell: number): void {
    while (this.#begun < Math.min(cell, this.#to)) {
      const next = this.#begun++;
      const known = this.#known(next);
      const promise = known === null ? this.#source.read(next, this.#room.of(next)) : Promise.resolve(known);
      // A later cell may fail before its turn; it is reported when it is awaited.
      promise.catch(() => {});
      this.#reading.push(promise);
    }
  }
}
