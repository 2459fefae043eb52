import type { Kernels } from "./kernels.ts";

/** Solves (I + R K R) v = v in place. */
export type SolveRows = (v: Float64Array) => void;

/** Rows whose products are made together. */
const TOGETHER = 8;

/**
 * Inner products K among the rows of the kernels' matrix that were asked for so far, float32. Each of these rows has a
 * place in K, in the order in which they came.
 */
export class InnerProducts {
  readonly #kernels: Kernels;
  /** Row at each place, and place of each row (-1: none). */
  readonly #rows: number[] = [];
  readonly #places: Int32Array;
  /** Places whose products are there. */
  #done = 0;

  /** @param kernels with room for systems of the size of the rows */
  constructor(kernels: Kernels) {
    this.#kernels = kernels;
    this.#places = new Int32Array(kernels.rows).fill(-1);
  }

  /** Places of the rows; those that have none get one, and their products with all others are made. */
  places(rows: Int32Array): Int32Array {
    for (const row of rows)
      if (this.#places[row] < 0) {
        this.#places[row] = this.#rows.length;
        this.#rows.push(row);
      }
    if (this.#rows.length > this.#done) this.#make();
    return rows.map((row) => this.#places[row]);
  }

  #make(): void {
    const { columns, memory, rows } = this.#kernels;
    const { code, x, list, pack, gram } = memory;
    const count = Math.ceil(this.#rows.length / TOGETHER) * TOGETHER;
    list.i32.set(this.#rows);
    // Rows of zeros fill up the last ones, which are made anew when more come.
    list.i32.fill(rows, this.#rows.length, count);
    const from = Math.floor(this.#done / TOGETHER) * TOGETHER;
    code.inner(x.at, columns, list.at, count, from, gram.at, 4 * this.#stride, pack.at);
    this.#done = this.#rows.length;
  }

  /** v += scale * K[places, row]. */
  add(places: Int32Array, row: number, scale: number, v: Float64Array): void {
    const k = this.#kernels.memory.gram.f32;
    const at = this.#places[row] * this.#stride;
    for (let i = 0; i < places.length; i++) v[i] += scale * k[at + places[i]];
  }

  /**
   * Factors I + R K R over the given places, R being the diagonal matrix of `roots`.
   *
   * @param single in float32 (twice as fast) instead of float64
   * @returns what solves systems with it until the next factor is made; null where it is not positive definite in that
   * precision
   */
  factor(places: Int32Array, roots: Float64Array, single: boolean): SolveRows | null {
    const { code, list, long, h, pack, gram, roots: room } = this.#kernels.memory;
    const n = places.length;
    const width = Math.ceil(n / 8) * 8;
    list.i32.set(places);
    room.f64.set(roots.subarray(0, n));
    const weigh = single ? code.weigh32 : code.weigh64;
    weigh(gram.at, 4 * this.#stride, list.at, n, width, room.at, h.at);
    const cholesky = single ? code.cholesky32 : code.cholesky64;
    if (cholesky(h.at, width, pack.at) !== 0) return null;
    const solve = single ? code.solve32 : code.solve64;
    const found = single ? long.f32 : long.f64;
    return (v) => {
      for (let i = 0; i < n; i++) found[i] = v[i];
      found.fill(0, n, width);
      solve(h.at, width, long.at);
      for (let i = 0; i < n; i++) v[i] = found[i];
    };
  }

  /** Numbers from one row of K to the next. */
  get #stride(): number {
    return Math.ceil(this.#kernels.rows / 8) * 8;
  }
}
