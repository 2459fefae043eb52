import { crc32 } from "node:zlib";
import type { DecodedArray, PageHeader, SchemaElement } from "hyparquet";
import { assembleLists } from "hyparquet/src/assemble.js";
import { parquetHeader } from "hyparquet/src/column.js";
import { convert, DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { type Codec, unpackPage } from "./codecs.ts";
import type { Leaf } from "./metadata.ts";
import { readRuns } from "./runs.ts";
import { checkStruct, Damage } from "./thrift.ts";
import { readIndices, readValues } from "./values.ts";

/** Values of one page of a column. */
export interface Page {
  /** Position of the first among the values of the chunk. */
  readonly first: number;
  readonly count: number;
  /** Levels of the values; undefined where all are the greatest. */
  readonly definition: Uint8Array | Uint32Array | undefined;
  readonly repetition: Uint8Array | Uint32Array | undefined;
  /** Values that are there: as many as have the greatest level. */
  readonly values: DecodedArray;
}

/** Values of a page at most; writers make pages of some thousands. */
const MOST_VALUES = 1 << 25;

/** Shapes on maps are left as bytes. */
export const PARSERS = {
  ...DEFAULT_PARSERS,
  geometryFromBytes: (bytes: Uint8Array) => bytes,
  geographyFromBytes: (bytes: Uint8Array) => bytes,
} as unknown as typeof DEFAULT_PARSERS;

/**
 * Reads the pages of a chunk of a column one after the other; those of single values that end before value `from` are
 * passed over, and none is read from value `to` on.
 * @throws Damage where a page is, or where all of them do not hold the `values` of the chunk
 */
export function* readPages(
  bytes: Uint8Array,
  codec: Codec,
  leaf: Leaf,
  { values, from, to }: { readonly values: number; readonly from: number; readonly to: number },
): Generator<Page> {
  const { element } = leaf.path[leaf.path.length - 1];
  let dictionary: DecodedArray | undefined;
  let first = 0;
  for (let at = 0; first < to; ) {
    if (at >= bytes.length) throw new Damage(`a column has ${first} of its ${values} values`);
    const start = checkStruct(bytes, at);
    const header = headerOf(bytes, at);
    const packed = bytes.subarray(start, start + size(header.compressed_page_size, "packed size"));
    at = start + header.compressed_page_size;
    if (at > bytes.length) throw new Damage("a page goes beyond the end of its column");
    if (header.type === "INDEX_PAGE") continue;
    if (header.type === "DICTIONARY_PAGE") {
      checkSum(header, packed);
      dictionary = readDictionary(packed, header, codec, element);
      continue;
    }
    const said = header.type === "DATA_PAGE" ? header.data_page_header : header.data_page_header_v2;
    if (said === undefined) throw new Damage("a page does not say what it is");
    const count = size(said.num_values, "number of values");
    if (count > MOST_VALUES) throw new Damage(`a page is said to have ${count} values`);
    if (count > values - first) throw new Damage(`a column has more than its ${values} values`);
    if (leaf.repetition > 0 || first + count > from) {
      checkSum(header, packed);
      yield { first, count, ...readPage(packed, header, { count, codec, leaf, dictionary }) };
    }
    first += count;
  }
}

function headerOf(bytes: Uint8Array, at: number): PageHeader {
  try {
    return parquetHeader({
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      offset: at,
    });
  } catch (cause) {
    throw new Damage("the header of a page cannot be decoded", { cause });
  }
}

function size(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Damage(`the ${what} of a page is not clear`);
}

/** Compares a page with its check sum, where it has one. */
function checkSum({ crc }: PageHeader, packed: Uint8Array): void {
  if (typeof crc === "number" && crc >>> 0 !== crc32(packed))
    throw new Damage("a page does not have the bytes that its check sum was made of");
}

function readDictionary(
  packed: Uint8Array,
  header: PageHeader,
  codec: Codec,
  element: SchemaElement,
): DecodedArray {
  if (header.dictionary_page_header === undefined) throw new Damage("a page does not say what it is");
  const count = size(header.dictionary_page_header.num_values, "number of values");
  const page = unpackPage(codec, packed, size(header.uncompressed_page_size, "size"));
  return rich(readValues(page, "PLAIN", element, count), element);
}

interface Reading {
  readonly count: number;
  readonly codec: Codec;
  readonly leaf: Leaf;
  readonly dictionary: DecodedArray | undefined;
}

function readPage(
  packed: Uint8Array,
  header: PageHeader,
  { count, codec, leaf, dictionary }: Reading,
): Omit<Page, "first" | "count"> {
  const { element } = leaf.path[leaf.path.length - 1];
  const whole = size(header.uncompressed_page_size, "size");
  const v2 = header.type === "DATA_PAGE_V2" ? header.data_page_header_v2 : undefined;
  let levels: Levels;
  let rest: Uint8Array;
  if (v2 === undefined) {
    const page = unpackPage(codec, packed, whole);
    const { definition_level_encoding: old } = header.data_page_header ?? {};
    if (old === "BIT_PACKED" && leaf.definition > 0)
      throw new Damage("its levels are encoded as BIT_PACKED, which is not read");
    levels = levelsBefore(page, leaf, count);
    rest = page.subarray(levels.length);
  } else {
    const repeated = size(v2.repetition_levels_byte_length, "length of levels");
    const length = repeated + size(v2.definition_levels_byte_length, "length of levels");
    if (length > packed.length || length > whole) throw new Damage("a page ends within its levels");
    levels = {
      length,
      repetition: leveled(packed.subarray(0, repeated), leaf.repetition, count),
      definition: leveled(packed.subarray(repeated, length), leaf.definition, count),
    };
    const behind = packed.subarray(length);
    rest = unpackPage(v2.is_compressed === false ? asIs : codec, behind, whole - length);
  }
  const there = countOf(levels.definition, leaf.definition, count);
  if (v2 !== undefined && count - there !== size(v2.num_nulls, "number of missing values"))
    throw new Damage(`a page has ${count - there} missing values, its header says ${v2.num_nulls}`);
  const encoding = (v2 ?? header.data_page_header)?.encoding;
  const values =
    encoding === "RLE_DICTIONARY" || encoding === "PLAIN_DICTIONARY"
      ? readIndices(rest, dictionary, there)
      : rich(readValues(rest, encoding, element, there), element);
  return {
    definition: there === count ? undefined : levels.definition,
    repetition: levels.repetition,
    values,
  };
}

const asIs: Codec = (bytes) => bytes;

interface Levels {
  /** Bytes that they take. */
  readonly length: number;
  readonly repetition: Uint8Array | Uint32Array | undefined;
  readonly definition: Uint8Array | Uint32Array | undefined;
}

/** The levels at the start of a page of version 1, each with its length before it. */
function levelsBefore(page: Uint8Array, leaf: Leaf, count: number): Levels {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  let at = 0;
  const next = (greatest: number) => {
    if (greatest === 0) return undefined;
    const length = page.length - at < 4 ? Number.POSITIVE_INFINITY : view.getUint32(at, true);
    if (length > page.length - at - 4) throw new Damage("a page ends within its levels");
    const bytes = page.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return leveled(bytes, greatest, count);
  };
  const repetition = next(leaf.repetition);
  const definition = next(leaf.definition);
  return { length: at, repetition, definition };
}

function leveled(bytes: Uint8Array, greatest: number, count: number): Uint8Array | Uint32Array | undefined {
  if (greatest === 0) return undefined;
  const levels = readRuns(bytes, 32 - Math.clz32(greatest), count);
  for (let i = 0; i < count; i++)
    if (levels[i] > greatest)
      throw new Damage(`a value has level ${levels[i]}, its column at most ${greatest}`);
  return levels;
}

function countOf(levels: Uint8Array | Uint32Array | undefined, greatest: number, count: number): number {
  if (levels === undefined) return count;
  let there = 0;
  for (let i = 0; i < count; i++) if (levels[i] === greatest) there++;
  return there;
}

const decoder = new TextDecoder("utf-8", { fatal: true });
/** Text that says of itself that it is UTF-8: names that break into the same replacement character would be merged. */
const textOf = (bytes: Uint8Array) => decoder.decode(bytes);

/** Numbers, text and dates of what is stored. */
function rich(values: DecodedArray, element: SchemaElement): DecodedArray {
  try {
    const text = element.converted_type === "UTF8" || element.logical_type?.type === "STRING";
    const parsers = text ? { ...PARSERS, stringFromBytes: textOf } : PARSERS;
    return convert(values, { element, parsers } as Parameters<typeof convert>[1]);
  } catch (cause) {
    throw new Damage(
      `a value is no ${element.converted_type ?? element.logical_type?.type ?? element.type}`,
      {
        cause,
      },
    );
  }
}

/** The values of the pages of a column of lists or structures, put together. */
export function assemble(pages: Iterable<Page>, leaf: Leaf): DecodedArray {
  const out: unknown[] = [];
  for (const { count, definition, repetition, values } of pages) {
    if (count === 0) continue;
    const levels = definition ?? new Uint8Array(count).fill(leaf.definition);
    assembleLists(out, levels as unknown as number[], (repetition ?? []) as unknown as number[], values, [
      ...leaf.path,
    ]);
  }
  return out;
}
