import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { CellStore, readHeader } from "../../src/cells/store.ts";
import { main } from "../../src/commands/main.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { CellswapError, InterruptedError } from "../../src/errors.ts";
import { readCsv, readParquet } from "../../src/files/table.ts";
import { type CellFeatureOptions, writeCellFeatures } from "../../src/remedy/cell-features.ts";
import { describeModel, drawCells, writeEncoder, writeOperator } from "../study/drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-cell-features-"));
const cells = join(base, "cells");
const at = (name: string) => join(base, name);

beforeAll(() => {
  drawCells(cells, { cellsPerClass: 50, fields: 4, rejected: "nucleus-field0" });
  writeEncoder(base, { name: "tiny" });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const write = (name: string, options: Partial<CellFeatureOptions> = {}) =>
  writeCellFeatures(cells, readEncoder(at("tiny.json")), { out: at(name), workers: 2, ...options });

test("every usable cell has the features of its crop, whatever the threads; all cells with their verdicts", async () => {
  const done = await write("usable.parquet");
  expect(done).toMatchObject({ cells: 87, leftOut: 13, outputs: [{ name: "tiny", dimension: 4 }] });
  const { columns, rows } = await readParquet(at("usable.parquet"));
  const store = await CellStore.open(cells);
  const encoder = await openEncoder(readEncoder(at("tiny.json")), store);
  const usable = [...store.cells.usable.keys()].filter((row) => store.cells.usable[row] === 1);
  expect(rows).toBe(usable.length);
  expect(columns.get("Metadata_Cell")).toEqual(usable.map((row) => store.cells.id[row]));
  expect([...columns.keys()]).toEqual([
    ...store.cells.metadata.columns.keys(),
    ...["tiny_0001", "tiny_0002", "tiny_0003", "tiny_0004"],
  ]);
  const crop = new Float32Array(store.channels.length * store.height * store.width);
  const vector = new Float32Array(4);
  for (const [i, row] of usable.entries()) {
    store.readCrop(row, crop);
    await encoder.encode(crop, new Uint8Array(), 1, [vector]);
    expect([1, 2, 3, 4].map((j) => columns.get(`tiny_000${j}`)![i])).toEqual([...vector]);
  }
  await encoder.release();
  await write("one.parquet", { workers: 1 });
  expect(readFileSync(at("one.parquet")).equals(readFileSync(at("usable.parquet")))).toBe(true);

  expect(await write("all.parquet", { all: true })).toMatchObject({ cells: 100, leftOut: 0 });
  const all = await readParquet(at("all.parquet"));
  expect(all.columns.get("Metadata_Quality_Verdict")).toEqual([...store.verdicts!]);
  store.close();
  expect(readdirSync(base).filter((name) => name.includes(".unfinished"))).toEqual([]);
});

test("a run that was stopped goes on to the same bytes", async () => {
  const stop = new AbortController();
  const seen: number[] = [];
  const stopped = write("stopped.parquet", {
    workers: 1,
    signal: stop.signal,
    onProgress: (done) => done > 0 && stop.abort(),
  });
  await expect(stopped).rejects.toThrow(InterruptedError);
  expect(existsSync(at("stopped.parquet"))).toBe(false);
  expect(existsSync(at("stopped.parquet.unfinished"))).toBe(true);
  await write("stopped.parquet", { workers: 1, onProgress: (done) => seen.push(done) });
  expect(seen[0]).toBeGreaterThan(0);
  expect(readFileSync(at("stopped.parquet")).equals(readFileSync(at("usable.parquet")))).toBe(true);
  expect(existsSync(at("stopped.parquet.unfinished"))).toBe(false);
});

test("a folder of somebody else is not taken for unfinished features", async () => {
  mkdirSync(at("theirs.parquet.unfinished"));
  writeFileSync(at("theirs.parquet.unfinished/notes.txt"), "mine");
  await expect(write("theirs.parquet", {})).rejects.toThrow(/theirs\.parquet\.unfinished: is in the way/);
  expect(readFileSync(at("theirs.parquet.unfinished/notes.txt"), "utf8")).toBe("mine");
  rmSync(at("theirs.parquet.unfinished"), { recursive: true });
});

test("what fails leaves nothing, and what was there before as it was", async () => {
  writeFileSync(at("before.parquet"), "mine");
  writeOperator(at("log.onnx"), ["Log"]);
  const input = { name: "x", channels: ["GFP", "RFP"], height: 32, width: 32 };
  const shift = { step: "scale", factor: 1, offset: -200 };
  const outputs = [{ output: "y", layout: "NCHW", pool: "mean" }];
  describeModel(base, { name: "log", model: "log.onnx", input, preprocess: [shift], outputs });
  const failure = async (out: string, encoder = "tiny", store = cells): Promise<string> => {
    const error = await writeCellFeatures(store, readEncoder(at(`${encoder}.json`)), {
      out: at(out),
      workers: 1,
    }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CellswapError);
    expect((error as CellswapError).message).not.toContain("\n");
    return (error as CellswapError).message;
  };
  expect(await failure("before.parquet", "log")).toMatch(/encoder log gives NaN as feature \d of cell \S+/);
  expect(await failure("deep/er/new.parquet", "log")).toMatch(/encoder log gives NaN/);
  expect(await failure("new.csv")).toMatch(/new\.csv: ends in neither \.parquet nor \.h5ad/);
  expect(await failure("cells")).toMatch(/cells: is a folder/);
  expect(await failure("new.h5ad", "tiny", base)).toMatch(/is not a cell store/);
  expect(await failure("tiny.json/new.h5ad")).toMatch(/a part of this path is a file/);
  drawCells(at("none"), { cellsPerClass: 2, fields: 1, classes: ["nucleus"], rejected: "nucleus-field0" });
  expect(await failure("new.h5ad", "tiny", at("none"))).toMatch(/none: has no cell with a usable mask/);
  expect(readFileSync(at("before.parquet"), "utf8")).toBe("mine");
  expect(readdirSync(base).filter((name) => /new|deep|unfinished|part-/.test(name))).toEqual([]);
});

test("another program is an encoder as well", async () => {
  const program = resolve(import.meta.dirname, "../encode/command/program.mjs");
  const command = [process.execPath, program];
  const input = { channels: ["GFP", "RFP"], height: 32, width: 32 };
  describeModel(base, { name: "program", command, input, outputs: [{ output: "y" }], batch: 16 });
  const done = await writeCellFeatures(cells, readEncoder(at("program.json")), {
    out: at("program.parquet"),
  });
  expect(done.outputs).toEqual([{ name: "program", dimension: 4 }]);
  const { columns } = await readParquet(at("program.parquet"));
  const store = await CellStore.open(cells);
  const crop = new Float32Array(2 * 32 * 32);
  const ids = columns.get("Metadata_Cell") as string[];
  ids.forEach((id, i) => {
    store.readCrop(store.cells.id.indexOf(id), crop);
    const [gfp] = [crop.subarray(0, 32 * 32)];
    const of = [1, 2, 3, 4].map((j) => Number(columns.get(`program_000${j}`)![i]));
    expect(of).toContain(gfp.reduce((a, b) => Math.max(a, b)));
    const mean = gfp.reduce((a, b) => a + b, 0) / gfp.length;
    expect(Math.min(...of.map((v) => Math.abs(v - mean)))).toBeLessThan(1e-3);
  });
  store.close();
});

const human = resolve(
  import.meta.dirname,
  "../../../shared/data/fields/cytotable/tests/data/cellprofiler/ExampleHuman",
);
const hasHuman = existsSync(human);

test.skipIf(!hasHuman)(
  "features join the tables of a real CellProfiler run (needs ../shared/data)",
  async () => {
    const spies = [
      vi.spyOn(console, "log").mockImplementation(() => {}),
      vi.spyOn(process.stderr, "write").mockReturnValue(true),
    ];
    const store = at("human");
    const exit = await main(["import", "cellprofiler", human, "--size", "64", "--out", store, "--json"]);
    for (const spy of spies) spy.mockRestore();
    expect(exit).toBe(0);
    const channels = readHeader(store).channels;
    writeEncoder(base, { name: "three", channels, size: 64 });
    await writeCellFeatures(store, readEncoder(at("three.json")), { out: at("human.parquet"), all: true });
    const { columns, rows } = await readParquet(at("human.parquet"));
    const nuclei = readCsv(join(human, "Nuclei.csv"));
    const key = (image: unknown, object: unknown) => `${Number(image)} ${Number(object)}`;
    const rowOf = new Map(
      nuclei.get("ImageNumber")!.map((image, i) => [key(image, nuclei.get("ObjectNumber")![i]), i]),
    );
    expect(rows).toBeGreaterThan(200);
    const column = (name: string) => columns.get(name) as Float64Array;
    for (let i = 0; i < rows; i++) {
      const row = rowOf.get(key(column("Metadata_ImageNumber")[i], column("Metadata_ObjectNumber")[i]))!;
      expect(column("Metadata_X")[i]).toBeCloseTo(Number(nuclei.get("Location_Center_X")![row]), 9);
      expect(column("Metadata_Y")[i]).toBeCloseTo(Number(nuclei.get("Location_Center_Y")![row]), 9);
    }
  },
);
