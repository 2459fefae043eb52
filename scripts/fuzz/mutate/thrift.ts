import type { Random } from "../../../src/core/rng.ts";
import type { Mutator } from "../reader.ts";
import { draw, otherNumber, pick, replace } from "./draw.ts";

/** A piece of a message in Thrift's compact protocol. */
interface Piece {
  readonly kind: "number" | "length" | "list" | "field" | "text";
  readonly at: number;
  readonly size: number;
  readonly value: bigint;
  /** Numbers of the fields that lead to it. */
  readonly path: string;
}

/** All pieces of the struct at `at`, and where it ends. @throws RangeError where it is none */
export function thriftPieces(bytes: Uint8Array, start: number): { pieces: Piece[]; end: number } {
  const pieces: Piece[] = [];
  let at = start;
  const byte = () => {
    if (at >= bytes.length || pieces.length > 20_000) throw new RangeError("no Thrift");
    return bytes[at++];
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const b = byte();
      value |= BigInt(b & 127) << shift;
      if (b < 128) return value;
      if (shift > 63n) throw new RangeError("no Thrift");
    }
  };
  const add = (kind: Piece["kind"], from: number, value: bigint, path: string) =>
    pieces.push({ kind, at: from, size: at - from, value, path });
  const read = (type: number, path: string, depth: number): void => {
    if (depth > 30) throw new RangeError("no Thrift");
    const from = at;
    if (type === 3) {
      byte();
      add("number", from, 0n, path);
    } else if (type >= 4 && type <= 6) {
      const value = varint();
      add("number", from, (value >> 1n) ^ -(value & 1n), path);
    } else if (type === 7) at += 8;
    else if (type === 8) {
      const length = varint();
      add("length", from, length, path);
      const text = at;
      at += Number(length);
      add("text", text, length, path);
    } else if (type === 9 || type === 10) {
      const head = byte();
      const count = head >> 4 === 15 ? Number(varint()) : head >> 4;
      add("list", from, BigInt(count), path);
      for (let i = 0; i < count; i++) read(head & 15, `${path}[]`, depth + 1);
    } else if (type === 12) struct(path, depth + 1);
    else if (type !== 1 && type !== 2) throw new RangeError("no Thrift");
  };
  const struct = (path: string, depth: number): void => {
    let id = 0;
    for (;;) {
      const from = at;
      const head = byte();
      if (head === 0) return;
      if (head >> 4 === 0) id = Number(varint() >> 1n);
      else id += head >> 4;
      add("field", from, BigInt(head), `${path}.${id}`);
      read(head & 15, `${path}.${id}`, depth);
    }
  };
  struct("", 0);
  return { pieces, end: at };
}

export function varintOf(value: bigint): Buffer {
  const out: number[] = [];
  let left = BigInt.asUintN(64, value);
  do {
    out.push(Number(left & 127n) | (left > 127n ? 128 : 0));
    left >>= 7n;
  } while (left > 0n);
  return Buffer.from(out);
}
const zigzag = (value: bigint) => varintOf((value << 1n) ^ (value < 0n ? -1n : 0n));

function changePiece(bytes: Buffer, piece: Piece, random: Random): Buffer {
  const { kind, at, size, value } = piece;
  if (kind === "number") return replace(bytes, at, size, zigzag(otherNumber(random, value)));
  if (kind === "length") return replace(bytes, at, size, varintOf(otherNumber(random, value)));
  const out = Buffer.from(bytes);
  if (kind === "list" || kind === "field")
    out[at] = random() < 0.5 ? (out[at] & 0xf0) | draw(random, 16) : (out[at] & 15) | (draw(random, 16) << 4);
  else if (size > 0) out[at + draw(random, size)] = draw(random, 256);
  return out;
}

/** Where the footer starts; null where the bytes are no Parquet. */
function footerOf(bytes: Buffer): number | null {
  if (bytes.length < 12 || bytes.toString("latin1", bytes.length - 4) !== "PAR1") return null;
  const start = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
  return start >= 4 ? start : null;
}

/** A Parquet file with another footer, its length written right. */
function withFooter(bytes: Buffer, start: number, footer: Buffer): Buffer {
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(footer.length, 0);
  tail.write("PAR1", 4, "latin1");
  return Buffer.concat([bytes.subarray(0, start), footer, tail]);
}

/** Offsets of pages: ColumnMetaData's data_page_offset and dictionary_page_offset. */
const PAGES = /^\.4\[\]\.1\[\]\.3\.(9|11)$/;

const onFooter = (
  name: string,
  change: (footer: Buffer, pieces: readonly Piece[], random: Random) => Buffer | null,
): Mutator => ({
  name,
  apply: (bytes, random) => {
    const start = footerOf(bytes);
    if (start === null) return null;
    const footer = bytes.subarray(start, bytes.length - 8);
    try {
      const changed = change(footer, thriftPieces(footer, 0).pieces, random);
      return changed === null ? null : withFooter(bytes, start, changed);
    } catch {
      return null;
    }
  },
});

/** The pieces of one page's header, from the start of the file. */
function pageOf(bytes: Buffer, random: Random): { pieces: Piece[]; end: number } | null {
  const start = footerOf(bytes);
  if (start === null) return null;
  try {
    const { pieces } = thriftPieces(bytes.subarray(start, bytes.length - 8), 0);
    const pages = pieces.filter((p) => p.kind === "number" && PAGES.test(p.path) && p.value > 0n);
    return pages.length === 0 ? null : thriftPieces(bytes, Number(pick(random, pages).value));
  } catch {
    return null;
  }
}

/** Changes of a Parquet file's footer and page headers. */
export const PARQUET: readonly Mutator[] = [
  onFooter("parquet footer number", (footer, pieces, random) => {
    const numbers = pieces.filter((p) => p.kind === "number");
    return numbers.length === 0 ? null : changePiece(footer, pick(random, numbers), random);
  }),
  onFooter("parquet footer piece", (footer, pieces, random) =>
    changePiece(footer, pick(random, pieces), random),
  ),
  onFooter("parquet rows and offsets", (footer, pieces, random) => {
    const numbers = pieces.filter(
      (p) => p.kind === "number" && /^\.3$|\.3$|\.5$|\.6$|\.7$|\.9$|\.11$/.test(p.path),
    );
    return numbers.length === 0 ? null : changePiece(footer, pick(random, numbers), random);
  }),
  {
    name: "parquet page header",
    apply: (bytes, random) => {
      const page = pageOf(bytes, random);
      if (page === null) return null;
      const numbers = page.pieces.filter((p) => p.kind === "number");
      if (numbers.length === 0) return null;
      const piece = pick(random, random() < 0.8 ? numbers : page.pieces);
      // In place, so that what follows stays where the footer says it is.
      const changed = zigzag(otherNumber(random, piece.value));
      if (piece.kind !== "number" || changed.length !== piece.size) {
        const out = Buffer.from(bytes);
        for (let i = 0; i < piece.size; i++)
          out[piece.at + i] = (out[piece.at + i] & 128) | draw(random, 128);
        return out;
      }
      return replace(bytes, piece.at, piece.size, changed);
    },
  },
  {
    name: "parquet page data",
    apply: (bytes, random) => {
      const page = pageOf(bytes, random);
      if (page === null || page.end >= bytes.length) return null;
      const out = Buffer.from(bytes);
      // The first bytes of a page are lengths of levels and dictionary runs, or the length of what is packed.
      const span = random() < 0.6 ? 16 : 200;
      for (let i = 1 + draw(random, 4); i > 0; i--)
        out[Math.min(out.length - 1, page.end + draw(random, span))] = pick(random, [
          0,
          255,
          0x80,
          draw(random, 256),
        ]);
      return out;
    },
  },
  {
    name: "parquet footer length",
    apply: (bytes, random) => {
      if (bytes.length < 12) return null;
      const out = Buffer.from(bytes);
      const old = out.readUInt32LE(out.length - 8);
      out.writeUInt32LE(Number(BigInt.asUintN(32, otherNumber(random, BigInt(old)))), out.length - 8);
      return out;
    },
  },
];
