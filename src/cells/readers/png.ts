import { crc32 } from "node:zlib";
import { decode } from "fast-png";
import { DataError } from "../../errors.ts";
import { CROP, checkSize, type Planes, type PlaneValues, type SizeLimits } from "../../image/planes.ts";
import { inflateWithin } from "./codecs.ts";

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** True for the first bytes of a PNG file. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((b, i) => bytes[i] === b);
}

/**
 * Decodes a PNG file to its stored samples (a palette image to its indices), one plane per sample. Only the chunks
 * that carry pixels reach the decoder, and they are unpacked no further than their header says.
 */
export function decodePng<Values extends PlaneValues>(
  bytes: Buffer,
  path: string,
  Values: new (length: number) => Values,
  limits: SizeLimits = CROP,
): Planes<Values> {
  const damaged = (why: string, cause?: unknown) =>
    new DataError(`is truncated or damaged (${why}); export or copy it again`, { path, cause });
  if (bytes.length < 33 || bytes.toString("latin1", 12, 16) !== "IHDR") throw damaged("no header");
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  const depth = bytes[24];
  const color = bytes[25];
  const samples = SAMPLES[color];
  if (samples === undefined || ![1, 2, 4, 8, 16].includes(depth))
    throw damaged(`color type ${color}, ${depth} bits`);
  checkSize(samples, height, width, path, limits);
  if (bytes[28] !== 0) throw new DataError("is an interlaced PNG; save it without interlacing", { path });
  const parts: Buffer[] = [];
  let ended = false;
  for (let at = 8; !ended; ) {
    if (at + 12 > bytes.length) throw damaged(`it ends at byte ${bytes.length}`);
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (at + 12 + length > bytes.length) throw damaged(`it ends at byte ${bytes.length}`);
    if (type === "IDAT") {
      if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== bytes.readUInt32BE(at + 8 + length))
        throw damaged("a checksum does not fit");
      parts.push(bytes.subarray(at + 8, at + 8 + length));
    }
    ended = type === "IEND";
    at += 12 + length;
  }
  const needed = (Math.ceil((width * samples * depth) / 8) + 1) * height;
  let pixels: Uint8Array;
  try {
    pixels = inflateWithin(Buffer.concat(parts), needed);
  } catch (cause) {
    throw damaged((cause as Error).message, cause);
  }
  if (pixels.length < needed) throw damaged(`${pixels.length} of ${needed} bytes of pixels`);
  let stored: ArrayLike<number>;
  try {
    stored = decode(Buffer.concat([...bare(bytes, parts)])).data;
  } catch (cause) {
    throw damaged((cause as Error).message, cause);
  }
  const size = height * width;
  const data = new Values(samples * size);
  if (depth < 8) unpack(stored, depth, width, height, data);
  else
    for (let s = 0; s < samples; s++)
      for (let p = 0; p < size; p++) data[s * size + p] = stored[p * samples + s];
  return { planes: samples, height, width, data };
}

/** The file without what is not pixels: profiles, texts, animation. */
function* bare(bytes: Buffer, parts: readonly Buffer[]): Generator<Buffer> {
  yield bytes.subarray(0, 33);
  for (const part of parts) {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(part.length);
    head.write("IDAT", 4, "latin1");
    yield head;
    yield part;
    yield Buffer.alloc(4);
  }
  yield Buffer.from([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
}

function unpack(
  packed: ArrayLike<number>,
  depth: number,
  width: number,
  height: number,
  out: PlaneValues,
): void {
  const row = Math.ceil((width * depth) / 8);
  const mask = (1 << depth) - 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      out[y * width + x] = (packed[y * row + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask;
    }
}
