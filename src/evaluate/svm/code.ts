import { KERNELS } from "./kernels.generated.ts";

type RankUpdate = (
  x: number,
  columns: number,
  rows: number,
  scale: number,
  count: number,
  h: number,
  pack: number,
) => void;
type Product = (x: number, columns: number, rows: number, count: number, from: number, to: number) => void;

type Weigh = (
  k: number,
  stride: number,
  rows: number,
  count: number,
  width: number,
  roots: number,
  h: number,
) => void;

/**
 * What assembly/ exports: row-major matrices and vectors are given by their byte offset in the memory, the vectors of a
 * step (`base`, `stride`) as assembly/step.ts says.
 */
export interface Code {
  readonly rankUpdate32: RankUpdate;
  readonly rankUpdate64: RankUpdate;
  readonly scores: Product;
  readonly scores32: Product;
  readonly combine: Product;
  readonly combine32: Product;
  cholesky32(h: number, columns: number, pack: number): number;
  cholesky64(h: number, columns: number, pack: number): number;
  solve32(u: number, columns: number, v: number): void;
  solve64(u: number, columns: number, v: number): void;
  inner(
    x: number,
    columns: number,
    rows: number,
    count: number,
    from: number,
    k: number,
    stride: number,
    pack: number,
  ): void;
  readonly weigh32: Weigh;
  readonly weigh64: Weigh;
  measure(base: number, stride: number, n: number, b: number): number;
  products(base: number, stride: number, n: number): number;
  prepare(base: number, stride: number, n: number): number;
  goal(base: number, stride: number, n: number): number;
  direct(base: number, stride: number, n: number, from: number, db: number): number;
  after(base: number, stride: number, n: number, from: number, step: number): number;
  correct(base: number, stride: number, n: number, from: number, target: number): void;
  center(base: number, stride: number, n: number, from: number, step: number, target: number): void;
  move(base: number, stride: number, n: number, from: number, step: number, fall: number): void;
  packRows(
    x: number,
    count: number,
    rows: number,
    d: number,
    center: number,
    scale: number,
    across: number,
    along: number,
  ): void;
  classScores(across: number, rows: number, d: number, w: number, panels: number, p: number): void;
  exponentials(p: number, rows: number, panels: number, top: number, sum: number, room: number): void;
  scaleRows(p: number, rows: number, panels: number, factor: number): void;
  addGradient(along: number, rows: number, features: number, p: number, panels: number, g: number): void;
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
let compiled: object | undefined;

/** The kernels, and the memory of theirs: `bytes` are free from byte `start` on. */
export function instantiate(bytes: number): { code: Code; buffer: ArrayBuffer; start: number } {
  const memory = new wasm.Memory({ initial: Math.ceil((PAGE + bytes) / PAGE) });
  compiled ??= new wasm.Module(Uint8Array.from(atob(KERNELS), (c) => c.charCodeAt(0)));
  const code = new wasm.Instance(compiled, { env: { memory } }).exports as Code;
  return { code, buffer: memory.buffer, start: PAGE };
}
