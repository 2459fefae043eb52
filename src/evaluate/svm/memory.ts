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

/** Rows that the rank update packs at a time (BLOCK in assembly/rank-update.ts), and features that `inner` does (DEEP). */
const BLOCK = 256;
const DEEP = 256;

/**
 * What the memory has room for beside the matrix and vectors: systems of the size of the features, systems of the size
 * of the rows, or none.
 */
export type Systems = "features" | "rows" | "none";

/** Rows are few up to this share of the columns: a system of their own size then stands for that of the features. */
const FEW = 0.5;

/** Columns in memory of `dimension` features: a multiple of 8. */
export function paddedColumns(dimension: number): number {
  return Math.ceil(dimension / 8) * 8;
}

/** Rows that count as few for so many columns. */
export function fewRows(columns: number): number {
  return FEW * columns;
}

/** Bytes of the memory for `rows` rows of `dimension` numbers. */
export function memoryBytes(rows: number, dimension: number, systems: Systems): number {
  const sizes = Object.values(roomSizes(rows, paddedColumns(dimension), systems));
  return sizes.reduce((sum, size) => sum + aligned(size), 0);
}

/** Bytes that one memory, and so one pair, has at most: 4 GiB, less a page and the code's own. */
export const MOST_PAIR_BYTES = 2 ** 32 - 2 ** 20;

/** Room that systems of the size of the rows may take where those of the features' size would do as well. */
const MOST_ROWS_BYTES = 2 ** 28;

/** The systems that a pair may be solved by, the first ones first. */
export function pairSystems(rows: number, dimension: number): Systems[] {
  const bytes = (systems: Systems) => memoryBytes(rows, dimension, systems);
  const features: Systems[] = bytes("features") <= MOST_PAIR_BYTES ? ["features"] : [];
  const most = features.length > 0 ? Math.max(MOST_ROWS_BYTES, 2 * bytes("features")) : MOST_PAIR_BYTES;
  return bytes("rows") <= Math.min(most, MOST_PAIR_BYTES) ? ["rows", ...features] : features;
}

/** Matrices beside a memory for systems of the features' size: the scatters of five folds, their sum, and that less one. */
const SCATTERS = 7;

/**
 * Bytes that a worker takes for one pair of classes, beside the features that all workers share: a copy of the pair's
 * rows and systems of the size of the rows, and as much again of the size of the features where those are fewer, as
 * classes that overlap may need them, with the scatters that five folds share. More than {@link MOST_PAIR_BYTES} where
 * the pair cannot be solved ({@link pairSystems} are none then).
 *
 * @param rows of both classes together
 * @param dimension features per row
 */
export function pairBytes(rows: number, dimension: number): number {
  const systems = pairSystems(rows, dimension);
  if (systems.length === 0)
    return Math.min(memoryBytes(rows, dimension, "rows"), memoryBytes(rows, dimension, "features"));
  const needed = systems.filter((s) => s === "rows" || dimension < rows || !systems.includes("rows"));
  const scatters = needed.includes("features") ? 4 * SCATTERS * paddedColumns(dimension) ** 2 : 0;
  return needed.reduce((sum, s) => sum + memoryBytes(rows, dimension, s), scatters);
}

/** Memory for `rows` rows of `dimension` numbers. */
export function makeMemory(rows: number, dimension: number, systems: Systems): Memory {
  const sizes = roomSizes(rows, paddedColumns(dimension), systems);
  const { code, buffer, start } = instantiate(memoryBytes(rows, dimension, systems));
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
  return {
    code,
    stride: stepStride(rows),
    ...(Object.fromEntries(rooms) as Record<keyof typeof sizes, Room>),
  };
}

/** Bytes from one vector of a step to the next. */
function stepStride(rows: number): number {
  return Math.ceil((rows + 8) / 8) * 64 + 64;
}

/** Numbers in each room, and bytes of each. */
function roomSizes(rows: number, columns: number, systems: Systems) {
  const length = Math.max(rows, columns) + 8;
  const width = systems === "features" ? Math.ceil(fewRows(columns) / 8) * 8 : 0;
  const side = systems === "rows" ? Math.ceil(rows / 8) * 8 : 0;
  const square = systems === "features" ? columns : side;
  return {
    // A row of zeros behind the last stands in where rows are taken four at a time.
    x: [(rows + 1) * columns, 4],
    list: [length, 4],
    long: [length, 8],
    short: [columns, 8],
    h: [square * square, 8],
    pack: systems === "features" ? [BLOCK * columns, 8] : [DEEP * side, 4],
    turned: [columns * width, 4],
    gram: systems === "features" ? [width * width, 8] : [side * side, 4],
    roots: [Math.max(width, side), 8],
    step: [systems === "none" ? 0 : (STEP_VECTORS * stepStride(rows)) / 8, 8],
  } satisfies Record<string, [number, number]>;
}

function aligned([n, bytes]: readonly number[]): number {
  return Math.ceil((n * bytes) / 64) * 64;
}
