import { DataError } from "../errors.ts";
import { checkSize } from "./planes.ts";

/** What decides how the pixels of one page are read. */
export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly bits: number;
  /** 1 unsigned, 2 signed, 3 floating point. */
  readonly format: number;
  readonly compression: number;
  readonly planar: number;
  /** Bit 0 of NewSubfileType: a smaller copy of another page. */
  readonly reduced: boolean;
}

const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const COMPRESSIONS: Readonly<Record<number, string>> = {
  1: "none",
  5: "LZW",
  8: "deflate",
  32773: "PackBits",
  32946: "deflate",
  50000: "Zstandard",
};
const KINDS = new Set(["1/8", "1/16", "1/32", "2/8", "2/16", "2/32", "3/16", "3/32", "3/64"]);
const MAX_PAGES = 4096;

/** True for the first bytes of a TIFF or BigTIFF file of either byte order. */
export function isTiff(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  return (
    (a === 0x49 && b === 0x49 && (c === 42 || c === 43) && d === 0) ||
    (a === 0x4d && b === 0x4d && c === 0 && (d === 42 || d === 43))
  );
}

/**
 * Walks the directories of a TIFF 6.0 or BigTIFF file and checks every size and offset in them against the file,
 * so that reading its pixels afterwards allocates no more than a crop needs.
 * @throws DataError where the file is truncated, damaged, too large for a crop or of a kind that is not read.
 */
export function tiffPages(bytes: Uint8Array, path: string): TiffPage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const big = view.getUint16(2, little) === 43;
  const truncated = (what: string) =>
    new DataError(
      `is truncated or damaged (${what} at or behind its end, byte ${bytes.length}); export or copy it again`,
      { path },
    );
  const within = (at: number, length: number, what: string) => {
    if (!(at >= 0 && length >= 0 && at + length <= bytes.length)) throw truncated(what);
  };
  const u64 = (at: number) => Number(view.getBigUint64(at, little));
  const word = big ? 8 : 4;
  const offset = (at: number) => (big ? u64(at) : view.getUint32(at, little));
  within(0, big ? 16 : 8, "its header");
  const pages: TiffPage[] = [];
  const seen = new Set<number>();
  let values = 0;
  for (let at = offset(big ? 8 : 4); at !== 0; ) {
    if (seen.has(at) || pages.length === MAX_PAGES)
      throw new DataError(
        seen.has(at)
          ? "is damaged (its list of pages runs in a circle); export it again"
          : `has more than ${MAX_PAGES} pages; cut the cells out of their stack first`,
        { path },
      );
    seen.add(at);
    within(at, big ? 8 : 2, "its list of tags");
    const entries = big ? u64(at) : view.getUint16(at, little);
    const first = at + (big ? 8 : 2);
    const step = big ? 20 : 12;
    within(first, entries * step + word, "its list of tags");
    const tags = new Map<number, number[]>();
    for (let e = 0; e < entries; e++) {
      const entry = first + e * step;
      const tag = view.getUint16(entry, little);
      const type = view.getUint16(entry + 2, little);
      const count = big ? u64(entry + 4) : view.getUint32(entry + 4, little);
      const size = SIZES[type] ?? 0;
      if (size === 0)
        throw new DataError(`is damaged (tag ${tag} has the unknown type ${type}); export it again`, {
          path,
        });
      const inline = entry + (big ? 12 : 8);
      const from = size * count <= word ? inline : offset(inline);
      within(from, size * count, `tag ${tag}`);
      if (WANTED.has(tag)) tags.set(tag, integers(view, from, type, count, little));
    }
    const page = checkPage(tags, bytes.length, path, truncated);
    pages.push(page);
    values += page.samples * page.height * page.width;
    checkSize(1, 1, 1, path);
    if (values > page.height * page.width * Math.floor(2 ** 24 / (page.height * page.width)))
      checkSize(Math.ceil(values / (page.height * page.width)), page.height, page.width, path);
    at = offset(first + entries * step);
  }
  if (pages.length === 0) throw new DataError("holds no image; export it again", { path });
  return pages;
}

const TAG = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  fillOrder: 266,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  planar: 284,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileBytes: 325,
  format: 339,
} as const;
const WANTED = new Set<number>(Object.values(TAG));

function integers(view: DataView, at: number, type: number, count: number, little: boolean): number[] {
  const size = SIZES[type];
  const read =
    size === 1
      ? (p: number) => view.getUint8(p)
      : size === 2
        ? (p: number) => view.getUint16(p, little)
        : size === 4
          ? (p: number) => view.getUint32(p, little)
          : (p: number) => Number(view.getBigUint64(p, little));
  return Array.from({ length: count }, (_, i) => read(at + i * size));
}

function checkPage(
  tags: ReadonlyMap<number, number[]>,
  length: number,
  path: string,
  truncated: (what: string) => DataError,
): TiffPage {
  const one = (tag: number, otherwise: number) => tags.get(tag)?.[0] ?? otherwise;
  const width = one(TAG.width, 0);
  const height = one(TAG.height, 0);
  const samples = one(TAG.samples, 1);
  checkSize(samples, height, width, path);
  const bits = tags.get(TAG.bits) ?? [1];
  const formats = tags.get(TAG.format) ?? [1];
  const format = formats[0] === 4 ? 1 : formats[0];
  const compression = one(TAG.compression, 1);
  const planar = one(TAG.planar, 1);
  const refuse = (what: string) =>
    new DataError(
      `${what}; export it as an uncompressed or deflate TIFF of 8-, 16- or 32-bit integers or floats`,
      { path },
    );
  if (!(compression in COMPRESSIONS))
    throw refuse(`is compressed by method ${compression}, which is not read`);
  if (
    bits.some((b) => b !== bits[0]) ||
    formats.some((f) => f !== formats[0]) ||
    !KINDS.has(`${format}/${bits[0]}`)
  )
    throw refuse(
      `has ${bits.join("+")}-bit pixels of sample format ${formats.join("+")}, which are not read`,
    );
  if (one(TAG.fillOrder, 1) !== 1) throw refuse("has its bits in reverse order (FillOrder 2)");
  const tiled = tags.has(TAG.tileOffsets);
  const blockWidth = tiled ? one(TAG.tileWidth, 0) : width;
  const blockHeight = tiled
    ? one(TAG.tileHeight, 0)
    : Math.min(one(TAG.rowsPerStrip, height) || height, height);
  const perBlock = planar === 2 ? 1 : samples;
  checkSize(perBlock, blockHeight, blockWidth, path);
  const offsets = tags.get(tiled ? TAG.tileOffsets : TAG.stripOffsets) ?? [];
  const sizes = tags.get(tiled ? TAG.tileBytes : TAG.stripBytes) ?? [];
  const needed =
    Math.ceil(width / blockWidth) * Math.ceil(height / blockHeight) * (planar === 2 ? samples : 1);
  if (offsets.length < needed || sizes.length < needed)
    throw new DataError(
      `is damaged (${Math.min(offsets.length, sizes.length)} of ${needed} blocks of pixels are listed); export it again`,
      { path },
    );
  const raw = (blockWidth * blockHeight * perBlock * bits[0]) / 8;
  for (let i = 0; i < needed; i++) {
    if (offsets[i] + sizes[i] > length) throw truncated("its pixels");
    // A block much larger than its pixels is no compression but a bomb or damage.
    if (sizes[i] > 2 * raw + 65536 && compression !== 1)
      throw new DataError(
        `is damaged (block ${i} has ${sizes[i]} bytes for ${raw} bytes of pixels); export it again`,
        { path },
      );
  }
  if (compression === 1) {
    const rows = (i: number) =>
      tiled
        ? blockHeight
        : Math.min(blockHeight, height - (i % Math.ceil(height / blockHeight)) * blockHeight);
    for (let i = 0; i < needed; i++)
      if (sizes[i] !== 0 && sizes[i] < (blockWidth * rows(i) * perBlock * bits[0]) / 8)
        throw new DataError(
          `is truncated or damaged (block ${i} has ${sizes[i]} bytes, ${(blockWidth * rows(i) * perBlock * bits[0]) / 8} are needed); export or copy it again`,
          { path },
        );
  }
  return {
    width,
    height,
    samples,
    bits: bits[0],
    format,
    compression,
    planar,
    reduced: (one(TAG.subfile, 0) & 1) === 1,
  };
}
