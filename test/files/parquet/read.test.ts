import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRleBitPackedHybrid } from "hyparquet/src/encoding.js";
import { afterAll, describe, expect, test } from "vitest";
import { mulberry32 } from "../../../src/core/rng.ts";
import { DataError } from "../../../src/errors.ts";
import { ParquetFile } from "../../../src/files/parquet/file.ts";
import { readRuns } from "../../../src/files/parquet/runs.ts";
import { readParquet } from "../../../src/files/table.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/parquet");
const files = readdirSync(FIXTURES).filter((name) => name.endsWith(".parquet"));
const expected = JSON.parse(readFileSync(join(FIXTURES, "table.json"), "utf8")) as Record<string, unknown[]>;
const folder = mkdtempSync(join(tmpdir(), "cellswap-parquet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A value as JSON has it. */
const plain = (v: unknown): unknown => {
  if (v === undefined) return null;
  if (typeof v === "bigint") return Number(v);
  if (Array.isArray(v) || ArrayBuffer.isView(v)) return Array.from(v as unknown as ArrayLike<unknown>, plain);
  if (v === null || typeof v !== "object") return v;
  return Object.fromEntries(Object.entries(v).map(([key, of]) => [key, plain(of)]));
};

async function rowsOf(file: ParquetFile, column: string, from: number, to: number): Promise<unknown[]> {
  const out: unknown[] = [];
  await file.read(column, from, to, (values, row) => {
    expect(row).toBe(from + out.length);
    out.push(...Array.from(values, plain));
  });
  return out;
}

describe.each(files)("%s", (name) => {
  test("is read as pyarrow reads it, any of its rows", async () => {
    const file = await ParquetFile.open(join(FIXTURES, name));
    expect(file.columns.map(({ element }) => element.name)).toEqual(Object.keys(expected));
    for (const [column, values] of Object.entries(expected))
      for (const [from, to] of [
        [0, file.rows],
        [0, 1],
        [3, 17],
        [13, 26],
        [26, 27],
        [39, 40],
        [5, 5],
      ])
        expect(await rowsOf(file, column, from, to), `${column}, ${from} to ${to}`).toEqual(
          values.slice(from, to),
        );
  });

  test("is read or refused in one line wherever a byte is changed or it is cut", async () => {
    const bytes = readFileSync(join(FIXTURES, name));
    const random = mulberry32(files.indexOf(name) + 1);
    const path = join(folder, name);
    let refused = 0;
    for (let i = 0; i < 150; i++) {
      const damaged = Buffer.from(bytes);
      for (let n = Math.floor(random() * 3); n >= 0; n--)
        damaged[Math.floor(random() * bytes.length)] = [0, 255, 127, 128, Math.floor(random() * 256)][i % 5];
      writeFileSync(path, i % 10 === 0 ? damaged.subarray(0, Math.floor(random() * bytes.length)) : damaged);
      try {
        await readParquet(path);
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
        expect((error as Error).message).toMatch(
          /^.*: is not a readable Parquet file \(.*\); write it again$/,
        );
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
  });
});

test("a changed byte of a page with a check sum is always noticed", async () => {
  const bytes = readFileSync(join(FIXTURES, "sums.parquet"));
  const footer = bytes.readUInt32LE(bytes.length - 8);
  const path = join(folder, "sums-changed.parquet");
  const random = mulberry32(1);
  const whole = await readParquet(join(FIXTURES, "sums.parquet"));
  for (let i = 0; i < 200; i++) {
    const changed = Buffer.from(bytes);
    changed[4 + Math.floor(random() * (bytes.length - footer - 12))] ^= 1 << Math.floor(random() * 8);
    writeFileSync(path, changed);
    // What a page says of itself is outside of its sum: where that is read all the same, the values are the same.
    const table = await readParquet(path).catch((error: DataError) => error);
    if (!(table instanceof DataError)) expect(table.columns).toEqual(whole.columns);
  }
});

test("runs are decoded as hyparquet decodes them", () => {
  const random = mulberry32(3);
  for (let round = 0; round < 300; round++) {
    const width = 1 + Math.floor(random() * 24);
    const bytes: number[] = [];
    let count = 0;
    while (count < 100) {
      if (random() < 0.5) {
        const run = 1 + Math.floor(random() * 20);
        bytes.push(run << 1);
        for (let b = 0; b < width; b += 8)
          bytes.push(Math.floor(random() * 256) & (width - b < 8 ? (1 << (width - b)) - 1 : 255));
        count += run;
      } else {
        const groups = 1 + Math.floor(random() * 3);
        bytes.push((groups << 1) | 1);
        for (let b = 0; b < groups * width; b++) bytes.push(Math.floor(random() * 256));
        count += groups * 8;
      }
    }
    const data = Uint8Array.from(bytes);
    const theirs = new Array<number>(count);
    readRleBitPackedHybrid({ view: new DataView(data.buffer), offset: 0 }, width, theirs, data.length);
    expect(Array.from(readRuns(data, width, count))).toEqual(theirs);
  }
});

test("numbers of up to 32 bits are unpacked", () => {
  for (const width of [25, 31, 32]) {
    const numbers = Array.from({ length: 8 }, (_, i) => (2 ** width - 1 - i * 12345) % 2 ** width);
    const bits = numbers.map((n) => [...n.toString(2).padStart(width, "0")].reverse().join("")).join("");
    const bytes = bits.match(/.{8}/g)?.map((b) => Number.parseInt([...b].reverse().join(""), 2)) ?? [];
    expect(Array.from(readRuns(Uint8Array.from([3, ...bytes]), width, 8))).toEqual(numbers);
  }
});
