import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { INDEX } from "../../../src/cells/checked.ts";
import { copyStore } from "../../../src/cells/remote/copy.ts";
import { CellStore, CellStoreWriter } from "../../../src/cells/store.ts";
import { InterruptedError } from "../../../src/errors.ts";
import { segmentStore } from "../../../src/segment/segment-store.ts";
import { type DrawOptions, drawStudyCells, hasDrawnCells } from "../../../src/study/draw/drawn-store.ts";
import { readStudyFile, type Study } from "../../../src/study/schema.ts";
import { runStudy } from "../../../src/study.ts";
import { drawCells, writeEncoder } from "../drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-drawn-"));
const at = (name: string) => join(base, name);
const drawn = at("study.drawn.cells");
beforeAll(() => {
  drawCells(at("cells"), { cellsPerClass: 40, fields: 6, size: 48, masks: "none" });
  writeEncoder(base, { name: "tiny", size: 48 });
});
beforeEach(() => {
  for (const name of readdirSync(base).filter((n) => n.includes("drawn")))
    rmSync(at(name), { recursive: true });
});
afterAll(() => rmSync(base, { recursive: true }));

function study(keys: object = {}, segment: object = { channel: "rfp" }): Study {
  const path = at("study.json");
  const file = {
    cells: "cells",
    segment,
    encoders: ["tiny.json"],
    cellsPerClass: 18,
    settings: ["original", "masked"],
  };
  writeFileSync(path, JSON.stringify({ ...file, ...keys }));
  return readStudyFile(path);
}
const draw = (keys: object = {}, options: DrawOptions = {}) =>
  drawStudyCells(study(keys), { workers: 1, ...options });
const bytes = () =>
  readdirSync(drawn)
    .filter((name) => name !== INDEX)
    .sort()
    .map((name) => `${name} ${readFileSync(join(drawn, name)).toString("base64")}`);

/** Masks and verdicts by cell. */
async function masksOf(path: string): Promise<Map<string, string>> {
  const store = await CellStore.open(path);
  const mask = new Uint8Array(store.height * store.width);
  const found = new Map(
    store.cells.id.map((id, row) => {
      store.readMask(row, mask);
      return [id, `${store.verdicts![row]} ${Buffer.from(mask).toString("base64")}`];
    }),
  );
  store.close();
  return found;
}

test("a study segments what it draws, to the masks that a segmentation of all cells gives", async () => {
  cpSync(at("cells"), at("whole"), { recursive: true });
  await segmentStore(at("whole"), { channel: "RFP", workers: 1 });
  const whole = await masksOf(at("whole"));
  const { study: made, note } = await draw();
  expect(made.cells).toBe(drawn);
  const own = await masksOf(drawn);
  expect(own.size).toBeGreaterThanOrEqual(36);
  expect(own.size).toBeLessThan(80);
  for (const [id, mask] of own) expect(mask).toBe(whole.get(id));
  const store = await CellStore.open(drawn);
  const [first] = store.cells.id;
  expect(store.cells.metadata.columns.get("Metadata_Plate")?.[0]).toBe("plate0");
  // Pixels are those of the cell.
  const source = await CellStore.open(at("cells"));
  const [a, b] = [new Float32Array(2 * 48 * 48), new Float32Array(2 * 48 * 48)];
  const last = store.count - 1;
  store.readCrop(last, a);
  source.readCrop(source.cells.id.indexOf(store.cells.id[last]), b);
  expect(a).toEqual(b);
  expect(store.header.source).toBe(source.header.source);
  expect(first).toBe(source.cells.id[0]);
  store.close();
  source.close();
  expect(note?.text).toMatch(/^of 80 cells \d+ were drawn and segmented/);
  expect(readdirSync(base).filter((name) => name.includes("drawing"))).toEqual([]);
});

test("what was drawn is used again; threads, kills and damage give the same bytes", async () => {
  await draw();
  const before = bytes();
  await draw({}, { onProgress: () => expect.unreachable("nothing is segmented again") });
  expect(bytes()).toEqual(before);

  rmSync(drawn, { recursive: true });
  await draw({}, { workers: 2 });
  expect(bytes()).toEqual(before);

  rmSync(drawn, { recursive: true });
  const stop = new AbortController();
  const stopped = draw({}, { signal: stop.signal, onProgress: () => stop.abort() });
  await expect(stopped).rejects.toThrow("stopped");
  expect(existsSync(drawn)).toBe(false);
  expect(existsSync(`${drawn}.drawing`)).toBe(true);
  await draw();
  expect(bytes()).toEqual(before);
  expect(existsSync(`${drawn}.drawing`)).toBe(false);

  const masks = readFileSync(join(drawn, "masks.npy"));
  masks[1000] ^= 1;
  writeFileSync(join(drawn, "masks.npy"), masks);
  await draw();
  expect(bytes()).toEqual(before);
});

test("other choices draw anew, those that say nothing of cells do not", async () => {
  await draw();
  const before = bytes();
  await draw({ title: "Another", seed: 7 });
  expect(bytes()).toEqual(before);
  await draw({ cellsPerClass: 10 });
  const store = await CellStore.open(drawn);
  expect(store.count).toBeLessThan(30);
  store.close();
  expect(bytes()).not.toEqual(before);
});

test.each(["uint8", "uint16", "float16"] as const)("crops of type %s are kept in it", async (type) => {
  const shape = { channels: ["GFP", "RFP"], height: 48, width: 48 };
  const source = await CellStore.open(at("cells"));
  const writer = new CellStoreWriter(at("drawn-typed"), shape, "none", "drawn", type);
  const crop = new Float32Array(2 * 48 * 48);
  for (let row = 0; row < source.count; row++) {
    source.readCrop(row, crop);
    // Such whole numbers are exact in all types.
    for (let i = 0; i < crop.length; i++) crop[i] = Math.min(255, Math.round(crop[i] / 6));
    const record = [...source.cells.metadata.columns].map(([name, values]) => [name, values[row]]);
    writer.append(crop, null, Object.fromEntries(record));
  }
  writer.finish();
  source.close();
  await draw({ cells: "drawn-typed" });
  const [from, to] = [await CellStore.open(at("drawn-typed")), await CellStore.open(drawn)];
  expect(to.header.type).toBe(type);
  const [a, b] = [crop.slice(), crop.slice()];
  to.cells.id.forEach((id, row) => {
    to.readCrop(row, a);
    from.readCrop(from.cells.id.indexOf(id), b);
    expect(a).toEqual(b);
  });
  expect(a.some((v) => v > 0)).toBe(true);
  from.close();
  to.close();
});

test("a run is of the drawn cells and says so", async () => {
  const { report, flags } = await runStudy(study(), { out: at("drawn-study"), workers: 1 });
  expect(flags.map(({ id }) => id)).toContain("drawn-cells");
  expect(report.cells.used).toBe(36);
  expect(report.provenance.find(({ name }) => name === "Masks")?.value).toMatch(
    /channel RFP.*; drawn for a study, /,
  );
  const record = JSON.parse(readFileSync(join(at("drawn-study"), "record.json"), "utf8"));
  expect(record.study.segment).toEqual({ channel: "rfp" });
  const view = JSON.parse(readFileSync(join(at("drawn-study"), "view", "sources.json"), "utf8"));
  expect(basename(view.cells)).toBe("study.drawn.cells");
});

test.each([
  ["an unknown channel", {}, { channel: "BF" }, /cells: has no channel BF; its channels are GFP, RFP$/],
  [
    "one channel for both",
    {},
    { nuclei: "GFP", channel: "GFP" },
    /segment\.nuclei and segment\.channel are both GFP/,
  ],
  ["a diameter above the crop", {}, { diameter: 65 }, /segment\.diameter is 65; 4 to 48 px is accepted/],
  [
    "cells that are in the way",
    {},
    { cells: "cells" },
    /cells: is a cell store that was not drawn for a study; name/,
  ],
  ["a class that is not there", { classes: ["nucleus", "ER"] }, {}, /class ER has no usable cells/],
] as const)("%s is refused in one line, and nothing is left", async (_, keys, segment, message) => {
  const error = await drawStudyCells(study(keys, segment), { workers: 1 }).catch((e: Error) => e);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain("\n");
  expect(readdirSync(base).filter((name) => name.includes("drawn."))).toEqual([]);
});

test("cells that are fetched or unpacked to see whether they are drawn are told of, until a signal", async () => {
  const before = process.env.CELLSWAP_CACHE;
  process.env.CELLSWAP_CACHE = at("drawn-cache");
  try {
    await copyStore(at("cells"), at("drawn-zarr"), { form: "zarr" });
    const own = study({ cells: "drawn-zarr" });
    await expect(hasDrawnCells(own, { signal: AbortSignal.abort() })).rejects.toThrow(InterruptedError);
    const told: [number, number][] = [];
    expect(await hasDrawnCells(own, { onCheck: (...bytes) => told.push(bytes) })).toBe(false);
    expect(told.at(-1)?.[0]).toBeGreaterThan(0);
  } finally {
    if (before === undefined) delete process.env.CELLSWAP_CACHE;
    else process.env.CELLSWAP_CACHE = before;
  }
});

test("cells that have masks are refused", async () => {
  drawCells(at("drawn-masks"), { cellsPerClass: 6, size: 24 });
  await expect(drawStudyCells(study({ cells: "drawn-masks" }))).rejects.toThrow(
    /drawn-masks: has masks already \(drawn\); leave "segment" out of the study file$/,
  );
});
