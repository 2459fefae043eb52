import { DataError } from "../../errors.ts";
import { checkSize } from "../../image/planes.ts";
import { makePage, TAG, type TiffPage } from "./tiff-page.ts";

/** Bytes of a value by TIFF field type; 0 where the type is unknown. */
const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const WANTED = new Set<number>(Object.values(TAG));
const MAX_PAGES = 4096;
/** Most values of one tag that is read; a crop has fewer strips and samples. */
const MAX_COUNT = 1 << 18;

/** True for the first bytes of a TIFF or BigTIFF file of either byte order. */
export function isTiff(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  const little = a === 0x49 && b === 0x49 && d === 0 && (c === 42 || c === 43);
  const big = a === 0x4d && b === 0x4d && c === 0 && (d === 42 || d === 43);
  return little || big;
}

/**
 * Walks the directories of a TIFF 6.0 or BigTIFF file and checks every size and offset in them against the file,
 * so that reading its pixels afterwards allocates no more than a crop needs.
 * @throws DataError where the file is truncated, damaged, too large for a crop or of a kind that is not read.
 */
export function tiffPages(bytes: Uint8Array, path: string): TiffPage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const within = (at: number, length: number, what: string) => {
    if (at + length > bytes.length)
      throw new DataError(
        `is truncated (${what} reaches to byte ${at + length}, the file has ${bytes.length}); copy or export it again`,
        { path },
      );
  };
  const damaged = (what: string) => new DataError(`is damaged (${what}); export it again`, { path });
  const long = (at: number) => Number(view.getBigUint64(at, little));
  within(0, 8, "its header");
  const big = view.getUint16(2, little) === 43;
  within(0, big ? 16 : 8, "its header");
  const word = big ? 8 : 4;
  const step = big ? 20 : 12;
  const offset = (at: number) => (big ? long(at) : view.getUint32(at, little));
  const pages: TiffPage[] = [];
  const seen = new Set<number>();
  let values = 0;
  for (let at = offset(word); at !== 0; ) {
    if (seen.has(at)) throw damaged("its list of pages runs in a circle");
    if (pages.length === MAX_PAGES)
      throw new DataError(`has more than ${MAX_PAGES} pages; cut the cells out of their stack first`, {
        path,
      });
    seen.add(at);
    within(at, big ? 8 : 2, "a list of tags");
    const entries = big ? long(at) : view.getUint16(at, little);
    const first = at + (big ? 8 : 2);
    within(first, entries * step + word, "a list of tags");
    const tags = new Map<number, number[]>();
    for (let entry = first; entry < first + entries * step; entry += step) {
      const tag = view.getUint16(entry, little);
      if (!WANTED.has(tag)) continue;
      const type = view.getUint16(entry + 2, little);
      const count = big ? long(entry + 4) : view.getUint32(entry + 4, little);
      const size = SIZES[type] ?? 0;
      if (size === 0 || count > MAX_COUNT) throw damaged(`tag ${tag} has ${count} values of type ${type}`);
      const inline = entry + (big ? 12 : 8);
      const from = size * count <= word ? inline : offset(inline);
      within(from, size * count, `tag ${tag}`);
      tags.set(tag, integers(view, from, size, count, little));
    }
    const page = makePage(tags, bytes.length, little, path);
    pages.push(page);
    values += page.samples * page.height * page.width;
    checkSize(1, 1, 1, path, values);
    at = offset(first + entries * step);
  }
  if (pages.length === 0) throw damaged("it holds no image");
  return pages;
}

function integers(view: DataView, at: number, size: number, count: number, little: boolean): number[] {
  const values = new Array<number>(count);
  for (let i = 0; i < count; i++) {
    const p = at + i * size;
    if (size === 1) values[i] = view.getUint8(p);
    else if (size === 2) values[i] = view.getUint16(p, little);
    else if (size === 4) values[i] = view.getUint32(p, little);
    else values[i] = Number(view.getBigUint64(p, little));
  }
  return values;
}
