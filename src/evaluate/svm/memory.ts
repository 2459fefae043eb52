import { type Code, instantiate } from "./code.ts";
import { STEP_VECTORS } from "./step.ts";

/** A part of the memory, seen as numbers of every type. */
export interface Room {
  /** Byte offset. */
  readonly at: number;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** The kernels, and what lies where in the memory they work on. */
export interface Memory {
  readonly code: Code;
  /** The matrix: rows x columns, float32. */
  readonly x: Room;
  /** Numbers of the rows that a kernel is to use. */
  readonly list: Room;
  /** A vector as long as the rows or the columns, whichever are more; and one as long as the columns. */
  readonly long: Room;
  readonly short: Room;
  /** A symmetric matrix, columns x columns, upper triangle, or its factor. */
  readonly h: Room;
  /** Where rank update and Cholesky pack what they read often. */
  readonly pack: Room;
  /** Few rows, as columns, their inner products, and the roots of their weights. */
  readonly turned: Room;
  readonly gram: Room;
  readonly roots: Room;
  /** Vectors of a step, and the bytes from one to the next. */
  readonly step: Room;
  readonly stride: number;
}

/** Rows that the rank update packs at a time (BLOCK in assembly/rank-update.ts). */
const BLOCK = 256;

/** Memory for `rows` rows of `columns` numbers, up to `few` of which can be turned. */
export function makeMemory(rows: number, columns: number, few: number): Memory {
  const length = Math.max(rows, columns) + 8;
  const stride = Math.ceil(length / 8) * 64 + 64;
  const width = Math.ceil(few / 8) * 8;
  /** Numbers in each room, and bytes of each. */
  const sizes = {
    x: [rows * columns, 4],
    list: [length, 4],
    long: [length, 8],
    short: [columns, 8],
    h: [columns * columns, 8],
    pack: [BLOCK * columns, 8],
    turned: [columns * width, 4],
    gram: [width * width, 8],
    roots: [width, 8],
    step: [(STEP_VECTORS * stride) / 8, 8],
  };
  const aligned = ([n, bytes]: number[]) => Math.ceil((n * bytes) / 64) * 64;
  const total = Object.values(sizes).reduce((sum, size) => sum + aligned(size), 0);
  const { code, buffer, start } = instantiate(total);
  let next = start;
  const rooms = Object.entries(sizes).map(([name, [n, bytes]]) => {
    const at = next;
    next += aligned([n, bytes]);
    const room: Room = {
      at,
      i32: new Int32Array(buffer, at, n),
      f32: new Float32Array(buffer, at, n),
      f64: new Float64Array(buffer, at, Math.floor((n * bytes) / 8)),
    };
    return [name, room];
  });
  return { code, stride, ...(Object.fromEntries(rooms) as Record<keyof typeof sizes, Room>) };
}
