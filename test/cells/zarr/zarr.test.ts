import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyStore } from "../../../src/cells/remote/copy.ts";
import { CellStore, readHeader, storeHash } from "../../../src/cells/store.ts";
import { verifyStore } from "../../../src/cells/verify.ts";
import { hashArray, packArray, unpackArray } from "../../../src/cells/zarr/array.ts";
import { makeShard, readShard, ShardFault, type ShardLayout } from "../../../src/cells/zarr/shard.ts";
import { sha256File } from "../../../src/files/hash.ts";
import { readStudyFile } from "../../../src/study/schema.ts";
import { runStudy } from "../../../src/study.ts";
import { runPython } from "../../python.ts";
import { contents } from "../../study/command.ts";
import { drawCells, writeEncoder, writeStudy } from "../../study/drawn.ts";

const fixtures = resolve(import.meta.dirname, "../../fixtures/cells/shards");
const folder = mkdtempSync(join(tmpdir(), "cellswap-zarr-"));
const before = process.env.CELLSWAP_CACHE;
const cells = join(folder, "cells");
const packed = join(folder, "packed");

beforeAll(async () => {
  process.env.CELLSWAP_CACHE = join(folder, "cache");
  drawCells(cells, { cellsPerClass: 12, fields: 3 });
  await copyStore(cells, packed, { form: "zarr" });
});
afterAll(() => {
  if (before === undefined) delete process.env.CELLSWAP_CACHE;
  else process.env.CELLSWAP_CACHE = before;
  rmSync(folder, { recursive: true, force: true });
});

const forget = () => rmSync(join(folder, "cache"), { recursive: true, force: true });

test("a shard gives back its chunks, and every changed byte of it is found", () => {
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const layout = fc.record({
    codecs: fc.record({ compressor: fc.constantFrom("gzip" as const, null), summed: fc.constant(true) }),
    chunks: fc.integer({ min: 4, max: 7 }),
    chunkBytes: fc.constant(16),
    indexAt: fc.constantFrom("start" as const, "end" as const),
    indexSummed: fc.constant(true),
  });
  fc.assert(
    fc.property(
      fc.array(bytes, { maxLength: 4 }),
      layout,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (chunks, how: ShardLayout, at, by) => {
        const shard = makeShard(chunks, how);
        const read = (of: Uint8Array) => [...readShard(of, how, how.chunks)].map((c) => c && [...c]);
        const whole = Array.from({ length: how.chunks }, (_, c) => (chunks[c] ? [...chunks[c]] : null));
        expect(read(shard)).toEqual(whole);
        const spoilt = Uint8Array.from(shard);
        spoilt[at % spoilt.length] ^= by;
        expect(() => read(spoilt)).toThrow(ShardFault);
      },
    ),
  );
});

test.each(["uint8-gzip", "uint16-zstd", "float16-raw", "float32-gzip"])(
  "%s of zarr-python is read as it was written",
  async (name) => {
    const npy = join(folder, `${name}.npy`);
    await unpackArray(join(fixtures, `${name}.zarr`), npy);
    const values = (file: string) => readFileSync(file).subarray(128);
    expect(values(npy)).toEqual(values(join(fixtures, `${name}.npy`)));
    expect(await hashArray(join(fixtures, `${name}.zarr`))).toBe(sha256File(npy));
  },
);

const python = runPython(["-c", "import zarr; assert zarr.__version__ >= '3'"]).status === 0;

test.skipIf(!python).each(["uint8-gzip", "uint16-zstd", "float16-raw", "float32-gzip"])(
  "zarr-python reads %s as it is packed",
  async (name) => {
    const [npy, out] = [join(fixtures, `${name}.npy`), join(folder, `${name}-own.zarr`)];
    await packArray(npy, out);
    const code =
      "import sys, zarr, numpy as np; a = zarr.open_array(sys.argv[1], mode='r'); b = np.load(sys.argv[2]); assert a.dtype == b.dtype and (a[:] == b).all(); print(a.shards, a.chunks)";
    const { stdout, stderr } = runPython(["-c", code, out, npy]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^\(8, 2, 6, 5\) \(1, 2, 6, 5\)/);
  },
);

test("a store of arrays in shards is the same store, and comes back as the same files", async () => {
  expect(storeHash(readHeader(packed, true))).toBe(storeHash(readHeader(cells)));
  expect(readdirSync(packed).sort()).toEqual([
    "cells.json",
    "crops.zarr",
    "masks.zarr",
    "metadata.parquet",
    "quality.csv",
  ]);
  const back = join(folder, "back");
  await copyStore(packed, back);
  const files = (path: string) => {
    const { "checked.json": _, ...others } = contents(path);
    return others;
  };
  expect(files(back)).toEqual(files(cells));
  expect((await verifyStore(packed)).files.map(({ fault }) => fault)).toEqual([null, null, null, null, null]);
});

test("a study of it is that of the .npy store, to the byte", async () => {
  writeEncoder(folder, { name: "tiny" });
  const common = { date: "2026-01-01", command: "cellswap run study.json", workers: 1 };
  for (const store of ["cells", "packed"]) {
    const path = writeStudy(join(folder, `${store}.json`), { cells: store, encoders: ["tiny.json"] });
    await runStudy(readStudyFile(path), { ...common, out: join(folder, `${store}-study`) });
  }
  const made = (name: string) => {
    const { "view/sources.json": _, ...others } = contents(join(folder, name));
    return others;
  };
  expect(made("packed-study")).toEqual(made("cells-study"));
});

test("a damaged shard is named, by what opens the store and by verify", async () => {
  const damaged = join(folder, "damaged");
  cpSync(packed, damaged, { recursive: true });
  const shard = join(damaged, "crops.zarr/c/0/0/0/0");
  const bytes = readFileSync(shard);
  bytes[100] ^= 1;
  writeFileSync(shard, bytes);
  forget();
  await expect(CellStore.open(damaged)).rejects.toThrow(
    `${shard}: is a damaged shard (the check sum of chunk 0 does not fit); restore it from a copy`,
  );
  const faults = (await verifyStore(damaged)).files.filter(({ fault }) => fault !== null);
  expect(faults).toEqual([
    {
      path: join(damaged, "crops.zarr"),
      bytes: expect.any(Number),
      fault: expect.stringMatching(/^c\/0\/0\/0\/0: is a damaged shard/),
    },
  ]);
  rmSync(shard);
  await expect(CellStore.open(damaged)).rejects.toThrow(
    `${join(damaged, "crops.zarr")}: is damaged or was changed (its SHA-256 is not that of cells.json)`,
  );
});

test("what works on the files of a store says how to copy one of arrays in shards", () => {
  expect(() => readHeader(packed)).toThrow(
    `${packed}: keeps its crops as Zarr arrays, which only studies read; copy it into a folder with \`cellswap copy\``,
  );
});
