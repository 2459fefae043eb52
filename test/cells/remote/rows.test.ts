import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { copyStore } from "../../../src/cells/remote/copy.ts";
import { openNpy } from "../../../src/cells/remote/remote-array.ts";
import { joined, spansOf } from "../../../src/cells/remote/spans.ts";
import { CellStore } from "../../../src/cells/store.ts";
import { parsePlace, within } from "../../../src/files/objects/place.ts";
import { readObject } from "../../../src/files/objects/read.ts";
import { putObject } from "../../../src/files/objects/write.ts";
import { type Fault, type SpoilingProxy, startProxy } from "../../files/objects/proxy.ts";
import {
  BUCKET,
  environment,
  HAS_SERVER,
  type ObjectServer,
  startServer,
} from "../../files/objects/server.ts";
import { drawCells } from "../../study/drawn.ts";
import { repack } from "../zarr/repack.ts";

/** Bytes of a crop and a mask of the drawn cells: 2 channels of 32 x 32 px, float32. */
const [CROP, MASK] = [8192, 1024];
const COUNT = 400;
const NPY = `s3://${BUCKET}/npy`;
const ZARR = `s3://${BUCKET}/zarr`;

/** 1 for some of the cells. */
const some = (...cells: number[]) => {
  const wanted = new Uint8Array(COUNT);
  for (const cell of cells) wanted[cell] = 1;
  return wanted;
};
const run = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test("spans are joined over small gaps, and none is longer than a request", () => {
  const rows = new Uint8Array(20_000);
  for (const row of [3, 4, 5, 40, 19_999]) rows[row] = 1;
  const spans = (wanted: Uint8Array, bytes: number) =>
    [...joined(spansOf(wanted, bytes))].map(({ start, end }) => [start / bytes, end / bytes]);
  expect(spans(rows, 1000)).toEqual([
    [3, 41],
    [19_999, 20_000],
  ]);
  expect(spans(rows, 10_000)).toEqual([
    [3, 6],
    [40, 41],
    [19_999, 20_000],
  ]);
  const all = spans(rows.fill(1), 1000);
  expect(all.map(([from, to]) => to - from)).toEqual([8388, 8388, 3224]);
  // One chunk may lie behind a longer one that holds it.
  const nested = [
    { start: 0, end: 900 },
    { start: 100, end: 200 },
  ];
  expect([...joined(nested)]).toEqual([{ start: 0, end: 900, of: nested }]);
});

describe.skipIf(!HAS_SERVER)("some cells of a store in an object store", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-rows-"));
  const cells = join(folder, "cells");
  const packed = join(folder, "packed");
  const before = { ...process.env };
  let server: ObjectServer;
  let proxy: SpoilingProxy;
  let local: CellStore;
  let fault: (asked: string, number: number) => Fault | undefined = () => undefined;

  beforeAll(async () => {
    drawCells(cells, { cellsPerClass: COUNT / 2 });
    local = await CellStore.open(cells);
    server = await startServer();
    proxy = await startProxy(server.endpoint, (asked, number) => fault(asked, number));
    Object.assign(process.env, environment(proxy.endpoint), { CELLSWAP_CACHE: join(folder, "cache") });
    await copyStore(cells, NPY);
    await copyStore(cells, packed, { form: "zarr" });
    await copyStore(packed, ZARR);
  });
  beforeEach(() => rmSync(join(folder, "cache"), { recursive: true, force: true }));
  afterAll(async () => {
    local?.close();
    await proxy?.stop();
    await server?.stop();
    process.env = before;
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (url: string) => CellStore.open(url, [], { some: true });

  /** Opens a store for some cells, and compares these with the same of the folder. */
  async function hold(url: string, ...wanted: number[]): Promise<CellStore> {
    const store = await (await open(url)).hold({ crops: some(...wanted), masks: some(...wanted) });
    compare(store, wanted);
    return store;
  }

  function compare(store: CellStore, wanted: readonly number[]): void {
    const [own, other] = [store, local].map((of) => ({
      of,
      crop: new Float32Array(CROP / 4),
      mask: new Uint8Array(MASK),
    }));
    for (const cell of wanted) {
      for (const { of, crop, mask } of [own, other]) {
        of.readCrop(cell, crop);
        of.readMask(cell, mask);
      }
      expect(Buffer.from(own.crop.buffer).equals(Buffer.from(other.crop.buffer)), `crop ${cell}`).toBe(true);
      expect(Buffer.from(own.mask.buffer).equals(Buffer.from(other.mask.buffer)), `mask ${cell}`).toBe(true);
    }
    expect(store.cells.id).toEqual(local.cells.id);
  }

  /** What is asked of the server meanwhile: method, name and range. */
  async function asked(work: () => Promise<unknown>): Promise<string[]> {
    const { length } = proxy.seen;
    await work();
    return proxy.seen
      .slice(length)
      .map((line) => line.replace(/\/cells\/(?:npy|zarr)\//, "").replace(/\?x-id=\w+/, ""))
      .sort();
  }

  const isPartial = ({ path }: CellStore) => path.endsWith(".rows");
  const range = (from: number, to: number, bytes: number) =>
    `bytes=${128 + from * bytes}-${128 + to * bytes - 1}`;

  test("a tenth of a .npy store takes its bytes, few requests, and is fetched once", async () => {
    const head = ["GET cells.json bytes=0-16777215", "HEAD crops.npy", "HEAD masks.npy"];
    const small = ["metadata.parquet", "quality.csv"].flatMap((name) => [
      `GET ${name} bytes=0-${statSync(join(cells, name)).size - 1}`,
      `HEAD ${name}`,
    ]);
    const rows = (from: number, to: number) => [
      `GET crops.npy ${range(from, to, CROP)}`,
      `GET masks.npy ${range(from, to, MASK)}`,
    ];
    expect(await asked(async () => (await hold(NPY, ...run(100, 140))).close())).toEqual(
      [...head, ...small, ...rows(100, 140)].sort(),
    );
    // Another process of this machine has them, and fetches what it lacks alone.
    expect(await asked(async () => (await hold(NPY, ...run(120, 130))).close())).toEqual(head.sort());
    expect(await asked(async () => (await hold(NPY, ...run(130, 145))).close())).toEqual(
      [...head, ...rows(140, 145)].sort(),
    );
  });

  test("a tenth of a Zarr store takes an index and its chunks", async () => {
    const seen = await asked(async () => (await hold(ZARR, ...run(300, 340))).close());
    const ranges = seen.filter((line) => /^GET (?:crops|masks)\.zarr\/c\//.test(line));
    expect(ranges).toHaveLength(4);
    const bytes = ranges.reduce((sum, line) => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(line)!;
      return sum + Number(to) - Number(from) + 1;
    }, 0);
    const whole = ["crops", "masks"].reduce(
      (sum, name) => sum + statSync(join(packed, `${name}.zarr/c/0/0/0${name === "crops" ? "/0" : ""}`)).size,
      0,
    );
    expect(bytes / whole).toBeLessThan(0.13);
    const others = seen.filter((line) => !ranges.includes(line));
    expect(others.filter((line) => line.startsWith("GET cells.json"))).toHaveLength(2);
    expect(others).toHaveLength(9);
  });

  test.each([NPY, ZARR])("scattered cells, the first and the last among them (%s)", async (url) => {
    const store = await hold(url, 0, 7, 90, 91, 399);
    expect(isPartial(store)).toBe(true);
    expect(() => store.readCrop(399, new Float32Array(CROP / 4))).not.toThrow();
    expect(() => store.readCrop(200, new Float32Array(CROP / 4))).toThrow(
      "crops of cell 200 were not fetched",
    );
    expect(() => store.readMask(250, new Uint8Array(MASK))).toThrow("masks of cell 250 were not fetched");
    store.close();
  });

  test("most cells are fetched as whole files, which are then used", async () => {
    const store = await hold(NPY, ...run(0, 240));
    expect(isPartial(store)).toBe(false);
    expect(store.checked.states["crops.npy"]).toBeDefined();
    store.close();
    const again = await open(NPY);
    expect(isPartial(again)).toBe(false);
    again.close();
  });

  test("what nobody vouches for is fetched whole and held to its hash", async () => {
    const copied = `s3://${BUCKET}/copied`;
    for (const name of readdirSync(cells).filter((n) => n !== "checked.json"))
      await putObject(within(parsePlace(copied), name), readFileSync(join(cells, name)));
    const store = await hold(copied, 3);
    expect(isPartial(store)).toBe(false);
    store.close();
    // A shard that was put there after the header.
    const shard = "crops.zarr/c/0/0/0/0";
    const mended = `s3://${BUCKET}/mended`;
    await copyStore(packed, mended);
    await new Promise((done) => setTimeout(done, 1100));
    // What is none of the store says nothing of it.
    for (const name of ["README.md", "features/tiny/part.npy"])
      await putObject(within(parsePlace(mended), name), Buffer.from("ours"));
    const beside = await hold(mended, 3);
    expect(isPartial(beside)).toBe(true);
    beside.close();
    const bytes = Buffer.from(readFileSync(join(packed, shard)));
    await putObject(within(parsePlace(mended), shard), bytes, { replace: true });
    const other = await hold(mended, 3);
    expect(isPartial(other)).toBe(false);
    other.close();
  });

  test.each(["busy", "cut", "slow"] as const)("a server that is %s costs time alone", async (how) => {
    let spoilt = 0;
    fault = (_, number) => (number % 3 === 0 && spoilt++ < 4 ? how : undefined);
    try {
      for (const url of [NPY, ZARR]) (await hold(url, 5, 60, 200, 399)).close();
    } finally {
      fault = () => undefined;
    }
    expect(spoilt).toBeGreaterThan(1);
  });

  test("a row that this machine has damaged since is fetched again", async () => {
    const store = await hold(NPY, 10, 11, 12);
    store.close();
    const file = openSync(join(store.path, "crops.npy"), "r+");
    writeSync(file, Buffer.from([1, 2, 3]), 0, 3, 128 + 11 * CROP);
    closeSync(file);
    const seen = await asked(async () => (await hold(NPY, 10, 11, 12)).close());
    expect(seen.filter((line) => line.startsWith("GET crops"))).toEqual([
      `GET crops.npy ${range(11, 12, CROP)}`,
    ]);
  });

  test("a file of which a machine that lost power kept the size alone is read again", async () => {
    const store = await hold(NPY, 10, 11, 12);
    store.close();
    for (const name of ["crops.npy", "masks.npy"]) {
      const file = openSync(join(store.path, name), "r+");
      writeSync(file, new Uint8Array(128 + 11 * CROP));
      closeSync(file);
    }
    const seen = await asked(async () => (await hold(NPY, 10, 11, 12)).close());
    expect(seen.filter((line) => line.startsWith("GET crops"))).toEqual([
      `GET crops.npy ${range(10, 11, CROP)}`,
    ]);
  });

  test("a store that is replaced before most of its cells are fetched is told", async () => {
    const [own, url] = [join(folder, "replaced"), `s3://${BUCKET}/replaced`];
    await copyStore(cells, url);
    const store = await open(url);
    drawCells(own, { cellsPerClass: COUNT / 2, seed: 2 });
    await copyStore(own, url, { force: true });
    await expect(store.hold({ crops: some(...run(0, 300)) })).rejects.toThrow(
      `${url}: was changed while it was in use; run the same command again`,
    );
    store.close();
  });

  test("what is read along counts: rows between others, and whole chunks", async () => {
    const [own, url] = [join(folder, "wide"), `s3://${BUCKET}/wide`];
    const wanted = some(3, 9, 300);
    const { hashes } = local.header;
    const npy = await openNpy(
      within(parsePlace(NPY), "crops.npy"),
      { rowBytes: CROP, count: COUNT, sha256: hashes["crops.npy"] },
      undefined,
    );
    expect(npy!.reach(wanted)).toEqual({ bytes: 8 * CROP, rows: 8 });
    const store = await hold(NPY, 3, 9, 300);
    expect(store.checked.held!.crops.reduce((sum, one) => sum + one, 0)).toBe(8);
    store.close();
    // One cell of each chunk takes all of them.
    cpSync(packed, own, { recursive: true });
    repack(join(cells, "crops.npy"), join(own, "crops.zarr"), { shardRows: 128, chunkRows: 64 });
    await copyStore(own, url);
    const few = await hold(url, 7, 8, 9);
    expect(few.checked.held!.crops.reduce((sum, one) => sum + one, 0)).toBe(64);
    few.close();
    const all = await hold(url, ...run(0, COUNT).filter((cell) => cell % 64 === 5));
    expect(isPartial(all)).toBe(false);
    all.close();
  });

  test("chunks that are larger than a request are fetched as whole files", async () => {
    const [own, url] = [join(folder, "large"), `s3://${BUCKET}/large`];
    cpSync(packed, own, { recursive: true });
    const rows = (1 << 23) / MASK + 1;
    repack(join(cells, "masks.npy"), join(own, "masks.zarr"), { shardRows: rows, chunkRows: rows });
    await copyStore(own, url);
    const store = await hold(url, 3);
    expect(isPartial(store)).toBe(false);
    store.close();
  });

  test("what is stopped goes on with what it has", async () => {
    const store = await open(NPY);
    const stop = new AbortController();
    const wanted = some(...run(0, 20), ...run(200, 220));
    let served = false;
    fault = (line) => {
      if (!/^GET .*crops\.npy/.test(line)) return undefined;
      const how = served ? "silent" : undefined;
      served = true;
      return how;
    };
    const held = store.checked.held!.crops;
    const look = setInterval(() => {
      if (held[0] === 1 || held[200] === 1) stop.abort();
    }, 5);
    try {
      await expect(store.hold({ crops: wanted, masks: wanted }, { signal: stop.signal })).rejects.toThrow(
        "stopped",
      );
    } finally {
      clearInterval(look);
      fault = () => undefined;
    }
    store.close();
    const seen = await asked(async () => (await hold(NPY, ...run(0, 20), ...run(200, 220))).close());
    expect(seen.filter((line) => line.startsWith("GET crops"))).toHaveLength(1);
  });

  test("an object that is replaced after the store was opened is told", async () => {
    for (const [url, name] of [
      [NPY, "crops.npy"],
      [ZARR, "crops.zarr/c/0/0/0/0"],
    ]) {
      const store = await open(url);
      const place = within(parsePlace(url), name);
      const bytes = Buffer.from(await readObject(place, 1 << 24));
      await putObject(place, bytes.subarray(1), { replace: true });
      await expect(store.hold({ crops: some(1) })).rejects.toThrow(
        `${url}/${name}: was changed while it was in use; run the same command again`,
      );
      store.close();
      await putObject(place, bytes, { replace: true });
    }
    await copyStore(cells, NPY);
    await new Promise((done) => setTimeout(done, 1100));
    await copyStore(packed, ZARR, { force: true });
  });

  test("chunks of several cells in many shards, one of them empty, are read; a damaged chunk is named", async () => {
    const [own, url] = [join(folder, "chunks"), `s3://${BUCKET}/chunks`];
    cpSync(packed, own, { recursive: true });
    repack(join(cells, "masks.npy"), join(own, "masks.zarr"), { shardRows: 32, chunkRows: 4 });
    await copyStore(own, url);
    (await hold(url, 0, 3, 31, 32, 33, 150, 399)).close();
    const shard = join(own, "masks.zarr/c/4/0/0");
    const bytes = readFileSync(shard);
    bytes[bytes.length - 20] ^= 1;
    writeFileSync(shard, bytes);
    rmSync(join(own, "masks.zarr/c/5/0/0"));
    const damaged = `s3://${BUCKET}/damaged`;
    await copyStore(own, damaged);
    await expect(hold(damaged, 159)).rejects.toThrow(
      `${damaged}/masks.zarr/c/4/0/0: is a damaged shard (the check sum of chunk 7 does not fit)`,
    );
    // A shard that is not there is zeros.
    const store = await open(damaged);
    await store.hold({ masks: some(161) });
    const mask = new Uint8Array(MASK).fill(9);
    store.readMask(161, mask);
    expect(mask).toEqual(new Uint8Array(MASK));
    store.close();
    expect(existsSync(join(store.path, "crops.npy"))).toBe(true);
  });
});
