import { CENTER, type CropShape, type Flag } from "../types.ts";
import type { CropValues } from "./crop-type.ts";

/** Share of the rim that must hold one value for it to be empty; a neighbor that reaches the rim covers more than the rest. */
const EMPTY = 0.95;
/** Share of crops with an empty rim from which on the crops count as cut out. */
const MOST = 0.9;
/** Rims of fewer pixels say nothing: the cell fills the crop. */
const FEWEST = 8;

/** What says where the rim of a crop is, and of how many channels. */
export type RimShape = Pick<CropShape, "channels" | "height" | "width">;

/**
 * Counts crops whose rim (the outermost pixels that are not of the center cell) holds one value: nothing of the image is left
 * around the cell there, whatever the value and however wide a margin was left.
 */
export class Surroundings {
  readonly #shape: RimShape;
  /** Crops that have a rim. */
  cells = 0;
  /** Of these, those with an empty rim, by channel. */
  readonly empty: number[];

  constructor(shape: RimShape) {
    this.#shape = shape;
    this.empty = shape.channels.map(() => 0);
  }

  /** Looks at a crop as {@link emptyRim} does, and counts it. */
  add(crop: CropValues, mask: Uint8Array | null, half = false): void {
    this.count(emptyRim(this.#shape, crop, mask, half));
  }

  /** Counts a crop by what {@link emptyRim} said of it. */
  count(empty: Uint8Array | null): void {
    if (empty === null) return;
    this.cells++;
    for (let c = 0; c < this.empty.length; c++) this.empty[c] += empty[c];
  }
}

/** Values of a rim and their places, as long as the longest that was looked at. */
let values = new Float32Array(0);
let places = new Int32Array(0);

/**
 * 1 for every channel whose rim holds one value; null where the rim has too few pixels.
 * @param crop channels x height x width @param mask height x width, null where it is not known
 * @param half whether `crop` holds the bits of half-precision floats
 */
export function emptyRim(
  shape: RimShape,
  crop: CropValues,
  mask: Uint8Array | null,
  half = false,
): Uint8Array | null {
  const all = rimOf(shape);
  if (values.length < all.length) {
    values = new Float32Array(all.length);
    places = new Int32Array(all.length);
  }
  let count = 0;
  for (const p of all) if (mask === null || mask[p] !== CENTER) places[count++] = p;
  if (count < FEWEST) return null;
  const pixels = shape.height * shape.width;
  const rim = values.subarray(0, count);
  const empty = new Uint8Array(shape.channels.length);
  for (let c = 0; c < empty.length; c++) {
    for (let i = 0; i < count; i++) rim[i] = crop[c * pixels + places[i]];
    // Zero with a sign and without are one value.
    if (half) for (let i = 0; i < count; i++) if (rim[i] === 0x8000) rim[i] = 0;
    const value = majority(rim);
    let same = 0;
    for (let i = 0; i < count; i++) if (rim[i] === value) same++;
    if (same >= EMPTY * count) empty[c] = 1;
  }
  return empty;
}

/**
 * What a count says of a set of crops: null where they have surroundings; `refuse` where no channel has any, `warning`
 * where some have.
 */
export function cutOut(
  { cells, empty }: Pick<Surroundings, "cells" | "empty">,
  channels: readonly string[],
): Flag | null {
  const bare = channels.filter((_, c) => cells > 0 && empty[c] >= MOST * cells);
  if (bare.length === 0) return null;
  const all = bare.length === channels.length;
  const count = Math.min(...empty.filter((n) => n >= MOST * cells));
  return {
    id: "no-surroundings",
    severity: all ? "refuse" : "warning",
    encoder: null,
    text: `the outermost pixels of ${count} of ${cells} crops hold one value${all ? "" : ` in channel ${bare.join(", ")}`}: what was around the cells was cut away before, so there is no background to swap${all ? "" : " there"}; cut the crops from the images as they are`,
  };
}

const rims = new WeakMap<RimShape, Int32Array>();

/** The outermost pixels of a crop. */
function rimOf(shape: RimShape): Int32Array {
  let rim = rims.get(shape);
  if (rim === undefined) {
    const { height, width } = shape;
    const all = Int32Array.from({ length: height * width }, (_, p) => p);
    rim = all.filter((p) => {
      const [y, x] = [Math.floor(p / width), p % width];
      return y === 0 || x === 0 || y === height - 1 || x === width - 1;
    });
    rims.set(shape, rim);
  }
  return rim;
}

/** The value that more than half of them are, if there is one (Boyer and Moore's vote). */
function majority(values: Float32Array): number {
  let value = Number.NaN;
  let votes = 0;
  for (const v of values) {
    if (votes === 0) value = v;
    votes += v === value ? 1 : -1;
  }
  return value;
}
