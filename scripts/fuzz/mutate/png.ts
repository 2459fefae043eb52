import { crc32, deflateSync, inflateSync } from "node:zlib";
import type { Random } from "../../../src/core/rng.ts";
import type { Mutator } from "../reader.ts";
import { draw, getInteger, otherNumber, pick, putInteger } from "./draw.ts";

interface Chunk {
  type: string;
  data: Buffer;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);

/** The chunks of a PNG; null where it is none or is already broken. */
export function pngChunks(bytes: Buffer): Chunk[] | null {
  if (!bytes.subarray(0, 8).equals(SIGNATURE)) return null;
  const out: Chunk[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (at + 12 + length > bytes.length) return null;
    out.push({
      type: bytes.toString("latin1", at + 4, at + 8),
      data: Buffer.from(bytes.subarray(at + 8, at + 8 + length)),
    });
    at += 12 + length;
  }
  return out.length === 0 ? null : out;
}

/** A PNG of these chunks, with right checksums. */
export function pngOf(chunks: readonly Chunk[]): Buffer {
  const parts: Buffer[] = [SIGNATURE];
  for (const { type, data } of chunks) {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc(body), 4);
    parts.push(frame.subarray(0, 4), body, frame.subarray(4));
  }
  return Buffer.concat(parts);
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c >>> 0;
});

/** CRC-32 as PNG has it; `zlib.crc32` is not in every Node 20. */
function crc(bytes: Uint8Array): number {
  if (typeof crc32 === "function") return crc32(bytes);
  let c = 0xffffffff;
  for (const byte of bytes) c = TABLE[(c ^ byte) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

const onChunks = (name: string, change: (chunks: Chunk[], random: Random) => boolean): Mutator => ({
  name,
  apply: (bytes, random) => {
    const chunks = pngChunks(bytes);
    return chunks !== null && change(chunks, random) ? pngOf(chunks) : null;
  },
});

/** Changes of a PNG's chunks that its checksums do not tell. */
export const PNG: readonly Mutator[] = [
  onChunks("png header", (chunks, random) => {
    const { data } = chunks[0];
    if (data.length < 13) return false;
    const at = pick(random, [0, 4, 8, 9, 10, 11, 12]);
    const width = at < 8 ? 4 : 1;
    putInteger(data, at, width, otherNumber(random, getInteger(data, at, width, false)), false);
    return true;
  }),
  onChunks("png chunk data", (chunks, random) => {
    const { data } = pick(random, chunks);
    if (data.length === 0) return false;
    for (let i = 1 + draw(random, 3); i > 0; i--) data[draw(random, data.length)] = draw(random, 256);
    return true;
  }),
  onChunks("png chunk order", (chunks, random) => {
    const [chunk] = chunks.splice(draw(random, chunks.length), 1);
    if (random() < 0.6) chunks.splice(draw(random, chunks.length + 1), 0, chunk);
    return true;
  }),
  onChunks("png chunk repeated", (chunks, random) => {
    const chunk = pick(random, chunks);
    const times = random() < 0.1 ? 500 : 1 + draw(random, 3);
    chunks.splice(draw(random, chunks.length + 1), 0, ...new Array<Chunk>(times).fill(chunk));
    return true;
  }),
  onChunks("png chunk kind", (chunks, random) => {
    const kinds = [
      "IHDR",
      "IDAT",
      "IEND",
      "PLTE",
      "tRNS",
      "zTXt",
      "iCCP",
      "acTL",
      "sBIT",
      "ABCD",
      "abcd",
      "pHYs",
    ];
    pick(random, chunks).type = pick(random, kinds);
    return true;
  }),
  onChunks("png chunk length", (chunks, random) => {
    const chunk = pick(random, chunks);
    chunk.data =
      random() < 0.5
        ? chunk.data.subarray(0, draw(random, chunk.data.length + 1))
        : Buffer.concat([chunk.data, Buffer.alloc(draw(random, 2000), draw(random, 256))]);
    return true;
  }),
  onChunks("png pixels packed anew", (chunks, random) => {
    const packed = Buffer.concat(chunks.filter((c) => c.type === "IDAT").map((c) => c.data));
    let raw: Buffer;
    try {
      raw = inflateSync(packed, { maxOutputLength: 1 << 20 });
    } catch {
      return false;
    }
    const kind = draw(random, 5);
    if (kind === 0) raw = raw.subarray(0, draw(random, raw.length));
    else if (kind === 1) raw = Buffer.concat([raw, Buffer.alloc(draw(random, 1 << 20))]);
    else if (kind === 2) raw[0] = draw(random, 256);
    else for (let i = 1 + draw(random, 4); i > 0; i--) raw[draw(random, raw.length)] = draw(random, 256);
    const data = deflateSync(raw);
    if (kind === 4 && data.length > 4) data[data.length - 1 - draw(random, 4)] ^= 1 << draw(random, 8);
    const at = chunks.findIndex((c) => c.type === "IDAT");
    const rest = chunks.filter((c) => c.type !== "IDAT");
    rest.splice(at, 0, { type: "IDAT", data });
    chunks.splice(0, chunks.length, ...rest);
    return true;
  }),
];
