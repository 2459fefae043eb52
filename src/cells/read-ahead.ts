/** Waits until there is room for `values` values of an image of `path`, which are then read. */
export type Room = (values: number, path: string) => Promise<void>;

/**
 * Room for the crops that are read ahead: together they hold at most `most` values, besides the one whose turn it is,
 * which never waits.
 */
export class ReadAhead {
  readonly #most: number;
  readonly #held = new Map<number, number>();
  readonly #waiting: {
    readonly cell: number;
    readonly values: number;
    readonly go: () => void;
    readonly stop: (why: Error) => void;
  }[] = [];
  #sum = 0;
  #turn = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** The room of cell `cell`: what it takes is held until {@link release}. */
  of(cell: number): Room {
    return (values) => {
      if (this.#fits(cell, values)) {
        this.#take(cell, values);
        return Promise.resolve();
      }
      return new Promise((go, stop) => void this.#waiting.push({ cell, values, go, stop }));
    };
  }

  /** It is the turn of cell `cell`: everything before it was released. */
  turn(cell: number): void {
    this.#turn = cell;
    this.#wake();
  }

  release(cell: number): void {
    this.#sum -= this.#held.get(cell) ?? 0;
    this.#held.delete(cell);
    this.#wake();
  }

  /** What waits is not read any more. */
  stop(): void {
    for (const { stop } of this.#waiting.splice(0)) stop(new Error("not read: the import has ended"));
  }

  #fits(cell: number, values: number): boolean {
    return cell <= this.#turn || this.#sum + values <= this.#most;
  }

  #take(cell: number, values: number): void {
    this.#sum += values;
    this.#held.set(cell, (this.#held.get(cell) ?? 0) + values);
  }

  #wake(): void {
    for (let i = 0; i < this.#waiting.length; ) {
      const { cell, values, go } = this.#waiting[i];
      if (!this.#fits(cell, values)) {
        i++;
        continue;
      }
      this.#waiting.splice(i, 1);
      this.#take(cell, values);
      go();
    }
  }
}
