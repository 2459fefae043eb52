import { decodeFloat16 } from "../../core/float16.ts";
import { DataError } from "../../errors.ts";
import type { Planes, PlaneValues } from "../../image/planes.ts";
import { type ByteSource, memoryBytes } from "./bytes.ts";
import { unpackBlock } from "./codecs.ts";
import { tiffPages } from "./tiff-layout.ts";
import { blockBytes, blockCount, type TiffPage } from "./tiff-page.ts";

export { isTiff } from "./tiff-layout.ts";

/**
 * Decodes a TIFF 6.0 or BigTIFF file (either byte order; strips or tiles; none, LZW, deflate, PackBits or Zstandard;
 * predictors 1 to 3; 1-, 8-, 16-, 32-, 64-bit integers and 16-, 32-, 64-bit floats) to planes: pages in file order,
 * each with its samples. Smaller copies of a page are passed over. `Values` is the type that the values are brought to.
 * @throws DataError where it is truncated, damaged, of a kind that is not read, or has pages of different sizes.
 */
export function decodeTiff<Values extends PlaneValues>(
  bytes: Uint8Array,
  path: string,
  Values: new (length: number) => Values,
): Planes<Values> {
  const file = memoryBytes(bytes);
  const pages = tiffPages(file, path).filter((page) => !page.reduced);
  if (pages.length === 0) throw new DataError("holds nothing but previews; export it again", { path });
  const { height, width } = pages[0];
  for (const [i, page] of pages.entries())
    if (page.height !== height || page.width !== width)
      throw new DataError(
        `has pages of different sizes (page 1: ${height} x ${width} px, page ${i + 1}: ${page.height} x ${page.width} px); export the channels at one size`,
        { path },
      );
  const planes = pages.reduce((sum, page) => sum + page.samples, 0);
  const size = height * width;
  const data = new Values(planes * size);
  let plane = 0;
  for (const page of pages) {
    readPage(file, page, path, data.subarray(plane * size, (plane + page.samples) * size));
    plane += page.samples;
  }
  return { planes, height, width, data };
}

/** Reads a page into `out` (samples x height x width). @throws DataError where its pixels are damaged. */
export function readPage(file: ByteSource, page: TiffPage, path: string, out: PlaneValues): void {
  const { width, height, blockWidth, blockHeight } = page;
  const across = Math.ceil(width / blockWidth);
  const perPlane = across * Math.ceil(height / blockHeight);
  const samples = page.planar === 2 ? 1 : page.samples;
  for (let block = 0; block < blockCount(page); block++) {
    const { rows, bytes: size } = blockBytes(page, block);
    const raw = new Uint8Array(size);
    // A block of no bytes is one that was never written: zeros.
    if (page.sizes[block] > 0)
      try {
        unpackBlock(page.compression, file.bytes(page.offsets[block], page.sizes[block]), raw);
      } catch (cause) {
        if (cause instanceof DataError) throw cause;
        throw new DataError(`is damaged (${(cause as Error).message}); copy or export it again`, {
          path,
          cause,
        });
      }
    const values = nativeValues(raw, page, rows, blockWidth * samples);
    const top = Math.floor((block % perPlane) / across) * blockHeight;
    const left = (block % across) * blockWidth;
    const plane = page.planar === 2 ? Math.floor(block / perPlane) : 0;
    const high = Math.min(rows, height - top);
    const wide = Math.min(blockWidth, width - left);
    if (samples === 1 && !isBig(values)) {
      for (let y = 0; y < high; y++)
        out.set(
          values.subarray(y * blockWidth, y * blockWidth + wide),
          (plane * height + top + y) * width + left,
        );
      continue;
    }
    for (let s = 0; s < samples; s++)
      for (let y = 0; y < high; y++) {
        const to = ((plane + s) * height + top + y) * width + left;
        const at = y * blockWidth * samples + s;
        for (let x = 0; x < wide; x++) out[to + x] = Number(values[at + x * samples]);
      }
  }
}

/** The values of a block of `rows` rows of `row` values: predictor undone, in the byte order of this machine. */
function nativeValues(
  raw: Uint8Array,
  page: TiffPage,
  rows: number,
  row: number,
): PlaneValues | BigInt64Array | BigUint64Array {
  const { bits, format, predictor } = page;
  if (bits === 1) return unpackBits(raw, rows, row);
  const size = bits / 8;
  const stride = page.planar === 2 ? 1 : page.samples;
  if (predictor === 3) undoFloatPredictor(raw, rows, row, size, stride);
  else if (!page.little && size > 1) swapBytes(raw, size);
  if (predictor === 2) {
    const words =
      size === 1
        ? raw
        : size === 2
          ? new Uint16Array(raw.buffer)
          : size === 4
            ? new Uint32Array(raw.buffer)
            : null;
    if (words === null) undoDifferences64(new BigUint64Array(raw.buffer), rows, row, stride);
    else
      for (let r = 0; r < rows; r++)
        for (let i = r * row + stride; i < (r + 1) * row; i++) words[i] += words[i - stride];
  }
  if (format === 3)
    return size === 2
      ? floats(new Uint16Array(raw.buffer))
      : size === 4
        ? new Float32Array(raw.buffer)
        : new Float64Array(raw.buffer);
  if (size === 8) return format === 2 ? new BigInt64Array(raw.buffer) : new BigUint64Array(raw.buffer);
  if (size === 1) return format === 2 ? new Int8Array(raw.buffer) : raw;
  if (size === 2) return format === 2 ? new Int16Array(raw.buffer) : new Uint16Array(raw.buffer);
  return format === 2 ? new Int32Array(raw.buffer) : new Uint32Array(raw.buffer);
}

const isBig = (values: PlaneValues | BigInt64Array | BigUint64Array) =>
  values instanceof BigInt64Array || values instanceof BigUint64Array;

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
