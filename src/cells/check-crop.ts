import { DataError } from "../errors.ts";
import type { CropValues } from "./crop-type.ts";
import type { CellPixels } from "./importer.ts";

/** Bits of the exponent: all of them are set in a number that is not finite. */
const EXPONENT = { single: 0x7f800000, half: 0x7c00 };
const HALF_MINUS_ZERO = 0x8000;

/**
 * Checks that all pixels are finite; returns the channels that have one value everywhere.
 * @param file of a channel, for the message @throws DataError with the first value that is not finite, and its place
 */
export function checkCrop(
  pixels: CellPixels,
  channels: readonly string[],
  file: (channel: number) => string,
): string[] {
  const { crop, width, height, half = false } = pixels;
  const size = height * width;
  if (crop.length !== channels.length * size)
    throw new RangeError(`${crop.length} values for ${channels.length} channels of ${size} px`);
  const at = firstNotFinite(crop, half);
  if (at >= 0) {
    const [c, p] = [Math.floor(at / size), at % size];
    const value = half ? halfName(crop[at]) : crop[at];
    throw new DataError(
      `has the value ${value} in channel ${channels[c]} at row ${Math.floor(p / width)}, column ${p % width}; mend the pixels or take this cell out`,
      { path: file(c) },
    );
  }
  return channels.filter((_, c) => hasOneValue(crop.subarray(c * size, (c + 1) * size), half));
}

/** Whether all values are equal; of half-precision floats the bits are given. */
export function hasOneValue(values: CropValues, half = false): boolean {
  const [first] = values;
  // The middle is of the cell where the margin is empty.
  const middle = values[values.length >> 1];
  if (middle !== first && !(half && ((middle | first) & ~HALF_MINUS_ZERO) === 0)) return false;
  for (let i = 1; i < values.length; i++)
    if (values[i] !== first && !(half && ((values[i] | first) & ~HALF_MINUS_ZERO) === 0)) return false;
  return true;
}

/** Position of the first value that is infinite or NaN; -1 where there is none. */
export function firstNotFinite(values: CropValues, half = false): number {
  if (!half && !(values instanceof Float32Array)) return -1;
  const bits = half
    ? (values as Uint16Array)
    : new Int32Array(values.buffer, values.byteOffset, values.length);
  return firstWithAll(bits, half ? EXPONENT.half : EXPONENT.single);
}

const NO_WORDS = new Int32Array(0);

/** Position of the first number in which all bits of `wanted`, neighbors of each other, are set; -1 for none. */
function firstWithAll(bits: Uint16Array | Int32Array, wanted: number): number {
  // Adding the lowest bit carries beyond the highest exactly where all are set.
  const [lowest, beyond] = [wanted & -wanted, (wanted << 1) & ~wanted];
  let found = 0;
  const pairs = bits instanceof Uint16Array && bits.byteOffset % 4 === 0 ? bits.length >> 1 : 0;
  const words = pairs === 0 ? NO_WORDS : new Int32Array(bits.buffer, bits.byteOffset, pairs);
  const [both, two, out] = [wanted * 65537, lowest * 65537, beyond * 65537];
  for (let i = 0; i < pairs; i++) found |= ((words[i] & both) + two) | 0;
  let any = found & out;
  found = 0;
  for (let i = 2 * pairs; i < bits.length; i++) found |= ((bits[i] & wanted) + lowest) | 0;
  any |= found & beyond;
  return any === 0 ? -1 : bits.findIndex((b) => (b & wanted) === wanted);
}

function halfName(bits: number): string {
  return (bits & 1023) !== 0 ? "NaN" : bits >> 15 === 1 ? "-Infinity" : "Infinity";
}
