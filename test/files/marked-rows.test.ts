import {
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { firstTorn, MarkedRows, readSums } from "../../src/files/marked-rows.ts";
import { npyHeader } from "../../src/files/npy.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-rows-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const [ROWS, ROW_BYTES] = [50, 24];
const header = npyHeader("float32", [ROWS, ROW_BYTES / 4]);
const all = Uint8Array.from({ length: ROWS * ROW_BYTES }, (_, i) => (i * 37) % 251);
const rowsOf = (at: number, count: number) => all.subarray(at * ROW_BYTES, (at + count) * ROW_BYTES);

function paths(name: string) {
  const path = join(base, `${name}.npy`);
  return { path, filling: `${path}.filling`, sums: join(base, `${name}.sums.npy`) };
}
const open = (name: string) => new MarkedRows({ ...paths(name), header, rows: ROWS, rowBytes: ROW_BYTES });
const missing = (made: Uint8Array) => [...made.keys()].filter((row) => made[row] === 0);

test("rows filled in any order by two objects are a whole file with a CRC-32 each", () => {
  const a = open("order");
  const b = open("order");
  b.write(30, rowsOf(30, 20));
  a.write(0, rowsOf(0, 10));
  expect(missing(a.verify())).toEqual(Array.from({ length: 20 }, (_, k) => 10 + k));
  expect(() => open("order").finish()).toThrow("row 10 of");
  b.write(10, rowsOf(10, 20));
  b.close();
  a.finish();
  const { path, filling, sums } = paths("order");
  expect(existsSync(filling)).toBe(false);
  expect(new Uint8Array(readFileSync(path))).toEqual(Uint8Array.from([...header, ...all]));
  const found = readSums(sums, ROWS)!;
  expect([...found]).toEqual(Array.from({ length: ROWS }, (_, row) => crc32(rowsOf(row, 1)) || 1));
  expect(firstTorn(rowsOf(7, 9), ROW_BYTES, { sums: found, at: 7 })).toBe(-1);
  expect(firstTorn(rowsOf(7, 9), ROW_BYTES, { sums: found, at: 8 })).toBe(8);
});

test("a row that is not what was written counts as not made, wherever it was changed", () => {
  for (let at = 128; at < 128 + ROWS * ROW_BYTES; at += 97) {
    rmSync(paths("torn").filling, { force: true });
    const rows = open("torn");
    rows.write(0, all);
    const file = openSync(paths("torn").filling, "r+");
    writeSync(file, Uint8Array.of(all[at - 128] ^ 0x10), 0, 1, at);
    const row = Math.floor((at - 128) / ROW_BYTES);
    expect(missing(rows.made())).toEqual([]);
    expect(missing(rows.verify())).toEqual([row]);
    expect(missing(open("torn").made())).toEqual([row]);
    rows.write(row, rowsOf(row, 1));
    expect(missing(rows.verify())).toEqual([]);
    rows.close();
  }
});

test("a tail that came to the disk as zeros is made again", () => {
  const { filling } = paths("zeros");
  open("zeros").write(0, all);
  truncateSync(filling, 128 + 20 * ROW_BYTES + 5);
  truncateSync(filling, 128 + ROWS * ROW_BYTES);
  const rows = open("zeros");
  expect(missing(rows.verify())).toEqual(Array.from({ length: 30 }, (_, k) => 20 + k));
  rows.close();
});

test("files that were cut are begun anew", () => {
  const { filling, sums } = paths("cut");
  for (const cut of [filling, sums]) {
    open("cut").write(0, all);
    truncateSync(cut, readFileSync(cut).length - 1);
    expect(missing(open("cut").made())).toHaveLength(ROWS);
    expect(readSums(sums, ROWS - 1)).toBeNull();
  }
});

test("a row whose CRC-32 is 0 counts as made", () => {
  // Bytes equal to the register clear it; those that then bring it to all ones are found by its table backwards.
  const start = Buffer.from("cellswap");
  const end = Buffer.alloc(4);
  const register = (crc32(start) ^ 0xffffffff) >>> 0;
  end.writeUInt32LE(register);
  const table = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    return c >>> 0;
  });
  let needed = 0xffffffff;
  for (let k = 0; k < 4; k++) {
    const index = table.findIndex((t) => t >>> 24 === needed >>> 24);
    needed = (((needed ^ table[index]) << 8) | index) >>> 0;
  }
  for (let k = 0; k < 4; k++) end[k] ^= (needed >>> (8 * k)) & 0xff;
  const row = Buffer.concat([start, end]);
  expect(crc32(row)).toBe(0);
  const rows = new MarkedRows({ ...paths("zero"), header, rows: 1, rowBytes: row.length });
  rows.write(0, row);
  expect([...rows.verify()]).toEqual([1]);
  rows.finish();
});

test("a symbolic link in the place of a file is refused and its target left alone", () => {
  for (const which of ["filling", "sums", "path"] as const) {
    const own = join(base, `own-${which}.txt`);
    writeFileSync(own, "mine");
    symlinkSync(own, paths(`link-${which}`)[which]);
    const fill = () => {
      const rows = open(`link-${which}`);
      rows.write(0, all);
      rows.finish();
    };
    expect(fill).toThrow("is a symbolic link, through which nothing is written");
    expect(readFileSync(own, "utf8")).toBe("mine");
  }
});
