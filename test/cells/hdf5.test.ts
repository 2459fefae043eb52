import fs, { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test, vi } from "vitest";
import { deeplocSource } from "../../src/cells/formats/deeploc.ts";
import { closeQuietly, findEntity, isDataset, openHdf5 } from "../../src/cells/readers/hdf5.ts";
import { openHdf5Array } from "../../src/cells/readers/hdf5-array.ts";
import { loadHdf5 } from "../../src/cells/readers/hdf5-library.ts";
import { openTable } from "../../src/cells/readers/hdf5-table.ts";
import { DataError } from "../../src/errors.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures/cells/hdf5");
const sets = (kind: string) => readdirSync(join(fixtures, kind)).map((name) => name.replace(/\.h5$/, ""));

/** The values of data1, by the reader of tables and by that of arrays. */
async function values(path: string): Promise<{ table: number[]; array: number[] }> {
  const source = await deeplocSource(path);
  const table: number[] = [];
  for (let cell = 0; cell < source.count; cell++) table.push(...(await source.read(cell)).crop);
  source.close?.();
  const { file, bytes } = await openHdf5(path);
  const set = findEntity(file, "data1");
  if (!isDataset(set)) throw new Error("no data1");
  const array = await openHdf5Array(set, "data1", bytes, path);
  const out = new Float32Array(48);
  array.read(0, 6, out);
  closeQuietly(file);
  return { table, array: [...out] };
}

test.each(sets("good"))("a set stored as %s is read", async (name) => {
  const expected = Array.from({ length: 48 }, (_, i) => i);
  expect(await values(join(fixtures, "good", `${name}.h5`))).toEqual({ table: expected, array: expected });
});

const REFUSED: Readonly<Record<string, string>> = {
  "external-link":
    "data1 is a link to another file (elsewhere.h5: /data1), which is not followed; copy what it names into this one",
  "soft-to-external":
    "data1 is a link to another file (elsewhere.h5: /), which is not followed; copy what it names into this one",
  "soft-loop": "data1 is a link that leads back to itself (over /a/x); write the file again",
  "soft-self": "data1 is a link that leads back to itself (over data1/data1); write the file again",
  "soft-nowhere": "data1 is a link to /a/none, which is not there; write the file again",
  "external-raw":
    "the values of data set data1 lie in another file (elsewhere.raw), which is not read; copy the data set into this one",
  virtual:
    "data set data1 is a virtual one of other files (elsewhere.h5), which are not read; copy it into one data set",
  unwritten: "data set data1 was never written; write the file again",
  "unwritten-chunks": pieces(0, 6),
  "unwritten-gzip": pieces(0, 3),
  "unwritten-growing": pieces(0, 24),
  "unwritten-both-ways": pieces(0, 24),
  partly: pieces(1, 24),
  "partly-gzip": pieces(1, 24),
  "partly-both-ways": pieces(1, 24),
  "shared-pieces": "data set data1 is damaged (two pieces share the bytes at 4016); copy the file again",
  "shared-text": "is truncated or damaged (data set Info1 holds more text than the file); copy it again",
};

function pieces(there: number, needed: number): string {
  return `data set data1 has ${there} of its ${needed} pieces (chunks), the others were never written; write the file again`;
}

test.each(sets("bad"))("a set that is %s is refused in one line", async (name) => {
  const path = join(fixtures, "bad", `${name}.h5`);
  const message = REFUSED[name.replace(/-newest$/, "")];
  await expect(deeplocSource(path)).rejects.toThrow(new DataError(message, { path }));
});

test("a heap of texts that does not go on is refused, where the library would never end", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "cellswap-hdf5-"));
  try {
    const bytes = readFileSync(join(fixtures, "good/text.h5"));
    const heap = bytes.indexOf("GCOL");
    const path = join(scratch, "text.h5");
    // The first object's number and its length.
    for (const [index, length] of [
      [0, 0],
      [0, 8],
      [1, 2 ** 31],
    ]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt16LE(index, heap + 16);
      changed.writeBigUInt64LE(BigInt(length), heap + 24);
      writeFileSync(path, changed);
      await expect(deeplocSource(path)).rejects.toThrow(
        `text.h5: is truncated or damaged (an object of ${length} bytes in the heap of texts at ${heap}); copy it`,
      );
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test("a call into the library that does not end is stopped, and the next file is read by a new one", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "cellswap-hdf5-"));
  try {
    const good = join(fixtures, "good/text.h5");
    const bytes = readFileSync(good);
    const heap = bytes.indexOf("GCOL");
    // An object of no bytes, which the library never gets past; the check of heaps is left out here.
    bytes.writeUInt16LE(0, heap + 16);
    bytes.writeBigUInt64LE(0n, heap + 24);
    const path = join(scratch, "text.h5");
    writeFileSync(path, bytes);
    const before = await loadHdf5();
    const file = new before.h5.File(path, "r");
    const table = openTable(file, "Info1", bytes.length, path);
    expect(() => table?.read(0, 6)).toThrow(
      new DataError("is truncated or damaged (it did not come to an end within 3 s); copy it again", {
        path,
      }),
    );
    expect(() => file.keys()).toThrow("did not come to an end");
    closeQuietly(file);
    expect((await loadHdf5()).module).not.toBe(before.module);
    expect((await deeplocSource(good)).count).toBe(6);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test("a filter that is not there is named", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "cellswap-hdf5-"));
  try {
    const bytes = readFileSync(join(fixtures, "good/gzip.h5"));
    bytes.writeUInt16LE(4242, bytes.indexOf("deflate\0") - 8);
    const path = join(scratch, "filter.h5");
    writeFileSync(path, bytes);
    await expect(deeplocSource(path)).rejects.toThrow(
      new DataError(
        'data set data1 is packed by filter 4242 of HDF5, which is not read; write the file again with compression="gzip", or without',
        { path },
      ),
    );
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test("the library prints nothing of its own", async () => {
  const { module } = await loadHdf5();
  const files = module.FS as unknown as {
    getStream(file: number): object;
    write(stream: object, bytes: Uint8Array, from: number, count: number): number;
  };
  const written = vi.spyOn(fs, "writeSync");
  try {
    for (const file of [1, 2]) expect(files.write(files.getStream(file), new Uint8Array([10]), 0, 1)).toBe(1);
    expect(written).toHaveBeenCalledTimes(2);
    for (const [file] of written.mock.calls) expect(file).toBeGreaterThan(2);
  } finally {
    written.mockRestore();
  }
});

const hostile = resolve(import.meta.dirname, "../../../shared/hostile/hostile/hdf5");
const LINES: Readonly<Record<string, string>> = {
  "fill-bomb": "data set data1 has 0 of its 15625000 pieces",
  "gzip-bomb": "data set data1 says that 127488 packed bytes are 131072000, one value over and over",
  "soft-loop": "data1 is a link that leads back to itself (over /data2)",
  unallocated: "data set data1 has 0 of its 1 pieces",
  "vlen-share": "is truncated or damaged (data set Info1 holds more text than the file)",
};
test.skipIf(!existsSync(hostile)).each(Object.entries(LINES))(
  "the hostile set %s is refused",
  async (name, line) => {
    await expect(deeplocSource(join(hostile, `${name}.hdf5`))).rejects.toThrow(`${name}.hdf5: ${line}`);
  },
);

const mutated = resolve(hostile, "../../fail/deeploc");
test.skipIf(!existsSync(mutated))("changed sets are refused in one line", async () => {
  for (const name of readdirSync(mutated))
    await expect(deeplocSource(join(mutated, name)), name).rejects.toThrow(/^\S+\.bin: [ -~]+; \w[ -~]+$/);
});
