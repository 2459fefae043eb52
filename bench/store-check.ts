/**
 * Checking a cell store: how long the first and the second use of one take that was not checked before (its files are
 * held to their hashes, then remembered), beside `sha256sum` on its files. Files lie in the system's cache.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sizeOf } from "../src/cells/checked.ts";
import { CellStore, CellStoreWriter } from "../src/cells/store.ts";
import { mulberry32 } from "../src/core/rng.ts";
import { interleaved, option, record, show, smoke } from "./harness.ts";

const SIDE = 64;
const CHANNELS = ["GFP", "RFP"];
const MEGABYTES = Number(option("megabytes", smoke ? "80" : "2000"));

function writeStore(path: string): void {
  const pixels = SIDE * SIDE;
  const random = mulberry32(3);
  const crop = Float32Array.from({ length: CHANNELS.length * pixels }, () => 100 * random());
  const mask = Uint8Array.from({ length: pixels }, (_, p) => (p % 97 < 40 ? 1 : 0));
  const count = Math.ceil((MEGABYTES * 1e6) / (pixels * (4 * CHANNELS.length + 1)));
  const writer = new CellStoreWriter(
    path,
    { channels: CHANNELS, height: SIDE, width: SIDE },
    "center",
    "noise",
  );
  for (let cell = 0; cell < count; cell++) {
    crop[cell % crop.length] = cell;
    writer.append(crop, mask, {
      Metadata_Cell: `c${cell}`,
      Metadata_Protein: "P",
      Metadata_Field: `F${cell % 50}`,
      Metadata_Localization: "one",
    });
  }
  writer.finish({ verdict: new Array(count).fill("ok"), measures: new Map() });
}

const seconds = async (work: () => unknown): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};
const opened = (path: string) => seconds(async () => (await CellStore.open(path)).close());

const folder = mkdtempSync(join(tmpdir(), "cellswap-store-check-"));
try {
  const path = join(folder, "cells");
  writeStore(path);
  // A file is remembered once its last change is two seconds old.
  await new Promise((resume) => setTimeout(resume, 2100));
  const files = ["crops.npy", "masks.npy", "metadata.parquet", "quality.csv"].map((name) => join(path, name));
  const bytes = files.reduce((sum, file) => sum + sizeOf(file), 0);
  const index = join(path, "checked.json");
  const rounds = await interleaved(
    {
      first: () => {
        rmSync(index, { force: true });
        return opened(path);
      },
      second: () => {
        if (!existsSync(index)) throw new Error("nothing was remembered");
        return opened(path);
      },
      sha256sum: () => seconds(() => execFileSync("sha256sum", files)),
    },
    5,
  );
  for (const [name, values] of Object.entries(rounds)) console.log(`${name}: ${show(values, 3)} s`);
  record("store-check", { megabytes: Math.round(bytes / 1e6), rounds });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
