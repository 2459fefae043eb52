import { KERNELS } from "./kernels.generated.ts";
import { STEP_VECTORS, type StepExports, StepKernels } from "./step.ts";

/** Row-major matrices and vectors are given by their byte offset in the kernels' memory; see assembly/ for each. */
interface Exports extends StepExports {
  rankUpdate32(
    x: number,
    columns: number,
    rows: number,
    scale: number,
    count: number,
    h: number,
    pack: number,
  ): void;
  rankUpdate64(
    x: number,
    columns: number,
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
/** Rows are few up to this share of the columns: a system of their own size then stands for that of the features. */
const FEW = 0.5;
let compiled: object | undefined;

/**
 * Dense kernels in WebAssembly SIMD with memory of their own, for up to `rows` rows of `dimension` features. One
 * matrix of rows, one list of the rows in use, vectors of both lengths, and one symmetric matrix with its Cholesky
 * factor; methods work on the rows in use.
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
  /** Vectors and arithmetic of an interior-point step. */
  readonly step: StepKernels;
  readonly #code: Exports;
  readonly #list: Slot<Int32Array>;
  readonly #part: Slot<Int32Array>;
  readonly #long: Slot<Float64Array>;
  readonly #short: Slot<Float64Array>;
  readonly #h: Slot<Float64Array>;
  readonly #pack: Slot<Float64Array>;
  /** The vectors of both lengths, as float32. */
  readonly #roughRows: Float32Array;
  readonly #rough: Float32Array;
  /** For few rows: those in use as columns, and their inner products. */
  readonly #turned: Slot<Float32Array>;
  readonly #gram: Slot<Float64Array>;
  /** Roots of the weights of the few rows. */
  readonly #roots: Float64Array;
  readonly #few: Float64Array;
  readonly #correction: Float64Array;
  #count = 0;
  #variance = 0;
  #single = true;
  /** Whether the last factor is that of the few rows. */
  #dual = false;
  /** The few rows whose inner products are kept. */
  #turnedRows = new Int32Array(0);

  constructor(rows: number, dimension: number) {
    this.rows = rows;
    this.dimension = dimension;
    const columns = Math.ceil(dimension / 8) * 8;
    this.columns = columns;
    const length = Math.max(rows, columns) + 8;
    const stride = Math.ceil(length / 8) * 64 + 64;
    const few = Math.ceil((columns * FEW) / 8) * 8;
    const bytes = {
      x: rows * columns * 4,
      list: length * 4,
      part: length * 4,
      long: length * 8,
      short: columns * 8,
      h: columns * columns * 8,
      pack: BLOCK * columns * 8,
      turned: columns * few * 4,
      gram: few * few * 8,
      step: stride * STEP_VECTORS,
    };
    const aligned = (n: number) => Math.ceil(n / 64) * 64;
    const total = Object.values(bytes).reduce((sum, n) => sum + aligned(n), PAGE);
    const memory = new wasm.Memory({ initial: Math.ceil(total / PAGE) });
    compiled ??= new wasm.Module(Uint8Array.from(atob(KERNELS), (c) => c.charCodeAt(0)));
    this.#code = new wasm.Instance(compiled, { env: { memory } }).exports as Exports;
    let next = PAGE;
    const slot = <A>(
      name: keyof typeof bytes,
      Type: { new (b: ArrayBuffer, at: number, n: number): A; BYTES_PER_ELEMENT: number },
    ) => {
      const at = next;
      next += aligned(bytes[name]);
      return { at, data: new Type(memory.buffer, at, bytes[name] / Type.BYTES_PER_ELEMENT) };
    };
    this.x = slot("x", Float32Array);
    this.#list = slot("list", Int32Array);
    this.#part = slot("part", Int32Array);
    this.#long = slot("long", Float64Array);
    this.#short = slot("short", Float64Array);
    this.#h = slot("h", Float64Array);
    this.#pack = slot("pack", Float64Array);
    this.#turned = slot("turned", Float32Array);
    this.#gram = slot("gram", Float64Array);
    const step = slot("step", Float64Array);
    this.step = new StepKernels(this.#code, memory.buffer, step.at, stride);
    this.#roughRows = new Float32Array(memory.buffer, this.#long.at, rows);
    this.#rough = new Float32Array(memory.buffer, this.#short.at, columns);
    this.#roots = new Float64Array(few);
    this.#few = new Float64Array(few);
    this.#correction = new Float64Array(columns);
  }

  /** Number of rows in use. */
  get count(): number {
    return this.#count;
  }

  /** Mean variance of the features over the rows that were centered. */
  get variance(): number {
    return this.#variance;
  }

  /** Whether the rows in use are few for the features, so that {@link factor} is quick. */
  get few(): boolean {
    return this.#count > 0 && this.#count <= FEW * this.columns;
  }

  /** Fills the rows from `first` on with `features` (whole rows of `dimension` numbers). */
  load(features: Float32Array, first: number): void {
    const { dimension, columns } = this;
    this.#turnedRows = new Int32Array(0);
    for (let r = 0, n = features.length / dimension; r < n; r++)
      this.x.data.set(features.subarray(r * dimension, (r + 1) * dimension), (first + r) * columns);
  }

  /**
   * Takes their mean (in float32) off rows 0..count-1 and returns it, one number per feature. Differences are rounded to
   * float32, which is exact far from 0.
   */
  center(count: number): Float64Array {
    const { columns } = this;
    const x = this.x.data;
    const mean = new Float64Array(columns);
    for (let r = 0, at = 0; r < count; r++) for (let j = 0; j < columns; j++, at++) mean[j] += x[at];
    for (let j = 0; j < columns; j++) mean[j] = Math.fround(mean[j] / count);
    let squares = 0;
    for (let r = 0, at = 0; r < count; r++)
      for (let j = 0; j < columns; j++, at++) {
        const off = x[at] - mean[j];
        x[at] = off;
        squares += off * off;
      }
    this.#variance = squares / (count * this.dimension);
    this.#turnedRows = new Int32Array(0);
    return mean.subarray(0, this.dimension);
  }

  /** Says which rows are used from now on. */
  use(rows: ArrayLike<number>): void {
    this.#list.data.set(rows);
    this.#count = rows.length;
  }

  /** out[r] = row r times w; `rough`: in float32 throughout, twice as fast. */
  scores(w: Float64Array, out: Float64Array, rough = false): void {
    const count = this.#count;
    copy(w, rough ? this.#rough : this.#short.data, w.length);
    const run = rough ? this.#code.scores32 : this.#code.scores;
    const inside = out.buffer === this.#long.data.buffer;
    const at = inside ? out.byteOffset : this.#long.at;
    run(this.x.at, this.columns, this.#list.at, count, this.#short.at, at);
    if (!inside) copy(this.#long.data, out, count);
  }

  /** out = sum of c[r] times row r; `rough`: in float32 throughout, twice as fast. */
  combine(c: ArrayLike<number>, out: Float64Array, rough = false): void {
    const count = this.#count;
    const inside = !rough && c instanceof Float64Array && c.buffer === this.#long.data.buffer;
    if (!inside) copy(c, rough ? this.#roughRows : this.#long.data, count);
    this.#short.data.fill(0);
    const run = rough ? this.#code.combine32 : this.#code.combine;
    run(this.x.at, this.columns, this.#list.at, count, inside ? c.byteOffset : this.#long.at, this.#short.at);
    out.set(rough ? this.#rough : this.#short.data);
  }

  /**
   * Factors H = I + base * scatter + sum of (weight[r] - base) x x' over the rows in use with a weight above `above`.
   *
   * @param single in float32 (twice as fast) or float64
   * @param scatter columns x columns, upper triangle; {@link scatter} of all rows in use stands in for rows left out
   * @returns whether H is positive definite in that precision
   */
  factor(
    weight: Float64Array,
    single: boolean,
    above = 0,
    base = 0,
    scatter: Float32Array | null = null,
  ): boolean {
    const { columns } = this;
    this.#dual = this.few && base === 0 && above === 0;
    if (this.#dual) return this.#factorFew(weight);
    this.#single = single;
    const h = single ? new Float32Array(this.#h.data.buffer, this.#h.at, columns * columns) : this.#h.data;
    if (scatter !== null && base !== 0) for (let i = 0; i < h.length; i++) h[i] = base * scatter[i];
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
    update(this.x.at, columns, this.#part.at, this.#long.at, count, this.#h.at, this.#pack.at);
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
      this.#list.at,
      this.#long.at,
      this.#count,
      this.#h.at,
      this.#pack.at,
    );
    return h.slice();
  }

  /**
   * For fewer rows than features: S = I + D^1/2 XX' D^1/2 in float64, which {@link solve} turns into the inverse of H
   * (Woodbury). XX' is kept while the same rows are in use.
   */
  #factorFew(weight: Float64Array): boolean {
    const count = this.#count;
    const width = Math.ceil(count / 8) * 8;
    const gram = this.#gram.data.subarray(0, width * width);
    const list = this.#list.data.subarray(0, count);
    if (this.#turnedRows.length !== count || !list.every((row, r) => row === this.#turnedRows[r])) {
      this.#turn(width);
      this.#turnedRows = list.slice();
    }
    const roots = this.#roots.fill(0);
    for (let r = 0; r < count; r++) roots[r] = Math.sqrt(weight[r]);
    const h = this.#h.data;
    for (let i = 0, at = 0; i < width; i++) {
      at += i;
      const root = roots[i];
      for (let j = i; j < width; j++, at++) h[at] = root * roots[j] * gram[at];
      h[i * (width + 1)] += 1;
    }
    return this.#code.cholesky64(this.#h.at, width, this.#pack.at) === 0;
  }

  /** Inner products of the centered rows in use, `width` x `width`, upper triangle. */
  #turn(width: number): void {
    const { columns } = this;
    const x = this.x.data;
    const turned = this.#turned.data.fill(0, 0, columns * width);
    for (let r = 0; r < this.#count; r++)
      for (let j = 0, at = this.#list.data[r] * columns; j < columns; j++) turned[j * width + r] = x[at + j];
    this.#gram.data.fill(0, 0, width * width);
    for (let j = 0; j < columns; j++) this.#part.data[j] = j;
    this.#long.data.fill(1, 0, columns);
    this.#code.rankUpdate64(
      this.#turned.at,
      width,
      this.#part.at,
      this.#long.at,
      columns,
      this.#gram.at,
      this.#pack.at,
    );
  }

  /** v = H^-1 v = v - X'D^1/2 S^-1 D^1/2 Xv. */
  #solveFew(v: Float64Array): void {
    const count = this.#count;
    const width = Math.ceil(count / 8) * 8;
    const roots = this.#roots;
    const inner = this.#few;
    this.scores(v, inner);
    const system = this.#long.data;
    for (let r = 0; r < width; r++) system[r] = r < count ? roots[r] * inner[r] : 0;
    this.#code.solve64(this.#h.at, width, this.#long.at);
    for (let r = 0; r < count; r++) inner[r] = roots[r] * system[r];
    this.combine(inner, this.#correction);
    for (let j = 0; j < v.length; j++) v[j] -= this.#correction[j];
  }

  /** v = H^-1 v with the last factor. */
  solve(v: Float64Array): void {
    if (this.#dual) this.#solveFew(v);
    else {
      const found = this.#single ? this.#rough : this.#short.data;
      found.set(v);
      (this.#single ? this.#code.solve32 : this.#code.solve64)(this.#h.at, this.columns, this.#short.at);
      v.set(found);
    }
  }
}

function copy(from: ArrayLike<number>, to: Float64Array | Float32Array, count: number): void {
  for (let i = 0; i < count; i++) to[i] = from[i];
}
