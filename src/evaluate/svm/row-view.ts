import type { Kernels } from "./kernels.ts";

export interface Precision {
  /** In float32 throughout, twice as fast; else in float64. */
  readonly single?: boolean;
}

/**
 * Some rows of the kernels' matrix X, in a given order: vectors over them have one number per row, those over features
 * one per column. Vectors that lie in the kernels' memory are used there, others are copied.
 */
export class RowView {
  readonly kernels: Kernels;
  /** Numbers of the rows. */
  readonly list: Int32Array;

  constructor(kernels: Kernels, list: Int32Array) {
    this.kernels = kernels;
    this.list = list;
  }

  get count(): number {
    return this.list.length;
  }

  /** Whether they are few for the features. */
  get few(): boolean {
    return this.count > 0 && this.count <= this.kernels.fewRows;
  }

  /** The rows at the given positions of this view. */
  pick(positions: ArrayLike<number>): RowView {
    const list = new Int32Array(positions.length);
    for (let i = 0; i < list.length; i++) list[i] = this.list[positions[i]];
    return new RowView(this.kernels, list);
  }

  /** out = Xw. */
  scores(w: Float64Array, out: Float64Array, { single = false }: Precision = {}): void {
    const { columns, memory } = this.kernels;
    const { code, x, list, long, short } = memory;
    list.i32.set(this.list);
    copy(w, single ? short.f32 : short.f64, columns);
    const inside = out.buffer === long.f64.buffer;
    const run = single ? code.scores32 : code.scores;
    run(x.at, columns, list.at, this.count, short.at, inside ? out.byteOffset : long.at);
    if (!inside) copy(long.f64, out, this.count);
  }

  /** out = X'c. */
  combine(c: Float64Array, out: Float64Array, { single = false }: Precision = {}): void {
    const { columns, memory } = this.kernels;
    const { code, x, list, long, short } = memory;
    list.i32.set(this.list);
    const inside = !single && c.buffer === long.f64.buffer;
    if (!inside) copy(c, single ? long.f32 : long.f64, this.count);
    short.f64.fill(0);
    const run = single ? code.combine32 : code.combine;
    run(x.at, columns, list.at, this.count, inside ? c.byteOffset : long.at, short.at);
    const found = single ? short.f32 : short.f64;
    if (out !== found) out.set(found);
  }

  /** X'X in float32, upper triangle. */
  scatter(): Float32Array {
    const { columns, memory } = this.kernels;
    const { code, x, list, long, h, pack } = memory;
    list.i32.set(this.list);
    long.f64.fill(1, 0, this.count);
    h.f32.fill(0);
    code.rankUpdate32(x.at, columns, list.at, long.at, this.count, h.at, pack.at);
    return h.f32.slice();
  }

  /** XX' in float64 with zeros up to a multiple of 8, upper triangle; for few rows, until another view's is asked for. */
  gram(): Float64Array {
    const { columns, memory } = this.kernels;
    const { code, x, list, long, pack, turned, gram } = memory;
    if (this.kernels.gramOf === this) return gram.f64;
    const width = Math.ceil(this.count / 8) * 8;
    turned.f32.fill(0, 0, columns * width);
    for (let r = 0; r < this.count; r++)
      for (let j = 0, at = this.list[r] * columns; j < columns; j++)
        turned.f32[j * width + r] = x.f32[at + j];
    for (let j = 0; j < columns; j++) list.i32[j] = j;
    long.f64.fill(1, 0, columns);
    gram.f64.fill(0, 0, width * width);
    code.rankUpdate64(turned.at, width, list.at, long.at, columns, gram.at, pack.at);
    this.kernels.gramOf = this;
    return gram.f64;
  }
}

function copy(from: Float64Array, to: Float64Array | Float32Array, count: number): void {
  for (let i = 0; i < count; i++) to[i] = from[i];
}
