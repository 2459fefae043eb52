import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CellStoreWriter } from "../../src/cells/store.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { InterruptedError } from "../../src/errors.ts";
import { readParquet } from "../../src/files/table.ts";
import { type CellFeatureOptions, writeCellFeatures } from "../../src/remedy/cell-features.ts";
import { endlessOnBright, hugeOnBright, SIDE } from "../encode/onnx/proto.ts";
import { describeModel } from "../study/drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-stopped-"));
const channels = ["GFP", "RFP"];
const SHAPE = { channels, height: SIDE, width: SIDE };
const CROP = 2 * SIDE * SIDE;
const COUNT = 40;

/** Writes a store of dim cells, more than a network is tried on; the last may be bright. */
function drawStore(name: string, last: number): string {
  const path = join(base, name);
  const writer = new CellStoreWriter(path, SHAPE, "none", "drawn");
  for (let i = 0; i < COUNT; i++) {
    const level = i === COUNT - 1 ? last : i / COUNT;
    const crop = Float32Array.from({ length: CROP }, (_, p) => level * (1 - (p % 7) / 10));
    writer.append(crop, null, { Metadata_Cell: `c${i}` });
  }
  writer.finish(null);
  return path;
}

let bright: string;
beforeAll(() => {
  bright = drawStore("bright.cells", 5);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

function describe(name: string, model: Uint8Array) {
  writeFileSync(join(base, `${name}.onnx`), model);
  const input = { name: "images", ...SHAPE };
  return readEncoder(
    describeModel(base, { name, model: `${name}.onnx`, input, outputs: [{ output: "features" }] }),
  );
}

const out = (name: string) => join(base, `${name}.parquet`);
const options = { workers: 1, all: true };

/** Processes that run networks for this one. */
function networks(): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const [, parent] = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
      return Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("apart");
    } catch {
      return false;
    }
  });
}

test("a network whose cost pixels decide gives the same bytes in a process of its own as in this one", async () => {
  const file = describe("dim", endlessOnBright());
  const store = drawStore("dim.cells", 1);
  await writeCellFeatures(store, file, { ...options, out: out("dim") });
  const encoder = await openEncoder(file, SHAPE, { apart: null });
  const { columns } = await readParquet(out("dim"));
  const crop = new Float32Array(CROP);
  const features = new Float32Array(2);
  for (let i = 0; i < COUNT; i++) {
    const level = i === COUNT - 1 ? 1 : i / COUNT;
    await encoder.encode(
      crop.map((_, p) => level * (1 - (p % 7) / 10)),
      new Uint8Array(),
      1,
      [features],
    );
    expect([1, 2].map((j) => columns.get(`dim_000${j}`)![i])).toEqual([...features]);
  }
  await encoder.release();
});

test.skipIf(!existsSync("/proc/self/status"))(
  "an extraction whose network hangs on one cell is stopped at once, and the network with it",
  async () => {
    const controller = new AbortController();
    let begun = false;
    const onProgress = () => void (begun = true);
    const more: Partial<CellFeatureOptions> = { signal: controller.signal, onProgress };
    const file = describe("endless", endlessOnBright());
    const writing = writeCellFeatures(bright, file, { ...options, out: out("endless"), ...more });
    const ended = expect(writing).rejects.toThrow(InterruptedError);
    while (!begun || networks().length === 0) await sleep(20);
    await sleep(3000);
    expect(networks()).toHaveLength(1);
    controller.abort();
    await ended;
    while (networks().length > 0) await sleep(20);
    expect(existsSync(out("endless"))).toBe(false);
  },
  60_000,
);

test("one that takes gigabytes on one cell ends the run, which names its crops", async () => {
  const file = describe("huge", hugeOnBright());
  await expect(writeCellFeatures(bright, file, { ...options, out: out("huge") })).rejects.toThrow(
    /huge\.onnx: takes more than 0\.4 GB of memory: .* \(40 crops, from cell c0 in setting original to cell c39 in setting original\)$/,
  );
  expect(existsSync(out("huge"))).toBe(false);
});
