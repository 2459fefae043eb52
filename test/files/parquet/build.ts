/** Writes Parquet files byte by byte, so that a test can say what no writer would. */

/** A field of a Thrift struct in the compact protocol. */
export type Value =
  | { readonly i32: number }
  | { readonly i64: number | bigint }
  | { readonly binary: string | Uint8Array }
  | { readonly list: readonly Value[] }
  | { readonly struct: Struct }
  | { readonly raw: readonly number[]; readonly type: number };
export type Struct = Readonly<Record<number, Value | undefined>>;

const TYPES = { i32: 5, i64: 6, binary: 8, list: 9, struct: 12 };

const typeOf = (value: Value): number => {
  if ("raw" in value) return value.type;
  return TYPES[Object.keys(value)[0] as keyof typeof TYPES];
};

export function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  for (let left = BigInt(value); ; left >>= 7n) {
    if (left < 128n) return [...bytes, Number(left)];
    bytes.push(Number(left & 127n) | 128);
  }
}

const zigzag = (value: number | bigint): number[] => {
  const v = BigInt(value);
  return varint(v < 0n ? -2n * v - 1n : 2n * v);
};

function bytesOf(value: Value): number[] {
  if ("raw" in value) return [...value.raw];
  if ("i32" in value) return zigzag(value.i32);
  if ("i64" in value) return zigzag(value.i64);
  if ("struct" in value) return structBytes(value.struct);
  if ("binary" in value) {
    const bytes = typeof value.binary === "string" ? Buffer.from(value.binary) : value.binary;
    return [...varint(bytes.length), ...bytes];
  }
  const type = value.list.length === 0 ? TYPES.struct : typeOf(value.list[0]);
  const head =
    value.list.length < 15 ? [(value.list.length << 4) | type] : [0xf0 | type, ...varint(value.list.length)];
  return [...head, ...value.list.flatMap(bytesOf)];
}

export function structBytes(struct: Struct): number[] {
  const out: number[] = [];
  let before = 0;
  for (const [key, value] of Object.entries(struct)) {
    if (value === undefined) continue;
    const field = Number(key);
    out.push(((field - before) << 4) | typeOf(value), ...bytesOf(value));
    before = field;
  }
  return [...out, 0];
}

const i32 = (value: number): Value => ({ i32: value });
const i64 = (value: number | bigint): Value => ({ i64: value });
const text = (value: string): Value => ({ binary: value });

/** The numbers that Parquet gives its types, encodings and codecs. */
export const TYPE = { BOOLEAN: 0, INT32: 1, INT64: 2, DOUBLE: 5, BYTE_ARRAY: 6 };
export const ENCODING = {
  PLAIN: 0,
  RLE: 3,
  DELTA: 5,
  DELTA_LENGTH: 6,
  DELTA_TEXT: 7,
  DICTIONARY: 8,
  SPLIT: 9,
};
export const CODEC = { NONE: 0, SNAPPY: 1, GZIP: 2, BROTLI: 4, ZSTD: 6, LZ4_RAW: 7 };

/** What a page says of itself, changed by `header` where a test wants it. */
export interface PageOf {
  readonly values: number;
  readonly encoding?: number;
  readonly dictionary?: boolean;
  readonly bytes: readonly number[] | Uint8Array;
  /** Bytes when decompressed; those that are there by default. */
  readonly size?: number;
  readonly header?: Struct;
}

export function page({ values, encoding = 0, dictionary = false, bytes, size, header }: PageOf): number[] {
  const of: Value = { struct: { 1: i32(values), 2: i32(encoding), 3: i32(3), 4: i32(3) } };
  const head: Struct = {
    1: i32(dictionary ? 2 : 0),
    2: i32(size ?? bytes.length),
    3: i32(bytes.length),
    [dictionary ? 7 : 5]: of,
    ...header,
  };
  return [...structBytes(head), ...bytes];
}

/** A file of one column `x`, with what its metadata say changed where a test wants it. */
export interface FileOf {
  readonly type?: number;
  readonly pages: readonly (readonly number[])[];
  readonly rows: number;
  readonly codec?: number;
  readonly optional?: boolean;
  readonly column?: Struct;
  readonly group?: Struct;
  readonly footer?: Struct;
}

export function file({
  type = TYPE.INT32,
  pages,
  rows,
  codec = 0,
  optional = false,
  ...change
}: FileOf): Buffer {
  const body = pages.flat();
  const element = (fields: Struct): Value => ({ struct: fields });
  const column: Struct = {
    1: i32(type),
    2: { list: [i32(0)] },
    3: { list: [text("x")] },
    4: i32(codec),
    5: i64(rows),
    6: i64(body.length),
    7: i64(body.length),
    9: i64(4),
    ...change.column,
  };
  const group: Struct = {
    1: { list: [{ struct: { 2: i64(4), 3: { struct: column } } }] },
    2: i64(body.length),
    3: i64(rows),
    ...change.group,
  };
  const footer = structBytes({
    1: i32(1),
    2: {
      list: [
        element({ 4: text("root"), 5: i32(1) }),
        element({ 1: i32(type), 3: i32(optional ? 1 : 0), 4: text("x") }),
      ],
    },
    3: i64(rows),
    4: { list: [{ struct: group }] },
    ...change.footer,
  });
  return whole(body, footer);
}

/** Body and footer as a file. */
export function whole(body: readonly number[], footer: readonly number[], said = footer.length): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(said);
  return Buffer.concat([
    Buffer.from("PAR1"),
    Buffer.from(body),
    Buffer.from(footer),
    length,
    Buffer.from("PAR1"),
  ]);
}
