import fs, {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loadHdf5 } from "../../../src/cells/readers/hdf5-library.ts";
import { mulberry32, namedSeed } from "../../../src/core/rng.ts";
import { parseOnnx } from "../../../src/encode/onnx/model.ts";
import { bundlePrefix, openBundle } from "../../../src/encode/published/bundle.ts";
import { openDeepLoc } from "../../../src/encode/published/deeploc.ts";
import { readFeaturePickle } from "../../../src/encode/published/feature-folder.ts";
import { importPublished } from "../../../src/encode/published/import.ts";
import { openKeras } from "../../../src/encode/published/keras.ts";
import { readKeras } from "../../../src/encode/published/keras-read.ts";
import { openPifia } from "../../../src/encode/published/pifia.ts";
import { DataError } from "../../../src/errors.ts";
import { processorMs } from "../../processor.ts";
import { temporary } from "../../temporary.ts";
import { fixtures } from "./expected.ts";
import { mendChecksums, mutate } from "./hostile.ts";

/** Files in all: 10,000. */
const COUNTS = { index: 2500, mended: 2500, shard: 500, pickle: 3000, onnx: 500, hdf5: 1000 };
/** Slowest that one small file may be, ms of the processor. */
const SLOWEST = 5000;

const out = temporary();
const before = process.memoryUsage().rss;

/** Runs `read` on each mutated file: it gives a result, or one line that names the file. */
function survive(
  what: string,
  count: number,
  place: string | ((i: number) => string),
  make: (random: () => number) => Uint8Array,
  read: () => unknown,
) {
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const file = typeof place === "string" ? place : place(i);
    writeFileSync(file, make(mulberry32(namedSeed(1, what, i))));
    const start = processorMs();
    try {
      read();
    } catch (error) {
      refused++;
      if (!(error instanceof DataError))
        throw new Error(`${what} ${i}: ${(error as Error).stack}`, { cause: error });
      expect(error.message, `${what} ${i}`).toMatch(/^\S[^\n]+$/);
      expect(error.message, `${what} ${i}`).toContain(bundlePrefix(file));
    }
    expect(processorMs() - start, `${what} ${i}`).toBeLessThan(SLOWEST);
  }
  return refused;
}

const source = join(fixtures, "pifia", "pifia_weights_i0");
const folder = join(out, "pifia");
const prefix = join(folder, "pifia_weights_i0");
const [index, shard] = [`${prefix}.index`, `${prefix}.data-00000-of-00001`];
const importIt = () => importPublished(openPifia(prefix), join(out, "encoders"), { layer: "all" });
const restore = () => {
  mkdirSync(folder, { recursive: true });
  copyFileSync(`${source}.index`, index);
  copyFileSync(`${source}.data-00000-of-00001`, shard);
};

test("mutated checkpoint indexes", () => {
  restore();
  const good = readFileSync(index);
  expect(survive("index", COUNTS.index, index, (random) => mutate(good, random), importIt)).toBeGreaterThan(
    COUNTS.index * 0.9,
  );
});

test("mutated checkpoint indexes whose checksums fit", () => {
  restore();
  const good = readFileSync(index);
  const blocks = blocksOf(good);
  expect(blocks.length).toBeGreaterThanOrEqual(2);
  const [first] = blocks;
  const refused = survive(
    "mended",
    COUNTS.mended,
    index,
    (random) => {
      const changed = Buffer.from(good);
      const inner = mutate(good.subarray(first.at, first.at + first.size), random);
      inner.copy(changed, first.at, 0, first.size);
      return mendChecksums(changed, blocks);
    },
    importIt,
  );
  expect(refused).toBeGreaterThan(COUNTS.mended * 0.5);
});

/** Places of the data, meta-index and index blocks of the fixture's index: they lie one behind the other. */
function blocksOf(bytes: Buffer): { at: number; size: number }[] {
  const varints: number[] = [];
  for (let at = bytes.length - 48; varints.length < 4; ) {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    varints.push(value);
  }
  const [metaAt, metaSize, indexAt, indexSize] = varints;
  return [
    { at: 0, size: metaAt - 5 },
    { at: metaAt, size: metaSize },
    { at: indexAt, size: indexSize },
  ];
}

test("mutated shards are noticed wherever the weights are read", () => {
  restore();
  const good = readFileSync(shard);
  survive("shard", COUNTS.shard, shard, (random) => mutate(good, random), importIt);
  const { variables } = openBundle(prefix);
  for (const v of variables.filter((v) => v.dtype === "float32")) {
    const bad = Buffer.from(good);
    bad[v.offset + v.size - 1] ^= 1;
    writeFileSync(shard, bad);
    expect(importIt).toThrow(`${shard}: is damaged (wrong checksum of ${v.name}); fetch the file again`);
  }
});

test("a description that cannot be written leaves no model behind", () => {
  restore();
  const encoders = join(out, "taken");
  mkdirSync(join(encoders, "pifia.json"), { recursive: true });
  expect(() => importPublished(openPifia(prefix), encoders)).toThrow("pifia.json: this is a folder");
  expect(readdirSync(encoders)).toEqual(["pifia.json"]);
});

test("a truncated shard names the variable that is cut off", () => {
  restore();
  truncateSync(shard, 3000);
  expect(importIt).toThrow(/is truncated: \S+ ends at byte \d+ of 3000; fetch the file again$/);
  truncateSync(index, 1000);
  expect(importIt).toThrow(
    "pifia_weights_i0.index: is damaged (it does not end as a TensorFlow checkpoint index does",
  );
});

test("a checkpoint of TensorFlow's first format is told from another file and from a missing one", () => {
  const old = join(out, "model.ckpt");
  writeFileSync(old, "weights");
  expect(() => openDeepLoc(old)).toThrow(
    "model.ckpt: is no TensorFlow checkpoint (no .index beside it); give a checkpoint's prefix",
  );
  expect(() => openDeepLoc(join(fixtures, "v1/model.ckpt"))).toThrow(
    "model.ckpt: is a checkpoint of TensorFlow's first format (one file, no .index beside it); restore it",
  );
  expect(() => openDeepLoc(join(out, "none"))).toThrow(
    "none.index: is missing; give the checkpoint's prefix",
  );
});

test("mutated pickles", () => {
  const folder = join(fixtures, "pickles");
  const names = [
    "py2-vectors-p0",
    "py2-matrices-p2",
    "py3-vectors-p3",
    "numpy2-vectors-p5",
    "py3-big-endian-p4",
  ];
  const good = names.map((name) => readFileSync(join(folder, `${name}.pkl`)));
  const file = join(out, "mutated.pkl");
  const make = (random: () => number) => mutate(good[Math.floor(random() * good.length)], random);
  const refused = survive("pickle", COUNTS.pickle, file, make, () => readFeaturePickle(file));
  expect(refused).toBeGreaterThan(COUNTS.pickle * 0.5);
});

test("mutated ONNX models", () => {
  restore();
  const { model } = importIt();
  const good = readFileSync(model);
  const file = join(out, "mutated.onnx");
  survive(
    "onnx",
    COUNTS.onnx,
    file,
    (random) => mutate(good, random),
    () => parseOnnx(readFileSync(file), file),
  );
});

const write = fs.writeSync as (file: number, data: Uint8Array, ...rest: number[]) => number;
let h5wasm: typeof import("h5wasm/node");
beforeAll(async () => {
  for (const way of ["warn", "error"] as const) vi.spyOn(console, way).mockImplementation(() => {});
  h5wasm = (await loadHdf5()).h5;
  fs.writeSync = ((file: number, data: Uint8Array, ...rest: number[]) =>
    file === 2 ? (rest[1] ?? data.length) : write(file, data, ...rest)) as typeof fs.writeSync;
});
afterAll(() => {
  fs.writeSync = write as typeof fs.writeSync;
  vi.restoreAllMocks();
});

test("mutated HDF5 files", () => {
  const good = readFileSync(join(fixtures, "pci", "model_weights.h5"));
  let file = "";
  const read = () => readKeras(h5wasm, file, true);
  // A new name each time: the library knows files by their identity on disk.
  const next = (i: number) => {
    rmSync(file, { force: true });
    file = join(out, `mutated-${i}.h5`);
    return file;
  };
  const refused = survive("hdf5", COUNTS.hdf5, next, (random) => mutate(good, random), read);
  expect(refused).toBeGreaterThan(COUNTS.hdf5 * 0.3);
  writeFileSync(next(COUNTS.hdf5), good);
  expect(read().arrays).toHaveLength(60);
});

test("HDF5 files that claim, nest or point at more than they hold", async () => {
  const folder = join(fixtures, "pci");
  await expect(openKeras(join(folder, "bomb.h5"), true)).rejects.toThrow(
    "bomb.h5: data set conv1_1/conv1_1/kernel:0 has 0 of its 4194304 pieces (chunks), the others were never written",
  );
  await expect(openKeras(join(folder, "cycle.h5"), true)).rejects.toThrow("its groups are nested too deeply");
  await expect(openKeras(join(folder, "external.h5"), true)).rejects.toThrow(
    /external\.h5: \S+ is a link to another file \(\S+: \S+\), which is not followed; copy what it names/,
  );
});

test("an HDF5 file that takes too long is given up", async () => {
  await expect(openKeras(join(fixtures, "pci", "model_weights.h5"), true, 0.001)).rejects.toThrow(
    "model_weights.h5: is damaged (HDF5 did not read it within 0.001 s of the processor)",
  );
});

test("memory stays bounded over all of them", () => {
  expect(Object.values(COUNTS).reduce((a, b) => a + b)).toBe(10_000);
  const grown = process.memoryUsage().rss - before;
  console.info(`memory grew by ${Math.round(grown / 2 ** 20)} MiB`);
  expect(grown).toBeLessThan(1.2 * 2 ** 30);
});
