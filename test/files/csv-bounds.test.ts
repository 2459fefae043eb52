import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DataError } from "../../src/errors.ts";
import { readCsvFile } from "../../src/files/csv.ts";
import { csvRows } from "../../src/files/rows/csv-rows.ts";
import { processorMs } from "../processor.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-csv-"));
const path = join(folder, "a.csv");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What both ways to read the file at `path` say, as a whole and in pieces. */
async function refusals(): Promise<string[]> {
  const said: string[] = [];
  for (const read of [
    async () => void readCsvFile(path),
    async () => {
      const rows = csvRows(path);
      await rows.each(rows.columns, () => {});
    },
  ]) {
    const error = await read().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DataError);
    const { message } = error as DataError;
    expect(message).not.toContain("\n");
    expect(message.length).toBeLessThanOrEqual(1000);
    said.push(message.slice(`${path}: `.length));
  }
  return said;
}

test("a quote that never ends is told by its line, without what stands behind it", async () => {
  writeFileSync(path, `a,b\n1,2\n3,"4\n${"x,y\n".repeat(5_000_000)}`);
  for (const message of await refusals())
    expect(message).toMatch(/goes on for more than 16777216 characters; a quote may be missing there/);
});

test("one line of two gigabytes is refused before it is held", async () => {
  const file = openSync(path, "w");
  writeSync(file, "a,b\n");
  writeSync(file, "x".repeat(1 << 24));
  ftruncateSync(file, 2 ** 31);
  closeSync(file);
  const [whole, pieces] = await refusals();
  expect(whole).toMatch(
    /^has 2147483648 bytes; a table that is held as a whole of at most \d+ bytes is read/,
  );
  expect(pieces).toMatch(/^has more than 16777216 bytes in line 2, which is no row of a table/);
});

test("a line of a hundred megabytes is refused", async () => {
  writeFileSync(path, Buffer.alloc(100 << 20, "x"));
  for (const message of await refusals()) expect(message).toMatch(/^has more than \d+ bytes in line 1/);
});

test("a million columns are refused at once", async () => {
  writeFileSync(path, `${Array.from({ length: 1_000_000 }, (_, i) => `c${i}`).join(",")}\n`);
  const start = processorMs();
  for (const message of await refusals())
    expect(message).toMatch(/^has 1000000 columns, at most 100000 are read/);
  expect(processorMs() - start).toBeLessThan(20_000);
});

test("lines of separators do not add up in memory", async () => {
  writeFileSync(path, `a,b\n${`${",".repeat(1_000_000)}1\n`.repeat(20)}`);
  for (const message of await refusals())
    expect(message).toMatch(/^has 1000001 field\(s\) in line 2, its header has 2/);
});

test("UTF-16 that breaks off and NULs are refused by name", async () => {
  writeFileSync(path, Buffer.from([0xff, 0xfe, 0x61, 0, 0x2c]));
  for (const message of await refusals()) expect(message).toMatch(/^is damaged: its UTF-16 ends/);
  writeFileSync(path, "a,b\n1,\0\n");
  for (const message of await refusals()) expect(message).toMatch(/byte 0x00 in line 2/);
});
