import { crc32 } from "node:zlib";
import { DataError } from "../../errors.ts";
import { CROP, checkSize, type Planes, type SizeLimits } from "../../image/planes.ts";
import { inflateWithin } from "./codecs.ts";

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
/** Samples of a pixel and the depths that are allowed, by color type (PNG, section 11.2.1). */
const KINDS: Readonly<Record<number, { readonly samples: number; readonly depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};
const PALETTE = 3;
/** Bytes up to the end of the header. */
export const PNG_HEADER = 33;
/** Most bytes of pixels: they are unpacked at once. */
const MOST = 1 << 28;

/** True for the first bytes of a PNG file. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((b, i) => bytes[i] === b);
}

/** The stored samples of a PNG file, those of a pixel side by side (height x width x samples). */
export interface PngSamples {
  readonly samples: number;
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array | Uint16Array;
}

/** Decodes a PNG file to its stored samples (a palette image to its indices), one plane per sample. */
export function decodePng(
  bytes: Buffer,
  path: string,
  limits: SizeLimits = CROP,
): Planes<Uint8Array | Uint16Array> {
  const { samples, height, width, data: stored } = readPng(bytes, path, limits);
  const size = height * width;
  if (samples === 1) return { planes: 1, height, width, data: stored };
  const data =
    stored instanceof Uint8Array ? new Uint8Array(samples * size) : new Uint16Array(samples * size);
  for (let s = 0; s < samples; s++)
    for (let p = 0; p < size; p++) data[s * size + p] = stored[p * samples + s];
  return { planes: samples, height, width, data };
}

/**
 * Reads a PNG file (PNG third edition, not interlaced). Every checksum is checked, and pixels are unpacked no further
 * than the header says.
 * @throws DataError where it is truncated, damaged, too large for `limits` or of a kind that is not read
 */
export function readPng(bytes: Buffer, path: string, limits: SizeLimits = CROP): PngSamples {
  const damaged = (why: string, cause?: unknown) =>
    new DataError(`is truncated or damaged (${why}); export or copy it again`, { path, cause });
  const { samples, height, width, depth, color } = pngHeader(bytes, path, limits);
  const row = Math.ceil((width * samples * depth) / 8);
  const needed = (row + 1) * height;
  if (needed > MOST)
    throw new DataError(
      `has ${needed} bytes of pixels; a PNG is read up to ${MOST}, as it can be unpacked only at once. Save it as a tiled TIFF`,
      { path },
    );
  const packed = pixelChunks(bytes, color === PALETTE, damaged);
  let pixels: Uint8Array;
  try {
    pixels = inflateWithin(packed, needed);
  } catch (cause) {
    throw damaged((cause as Error).message, cause);
  }
  if (pixels.length < needed) throw damaged(`${pixels.length} of ${needed} bytes of pixels`);
  const bad = unfilter(pixels, height, row, Math.max(1, (samples * depth) / 8));
  if (bad >= 0) throw damaged(`row ${bad} has no filter that there is`);
  const flat = pixels.subarray(0, row * height);
  const shape = { samples, height, width };
  if (depth < 8) return { ...shape, data: unpack(flat, depth, width, height) };
  if (depth === 8) return { ...shape, data: flat };
  const pairs = flat.byteOffset % 2 === 0 ? flat : new Uint8Array(flat);
  Buffer.from(pairs.buffer, pairs.byteOffset, pairs.length).swap16();
  return { ...shape, data: new Uint16Array(pairs.buffer, pairs.byteOffset, pairs.length / 2) };
}

/** What the header of a PNG file says. @throws DataError as {@link readPng} */
export function pngHeader(bytes: Buffer, path: string, limits: SizeLimits = CROP) {
  const damaged = (why: string) =>
    new DataError(`is truncated or damaged (${why}); export or copy it again`, { path });
  if (
    bytes.length < PNG_HEADER ||
    bytes.toString("latin1", 12, 16) !== "IHDR" ||
    bytes.readUInt32BE(8) !== 13
  )
    throw damaged("no header");
  const [width, height, depth, color] = [
    bytes.readUInt32BE(16),
    bytes.readUInt32BE(20),
    bytes[24],
    bytes[25],
  ];
  const kind = KINDS[color];
  if (kind === undefined || !kind.depths.includes(depth)) throw damaged(`color type ${color}, ${depth} bits`);
  const { samples } = kind;
  checkSize(samples, height, width, path, limits);
  if (bytes[28] === 1) throw new DataError("is an interlaced PNG; save it without interlacing", { path });
  if (bytes[26] + bytes[27] + bytes[28] !== 0) throw damaged(`methods ${bytes.subarray(26, 29).join(", ")}`);
  return { samples, height, width, depth, color };
}

/** What the IDAT chunks hold, after all chunks were looked at. */
function pixelChunks(bytes: Buffer, palette: boolean, damaged: (why: string) => DataError): Buffer {
  const parts: Buffer[] = [];
  let colors = 0;
  let before = "";
  for (let at = 8; before !== "IEND"; ) {
    if (at + 12 > bytes.length) throw damaged(`it ends at byte ${bytes.length}`);
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (!/^[A-Za-z]{4}$/.test(type)) throw damaged(`no chunk begins at byte ${at}`);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) throw damaged(`it ends at byte ${bytes.length}`);
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end))
      throw damaged(`a checksum does not fit: that of ${type} at byte ${at}`);
    if (type === "IDAT") {
      if (parts.length > 0 && before !== type) throw damaged(`its pixels go on at byte ${at}`);
      parts.push(bytes.subarray(at + 8, end));
    } else if (type === "PLTE") {
      if (colors > 0 || parts.length > 0 || length % 3 !== 0 || length === 0 || length > 768)
        throw damaged(`a palette of ${length} bytes at byte ${at}`);
      colors = length / 3;
    } else if (type === "IHDR" ? at !== 8 : type === "IEND" ? length > 0 : /^[A-Z]/.test(type))
      throw damaged(`a chunk ${type} of ${length} bytes at byte ${at}`);
    before = type;
    at = end + 4;
  }
  if (palette && colors === 0) throw damaged("colors by a palette, and no palette");
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

/**
 * Undoes the filters of rows of `row` bytes (PNG, section 9) in place, and closes the gaps that their numbers leave.
 * @param step bytes from a pixel to the next @returns the first row with an unknown filter, or -1
 */
function unfilter(pixels: Uint8Array, height: number, row: number, step: number): number {
  for (let y = 0; y < height; y++) {
    const from = y * (row + 1) + 1;
    const to = y * row;
    const up = to - row;
    const filter = pixels[from - 1];
    if (filter > 4) return y;
    pixels.copyWithin(to, from, from + row);
    // Of the first row all of what is above is 0: the mean is of one half, and Paeth's choice is what is left.
    if (filter === 1 || (filter === 4 && y === 0))
      for (let i = step; i < row; i++) pixels[to + i] += pixels[to + i - step];
    else if (filter === 2 && y > 0) for (let i = 0; i < row; i++) pixels[to + i] += pixels[up + i];
    else if (filter === 3)
      for (let i = 0; i < row; i++)
        pixels[to + i] += ((i < step ? 0 : pixels[to + i - step]) + (y === 0 ? 0 : pixels[up + i])) >> 1;
    else if (filter === 4) {
      for (let i = 0; i < step; i++) pixels[to + i] += pixels[up + i];
      for (let i = step; i < row; i++)
        pixels[to + i] += paeth(pixels[to + i - step], pixels[up + i], pixels[up + i - step]);
    }
  }
  return -1;
}

function paeth(a: number, b: number, c: number): number {
  const pa = Math.abs(b - c);
  const pb = Math.abs(a - c);
  const pc = Math.abs(a + b - 2 * c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

function unpack(packed: Uint8Array, depth: number, width: number, height: number): Uint8Array {
  const out = new Uint8Array(height * width);
  const row = Math.ceil((width * depth) / 8);
  const mask = (1 << depth) - 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      out[y * width + x] = (packed[y * row + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask;
    }
  return out;
}
