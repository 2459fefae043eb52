/** Squares of a matrix up to which a place is held for each. */
const MOST_PLACES = 2 ** 18;

/** How often each square of classes x classes was counted, row by row; of many classes only those that were are held. */
export class SquareCounts {
  readonly classes: number;
  readonly #places: Int32Array | undefined;
  readonly #found = new Map<number, number>();

  /** @param most squares up to which a place is held for each */
  constructor(classes: number, most = MOST_PLACES) {
    this.classes = classes;
    if (classes ** 2 <= most) this.#places = new Int32Array(classes ** 2);
  }

  add(row: number, column: number, count = 1): void {
    const i = row * this.classes + column;
    if (this.#places !== undefined) this.#places[i] += count;
    else this.#found.set(i, (this.#found.get(i) ?? 0) + count);
  }

  at(row: number, column: number): number {
    const i = row * this.classes + column;
    return this.#places?.[i] ?? this.#found.get(i) ?? 0;
  }

  /** Calls `visit` with every square that was counted, row by row. */
  each(visit: (row: number, column: number, count: number) => void): void {
    const k = this.classes;
    const see = (i: number, n: number) => visit(Math.floor(i / k), i % k, n);
    if (this.#places !== undefined) this.#places.forEach((n, i) => void (n !== 0 && see(i, n)));
    else for (const i of [...this.#found.keys()].sort((a, b) => a - b)) see(i, this.#found.get(i)!);
  }

  /** Sum of every row. */
  rowSums(): Int32Array {
    const out = new Int32Array(this.classes);
    this.each((row, _, n) => {
      out[row] += n;
    });
    return out;
  }
}
