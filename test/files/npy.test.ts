import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openNpyArray } from "../../src/cells/readers/npy-array.ts";
import { NpyReader, openNpy } from "../../src/files/npy.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-npy-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const file = join(scratch, "a.npy");

interface Parts {
  version?: number;
  /** As the file says it. */
  length?: number;
  bytes?: number;
}

/** Writes a .npy file whose header is `text`, or a dict of these keys, before `bytes` bytes of values. */
function write(text: string, { version = 1, length, bytes = 24 }: Parts = {}): string {
  const header = Buffer.from(`${text}\n`, "latin1");
  const head = Buffer.alloc(version > 1 ? 12 : 10);
  head.write("\x93NUMPY", "latin1");
  head[6] = version;
  if (version > 1) head.writeUInt32LE(length ?? header.length, 8);
  else head.writeUInt16LE(length ?? header.length, 8);
  writeFileSync(file, Buffer.concat([head, header, Buffer.alloc(bytes)]));
  return file;
}

const dict = (descr: string, shape: string, order = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;

test.each([
  [dict("'<f4'", "(3, 2)"), [3, 2]],
  [dict("'<f4'", "(6,)"), [6]],
  [dict("'<f8'", "(3L, 1L)"), [3, 1]],
  ["{'shape': (3, 2), 'fortran_order': False, 'descr': '<f4'}      ", [3, 2]],
  [dict("'<f4'", "(0, 2)"), [0, 2], 0],
])("the header %s is read in every version", (text, shape, bytes = 24) => {
  for (const version of [1, 2, 3]) {
    const array = openNpyArray(write(text, { version, bytes }));
    expect(array.shape).toEqual(shape);
    array.close();
  }
});

const HEADER = /^\S+a\.npy: has a damaged \.npy header \([ -~]+\); write it again with numpy\.save$/;
test.each([
  ["a type of control characters", dict("'<f\x1b[2J'", "(3, 2)")],
  ["no type", dict("''", "(3, 2)")],
  ["a type that does not end", "{'descr': '<f4, 'fortran_order': False, 'shape': (3, 2), }"],
  ["two types", `{'descr': '<f4', ${dict("'<f8'", "(3, 2)").slice(1)}`],
  ["no order", "{'descr': '<f4', 'fort\xfdan_order': False, 'shape': (3, 2), }"],
  ["no shape", "{'descr': '<f4', 'fortran_order': False, }"],
  ["a shape that does not end", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2, }"],
  ["negative lengths", dict("'<f4'", "(-3, -2)")],
  ["no whole numbers", dict("'<f4'", "(3.5, 2)")],
  ["lengths beyond every file", dict("'<f4'", "(99999999999999999999, 2)")],
  ["40 axes", dict("'<f4'", `(${"1, ".repeat(40)})`)],
  ["something behind the dict", `${dict("'<f4'", "(3, 2)")} x`],
  ["calls", dict("__import__('os')", "(3, 2)")],
])("a header with %s is refused in one line", (_, text) => {
  expect(() => openNpy(write(text))).toThrow(HEADER);
});

test.each([
  ["is of version 0 of the .npy format, 1 to 3 are known", dict("'<f4'", "(3, 2)"), { version: 0 }],
  ["is of version 9 of the .npy format", dict("'<f4'", "(3, 2)"), { version: 9 }],
  [
    "has a damaged .npy header (it says that it is 60000 bytes long, the file has",
    dict("'<f4'", "(3, 2)"),
    { length: 60_000 },
  ],
  [
    "has a damaged .npy header (it says that it is 4294967295 bytes long",
    dict("'<f4'", "(3, 2)"),
    { version: 2, length: 2 ** 32 - 1 },
  ],
  ["is truncated (", dict("'<f4'", "(4, 2)"), {}],
  ["is truncated (", dict("'<f8'", "(3, 2)"), {}],
  ["is truncated (", dict("'<f4'", "(1000000000000000, 1000000000000000)"), {}],
  ["has 8 bytes behind its 2 x 2 numbers; save one array per file", dict("'<f4'", "(2, 2)"), {}],
  ["is in Fortran order", dict("'<f4'", "(3, 2)", "True"), {}],
  ["holds |O, which is no array of numbers", dict("'|O'", "(3, 2)"), {}],
  ["holds <U5, which is no array of numbers", dict("'<U5'", "(3, 2)"), {}],
  ["holds named fields, which is no array", dict("[('a', '<f4'), ('b', '<f4')]", "(3,)"), {}],
  ["holds <f3, which is no array of numbers", dict("'<f3'", "(4, 2)"), {}],
] as const)("an array is refused: %s", (message, text, parts) => {
  expect(() => openNpyArray(write(text, parts))).toThrow(`a.npy: ${message}`);
});

test("a file cut anywhere is refused", () => {
  const whole = readFileSync(write(dict("'<f4'", "(3, 2)")));
  for (let cut = 0; cut < whole.length; cut++) {
    writeFileSync(file, whole.subarray(0, cut));
    expect(() => openNpyArray(file), `${cut}`).toThrow(/^\S+a\.npy: (is|has|ended) [ -~]+; \w+/);
    expect(() => new NpyReader(file), `${cut}`).toThrow(/^\S+a\.npy: (is|has|ended) [ -~]+; \w+/);
  }
});

const hostile = resolve(import.meta.dirname, "../../../shared/hostile/fail/npy");
test.skipIf(!existsSync(hostile))(
  "files that were refused with control characters are refused in one line",
  () => {
    for (const name of readdirSync(hostile))
      expect(() => openNpyArray(join(hostile, name)), name).toThrow(/^[ -~]+$/);
  },
);
