import { decodeFloat16 } from "../../core/float16.ts";
import type { PlaneValues } from "../../image/planes.ts";
import type { TiffPage } from "./tiff-page.ts";

/** The values of a block of `rows` rows of `row` values: predictor undone, in the byte order of this machine. */
export function nativeValues(
  raw: Uint8Array,
  page: TiffPage,
  rows: number,
  row: number,
): PlaneValues | BigInt64Array | BigUint64Array {
  const { bits, format, predictor } = page;
  if (bits === 1) return unpackBits(raw, rows, row);
  const size = bits / 8;
  const stride = page.planar === 2 ? 1 : page.samples;
  const place = [raw.buffer, raw.byteOffset, rows * row] as const;
  if (predictor === 3) undoFloatPredictor(raw, rows, row, size, stride);
  else if (!page.little && size > 1) swapBytes(raw, size);
  if (predictor === 2) {
    const words =
      size === 1
        ? raw
        : size === 2
          ? new Uint16Array(...place)
          : size === 4
            ? new Uint32Array(...place)
            : null;
    if (words === null) undoDifferences64(new BigUint64Array(...place), rows, row, stride);
    else
      for (let r = 0; r < rows; r++)
        for (let i = r * row + stride; i < (r + 1) * row; i++) words[i] += words[i - stride];
  }
  if (format === 3)
    return size === 2
      ? floats(new Uint16Array(...place))
      : size === 4
        ? new Float32Array(...place)
        : new Float64Array(...place);
  if (size === 8) return format === 2 ? new BigInt64Array(...place) : new BigUint64Array(...place);
  if (size === 1) return format === 2 ? new Int8Array(...place) : raw;
  if (size === 2) return format === 2 ? new Int16Array(...place) : new Uint16Array(...place);
  return format === 2 ? new Int32Array(...place) : new Uint32Array(...place);
}

/** A value per bit, the highest bit of a byte first; every row starts with a new byte. */
function unpackBits(raw: Uint8Array, rows: number, row: number): Uint8Array {
  const values = new Uint8Array(rows * row);
  const bytes = Math.ceil(row / 8);
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < row; i++) values[r * row + i] = (raw[r * bytes + (i >> 3)] >> (7 - (i & 7))) & 1;
  return values;
}

function undoDifferences64(words: BigUint64Array, rows: number, row: number, stride: number): void {
  for (let r = 0; r < rows; r++)
    for (let i = r * row + stride; i < (r + 1) * row; i++) words[i] += words[i - stride];
}

/** Adobe's floating point predictor: per row, the bytes by significance (highest first), as differences. */
function undoFloatPredictor(raw: Uint8Array, rows: number, row: number, size: number, stride: number): void {
  const line = new Uint8Array(row * size);
  for (let r = 0; r < rows; r++) {
    const start = r * line.length;
    for (let i = start + stride; i < start + line.length; i++) raw[i] += raw[i - stride];
    line.set(raw.subarray(start, start + line.length));
    for (let i = 0; i < row; i++)
      for (let b = 0; b < size; b++) raw[start + i * size + (size - 1 - b)] = line[b * row + i];
  }
}

function swapBytes(raw: Uint8Array, size: number): void {
  for (let at = 0; at < raw.length; at += size) raw.subarray(at, at + size).reverse();
}

function floats(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length);
  decodeFloat16(halves, out);
  return out;
}
