import { join } from "node:path";
import { share } from "../core/share.ts";
import type { Setting } from "../settings.ts";
import { partOf } from "../swap/runs.ts";
import type { Segment } from "../swap/segments.ts";
import type { SwapPlan } from "../types.ts";
import { shortHash } from "./key.ts";
import { type FindOptions, findParts, type Part } from "./part.ts";
import { type Place, PlacedFeatures } from "./placed.ts";

/** Where the features of one piece of the plan lie: in complete parts, or in one that is still to be made. */
export interface Shelf {
  readonly key: string;
  readonly parts: readonly Pick<Part, "base">[];
  /** Of every row of the piece: position in `parts`, -1 where it is still to be made; null: all in part 0. */
  readonly part: Int32Array | null;
  /** Row in that part, or in the one to be made; null: as in the piece. */
  readonly row: Int32Array | null;
  /** The part that holds what is missing, null where nothing is. */
  readonly missing: Missing | null;
}

/** A whole {@link FeatureSet} as plain data. */
export interface SharedSet {
  readonly name: string;
  readonly dimension: number;
  readonly pieces: readonly Segment[];
  readonly shelves: readonly Omit<Shelf, "missing">[];
}

/** A part that is still to be made. */
export interface Missing {
  /** Path without the ending. */
  readonly base: string;
  /** Its rows. */
  readonly count: number;
  /** Cell and donor of every row (rows x 2), made anew at every call: those of a whole plan would take much memory. */
  rows(): Int32Array;
}

/** What is looked up: pieces of a plan, and the key that a setting has. */
export interface LookUp {
  readonly plan: SwapPlan;
  readonly pieces: readonly Segment[];
  readonly keyOf: (setting: Setting) => string;
  readonly dimension: number;
}

/**
 * Looks up what a folder holds of the pieces of a plan: a shelf for each. Rows are known by their cell and donor; parts
 * that are damaged are taken back, so that what is torn of them is made again.
 */
export function findShelves(
  folder: string,
  { plan, pieces, keyOf, dimension }: LookUp,
  options?: FindOptions,
): Shelf[] {
  const shelves: Shelf[] = [];
  for (let first = 0; first < pieces.length; ) {
    const { setting, background } = pieces[first];
    let end = first + 1;
    while (pieces[end]?.setting === setting && pieces[end].background === background) end++;
    const key = keyOf(setting);
    const prefix = `${label(pieces[first])}.${key}-`;
    const parts = findParts(folder, prefix, dimension, options);
    const baseOf = (rows: Int32Array) =>
      join(folder, `${prefix}${shortHash(new Uint8Array(rows.buffer, 0, rows.byteLength))}`);
    shelves.push(...shelvesOf(parts, plan, pieces.slice(first, end), key, baseOf));
    first = end;
  }
  return shelves;
}

/** The shelves of pieces of one segment, by the complete parts that there are of it. */
function shelvesOf(
  parts: readonly Part[],
  plan: SwapPlan,
  pieces: readonly Segment[],
  key: string,
  baseOf: (rows: Int32Array) => string,
): Shelf[] {
  const byBase = new Map(parts.map((part) => [part.base, part]));
  // One memory for the rows of every piece: a large plan has thousands, and what they leave is collected late.
  const scratch = new Int32Array(2 * pieces.reduce((most, { start, end }) => Math.max(most, end - start), 0));
  const whole = pieces.map((piece) => {
    const wanted = pairs(plan, piece, scratch);
    const part = byBase.get(baseOf(wanted));
    if (part === undefined || !equal(part.rows, wanted)) return null;
    byBase.delete(part.base);
    return { base: part.base };
  });
  // Parts that are of no piece: of another plan, or of the rows that such a one lacked.
  const others = [...byBase.values()];
  const places = others.length === 0 ? null : placesIn(others);
  return pieces.map((piece, p) => {
    const own = whole[p];
    if (own !== null) return { key, parts: [own], part: null, row: null, missing: null };
    const wanted = pairs(plan, piece, scratch);
    const none: Shelf = {
      key,
      parts: [],
      part: null,
      row: null,
      missing: { base: baseOf(wanted), count: piece.end - piece.start, rows: () => pairs(plan, piece) },
    };
    if (places === null) return none;
    const count = wanted.length / 2;
    const part = new Int32Array(count);
    const row = new Int32Array(count);
    const lacking: number[] = [];
    for (let i = 0; i < count; i++) {
      const place = places(wanted[2 * i], wanted[2 * i + 1]);
      part[i] = place?.[0] ?? -1;
      row[i] = place?.[1] ?? lacking.length / 2;
      if (place === undefined) lacking.push(wanted[2 * i], wanted[2 * i + 1]);
    }
    if (lacking.length === wanted.length) return none;
    const rows = Int32Array.from(lacking);
    const missing =
      rows.length === 0 ? null : { base: baseOf(rows), count: rows.length / 2, rows: () => rows };
    return { key, parts: others.map(({ base }) => ({ base })), part, row, missing };
  });
}

/** Where every row (cell, donor) of some parts lies. */
function placesIn(
  parts: readonly Part[],
): (cell: number, donor: number) => [part: number, row: number] | undefined {
  const most = parts.reduce((m, { rows }) => rows.reduce((n, v) => Math.max(n, v), m), 0);
  const span = most + 2;
  const places = new Map<number, [part: number, row: number]>();
  parts.forEach(({ rows }, p) => {
    for (let r = 0; r < rows.length / 2; r++) places.set(rows[2 * r] * span + rows[2 * r + 1] + 1, [p, r]);
  });
  return (cell, donor) => (donor > most ? undefined : places.get(cell * span + donor + 1));
}

/** Name of a segment in file names; names that fall together are told apart by what follows them. */
function label({ setting, background }: Segment): string {
  if (background === null) return setting;
  return `${setting}.${background.replace(/[^A-Za-z0-9 _+-]/g, "_").slice(0, 60)}`;
}

/** Cell and donor of every row of a piece, in memory of its own, or at the start of `into`. */
function pairs({ cell, donor }: SwapPlan, { start, end }: Segment, into?: Int32Array): Int32Array {
  const out = into?.subarray(0, 2 * (end - start)) ?? new Int32Array(2 * (end - start));
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
  readonly #pieces: readonly Segment[];
  readonly #shelves: readonly Shelf[];
  readonly #placed: PlacedFeatures;

  constructor(name: string, dimension: number, pieces: readonly Segment[], shelves: readonly Shelf[]) {
    this.name = name;
    this.dimension = dimension;
    this.#pieces = pieces;
    this.#shelves = shelves;
    this.#placed = new PlacedFeatures(dimension);
  }

  /** What another thread makes the same set of, by {@link openShared}; it shares the larger arrays. */
  get shared(): SharedSet {
    const shelves = this.#shelves.map(({ key, parts, part, row }) => ({
      key,
      parts: parts.map(({ base }) => ({ base })),
      part: part && share(part),
      row: row && share(row),
    }));
    return { name: this.name, dimension: this.dimension, pieces: this.#pieces, shelves };
  }

  /** Opens in this thread what {@link shared} gave in another. */
  static openShared({ name, dimension, pieces, shelves }: SharedSet): FeatureSet {
    return new FeatureSet(
      name,
      dimension,
      pieces,
      shelves.map((shelf) => ({ ...shelf, missing: null })),
    );
  }

  /** Part (path without ending) and row in it of a row of the plan. */
  place(row: number): Place {
    const s = partOf(this.#pieces, row);
    const at = row - this.#pieces[s].start;
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
    const keys = new Set<string>();
    const who = new Int32Array(2 * rows.length);
    let [start, end] = [0, 0];
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      who[2 * i] = plan.cell[row];
      who[2 * i + 1] = plan.donor[row];
      if (row >= start && row < end) continue;
      const piece = partOf(this.#pieces, row);
      ({ start, end } = this.#pieces[piece]);
      keys.add(this.#shelves[piece].key);
    }
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
