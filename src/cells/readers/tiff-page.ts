import { DataError } from "../../errors.ts";
import { CROP, checkSize, type PlaneValues, type SizeLimits } from "../../image/planes.ts";

/** What decides how the pixels of one page are read. */
export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly bits: number;
  /** 1 unsigned, 2 signed, 3 floating point. */
  readonly format: number;
  readonly compression: number;
  /** 1: the samples of a pixel side by side; 2: a plane per sample. */
  readonly planar: number;
  /** 1 none, 2 horizontal differences, 3 differences of the bytes of floats. */
  readonly predictor: number;
  readonly little: boolean;
  readonly tiled: boolean;
  /** Size of a strip or tile, pixels. */
  readonly blockWidth: number;
  readonly blockHeight: number;
  /** Where each strip or tile starts in the file, and its length there, bytes. */
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
  /** Bit 0 of NewSubfileType: a smaller copy of another page. */
  readonly reduced: boolean;
  /** ImageDescription of the first page, "" elsewhere. */
  readonly description: string;
}

/** Tags that decide how pixels are read (TIFF 6.0). */
export const TAG = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  fillOrder: 266,
  description: 270,
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

const ZSTANDARD = 50000;
/** Bytes that LZW makes of one at most; deflate makes 1,032 and PackBits 64, Zstandard any number. */
const MOST_PACKED = 2600;

/** None, LZW, deflate, PackBits, deflate (old number), Zstandard. */
const COMPRESSIONS = new Set([1, 5, 8, 32773, 32946, 50000]);
/** Sample format / bits. */
const KINDS = new Set([
  "1/1",
  "1/8",
  "1/16",
  "1/32",
  "1/64",
  "2/8",
  "2/16",
  "2/32",
  "2/64",
  "3/16",
  "3/32",
  "3/64",
]);

/**
 * Makes a page from its tags and checks that every block of pixels lies within the file of `length` bytes.
 * @throws DataError where it is truncated, damaged, too large for `limits` or of a kind that is not read.
 */
export function makePage(
  tags: ReadonlyMap<number, readonly number[]>,
  length: number,
  little: boolean,
  path: string,
  limits: SizeLimits = CROP,
): TiffPage {
  const one = (tag: number, otherwise: number) => tags.get(tag)?.[0] ?? otherwise;
  const width = one(TAG.width, 0);
  const height = one(TAG.height, 0);
  const samples = one(TAG.samples, 1);
  checkSize(samples, height, width, path, limits);
  const { bits, format } = sampleKind(tags, path);
  const compression = one(TAG.compression, 1);
  const predictor = compression === 1 || compression === 32773 ? 1 : one(TAG.predictor, 1);
  const planar = one(TAG.planar, 1);
  if (!COMPRESSIONS.has(compression))
    throw refuse(`is compressed by method ${compression}, which is not read`, path);
  if (predictor < 1 || predictor > 3 || (predictor === 3 && format !== 3))
    throw refuse(`has the predictor ${predictor}, which is not read`, path);
  if (one(TAG.fillOrder, 1) !== 1) throw refuse("has its bits in reverse order (FillOrder 2)", path);
  if (planar !== 1 && planar !== 2) throw refuse(`has the planar configuration ${planar}`, path);
  const tiled = tags.has(TAG.tileOffsets);
  const blockWidth = tiled ? one(TAG.tileWidth, 0) : width;
  const rows = one(TAG.rowsPerStrip, height);
  const blockHeight = tiled ? one(TAG.tileHeight, 0) : Math.min(rows === 0 ? height : rows, height);
  checkSize(planar === 2 ? 1 : samples, blockHeight, blockWidth, path, limits);
  const page = {
    ...{ width, height, samples, bits, format, compression, planar, predictor, little, tiled },
    ...{ blockWidth, blockHeight, reduced: (one(TAG.subfile, 0) & 1) === 1 },
    description: "",
    offsets: tags.get(tiled ? TAG.tileOffsets : TAG.stripOffsets) ?? [],
    sizes: tags.get(tiled ? TAG.tileBytes : TAG.stripBytes) ?? [],
  };
  checkBlocks(page, length, path);
  return page;
}

/** Bytes of the pixels of a page's block: tiles are whole, the last strip may be short. */
export function blockBytes(page: TiffPage, block: number): { rows: number; bytes: number } {
  const { tiled, blockHeight, height } = page;
  const first = (block % Math.ceil(height / blockHeight)) * blockHeight;
  const rows = tiled ? blockHeight : Math.min(blockHeight, height - first);
  const row = page.blockWidth * (page.planar === 2 ? 1 : page.samples);
  return { rows, bytes: rows * Math.ceil((row * page.bits) / 8) };
}

/** Values of a page in the type they are stored in; 64-bit integers as floats, a bit as a byte. */
export function pageValues({ format, bits }: TiffPage, length: number): PlaneValues {
  if (bits === 64) return new Float64Array(length);
  if (format === 3) return new Float32Array(length);
  if (bits <= 8) return format === 2 ? new Int8Array(length) : new Uint8Array(length);
  if (bits === 16) return format === 2 ? new Int16Array(length) : new Uint16Array(length);
  return format === 2 ? new Int32Array(length) : new Uint32Array(length);
}

/** Number of blocks that a page needs: of all its planes. */
export function blockCount(page: TiffPage): number {
  const { width, height, blockWidth, blockHeight, planar, samples } = page;
  return Math.ceil(width / blockWidth) * Math.ceil(height / blockHeight) * (planar === 2 ? samples : 1);
}

function sampleKind(tags: ReadonlyMap<number, readonly number[]>, path: string) {
  const bits = tags.get(TAG.bits) ?? [1];
  // Format 4, undefined, is what some writers give unsigned integers.
  const formats = (tags.get(TAG.format) ?? [1]).map((f) => (f === 4 ? 1 : f));
  if (
    bits.some((b) => b !== bits[0]) ||
    formats.some((f) => f !== formats[0]) ||
    !KINDS.has(`${formats[0]}/${bits[0]}`)
  )
    throw refuse(
      `has ${bits.slice(0, 4).join("+")}-bit pixels of sample format ${formats.slice(0, 4).join("+")}, which are not read`,
      path,
    );
  return { bits: bits[0], format: formats[0] };
}

function checkBlocks(page: TiffPage, length: number, path: string): void {
  const { offsets, sizes, compression } = page;
  const needed = blockCount(page);
  if (offsets.length < needed || sizes.length < needed)
    throw new DataError(
      `is damaged (${Math.min(offsets.length, sizes.length)} of ${needed} blocks of pixels are listed); export it again`,
      { path },
    );
  for (let i = 0; i < needed; i++) {
    if (offsets[i] + sizes[i] > length)
      throw new DataError(
        `is truncated (it has ${length} bytes, its pixels reach to byte ${offsets[i] + sizes[i]}); copy or export it again`,
        { path },
      );
    const { bytes } = blockBytes(page, i);
    // A block much larger than its pixels is no compression but damage or a bomb; so is one that no method packs so far.
    if (
      (compression === 1 && sizes[i] < bytes) ||
      (compression !== 1 && sizes[i] > 2 * bytes + 65536) ||
      (compression !== ZSTANDARD && sizes[i] > 0 && bytes > MOST_PACKED * sizes[i] + 65536)
    )
      throw new DataError(
        `is damaged (block ${i + 1} has ${sizes[i]} bytes for ${bytes} bytes of pixels); export it again`,
        { path },
      );
  }
}

function refuse(what: string, path: string): DataError {
  return new DataError(
    `${what}; export it as an uncompressed or deflate TIFF of 8-, 16- or 32-bit integers or floats`,
    { path },
  );
}
