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
  readonly offsets: Float64Array;
  readonly sizes: Float64Array;
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
  photometric: 262,
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
  extraSamples: 338,
  format: 339,
} as const;

const ZSTANDARD = 50000;
/** Bytes that LZW makes of one at most; deflate makes 1,032 and PackBits 64, Zstandard any number. */
const MOST_PACKED = 2600;
/** Largest block that is unpacked, bytes: it stands in memory as a whole. */
const MOST_BLOCK = 1 << 27;

/** None, LZW, deflate, PackBits, deflate (old number), Zstandard. */
const COMPRESSIONS = new Set([1, 5, 8, 32773, 32946, 50000]);
/** Methods that are not read, by the names that people know. */
const NAMES: Readonly<Record<number, string>> = {
  2: "CCITT fax",
  3: "CCITT fax 3",
  4: "CCITT fax 4",
  6: "old-style JPEG",
  7: "JPEG",
  33003: "JPEG 2000",
  33005: "JPEG 2000",
  34712: "JPEG 2000",
  34887: "LERC",
  34892: "JPEG",
  34925: "LZMA",
  34933: "PNG",
  34934: "JPEG XR",
  22610: "JPEG XR",
  50001: "WebP",
  50002: "JPEG XL",
  52546: "JPEG XL",
};
/** Photometric interpretations: gray, RGB, palette, mask, CMYK, YCbCr, Lab, color filters, logarithms, linear, depth. */
const COLORS = new Set([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 32803, 32844, 32845, 34892, 51177]);
const CMYK = 5;
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
  tags: ReadonlyMap<number, Float64Array>,
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
  if (!COMPRESSIONS.has(compression)) {
    const name = NAMES[compression];
    throw refuse(
      `is compressed by method ${compression}${name === undefined ? "" : ` (${name})`}, which is not read`,
      path,
    );
  }
  if (predictor < 1 || predictor > 3 || (predictor === 3 && format !== 3))
    throw refuse(`has the predictor ${predictor}, which is not read`, path);
  if (one(TAG.fillOrder, 1) !== 1) throw refuse("has its bits in reverse order (FillOrder 2)", path);
  if (planar !== 1 && planar !== 2) throw refuse(`has the planar configuration ${planar}`, path);
  checkColors(tags, samples, path);
  const tiled = tags.has(TAG.tileWidth);
  if (tiled !== tags.has(TAG.tileHeight))
    throw new DataError("is damaged (a page has tiles of one side); export it again", { path });
  const [offsets, sizes] = blockTags(tags, path);
  const blockWidth = tiled ? one(TAG.tileWidth, 0) : width;
  const rows = one(TAG.rowsPerStrip, height);
  const blockHeight = tiled ? one(TAG.tileHeight, 0) : Math.min(rows === 0 ? height : rows, height);
  checkSize(planar === 2 ? 1 : samples, blockHeight, blockWidth, path, limits);
  const page = {
    ...{ width, height, samples, bits, format, compression, planar, predictor, little, tiled },
    ...{ blockWidth, blockHeight, reduced: (one(TAG.subfile, 0) & 1) === 1 },
    description: "",
    ...{ offsets, sizes },
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

/** What samples mean changes no value, but a page where it makes no sense is damaged. */
function checkColors(tags: ReadonlyMap<number, Float64Array>, samples: number, path: string): void {
  const kind = tags.get(TAG.photometric)?.[0] ?? 1;
  const extra = tags.get(TAG.extraSamples) ?? new Float64Array(0);
  const fits = COLORS.has(kind) && (kind !== CMYK || samples >= 4);
  if (!fits || extra.length > samples || extra.some((meaning) => meaning > 2 && meaning !== 999))
    throw new DataError(
      `is damaged (${samples} sample(s) of photometric interpretation ${kind}, ${extra.length} of them extra); export it again`,
      { path },
    );
}

/** Where the blocks are listed: libtiff lets tiles stand in the tags of strips and strips in those of tiles. */
function blockTags(tags: ReadonlyMap<number, Float64Array>, path: string): [Float64Array, Float64Array] {
  const both = (a: number, b: number) => {
    const [found, other] = [tags.get(a), tags.get(b)];
    if (found !== undefined && other !== undefined)
      throw new DataError(`is damaged (a page lists strips and tiles, tags ${a} and ${b}); export it again`, {
        path,
      });
    return found ?? other ?? new Float64Array(0);
  };
  return [both(TAG.stripOffsets, TAG.tileOffsets), both(TAG.stripBytes, TAG.tileBytes)];
}

function sampleKind(tags: ReadonlyMap<number, Float64Array>, path: string) {
  const bits = [...(tags.get(TAG.bits) ?? [1])];
  // Format 4, undefined, is what some writers give unsigned integers.
  const formats = [...(tags.get(TAG.format) ?? [1])].map((f) => (f === 4 ? 1 : f));
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
  const damaged = (what: string) => new DataError(`is damaged (${what}); export it again`, { path });
  if (offsets.length < needed || sizes.length < needed)
    throw damaged(`${Math.min(offsets.length, sizes.length)} of ${needed} blocks of pixels are listed`);
  const ends = new Float64Array(needed);
  const whole = blockBytes(page, 0).bytes;
  for (let i = 0; i < needed; i++) {
    if (offsets[i] + sizes[i] > length)
      throw new DataError(
        `is truncated (it has ${length} bytes, its pixels reach to byte ${offsets[i] + sizes[i]}); copy or export it again`,
        { path },
      );
    if (sizes[i] === 0 || offsets[i] < 8)
      throw damaged(`block ${i + 1} of ${needed} was never written: ${sizes[i]} bytes at byte ${offsets[i]}`);
    const { bytes } = blockBytes(page, i);
    ends[i] = offsets[i] + (compression === 1 ? bytes : sizes[i]);
    // A block much larger than its pixels is no compression but damage or a bomb; so is one that no method packs so far.
    if (
      (compression === 1 && (sizes[i] < bytes || (needed > 1 && sizes[i] > whole))) ||
      (compression !== 1 && sizes[i] > 2 * bytes + 65536) ||
      (compression !== ZSTANDARD && bytes > MOST_PACKED * sizes[i] + 65536)
    )
      throw damaged(`block ${i + 1} has ${sizes[i]} bytes for ${bytes} bytes of pixels`);
    if (compression !== 1 && bytes > MOST_BLOCK)
      throw refuse(`has packed blocks of ${bytes} bytes; up to ${MOST_BLOCK} are unpacked at once`, path);
  }
  const shared = sharing(offsets, ends);
  if (shared >= 0) throw damaged(`block ${shared + 1} of ${needed} shares its bytes with another`);
}

/** The first of two blocks that share bytes of the file, or -1: wrong offsets, or a small file that takes any time. */
function sharing(offsets: Float64Array, ends: Float64Array): number {
  let ascending = true;
  for (let i = 1; i < ends.length && ascending; i++) ascending = offsets[i] >= ends[i - 1];
  if (ascending) return -1;
  const order = Uint32Array.from(ends, (_, i) => i).sort((a, b) => offsets[a] - offsets[b]);
  const at = order.findIndex((block, i) => i > 0 && offsets[block] < ends[order[i - 1]]);
  return at < 0 ? -1 : order[at - 1];
}

/** A file of a kind that is not read, with the way out. */
export function refuse(what: string, path: string): DataError {
  return new DataError(
    `${what}; export it as 8-, 16- or 32-bit integers or floats, packed by deflate, Zstandard or not at all, for instance by tifffile.imwrite(NEW, tifffile.imread(OLD), tile=(256, 256), compression="zlib")`,
    { path },
  );
}
