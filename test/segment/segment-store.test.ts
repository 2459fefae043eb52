import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeEach, expect, test } from "vitest";
import { INDEX } from "../../src/cells/checked.ts";
import { CellStore } from "../../src/cells/store.ts";
import { CellStoreWriter } from "../../src/cells/writer.ts";
import { text } from "../../src/commands/segment.ts";
import { takeLock } from "../../src/files/lock.ts";
import { processTag } from "../../src/files/parts.ts";
import { readCsv } from "../../src/files/table.ts";
import { judgeMask } from "../../src/masks/verdict.ts";
import { segmentStore } from "../../src/segment/segment-store.ts";
import type { MaskKind } from "../../src/types.ts";
import { draw, scene } from "./draw.ts";

const root = mkdtempSync(join(tmpdir(), "cellswap-segment-"));
const path = join(root, "cells");
afterAll(() => rmSync(root, { recursive: true }));

/** Twelve drawn cells in two fields, the second 20 times dimmer; `masks` from the source, a 10 px square each. */
function makeStore(options: { masks?: MaskKind; cells?: number; flat?: boolean; nan?: boolean } = {}): void {
  const { masks = "none", cells = 12 } = options;
  const writer = new CellStoreWriter(
    path,
    { channels: ["GFP", "RFP"], height: 64, width: 64 },
    masks,
    "drawn",
  );
  const square = new Uint8Array(4096);
  for (let y = 22; y < 42; y++) square.fill(1, y * 64 + 22, y * 64 + 42);
  const verdicts: string[] = [];
  for (let k = 0; k < cells; k++) {
    const crop = new Float32Array(8192);
    if (options.flat !== true && k !== 4) crop.set(draw(64, scene(64, k), k, k % 2 === 0 ? 1 : 0.05), 4096);
    if (options.nan === true && k === 3) crop[4096 + 130] = Number.NaN;
    writer.append(crop, masks === "none" ? null : square, {
      Metadata_Cell: `cell ${k}`,
      Metadata_Protein: "P",
      Metadata_Field: `F${k % 2}`,
      Metadata_Localization: null,
    });
    verdicts.push(judgeMask(square, 64, 64).verdict);
  }
  writer.finish(masks === "none" ? null : { verdict: verdicts, measures: new Map() });
}
const files = () => readdirSync(path).sort();
const bytes = () =>
  files()
    .filter((name) => name !== INDEX)
    .map((name) => readFileSync(join(path, name)).toString("base64"));

beforeEach(() => rmSync(path, { recursive: true, force: true }));

test("a store gets masks, verdicts and a contact sheet; again with other workers: the same bytes", async () => {
  makeStore();
  const seen: number[] = [];
  const summary = await segmentStore(path, {
    channel: "rfp",
    workers: 1,
    onProgress: (done) => seen.push(done),
  });
  expect(summary).toMatchObject({
    cells: 12,
    ok: 11,
    leftOut: { "constant;empty": 1 },
    channel: "RFP",
    diameter: 32,
  });
  expect(seen.at(-1)).toBe(12);
  const store = await CellStore.open(path);
  expect(store.masks).toBe("full");
  expect([...store.cells.usable]).toEqual([1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1]);
  store.close();
  const quality = readCsv(join(path, "quality.csv"));
  expect(quality.get("Metadata_Cell")?.[4]).toBe("cell 4");
  expect(quality.get("Quality_Verdict")?.[4]).toBe("constant;empty");
  const sheet = decode(readFileSync(summary.contactSheet));
  expect(sheet.width).toBeGreaterThan(1500);
  const counts = new Map<string, number>();
  for (let i = 0; i < sheet.data.length; i += 3) {
    const color = sheet.data.subarray(i, i + 3).join();
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  for (const color of ["230,159,0", "86,180,233", "213,94,0"]) expect(counts.get(color)).toBeGreaterThan(500);
  const before = bytes();
  await segmentStore(path, { channel: "RFP", workers: 2 });
  expect(files().filter((name) => name !== INDEX)).toEqual([
    "cells.json",
    "contact-sheet.png",
    "crops.npy",
    "masks.npy",
    "metadata.parquet",
    "quality.csv",
  ]);
  expect(bytes()).toEqual(before);
});

test("center masks are completed with neighbors and stay as they are", async () => {
  makeStore({ masks: "center" });
  const summary = await segmentStore(path, { neighbors: true, workers: 1 });
  expect(summary.ok).toBe(11);
  const store = await CellStore.open(path);
  expect(store.masks).toBe("full");
  expect(store.header.maskSource).toMatch(/^drawn; neighbors: .*channel RFP/);
  const mask = new Uint8Array(4096);
  store.readMask(0, mask);
  expect(mask.filter((v) => v === 1).length).toBe(400);
  expect(mask.filter((v) => v === 2).length).toBeGreaterThan(200);
  store.close();
  const before = bytes();
  await segmentStore(path, { neighbors: true, workers: 1 });
  expect(bytes()).toEqual(before);
});

test("--force replaces masks from elsewhere", async () => {
  makeStore({ masks: "full" });
  await segmentStore(path, { force: true, workers: 1 });
  const store = await CellStore.open(path);
  const mask = new Uint8Array(4096);
  store.readMask(0, mask);
  expect(mask.filter((v) => v === 1).length).not.toBe(400);
  store.close();
});

test.each([
  ["an unknown channel", {}, { channel: "BF" }, /cells: has no channel BF; its channels are GFP, RFP$/],
  ["no cells", { cells: 0 }, {}, /cells: has no cells; import some/],
  [
    "constant crops",
    { flat: true },
    {},
    /cells: no usable cell in channel RFP .*12 constant;empty.*--channel/,
  ],
  [
    "a channel without cells",
    {},
    { channel: "GFP" },
    /no usable cell in channel GFP .* --channel of GFP, RFP/,
  ],
  ["a NaN", { nan: true }, {}, /crops\.npy: crop 3 has NaN in channel RFP \(row 2, column 2\)/],
  ["full masks", { masks: "full" }, {}, /has full masks already \(drawn\).*--force/],
  ["center masks", { masks: "center" }, {}, /has center masks already \(drawn\); --neighbors completes them/],
  [
    "neighbors without centers",
    {},
    { neighbors: true },
    /has no center masks to complete; run without --neighbors/,
  ],
  ["full masks to complete", { masks: "full" }, { neighbors: true }, /has neighbor labels already \(drawn\)/],
  ["a diameter above the crop", {}, { diameter: 65 }, /--diameter is 65; 4 to 64 px is accepted/],
] as const)("%s: one line, and the store stays as it was", async (_, store, options, message) => {
  makeStore(store as Parameters<typeof makeStore>[0]);
  const before = bytes();
  const error = await segmentStore(path, { ...options, workers: 1 }).catch((e: Error) => e);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain("\n");
  expect(bytes()).toEqual(before);
});

test("what is no store is named", async () => {
  await expect(segmentStore(join(root, "missing"))).rejects.toThrow(/missing: is not a cell store/);
});

test.each([1, 2])(
  "an interrupt on %i thread(s) leaves the store as it was",
  async (workers) => {
    makeStore();
    const before = bytes();
    const stop = new AbortController();
    const running = segmentStore(path, { workers, signal: stop.signal, onProgress: () => stop.abort() });
    await expect(running).rejects.toThrow("stopped; the masks of the store are as they were");
    expect(bytes()).toEqual(before);
  },
  30_000,
);

test("leftovers of a killed segmentation of another kind are removed, files of others are not", async () => {
  makeStore();
  const [place] = processTag().split("-");
  const running = `masks.npy.new-${place}-${process.ppid}-0`;
  writeFileSync(join(path, `masks.npy.new-${place}-999999999-0`), "x");
  writeFileSync(join(path, running), "x");
  for (const name of ["masks.npy", "quality.csv"])
    for (const kind of ["filling", "sums"])
      writeFileSync(join(path, `${name}.${kind}-0123456789abcdef`), "x");
  writeFileSync(join(path, "masks.npy.filling-mine"), "x");
  await segmentStore(path, { workers: 1 });
  expect(files().filter((name) => /filling|sums|lock|part|new/.test(name))).toEqual([
    "masks.npy.filling-mine",
    running,
  ]);
});

test("two segmentations of one store do not run at once", async () => {
  makeStore();
  const lock = takeLock(path);
  await expect(segmentStore(path, { workers: 1 })).rejects.toThrow(`${path}: is in use by another run`);
  lock.release();
});

test("center masks that fill tight crops are completed, cells that are searched for must pass", async () => {
  const size = 48;
  const writer = new CellStoreWriter(
    path,
    { channels: ["RFP"], height: size, width: size },
    "center",
    "drawn",
  );
  const disk = new Uint8Array(size * size);
  for (let p = 0; p < disk.length; p++)
    if (Math.hypot(Math.floor(p / size) - 23.5, (p % size) - 23.5) <= 24) disk[p] = 1;
  for (let k = 0; k < 4; k++)
    writer.append(draw(size, [{ y: 23.5, x: 23.5, radius: 24, brightness: 1 }], k), disk, {
      Metadata_Cell: `c${k}`,
      Metadata_Protein: "P",
      Metadata_Field: "F",
    });
  writer.finish({ verdict: Array(4).fill("border"), measures: new Map() }, "center", 48);
  const summary = await segmentStore(path, { neighbors: true, workers: 1 });
  expect(summary).toMatchObject({ ok: 0, leftOut: { border: 4 }, liftable: ["border"], diameter: 48 });
  expect(summary.medianDiameter).toBeCloseTo(48, 0);
  await expect(segmentStore(path, { force: true, workers: 1 })).rejects.toThrow(
    /no usable cell in channel RFP \(4 cells: 4 .*border\)/,
  );
});

test("the summary says what is left out, where to look and what comes next", () => {
  const summary = {
    cells: 1000,
    ok: 800,
    leftOut: { border: 150, small: 50 },
    channel: "RFP",
    diameter: 32,
    liftable: ["border", "small"] as const,
    medianDiameter: 15.2,
    quality: "c/quality.csv",
    contactSheet: "c/contact-sheet.png",
  };
  expect(text(summary, "c").split("\n")).toEqual([
    "800 of 1,000 cells are ok (80.0 %), found in channel RFP, 15 px across (median)",
    "200 left out: 150 border, 50 small",
    "listed in   c/quality.csv",
    "look at     c/contact-sheet.png",
    "if the outlines are wrong, give the cells' diameter in px (32 was assumed): cellswap segment c --diameter 15, or another --channel",
    'where the masks are right, "allow": ["border", "small"] in the study takes cells that are left out by limits only',
    "next        cellswap run STUDY.json, with these cells in the study file",
  ]);
});
