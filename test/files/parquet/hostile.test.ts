import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { DataError } from "../../../src/errors.ts";
import { readParquet } from "../../../src/files/table.ts";
import { CODEC, ENCODING, file, page, structBytes, TYPE, varint, whole } from "./build.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-parquet-"));
const path = join(folder, "x.parquet");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(bytes: Uint8Array): Promise<unknown[]> {
  writeFileSync(path, bytes);
  const { columns } = await readParquet(path);
  return Array.from(columns.get("x") as ArrayLike<unknown>);
}

const four = (n: number) => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];
const numbers = [1, 2, 3].flatMap(four);
const texts = ["a", "bc"].flatMap((t) => [...four(t.length), ...Buffer.from(t)]);

test("what is built here is Parquet: it is read as long as nothing is wrong with it", async () => {
  const plain = page({ values: 3, bytes: numbers });
  expect(await read(file({ rows: 3, pages: [plain] }))).toEqual([1, 2, 3]);
  const dictionary = page({ values: 2, dictionary: true, bytes: texts });
  const indices = page({ values: 3, encoding: ENCODING.DICTIONARY, bytes: [1, 0x03, 0b101] });
  expect(await read(file({ type: TYPE.BYTE_ARRAY, rows: 3, pages: [dictionary, indices] }))).toEqual([
    "bc",
    "a",
    "bc",
  ]);
  const missing = page({ values: 3, bytes: [...four(2), 0x03, 0b101, ...[1, 2].flatMap(four)] });
  expect(await read(file({ rows: 3, optional: true, pages: [missing] }))).toEqual(["1", null, "2"]);
});

const i32 = (value: number) => ({ i32: value });
const i64 = (value: number | bigint) => ({ i64: value });
const nested = (depth: number): number[] => [...new Array(depth).fill(0x1c), ...new Array(depth + 1).fill(0)];
const runs = (bytes: readonly number[], values = 3) =>
  file({
    type: TYPE.BYTE_ARRAY,
    rows: values,
    pages: [
      page({ values: 2, dictionary: true, bytes: texts }),
      page({ values, encoding: ENCODING.DICTIONARY, bytes: [...bytes] }),
    ],
  });
const coded = (encoding: number, bytes: readonly number[], type = TYPE.INT32, values = 3) =>
  file({ type, rows: values, pages: [page({ values, encoding, bytes })] });
const packed = (codec: number, bytes: Uint8Array | readonly number[], size: number) =>
  file({ codec, rows: 3, pages: [page({ values: 3, bytes, size })] });
const levels = (bytes: readonly number[]) =>
  file({ optional: true, rows: 3, pages: [page({ values: 3, bytes })] });
const zstd = (...head: number[]) => [0x28, 0xb5, 0x2f, 0xfd, ...head];

const HOSTILE: Readonly<Record<string, Uint8Array>> = {
  "rows without end": file({ rows: 3, pages: [], footer: { 3: i64(2n ** 62n) } }),
  "rows that the file cannot hold": file({ rows: 10 ** 9, pages: [] }),
  "a negative number of rows": file({ rows: 3, pages: [], footer: { 3: i64(-3) } }),
  "groups that do not add up": file({
    rows: 3,
    pages: [page({ values: 3, bytes: numbers })],
    footer: { 3: i64(4) },
  }),
  "more values than rows": file({
    rows: 3,
    pages: [page({ values: 3, bytes: numbers })],
    column: { 5: i64(4) },
  }),
  "fewer values than rows": file({ rows: 3, pages: [page({ values: 2, bytes: numbers })] }),
  "a page of more values than rows": file({ rows: 3, pages: [page({ values: 2 ** 30, bytes: numbers })] }),
  "a page of negative values": file({ rows: 3, pages: [page({ values: -1, bytes: numbers })] }),
  "a page beyond its column": file({
    rows: 3,
    pages: [page({ values: 3, bytes: numbers, header: { 3: i32(2 ** 30) } })],
  }),
  "a page of negative size": file({
    rows: 3,
    pages: [page({ values: 3, bytes: numbers, header: { 3: i32(-1) } })],
  }),
  "a column before the file": file({
    rows: 3,
    pages: [page({ values: 3, bytes: numbers })],
    column: { 9: i64(-9) },
  }),
  "a column behind the file": file({
    rows: 3,
    pages: [page({ values: 3, bytes: numbers })],
    column: { 7: i64(2n ** 40n) },
  }),
  "values of a dictionary that is not there": coded(ENCODING.DICTIONARY, [1, 0x06, 0]),
  "an index outside of the dictionary": runs([2, 0x06, 3]),
  "runs of no length": runs([1, ...new Array(1000).fill(0)]),
  "a run that is cut": runs([8, 0x07]),
  "a run whose length has no end": runs([8, ...new Array(40).fill(0xff)]),
  "numbers of 33 bits": runs([33, 0x06, 0, 0, 0, 0, 0]),
  "levels that are cut": levels([...four(9), 0x06, 1]),
  "levels without length": levels([1]),
  "levels of no length": levels([...four(0), ...numbers]),
  "texts longer than their page": coded(0, [...four(2 ** 31 - 1), 1], TYPE.BYTE_ARRAY, 1),
  "more texts than bytes": coded(0, four(0), TYPE.BYTE_ARRAY, 3),
  "more numbers than bytes": coded(0, [1, 0, 0, 0]),
  "split numbers that are cut": coded(ENCODING.SPLIT, numbers.slice(1), TYPE.INT32),
  "differences of no block": coded(ENCODING.DELTA, [...varint(0), ...varint(0), ...varint(3), 0, 0, 0]),
  "differences in two billion parts": coded(ENCODING.DELTA, [
    ...varint(2 ** 31),
    ...varint(2 ** 31),
    ...varint(3),
    0,
    0,
  ]),
  "other differences than values": coded(ENCODING.DELTA, [
    ...varint(128),
    ...varint(4),
    ...varint(9),
    2,
    2,
    0,
    0,
    0,
    0,
  ]),
  "differences that break off": coded(ENCODING.DELTA, [
    ...varint(128),
    ...varint(4),
    ...varint(3),
    2,
    2,
    32,
    0,
    0,
    0,
  ]),
  "texts of negative length": coded(
    ENCODING.DELTA_LENGTH,
    [...varint(128), ...varint(4), ...varint(1), 3],
    TYPE.BYTE_ARRAY,
    1,
  ),
  "a first text that shares bytes": coded(
    ENCODING.DELTA_TEXT,
    [...varint(128), ...varint(4), ...varint(1), 8, ...varint(128), ...varint(4), ...varint(1), 0],
    TYPE.BYTE_ARRAY,
    1,
  ),
  "an encoding that is not known": coded(77, numbers),
  "a compression that is not known": packed(99, numbers, 12),
  "a page that unpacks to gigabytes": packed(CODEC.GZIP, gzipSync(Buffer.from(numbers)), 2 ** 31 - 1),
  "a page that holds more than it says (gzip)": packed(CODEC.GZIP, gzipSync(Buffer.alloc(1 << 20)), 12),
  "a page that holds less than it says (gzip)": packed(CODEC.GZIP, gzipSync(Buffer.from(numbers)), 13),
  "a page that holds more than it says (brotli)": packed(
    CODEC.BROTLI,
    brotliCompressSync(Buffer.alloc(1 << 20)),
    12,
  ),
  "a page that holds less than it says (lz4)": packed(CODEC.LZ4_RAW, [0x40, 1, 0, 0, 0], 12),
  "a page that never ends (lz4)": packed(CODEC.LZ4_RAW, [0xff, ...new Array(20).fill(0xff)], 12),
  "a page of another length (snappy)": packed(CODEC.SNAPPY, [...varint(2 ** 31), 0], 12),
  "a page without length (snappy)": packed(CODEC.SNAPPY, new Array(9).fill(0xff), 12),
  "a page that copies from before its start (snappy)": packed(CODEC.SNAPPY, [12, 0x2e, 9, 0], 12),
  "a page with a window of 2 GB (zstd)": packed(CODEC.ZSTD, zstd(0, 0xa8, 1, 0, 0), 12),
  "a page that repeats a byte beyond its end (zstd)": packed(CODEC.ZSTD, zstd(0x20, 12, 3, 0, 1, 7), 12),
  "a page that ends early (zstd)": packed(CODEC.ZSTD, zstd(0x20, 12, 0x23, 0, 0, 7), 12),
  "metadata longer than the file": whole([], structBytes({}), 2 ** 32 - 1),
  "metadata nested without end": whole([], nested(100_000)),
  "a list of two billion": whole([], [0x29, 0xfc, ...varint(2 ** 31 - 1)]),
  "two hundred thousand empty parts": whole(
    [],
    [0x29, 0xfc, ...varint(200_000), ...new Array(200_001).fill(0)],
  ),
  "a number without end": whole([], [0x15, ...new Array(100).fill(0xff)]),
  "a field of an unknown type": whole([], [0x1b, 0, 0]),
  "metadata without a schema": whole([], structBytes({ 1: i32(1), 3: i64(0) })),
  "a number where the schema is": whole([], structBytes({ 1: i32(1), 2: i32(1), 3: i64(0) })),
  "a schema that breaks off": file({
    rows: 0,
    pages: [],
    footer: { 2: { list: [{ struct: { 4: { binary: "root" }, 5: i32(9) } }] } },
  }),
  "a schema that nests without end": file({
    rows: 0,
    pages: [],
    footer: { 2: { list: new Array(5000).fill({ struct: { 3: i32(0), 4: { binary: "a" }, 5: i32(1) } }) } },
  }),
  "no more than its magic": Buffer.from("PAR1PAR1"),
  nothing: Buffer.alloc(0),
};

test.each(Object.entries(HOSTILE))(
  "%s: is refused in one line, at once and in little memory",
  async (_, bytes) => {
    let error: unknown;
    const before = process.memoryUsage().arrayBuffers;
    try {
      await read(bytes);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(DataError);
    const { message } = error as DataError;
    expect(message.startsWith(`${path}: is not a readable Parquet file (`)).toBe(true);
    expect(message.endsWith("; write it again")).toBe(true);
    expect(message).not.toMatch(/\n|undefined|NaN|object Object/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 28);
  },
);

test("text that is no UTF-8 is refused where a column says that it is text, and read as bytes where not", async () => {
  const pages = [page({ values: 1, bytes: [...four(2), 0xc3, 0x28] })];
  const told = {
    2: {
      list: [
        { struct: { 4: { binary: "root" }, 5: i32(1) } },
        { struct: { 1: i32(TYPE.BYTE_ARRAY), 3: i32(0), 4: { binary: "x" }, 6: i32(0) } },
      ],
    },
  };
  await expect(read(file({ type: TYPE.BYTE_ARRAY, rows: 1, pages, footer: told }))).rejects.toThrow(
    /a value is no UTF8/,
  );
  expect(await read(file({ type: TYPE.BYTE_ARRAY, rows: 1, pages }))).toEqual(["\uFFFD("]);
});
