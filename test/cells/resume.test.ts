import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { type CellSource, type ImportOptions, importCells } from "../../src/cells/importer.ts";
import { CellStore } from "../../src/cells/store.ts";
import { verify } from "../../src/study/verify.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-resume-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const CELLS = 24;
const out = join(scratch, "cells");
const unfinished = `${out}.unfinished`;
const input = (cell: number) => join(scratch, `input${cell}`);
let read: number[] = [];

beforeEach(() => {
  for (const name of readdirSync(scratch)) rmSync(join(scratch, name), { recursive: true, force: true });
  for (let cell = 0; cell < CELLS; cell++) writeFileSync(input(cell), String(cell));
  read = [];
});

/** Disks in crops of 16 px, each brighter by what its file says. */
function source(more: Partial<CellSource> = {}): CellSource {
  const disk = Uint8Array.from({ length: 256 }, (_, p) =>
    Math.hypot((p >> 4) - 8, (p & 15) - 8) < 5 ? 1 : 0,
  );
  return {
    source: "disks",
    path: scratch,
    channels: ["A", "B"],
    masks: "center",
    count: CELLS,
    notes: [],
    record: (cell) => ({ Metadata_Cell: `c${cell}`, Metadata_Protein: "P", Metadata_Field: `F${cell % 3}` }),
    file: input,
    inputs: (cell) => [input(cell)],
    read: async (cell) => {
      read.push(cell);
      const bright = Number(readFileSync(input(cell), "utf8"));
      const crop = Float32Array.from({ length: 512 }, (_, p) => bright + (disk[p & 255] === 1 ? 9 : p % 3));
      return { height: 16, width: 16, crop, mask: disk.slice() };
    },
    ...more,
  };
}

/** Imports until `cells` are done, where it is stopped. */
async function stopAt(cells: number, options: ImportOptions = { choices: {} }, to = out): Promise<string> {
  const stop = new AbortController();
  const onProgress = (done: number) => void (done === cells && stop.abort());
  return importCells(source(), to, { ...options, signal: stop.signal, onProgress, ahead: 1 }).then(
    () => "was not stopped",
    (error: Error) => error.message,
  );
}

const bytes = (of: string) =>
  Object.fromEntries(readdirSync(of).map((name) => [name, readFileSync(join(of, name)).toString("base64")]));

/** Files of an import that nothing stopped. */
async function unbroken(): Promise<Record<string, string>> {
  const whole = join(scratch, "whole");
  await importCells(source(), whole);
  read = [];
  return bytes(whole);
}

test("an import that was stopped goes on where it was, to the same bytes", async () => {
  const whole = await unbroken();
  expect(await stopAt(10)).toBe(
    `${out}: stopped after 10 of 24 cells, which are kept in ${unfinished}; run the same command again to go on, or remove that folder`,
  );
  expect(existsSync(out)).toBe(false);
  read = [];
  expect(await stopAt(3), "stopped again before it reads anything").toMatch(/stopped after 10 of 24 cells/);
  expect(read).toEqual([]);
  const taken: number[] = [];
  await importCells(source(), out, { choices: {}, onTaken: (cells) => taken.push(cells) });
  expect(taken).toEqual([10]);
  expect(read).toEqual(Array.from({ length: 14 }, (_, i) => i + 10));
  expect(bytes(out)).toEqual(whole);
  expect(readdirSync(scratch).filter((name) => !name.startsWith("input"))).toEqual(["cells", "whole"]);
});

test("a cell whose bytes were torn is read again", async () => {
  const whole = await unbroken();
  await stopAt(12);
  for (const [name, at] of [
    ["crops.npy", 128 + 2 * 2048 + 77],
    ["masks.npy", 128 + 5 * 256 + 3],
  ] as const) {
    const file = join(unfinished, "store", name);
    const torn = readFileSync(file);
    torn[at] ^= 4;
    writeFileSync(file, torn);
  }
  read = [];
  await importCells(source(), out, { choices: {} });
  expect(read.slice(0, 2)).toEqual([2, 5]);
  expect(read.length).toBe(14);
  expect(bytes(out)).toEqual(whole);
});

/** Whole numbers of 8 bits, from cell 6 on of 16, and cell 9 in floats: a store in which the type grows twice. */
const mixed: Partial<CellSource> = {
  read: async (cell) => {
    const pixels = await source().read(cell);
    const crop =
      cell === 9
        ? pixels.crop
        : cell < 6
          ? Uint8Array.from(pixels.crop)
          : Uint16Array.from(pixels.crop, (v) => 1000 + v);
    return { ...pixels, crop };
  },
};

test("cells of several types are kept in the one that holds all, however the import is cut off", async () => {
  const whole = join(scratch, "whole");
  await importCells(source(mixed), whole);
  const store = await CellStore.open(whole);
  expect(store.header.type).toBe("float32");
  const crop = new Float32Array(512);
  for (let cell = 0; cell < CELLS; cell++) {
    store.readCrop(cell, crop);
    expect(crop).toEqual(Float32Array.from((await source(mixed).read(cell)).crop));
  }
  store.close();
  for (const cells of [3, 8, 15]) {
    const stop = new AbortController();
    const onProgress = (done: number) => void (done === cells && stop.abort());
    const again = importCells(source(mixed), out, { choices: {}, signal: stop.signal, onProgress, ahead: 1 });
    await expect(again).rejects.toThrow(/stopped after/);
  }
  // What a kill in the middle of a change of types leaves.
  writeFileSync(join(unfinished, "store", "wider.npy"), "torn");
  writeFileSync(join(unfinished, "wider.sums.npy"), "torn");
  await importCells(source(mixed), out, { choices: {} });
  expect(bytes(out)).toEqual(bytes(whole));
});

test.each<[string, () => void, Partial<CellSource>, unknown]>([
  ["a file of the source changed", () => writeFileSync(input(1), "77"), {}, {}],
  ["a file was touched", () => utimesSync(input(1), 1, 1), {}, {}],
  ["other choices", () => {}, {}, { size: 16 }],
  ["another importer", () => {}, { source: "other" }, {}],
  ["other channels", () => {}, { channels: ["A", "C"] }, {}],
  ["a source that does not say its files", () => {}, { inputs: undefined as never }, {}],
  ["a damaged state", () => writeFileSync(join(unfinished, "import.json"), "{"), {}, {}],
])("nothing is taken up after: %s", async (_, change, more, choices) => {
  await stopAt(10);
  change();
  read = [];
  await importCells(source(more), out, { choices });
  expect(read.length).toBe(CELLS);
  expect(existsSync(unfinished)).toBe(false);
  expect((await verify(out)).files.filter((f) => f.fault !== null)).toEqual([]);
});

test("an older store stays whole until the import that was stopped ends", async () => {
  await importCells(source(), out);
  const before = bytes(out);
  writeFileSync(input(0), "50");
  expect(await stopAt(5)).toMatch(/stopped after 5 of 24/);
  expect(bytes(out)).toEqual(before);
  await importCells(source(), out, { choices: {} });
  expect(bytes(out)).not.toEqual(before);
});

test("without choices nothing is kept, and a failure leaves nothing", async () => {
  expect(await stopAt(10, {})).toBe(`${out}: stopped; nothing was written, what stood there before is kept`);
  expect(existsSync(unfinished)).toBe(false);
  await stopAt(10);
  const broken = source({
    read: async () => {
      throw new Error("a broken file");
    },
  });
  await expect(importCells(broken, out, { choices: {} })).rejects.toThrow("a broken file");
  expect(existsSync(unfinished)).toBe(false);
  expect(existsSync(out)).toBe(false);
});

test("a second import to the same folder waits for the first", async () => {
  let second: Promise<unknown> | undefined;
  const onProgress = (done: number) => {
    if (done === 3) second = importCells(source(), out, { choices: {} }).catch((error: Error) => error);
  };
  await importCells(source(), out, { choices: {}, onProgress });
  expect(await second).toMatchObject({ name: "InUseError" });
  expect((await verify(out)).files.filter((f) => f.fault !== null)).toEqual([]);
});

test("a user's folder or link in the way is left alone", async () => {
  mkdirSync(unfinished);
  writeFileSync(join(unfinished, "notes.txt"), "mine");
  await expect(importCells(source(), out)).rejects.toThrow(`${unfinished}: is in the way`);
  expect(readdirSync(unfinished)).toEqual(["notes.txt"]);
  const elsewhere = join(scratch, "elsewhere");
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, `${join(scratch, "linked")}.unfinished`);
  await expect(importCells(source(), join(scratch, "linked"))).rejects.toThrow("is a symbolic link");
  expect(existsSync(elsewhere)).toBe(true);
});
