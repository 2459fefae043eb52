/**
 * A tenth of the cells of a store in an object store: bytes and requests of pixels when they are fetched in part, of `.npy`
 * files and of Zarr arrays, against whole files. The tenth is a run of cells, ten runs, or cells drawn one by one. The
 * server is versitygw on this machine behind a proxy that counts; without it nothing is measured.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyStore } from "../src/cells/remote/copy.ts";
import { CellStore, CellStoreWriter } from "../src/cells/store.ts";
import { mulberry32, shuffle } from "../src/core/rng.ts";
import { startProxy } from "../test/files/objects/proxy.ts";
import { BUCKET, environment, HAS_SERVER, startServer } from "../test/files/objects/server.ts";
import { option, record, smoke } from "./harness.ts";

const SIDE = 64;
const CHANNELS = ["GFP", "RFP"];
const COUNT = Number(option("cells", smoke ? "500" : "8000"));

/** Crops of uint16 with camera noise around a disk, as smooth and as noisy as a dim yeast cell. */
function writeStore(path: string): void {
  const random = mulberry32(5);
  const pixels = SIDE * SIDE;
  const writer = new CellStoreWriter(
    path,
    { channels: CHANNELS, height: SIDE, width: SIDE },
    "full",
    "noise",
    "uint16",
  );
  const crop = new Float32Array(CHANNELS.length * pixels);
  const mask = new Uint8Array(pixels);
  for (let cell = 0; cell < COUNT; cell++) {
    const radius = 12 + 6 * random();
    for (let p = 0; p < pixels; p++) {
      const inside = Math.hypot((p % SIDE) - 32, Math.floor(p / SIDE) - 32) < radius;
      mask[p] = inside ? 1 : 0;
      for (let c = 0; c < CHANNELS.length; c++)
        crop[c * pixels + p] = Math.round(110 + (inside ? 90 : 0) + 12 * (random() + random() - 1));
    }
    writer.append(crop, mask, {
      Metadata_Cell: `c${cell}`,
      Metadata_Protein: "P",
      Metadata_Field: `F${Math.floor(cell / 50)}`,
      Metadata_Localization: "one",
    });
  }
  writer.finish({ verdict: new Array(COUNT).fill("ok"), measures: new Map() });
}

/** Tenths of the cells, 1 for each that is wanted. */
function tenths(): Record<string, Uint8Array> {
  const tenth = Math.floor(COUNT / 10);
  const of = (cells: Iterable<number>) => {
    const wanted = new Uint8Array(COUNT);
    for (const cell of cells) wanted[cell] = 1;
    return wanted;
  };
  const runs = Array.from(
    { length: tenth },
    (_, i) => Math.floor(i / (tenth / 10)) * tenth + (i % (tenth / 10)),
  );
  return {
    "one run": of(Array.from({ length: tenth }, (_, i) => 3 * tenth + i)),
    "ten runs": of(runs),
    "drawn one by one": of(shuffle([...Array(COUNT).keys()], mulberry32(7)).slice(0, tenth)),
  };
}

if (!HAS_SERVER) {
  console.log("versitygw is not installed: nothing is measured");
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "cellswap-object-rows-"));
const server = await startServer();
const proxy = await startProxy(server.endpoint, () => undefined);
try {
  Object.assign(process.env, environment(proxy.endpoint), { CELLSWAP_CACHE: join(folder, "cache") });
  const [cells, packed] = [join(folder, "cells"), join(folder, "packed")];
  writeStore(cells);
  await copyStore(cells, packed, { form: "zarr" });
  const rows: unknown[] = [];
  for (const [form, path] of [
    ["npy", cells],
    ["zarr", packed],
  ]) {
    const url = `s3://${BUCKET}/${form}`;
    await copyStore(path, url);
    for (const [which, wanted] of Object.entries({ "whole files": undefined, ...tenths() })) {
      rmSync(join(folder, "cache"), { recursive: true, force: true });
      proxy.seen.length = 0;
      const opened = await CellStore.open(url, [], { some: wanted !== undefined });
      const store = wanted === undefined ? opened : await opened.hold({ crops: wanted, masks: wanted });
      store.close();
      const pixels = proxy.seen.filter((line) => /\/(?:crops|masks)\.(?:npy|zarr\/c\/)/.test(line));
      const bytes = pixels.reduce((sum, line) => {
        const [, from, to] = /bytes=(\d+)-(\d+)/.exec(line) ?? [0, 1, 0];
        return sum + Number(to) - Number(from) + 1;
      }, 0);
      const row = { form, which, megabytes: bytes / 1e6, requests: proxy.seen.length };
      rows.push(row);
      console.log(
        `${form}, ${which}: ${row.megabytes.toFixed(2)} MB of pixels, ${row.requests} requests in all`,
      );
    }
  }
  record("object-rows", { cells: COUNT, rows });
} finally {
  await proxy.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
