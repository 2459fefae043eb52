import { KERNELS } from "./kernels.generated.ts";

/** Row-major matrices and vectors are given by their byte offset in the kernels' memory; see assembly/ for each. */
interface Exports {
  rankUpdate32(
    x: number,
    columns: number,
    center: number,
    rows: number,
    scale: number,
    count: number,
    h: number,
    pack: number,
  ): void;
  rankUpdate64(
    x: number,
    columns: number,
    center: number,
    rows: number,
    scale: number,
    count: number,
    h: number,
    pack: number,
  ): void;
  cholesky32(h: number, columns: number, pack: number): number;
  cholesky64(h: number, columns: number, pack: number): number;
  solve32(u: number, columns: number, v: number): void;
  solve64(u: number, columns: number, v: number): void;
  scores(x: number, columns: number, rows: number, count: number, w: number, out: number): void;
  scores32(x: number, columns: number, rows: number, count: number, w: number, out: number): void;
  combine(x: number, columns: number, rows: number, count: number, c: number, out: number): void;
  combine32(x: number, columns: number, rows: number, count: number, c: number, out: number): void;
}

/** An array in the kernels' memory. */
export interface Slot<A> {
  readonly at: number;
  readonly data: A;
}

/** The part of WebAssembly that is used; the library's types for it come with a browser's only. */
const wasm = (
  globalThis as unknown as {
    WebAssembly: {
      Memory: new (size: { initial: number }) => { buffer: ArrayBuffer };
      Module: new (code: Uint8Array) => object;
      Instance: new (module: object, imports: object) => { exports: unknown };
    };
  }
).WebAssembly;

const PAGE = 65536;
/** Rows that the rank update packs at a time (BLOCK in assembly/rank-update.ts). */
const BLOCK = 256;
/** Squared distance of the center from 0, in units of the variance, above which float32 loses the differences. */
const FAR = 1e4;
let compiled: object | undefined;

/**
 * Dense kernels in WebAssembly SIMD with memory of their own, for up to `rows` rows of `dimension` features. One
 * matrix of rows, one list of the rows in use, vectors of both lengths, and one symmetric matrix with its Cholesky
 * factor; methods work on the rows in use, minus the center of all rows. The rows stay as they were given (exact in
 * float32); products take the center off in float64, the matrix H in its own precision.
 */
export class Kernels {
  /** Most rows that fit. */
  readonly rows: number;
  /** Features per row, before padding. */
  readonly dimension: number;
  /** Features per row in memory: a multiple of 8, zeros at the end. */
  readonly columns: number;
  /** rows x columns. */
  readonly x: Slot<Float32Array>;
  readonly #code: Exports;
  readonly #center: Slot<Float32Array>;
  readonly #list: Slot<Int32Array>;
  readonly #part: Slot<Int32Array>;
  readonly #long: Slot<Float64Array>;
  readonly #short: Slot<Float64Array>;
  readonly #h: Slot<Float64Array>;
  readonly #pack: Slot<Float64Array>;
  /** The vectors of both lengths, as float32. */
  readonly #roughRows: Float32Array;
  readonly #rough: Float32Array;
  #count = 0;
  #near = true;
  #single = true;

  constructor(rows: number, dimension: number) {
    this.rows = rows;
    this.dimension = dimension;
    const columns = Math.ceil(dimension / 8) * 8;
    this.columns = columns;
    const bytes = [
      rows * columns * 4,
      columns * 4,
      rows * 4,
      rows * 4,
      rows * 8,
      columns * 8,
      columns * columns * 8,
      BLOCK * columns * 8,
    ].map((n) => Math.ceil(n / 64) * 64);
    const total = bytes.reduce((a, b) => a + b, PAGE);
    const memory = new wasm.Memory({ initial: Math.ceil(total / PAGE) });
    compiled ??= new wasm.Module(Uint8Array.from(atob(KERNELS), (c) => c.charCodeAt(0)));
    this.#code = new wasm.Instance(compiled, { env: { memory } }).exports as Exports;
    let next = PAGE;
    const place = (k: number) => (next += bytes[k]) - bytes[k];
    const floats = (k: number, length: number): Slot<Float64Array> => {
      const at = place(k);
      return { at, data: new Float64Array(memory.buffer, at, length) };
    };
    const integers = (k: number): Slot<Int32Array> => {
      const at = place(k);
      return { at, data: new Int32Array(memory.buffer, at, rows) };
    };
    const at = place(0);
    this.x = { at, data: new Float32Array(memory.buffer, at, rows * columns) };
    const center = place(1);
    this.#center = { at: center, data: new Float32Array(memory.buffer, center, columns) };
    this.#list = integers(2);
    this.#part = integers(3);
    this.#long = floats(4, rows);
    this.#short = floats(5, columns);
    this.#roughRows = new Float32Array(memory.buffer, this.#long.at, rows);
    this.#rough = new Float32Array(memory.buffer, this.#short.at, columns);
    this.#h = floats(6, columns * columns);
    this.#pack = floats(7, BLOCK * columns);
  }

  /** Number of rows in use. */
  get count(): number {
    return this.#count;
  }

  /** Fills the rows from `first` on with `features` (whole rows of `dimension` numbers). */
  load(features: Float32Array, first: number): void {
    const { dimension, columns } = this;
    for (let r = 0, n = features.length / dimension; r < n; r++)
      this.x.data.set(features.subarray(r * dimension, (r + 1) * dimension), (first + r) * columns);
  }

  /** Centers rows 0..count-1 on their mean (in float32) from now on. */
  centerOn(count: number): void {
    const { columns } = this;
    const x = this.x.data;
    const sum = new Float64Array(columns);
    const squares = new Float64Array(columns);
    for (let r = 0; r < count; r++)
      for (let j = 0, at = r * columns; j < columns; j++) {
        const value = x[at + j];
        sum[j] += value;
        squares[j] += value * value;
      }
    let far = 0;
    let spread = 0;
    for (let j = 0; j < columns; j++) {
      const mean = sum[j] / count;
      this.#center.data[j] = mean;
      far += mean * mean;
      spread += squares[j] / count - mean * mean;
    }
    this.#near = far <= FAR * spread;
  }

  /** What rows are centered on, one number per feature. */
  get center(): Float64Array {
    return Float64Array.from(this.#center.data.subarray(0, this.dimension));
  }

  /** Says which rows are used from now on. */
  use(rows: ArrayLike<number>): void {
    this.#list.data.set(rows);
    this.#count = rows.length;
  }

  /** out[r] = row r times w; `roughly`: in float32 throughout, twice as fast, where that loses little. */
  scores(w: Float64Array, out: Float64Array, roughly = false): void {
    const { columns } = this;
    const rough = roughly && this.#near;
    copy(w, rough ? this.#rough : this.#short.data);
    const run = rough ? this.#code.scores32 : this.#code.scores;
    run(this.x.at, columns, this.#list.at, this.#count, this.#short.at, this.#long.at);
    let shift = 0;
    for (let j = 0; j < w.length; j++) shift += w[j] * this.#center.data[j];
    const found = this.#long.data;
    for (let r = 0; r < this.#count; r++) out[r] = found[r] - shift;
  }

  /** out = sum of c[r] times row r; `roughly`: in float32 throughout, twice as fast, where that loses little. */
  combine(c: Float64Array, out: Float64Array, roughly = false): void {
    const { columns } = this;
    const rough = roughly && this.#near;
    copy(c, rough ? this.#roughRows : this.#long.data);
    this.#short.data.fill(0);
    const run = rough ? this.#code.combine32 : this.#code.combine;
    run(this.x.at, columns, this.#list.at, this.#count, this.#long.at, this.#short.at);
    let sum = 0;
    for (let r = 0; r < this.#count; r++) sum += c[r];
    const found = rough ? this.#rough : this.#short.data;
    for (let j = 0; j < out.length; j++) out[j] = found[j] - sum * this.#center.data[j];
  }

  /**
   * Factors H = I + base * scatter + sum of (weight[r] - base) x x' over the rows in use with a weight above `above`.
   *
   * @param single in float32 (twice as fast) or float64
   * @param scatter columns x columns, upper triangle; {@link scatter} of all rows in use stands in for rows left out
   * @returns whether H is positive definite in that precision
   */
  factor(weight: Float64Array, single: boolean, above = 0, base = 0, scatter?: Float32Array): boolean {
    const { columns } = this;
    this.#single = single;
    const h = single ? new Float32Array(this.#h.data.buffer, this.#h.at, columns * columns) : this.#h.data;
    if (scatter !== undefined && base !== 0) for (let i = 0; i < h.length; i++) h[i] = base * scatter[i];
    else h.fill(0);
    for (let j = 0; j < columns; j++) h[j * (columns + 1)] += 1;
    let count = 0;
    const list = this.#list.data;
    for (let r = 0; r < this.#count; r++)
      if (weight[r] > above) {
        this.#part.data[count] = list[r];
        this.#long.data[count++] = Math.sqrt(weight[r] - base);
      }
    const { rankUpdate32, rankUpdate64, cholesky32, cholesky64 } = this.#code;
    const update = single ? rankUpdate32 : rankUpdate64;
    update(
      this.x.at,
      columns,
      this.#center.at,
      this.#part.at,
      this.#long.at,
      count,
      this.#h.at,
      this.#pack.at,
    );
    // A hair on the diagonal keeps rounding from making H indefinite; what it changes is left to refinement.
    const hair = 1 + (single ? 1e-6 : 1e-13);
    for (let j = 0; j < columns; j++) h[j * (columns + 1)] *= hair;
    return (single ? cholesky32 : cholesky64)(this.#h.at, columns, this.#pack.at) === 0;
  }

  /** Sum of x x' over the rows in use (columns x columns, upper triangle). */
  scatter(): Float32Array {
    const { columns } = this;
    const h = new Float32Array(this.#h.data.buffer, this.#h.at, columns * columns).fill(0);
    this.#long.data.fill(1, 0, this.#count);
    this.#code.rankUpdate32(
      this.x.at,
      columns,
      this.#center.at,
      this.#list.at,
      this.#long.at,
      this.#count,
      this.#h.at,
      this.#pack.at,
    );
    return h.slice();
  }

  /** v = H^-1 v with the last factor. */
  solve(v: Float64Array): void {
    this.#short.data.set(v);
    (this.#single ? this.#code.solve32 : this.#code.solve64)(this.#h.at, this.columns, this.#short.at);
    v.set(this.#short.data);
  }
}

/** Faster than `set` where the types differ. */
function copy(from: Float64Array, to: Float64Array | Float32Array): void {
  if (to instanceof Float64Array) to.set(from);
  else for (let i = 0; i < from.length; i++) to[i] = from[i];
}
