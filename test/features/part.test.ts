import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { shortHash } from "../../src/features/key.ts";
import {
  FillingPart,
  findParts,
  type PartDamage,
  readPart,
  removeUnwanted,
} from "../../src/features/part.ts";
import { PlacedFeatures } from "../../src/features/placed.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-part-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const [ROWS, DIMENSION] = [20, 3];
const rows = Int32Array.from({ length: 2 * ROWS }, (_, i) => (i % 2 === 0 ? i : -1));
const HASH = shortHash(new Uint8Array(rows.buffer));
const [A, B] = ["000000000001", "000000000002"].map((key) => `masked.${key}-`);
const values = (from: number, count: number) =>
  Float32Array.from({ length: count * DIMENSION }, (_, i) => from + i / 8);

let folder: string;
let path: string;
let number = 0;
beforeEach(() => {
  folder = join(base, String(number++));
  path = join(folder, `${A}${HASH}`);
});

function fill(at: string): void {
  const part = new FillingPart(at, ROWS, DIMENSION);
  part.write(0, values(0, ROWS));
  part.finish(rows);
}

/** Parts that are found, and what is said of those that are damaged. */
function find(prefix = A, dimension = DIMENSION) {
  const damages: PartDamage[] = [];
  const parts = findParts(folder, prefix, dimension, { onDamage: (damage) => damages.push(damage) });
  return { parts, damages };
}

/** All files of the folder by name. */
const files = () =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));

test("rows may come in any order; a part counts only when all are there", () => {
  const part = new FillingPart(path, ROWS, DIMENSION);
  part.write(15, values(15, 5));
  part.write(0, values(0, 10));
  expect([...part.made()].map((m, row) => (m === 1 ? -1 : row)).filter((row) => row >= 0)).toEqual([
    10, 11, 12, 13, 14,
  ]);
  expect(() => part.finish(rows)).toThrow("row 10 of");
  expect(find()).toEqual({ parts: [], damages: [] });
  const again = new FillingPart(path, ROWS, DIMENSION);
  again.write(10, values(10, 5));
  again.finish(rows);
  expect(find()).toEqual({ parts: [{ base: path, rows }], damages: [] });
  expect(existsSync(`${path}.filling`)).toBe(false);
  const out = new Float32Array(5 * DIMENSION);
  const placed = new PlacedFeatures(DIMENSION);
  placed.read(5, (i) => ({ base: path, row: 10 + i }), out);
  placed.close();
  expect(out).toEqual(values(10, 5));
});

test("whatever a killed process leaves of a new part, rows that are not whole are made anew", () => {
  const first = new FillingPart(path, ROWS, DIMENSION);
  first.write(0, values(0, ROWS));
  first.close();
  const [whole, sums] = [readFileSync(`${path}.filling`), readFileSync(`${path}.sums.npy`)];
  for (const left of [0, 1, 127, 128, whole.length - 4, whole.length - 1]) {
    writeFileSync(`${path}.filling`, whole.subarray(0, left));
    writeFileSync(`${path}.sums.npy`, sums);
    const part = new FillingPart(path, ROWS, DIMENSION);
    expect(part.made()).toEqual(new Uint8Array(ROWS));
    part.close();
  }
  // A power cut: of the right size, but the tail never reached the disk.
  writeFileSync(`${path}.filling`, Buffer.from(whole).fill(0, whole.length - 16));
  writeFileSync(`${path}.sums.npy`, sums);
  const part = new FillingPart(path, ROWS, DIMENSION);
  expect([...part.made()].lastIndexOf(1)).toBe(ROWS - 3);
  part.write(ROWS - 2, values(0, ROWS).subarray((ROWS - 2) * DIMENSION));
  part.finish(rows);
  expect(readFileSync(`${path}.npy`)).toEqual(whole);
});

test("killed between the last two files, a part is finished by the next run", () => {
  fill(path);
  // The array is renamed last; before that it stands as `.filling`.
  writeFileSync(`${path}.filling`, readFileSync(`${path}.npy`));
  rmSync(`${path}.npy`);
  expect(find()).toEqual({ parts: [], damages: [] });
  new FillingPart(path, ROWS, DIMENSION).finish(rows);
  expect(find().parts).toHaveLength(1);
});

test("any byte of a part that is another is noticed, and only what is torn is made again", () => {
  fill(path);
  const whole = files();
  const random = [...Array(40).keys()];
  for (const [name, bytes] of Object.entries(whole)) {
    // Every tenth bit of a small file, from its first to its last.
    for (const at of [...random.map((i) => Math.floor((i * (bytes.length - 1)) / 39)), bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] ^= 1 << (at % 8);
      writeFileSync(join(folder, name), changed);
      const { parts, damages } = find();
      expect(parts, `${name} at ${at}`).toEqual([]);
      expect(damages.map((d) => d.path)).toHaveLength(1);
      const part = new FillingPart(path, ROWS, DIMENSION);
      const left = [...part.made()].filter((m) => m === 0).length;
      if (name.endsWith(".rows.npy")) expect(left).toBe(0);
      else if (at >= 128) expect(left).toBe(1);
      part.write(0, values(0, ROWS));
      part.finish(rows);
      expect(files()).toEqual(whole);
      expect(find().parts).toHaveLength(1);
    }
  }
});

test("parts that are cut off, swapped with a sibling's or replaced by a folder do not count", () => {
  const sibling = join(folder, `${B}${HASH}`);
  fill(path);
  fill(sibling);
  const whole = files();
  for (const ending of [".npy", ".rows.npy", ".sums.npy"])
    for (const size of [0, 1, 127, 128, 130]) {
      truncateSync(`${path}${ending}`, size);
      expect(find().damages[0].path).toBe(`${path}${ending}`);
      fill(path);
    }
  // All three files of a part under the name of another.
  for (const ending of [".npy", ".rows.npy", ".sums.npy"])
    writeFileSync(`${sibling}${ending}`, readFileSync(`${path}${ending}`));
  expect(find(B).damages[0]).toEqual({
    path: `${sibling}.npy`,
    what: "has a row (0, from 0) that is not what was written",
  });
  fill(sibling);
  expect(files()).toEqual(whole);
});

test("a row that is damaged while a run goes on is an error, and never a number", () => {
  fill(path);
  const bytes = readFileSync(`${path}.npy`);
  bytes[128 + 7 * DIMENSION * 4 + 2] ^= 1;
  const placed = new PlacedFeatures(DIMENSION);
  const read = () => placed.read(ROWS, (row) => ({ base: path, row }), new Float32Array(ROWS * DIMENSION));
  read();
  writeFileSync(`${path}.npy`, bytes);
  expect(read).toThrow(`${path}.npy: is damaged: row 7 is not what was written; run the study again`);
  placed.close();
  rmSync(`${path}.sums.npy`);
  expect(read).toThrow(`${path}.npy: nothing vouches for its rows`);
});

test("parts that were checked already are not read again", () => {
  fill(path);
  const checked = new Set<string>();
  findParts(folder, A, DIMENSION, { checked });
  expect([...checked]).toEqual([path]);
  expect(readPart(path, null).damage).toBeNull();
  expect(readPart(path, DIMENSION + 1).damage?.what).toBe(
    `does not hold ${ROWS} rows of ${DIMENSION + 1} features`,
  );
});

test("what was begun and nobody wants is removed; complete parts and files of others stay", () => {
  fill(path);
  const [unwanted, wanted] = [join(folder, `${A}000000000002`), join(folder, `${A}000000000003`)];
  for (const begun of [unwanted, wanted]) new FillingPart(begun, ROWS, DIMENSION).close();
  writeFileSync(join(folder, "mine.filling"), "");
  removeUnwanted(folder, new Set([wanted]));
  const left = readdirSync(folder).sort();
  expect(left).toEqual(
    [
      "mine.filling",
      ...[".npy", ".rows.npy", ".sums.npy"].map((ending) => `${A}${HASH}${ending}`),
      ...[".filling", ".sums.npy"].map((ending) => `${A}000000000003${ending}`),
    ].sort(),
  );
});

test("a place where nothing can be written is one line", () => {
  const file = join(base, "in-the-way");
  writeFileSync(file, "");
  expect(() => new FillingPart(join(file, "a"), ROWS, DIMENSION)).toThrow(
    `${join(file, "a.npy")}: a part of this path is a file, not a folder; choose another path`,
  );
});
