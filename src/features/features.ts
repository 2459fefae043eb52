import { join } from "node:path";
import { type Segment, segmentOf } from "../swap/segments.ts";
import type { SwapPlan } from "../types.ts";
import { shortHash } from "./key.ts";
import { type FindOptions, findParts, type Part } from "./part.ts";
import { type Place, PlacedFeatures } from "./placed.ts";

/** Where the features of one segment of the plan lie: in complete parts, or in one that is still to be made. */
export interface Shelf {
  readonly key: string;
  readonly parts: readonly Part[];
  /** Of every row of the segment: position in `parts`, -1 where it is still to be made; null: all in part 0. */
  readonly part: Int32Array | null;
  /** Row in that part, or in the one to be made; null: as in the segment. */
  readonly row: Int32Array | null;
  /** The part that holds what is missing, null where nothing is. */
  readonly missing: { readonly base: string; readonly rows: Int32Array } | null;
}

/**
 * Looks up what a folder holds of one segment. Rows are known by their cell and donor; parts that are damaged are
 * taken back, so that what is torn of them is made again.
 */
export function findShelf(
  folder: string,
  plan: SwapPlan,
  segment: Segment,
  key: string,
  dimension: number,
  options?: FindOptions,
): Shelf {
  const prefix = `${label(segment)}.${key}-`;
  const parts = findParts(folder, prefix, dimension, options);
  const wanted = pairs(plan, segment);
  const count = wanted.length / 2;
  const make = (rows: Int32Array) => ({
    base: join(folder, `${prefix}${shortHash(new Uint8Array(rows.buffer, 0, rows.byteLength))}`),
    rows,
  });
  const whole = parts.find((p) => equal(p.rows, wanted));
  if (whole !== undefined) return { key, parts: [whole], part: null, row: null, missing: null };
  if (parts.length === 0) return { key, parts, part: null, row: null, missing: make(wanted) };
  const span = wanted.reduce((most, v) => Math.max(most, v), 0) + 2;
  const places = new Map<number, [part: number, row: number]>();
  parts.forEach(({ rows }, p) => {
    for (let r = 0; r < rows.length / 2; r++)
      if (rows[2 * r + 1] < span) places.set(rows[2 * r] * span + rows[2 * r + 1] + 1, [p, r]);
  });
  const part = new Int32Array(count);
  const row = new Int32Array(count);
  const lacking: number[] = [];
  for (let i = 0; i < count; i++) {
    const place = places.get(wanted[2 * i] * span + wanted[2 * i + 1] + 1);
    part[i] = place?.[0] ?? -1;
    row[i] = place?.[1] ?? lacking.length / 2;
    if (place === undefined) lacking.push(wanted[2 * i], wanted[2 * i + 1]);
  }
  return { key, parts, part, row, missing: lacking.length === 0 ? null : make(Int32Array.from(lacking)) };
}

/** Name of a segment in file names; names that fall together are told apart by what follows them. */
function label({ setting, background }: Segment): string {
  if (background === null) return setting;
  return `${setting}.${background.replace(/[^A-Za-z0-9 _+-]/g, "_").slice(0, 60)}`;
}

/** Cell and donor of every row of a segment. */
function pairs({ cell, donor }: SwapPlan, { start, end }: Segment): Int32Array {
  const out = new Int32Array(2 * (end - start));
  for (let row = start, at = 0; row < end; row++) {
    out[at++] = cell[row];
    out[at++] = donor[row];
  }
  return out;
}

function equal(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}

/** The features of one output of an encoder for every row of a plan, read from complete parts. */
export class FeatureSet {
  /** Name of encoder and output in results. */
  readonly name: string;
  /** Features per row. */
  readonly dimension: number;
  readonly #segments: readonly Segment[];
  readonly #shelves: readonly Shelf[];
  readonly #placed: PlacedFeatures;

  constructor(name: string, dimension: number, segments: readonly Segment[], shelves: readonly Shelf[]) {
    this.name = name;
    this.dimension = dimension;
    this.#segments = segments;
    this.#shelves = shelves;
    this.#placed = new PlacedFeatures(dimension);
  }

  /** Part (path without ending) and row in it of a row of the plan. */
  place(row: number): Place {
    const s = segmentOf(this.#segments, row);
    const at = row - this.#segments[s].start;
    const { parts, part, row: rows } = this.#shelves[s];
    return { base: parts[part?.[at] ?? 0].base, row: rows?.[at] ?? at };
  }

  /** Parts that features are read from, paths without ending. */
  get bases(): string[] {
    return [...new Set(this.#shelves.flatMap(({ parts }) => parts.map(({ base }) => base)))];
  }

  /** Whether nothing of it is still to be made. */
  get whole(): boolean {
    return this.#shelves.every(({ missing }) => missing === null);
  }

  /** Hash of exactly which features rows of the plan have: their key, cell and donor. */
  key(plan: SwapPlan, rows: Int32Array): string {
    const keys = new Set(Array.from(rows, (row) => this.#shelves[segmentOf(this.#segments, row)].key));
    const who = Int32Array.from({ length: 2 * rows.length }, (_, i) =>
      i % 2 === 0 ? plan.cell[rows[i >> 1]] : plan.donor[rows[i >> 1]],
    );
    return shortHash([[...keys], shortHash(new Uint8Array(who.buffer))]);
  }

  /** Copies the features of rows of the plan into `out` (rows x dimension). Neighbors in a part are read at once. */
  read(rows: ArrayLike<number>, out: Float32Array): void {
    this.#placed.read(rows.length, (i) => this.place(rows[i]), out);
  }

  close(): void {
    this.#placed.close();
  }
}
