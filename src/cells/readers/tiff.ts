import { DataError } from "../../errors.ts";
import type { Planes, PlaneValues } from "../../image/planes.ts";
import type { Room } from "../read-ahead.ts";
import { type ByteSource, memoryBytes } from "./bytes.ts";
import { loadCodec, unpackBlock } from "./codecs.ts";
import { isOldLzw } from "./lzw.ts";
import { tiffPages } from "./tiff-layout.ts";
import { blockBytes, blockCount, refuse, type TiffPage } from "./tiff-page.ts";
import { nativeValues } from "./tiff-values.ts";

export { isTiff } from "./tiff-layout.ts";

/** Rows of a page that are read, and which of its samples; null: all. */
export interface PagePart {
  readonly from: number;
  /** The row after the last one. */
  readonly to: number;
  readonly sample: number | null;
}

/** Bytes of an uncompressed block that are read at once. */
const PIECE = 1 << 20;

/** Makes an array for so many values of pages; `bits` are those of unsigned integers of 8 or 16 bits at most, else null. */
export type MakeValues<Values extends PlaneValues> = (length: number, bits: 8 | 16 | null) => Values;

/**
 * Decodes a TIFF 6.0 or BigTIFF file (either byte order; strips or tiles; none, LZW, deflate, PackBits or Zstandard;
 * predictors 1 to 3; 1-, 8-, 16-, 32-, 64-bit integers and 16-, 32-, 64-bit floats) to planes: pages in file order,
 * each with its samples. Smaller copies of a page are passed over. Values are brought to the type of the array that `make` makes.
 * @throws DataError where it is truncated, damaged, of a kind that is not read, or has pages of different sizes.
 */
export async function decodeTiff<Values extends PlaneValues>(
  file: ByteSource | Uint8Array,
  path: string,
  make: MakeValues<Values>,
  room?: Room,
): Promise<Planes<Values>> {
  const source = file instanceof Uint8Array ? memoryBytes(file) : file;
  const pages = tiffPages(source, path).filter((page) => !page.reduced);
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
  await room?.(planes * size, path);
  const most = Math.max(...pages.map((page) => (page.format === 1 ? page.bits : 64)));
  const data = make(planes * size, most <= 8 ? 8 : most <= 16 ? 16 : null);
  let plane = 0;
  for (const page of pages) {
    await readPage(source, page, path, data.subarray(plane * size, (plane + page.samples) * size));
    plane += page.samples;
  }
  return { planes, height, width, data };
}

/**
 * Reads a page, or a part of it, into `out` (samples x rows x width); only the blocks that hold it are unpacked.
 * @throws DataError where its pixels are damaged
 */
export async function readPage(
  file: ByteSource,
  page: TiffPage,
  path: string,
  out: PlaneValues,
  part: PagePart = { from: 0, to: page.height, sample: null },
): Promise<void> {
  await loadCodec(page.compression);
  const { width, height, blockWidth, blockHeight } = page;
  const { from, to } = part;
  const across = Math.ceil(width / blockWidth);
  const perPlane = across * Math.ceil(height / blockHeight);
  const samples = page.planar === 2 ? 1 : page.samples;
  for (let block = 0; block < blockCount(page); block++) {
    const top = Math.floor((block % perPlane) / across) * blockHeight;
    const left = (block % across) * blockWidth;
    const plane = page.planar === 2 ? Math.floor(block / perPlane) : 0;
    if (top >= to || top + blockHeight <= from) continue;
    if (page.planar === 2 && part.sample !== null && part.sample !== plane) continue;
    const wide = Math.min(blockWidth, width - left);
    const last = Math.min(top + blockHeight, to);
    for (const piece of pieces(file, page, block, {
      path,
      first: Math.max(from - top, 0),
      last: last - top,
    })) {
      const values = nativeValues(piece.raw, page, piece.rows, blockWidth * samples);
      const high = Math.min(piece.rows, last - top - piece.first);
      const low = Math.max(0, from - top - piece.first);
      const plain = samples === 1 && !(values instanceof BigInt64Array || values instanceof BigUint64Array);
      if (plain && blockWidth === width) {
        const row = (part.sample === null ? plane : 0) * (to - from) + top + piece.first + low - from;
        out.set(values.subarray(low * width, high * width), row * width);
        continue;
      }
      for (let y = low; y < high; y++) {
        const row = top + piece.first + y - from;
        if (plain) {
          const at = ((part.sample === null ? plane : 0) * (to - from) + row) * width + left;
          out.set(values.subarray(y * blockWidth, y * blockWidth + wide), at);
          continue;
        }
        for (let s = 0; s < samples; s++) {
          if (page.planar === 1 && part.sample !== null && part.sample !== s) continue;
          const at = ((part.sample === null ? plane + s : 0) * (to - from) + row) * width + left;
          const first = y * blockWidth * samples + s;
          for (let x = 0; x < wide; x++) out[at + x] = Number(values[first + x * samples]);
        }
      }
    }
  }
}

/** The rows `first` to `last` of a block, unpacked: uncompressed ones a few at a time, all of it otherwise. */
function* pieces(
  file: ByteSource,
  page: TiffPage,
  block: number,
  { path, first, last }: { path: string; first: number; last: number },
): Generator<{ readonly raw: Uint8Array; readonly first: number; readonly rows: number }> {
  const { rows, bytes } = blockBytes(page, block);
  const line = bytes / rows;
  const [offset, size] = [page.offsets[block], page.sizes[block]];
  if (page.compression === 1) {
    const step = Math.max(1, Math.floor(PIECE / line));
    for (let row = first; row < last; row += step) {
      const some = Math.min(step, last - row);
      yield { raw: usable(file.bytes(offset + row * line, some * line), page), first: row, rows: some };
    }
    return;
  }
  const packed = file.bytes(offset, size);
  if (page.compression === 5 && isOldLzw(packed))
    throw refuse("is compressed by LZW in the order of bits before TIFF 6.0, which is not read", path);
  let raw: Uint8Array;
  try {
    raw = unpackBlock(page.compression, packed, bytes, line * page.blockHeight);
  } catch (cause) {
    throw new DataError(`is damaged (${(cause as Error).message}); copy or export it again`, { path, cause });
  }
  // Numbers of up to 8 bytes must stand at multiples of 8.
  yield { raw: raw.byteOffset % 8 === 0 ? raw : new Uint8Array(raw), first: 0, rows };
}

/** The bytes themselves where they need no change and lie as their numbers must; else a copy. */
function usable(bytes: Uint8Array, { bits, little }: TiffPage): Uint8Array {
  const size = Math.max(1, bits / 8);
  return bytes.byteOffset % size === 0 && (little || size === 1) ? bytes : new Uint8Array(bytes);
}
