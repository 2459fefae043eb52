import { DataError } from "../../errors.ts";
import { CROP, checkPages, FIELD, type SizeLimits } from "../../image/planes.ts";
import type { ByteSource } from "./bytes.ts";
import { makePage, TAG, type TiffPage } from "./tiff-page.ts";

/** Bytes of a value by TIFF field type, of whole numbers without a sign; 0 where the type is another. */
const SIZES = [0, 0, 0, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8];
/** ASCII, and what some writers take for it. */
const TEXTS = new Set([1, 2, 7]);
const WANTED = new Set<number>(Object.values(TAG));
/** Tags that may have several values. */
const LISTS = new Set<number>([
  TAG.bits,
  TAG.format,
  TAG.stripOffsets,
  TAG.stripBytes,
  TAG.tileOffsets,
  TAG.tileBytes,
  TAG.extraSamples,
]);
/** Most tags of a page, as libtiff and tifffile have it. */
const MAX_TAGS = 4096;
/** Most values of one tag that is read: strips and samples. */
const MAX_COUNT = 1 << 18;
/** Longest description, bytes; that of a plate's OME-TIFF has some millions. */
const MAX_TEXT = 1 << 24;

/** True for the first bytes of a TIFF or BigTIFF file of either byte order. */
export function isTiff(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  const little = a === 0x49 && b === 0x49 && d === 0 && (c === 42 || c === 43);
  const big = a === 0x4d && b === 0x4d && c === 0 && (d === 42 || d === 43);
  return little || big;
}

/**
 * Walks the directories of a TIFF 6.0 or BigTIFF file and checks every size and offset in them against the file,
 * so that reading its pixels afterwards allocates no more than `limits` say. Directories that hang below a page
 * (SubIFDs: the smaller copies of a pyramid) are not walked.
 * @throws DataError where the file is truncated, damaged, too large or of a kind that is not read.
 */
export function tiffPages(file: ByteSource, path: string, limits: SizeLimits = CROP): TiffPage[] {
  const within = (at: number, length: number, what: string) => {
    if (at + length > file.length)
      throw new DataError(
        `is truncated (${what} reaches to byte ${at + length}, the file has ${file.length}); copy or export it again`,
        { path },
      );
  };
  const damaged = (what: string) => new DataError(`is damaged (${what}); export it again`, { path });
  const view = (at: number, length: number) => {
    const bytes = file.bytes(at, length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  };
  within(0, 8, "its header");
  const little = file.bytes(0, 1)[0] === 0x49;
  const big = view(0, 8).getUint16(2, little) === 43;
  within(0, big ? 16 : 8, "its header");
  if (big && view(4, 4).getUint32(0, little) !== (little ? 8 : 0x80000))
    throw damaged("its offsets have no 8 bytes");
  const word = big ? 8 : 4;
  const step = big ? 20 : 12;
  const offset = (from: DataView, at: number) =>
    big ? Number(from.getBigUint64(at, little)) : from.getUint32(at, little);
  const most = limits.pages;
  const pages: TiffPage[] = [];
  const seen = new Set<number>();
  let values = 0;
  let lists = 0;
  for (let at = offset(view(0, 2 * word), word); at !== 0; ) {
    if (seen.has(at)) throw damaged("its list of pages runs in a circle");
    if (pages.length === most)
      throw new DataError(`has more than ${most} pages; cut the cells out of their stack first`, { path });
    seen.add(at);
    const head = big ? 8 : 2;
    within(at, head, "a list of tags");
    const entries = big ? offset(view(at, 8), 0) : view(at, 2).getUint16(0, little);
    if (entries > MAX_TAGS) throw damaged(`page ${pages.length + 1} has ${entries} tags`);
    const length = entries * step + word;
    within(at + head, length, "a list of tags");
    const list = Uint8Array.from(file.bytes(at + head, length));
    const tagged = new DataView(list.buffer);
    const tags = new Map<number, Float64Array>();
    let description = "";
    for (let entry = 0; entry < entries * step; entry += step) {
      const tag = tagged.getUint16(entry, little);
      if (!WANTED.has(tag)) continue;
      const type = tagged.getUint16(entry + 2, little);
      const count = big ? offset(tagged, entry + 4) : tagged.getUint32(entry + 4, little);
      const text = tag === TAG.description;
      if (text && pages.length > 0) continue;
      if (tags.has(tag) || (text && description !== "")) throw damaged(`tag ${tag} stands twice on a page`);
      const size = text ? (TEXTS.has(type) ? 1 : 0) : (SIZES[type] ?? 0);
      if (size === 0 || count > (text ? MAX_TEXT : MAX_COUNT) || (!text && count !== 1 && !LISTS.has(tag)))
        throw damaged(`tag ${tag} has ${count} values of type ${type}`);
      const inline = entry + (big ? 12 : 8);
      const held = size * count <= word;
      const from = held ? 0 : offset(tagged, inline);
      if (!held) {
        within(from, size * count, `tag ${tag}`);
        lists += size * count;
      }
      if (text) description = textOf(held ? list.subarray(inline, inline + count) : file.bytes(from, count));
      else
        tags.set(
          tag,
          held
            ? integers(tagged, inline, size, count, little)
            : integers(view(from, size * count), 0, size, count, little),
        );
    }
    // Lists that pages share would make a small file take any time.
    if (lists > file.length + MAX_COUNT) throw damaged("its pages share their lists");
    const page = { ...makePage(tags, file.length, little, path, limits), description };
    pages.push(page);
    values += page.samples * page.height * page.width;
    if (limits !== FIELD) checkPages(values, path);
    at = offset(tagged, entries * step);
  }
  if (pages.length === 0) throw damaged("it holds no image");
  return pages;
}

/** Text of a tag: UTF-8 as OME-XML has it, up to its closing zero. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function integers(view: DataView, at: number, size: number, count: number, little: boolean): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const p = at + i * size;
    if (size === 1) values[i] = view.getUint8(p);
    else if (size === 2) values[i] = view.getUint16(p, little);
    else if (size === 4) values[i] = view.getUint32(p, little);
    else values[i] = Number(view.getBigUint64(p, little));
  }
  return values;
}
