import type { DecodedArray, ParquetType, SchemaElement } from "hyparquet";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { byteStreamSplit } from "hyparquet/src/encoding.js";
import { readPlain } from "hyparquet/src/plain.js";
import { readRuns } from "./runs.ts";
import { Damage } from "./thrift.ts";

/** Bytes of values that share beginnings, unpacked, that a page of any size may have, and how many for each of its bytes. */
const FREE = 1 << 26;
const RATIO = 32;

/** Bytes of a value of fixed width; null for values of many widths and for single bits. */
function widthOf({ type, type_length: length }: SchemaElement): number | null {
  const widths: Partial<Record<ParquetType, number>> = { INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8, INT96: 12 };
  return type === "FIXED_LEN_BYTE_ARRAY" ? (length ?? 0) : (widths[type as ParquetType] ?? null);
}

/**
 * Decodes `count` values of a page, what its levels leave of it; dictionary indices are for {@link readIndices}.
 * @throws Damage where the bytes do not hold so many
 */
export function readValues(
  bytes: Uint8Array,
  encoding: string | undefined,
  element: SchemaElement,
  count: number,
): DecodedArray {
  const { type } = element;
  if (count === 0) return [];
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  const width = widthOf(element);
  const fits = (needed: number) => {
    if (needed > bytes.length)
      throw new Damage(`a page of ${bytes.length} bytes is said to hold ${count} values of ${type}`);
  };
  switch (encoding) {
    case "PLAIN":
      if (type === "BYTE_ARRAY") return plainBytes(bytes, count);
      fits(width === null ? Math.ceil(count / 8) : width * count);
      return readPlain(reader, type as ParquetType, count, element.type_length);
    case "RLE": {
      if (type !== "BOOLEAN") break;
      const length = bytes.length < 4 ? Number.POSITIVE_INFINITY : reader.view.getUint32(0, true);
      if (length > bytes.length - 4) throw new Damage("a page ends within its values");
      return Array.from(readRuns(bytes.subarray(4, 4 + length), 1, count), (v) => v === 1);
    }
    case "BYTE_STREAM_SPLIT":
      if (width === null || type === "INT96") break;
      fits(width * count);
      return byteStreamSplit(reader, count, type as ParquetType, element.type_length);
    case "DELTA_BINARY_PACKED":
      if (type === "INT32") return deltas(reader, count, new Int32Array(count));
      if (type === "INT64") return deltas(reader, count, new BigInt64Array(count));
      break;
    case "DELTA_LENGTH_BYTE_ARRAY": {
      if (type !== "BYTE_ARRAY") break;
      const lengths = deltas(reader, count, new Int32Array(count));
      return cut(bytes, reader.offset, lengths);
    }
    case "DELTA_BYTE_ARRAY": {
      if (type !== "BYTE_ARRAY" && type !== "FIXED_LEN_BYTE_ARRAY") break;
      const shared = deltas(reader, count, new Int32Array(count));
      const lengths = deltas(reader, count, new Int32Array(count));
      return joined(cut(bytes, reader.offset, lengths), shared, FREE + RATIO * bytes.length);
    }
  }
  throw new Damage(`its values of ${type} are encoded as ${encoding ?? "nothing known"}, which is not read`);
}

/** The values of a dictionary that `count` packed indices name. @throws Damage where one is outside of it */
export function readIndices(
  bytes: Uint8Array,
  dictionary: DecodedArray | undefined,
  count: number,
): DecodedArray {
  if (count === 0) return [];
  if (dictionary === undefined) throw new Damage("its values name those of a dictionary that is not there");
  if (bytes.length === 0) throw new Damage("a page ends before its values");
  const indices = readRuns(bytes.subarray(1), bytes[0], count);
  const out = emptyOf(dictionary, count);
  for (let i = 0; i < count; i++) {
    if (indices[i] >= dictionary.length)
      throw new Damage(`a value is number ${indices[i]} of a dictionary of ${dictionary.length}`);
    out[i] = dictionary[indices[i]];
  }
  return out as DecodedArray;
}

function emptyOf(like: DecodedArray, count: number): unknown[] {
  if (Array.isArray(like)) return new Array(count);
  const Typed = like.constructor as new (count: number) => ArrayLike<unknown>;
  return new Typed(count) as unknown[];
}

function plainBytes(bytes: Uint8Array, count: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Each value takes four bytes at least.
  if (count * 4 > bytes.length)
    throw new Damage(`a page of ${bytes.length} bytes is said to hold ${count} texts`);
  const values = new Array<Uint8Array>(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const length = bytes.length - at < 4 ? Number.POSITIVE_INFINITY : view.getUint32(at, true);
    if (length > bytes.length - at - 4) throw new Damage(`value ${i} of a page goes beyond its end`);
    values[i] = bytes.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return values;
}

/** Values one after the other behind `at`, of given lengths. */
function cut(bytes: Uint8Array, at: number, lengths: Int32Array): Uint8Array[] {
  const values = new Array<Uint8Array>(lengths.length);
  for (let i = 0; i < lengths.length; i++) {
    if (lengths[i] < 0 || lengths[i] > bytes.length - at)
      throw new Damage(`value ${i} of a page goes beyond its end`);
    values[i] = bytes.subarray(at, at + lengths[i]);
    at += lengths[i];
  }
  return values;
}

/** Values whose first bytes, `shared` of them, are those of the value before. */
function joined(rest: readonly Uint8Array[], shared: Int32Array, most: number): Uint8Array[] {
  let held = 0;
  let before = new Uint8Array(0);
  return rest.map((end, i) => {
    if (shared[i] < 0 || shared[i] > before.length)
      throw new Damage(`value ${i} of a page shares ${shared[i]} bytes with one of ${before.length}`);
    held += shared[i];
    if (held > most) throw new Damage("the values of a page have more bytes than it can hold");
    const value = new Uint8Array(shared[i] + end.length);
    value.set(before.subarray(0, shared[i]));
    value.set(end, shared[i]);
    before = value;
    return value;
  });
}

/** Largest blocks of differences that are read; writers make blocks of 128 to some thousands. */
const MOST_BLOCK = 1 << 20;

/** Decodes `count` numbers from their differences, of which the reader's bytes must say that there are so many. */
function deltas<Numbers extends Int32Array | BigInt64Array>(
  reader: { view: DataView; offset: number },
  count: number,
  out: Numbers,
): Numbers {
  let at = reader.offset;
  const number = () => {
    let value = 0;
    for (let i = 0; i < 5; i++) {
      if (at >= reader.view.byteLength) throw new Damage("a page ends before its differences");
      const byte = reader.view.getUint8(at++);
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value;
    }
    throw new Damage("the differences of a page have no length");
  };
  const [block, parts, said] = [number(), number(), number()];
  if (block === 0 || parts === 0 || block > MOST_BLOCK || block % (8 * parts) !== 0)
    throw new Damage(`differences are in ${parts} parts of a block of ${block}`);
  if (said !== count) throw new Damage(`a page says that it holds ${said} differences, ${count} are needed`);
  deltaBinaryUnpack(reader, count, out);
  return out;
}
