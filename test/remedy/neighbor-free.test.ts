import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Dataset, File, ready } from "h5wasm/node";
import { parquetMetadata } from "hyparquet";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CellStore, CellStoreWriter } from "../../src/cells/store.ts";
import type { Encoder } from "../../src/encode/encoder.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { CellswapError, InterruptedError } from "../../src/errors.ts";
import { readParquet } from "../../src/files/table.ts";
import { type CellFeatureOptions, writeCellFeatures } from "../../src/remedy/cell-features.ts";
import { cellClasses, storeLenders } from "../../src/remedy/lenders.ts";
import { drawDonors } from "../../src/remedy/recompose.ts";
import { shown } from "../../src/remedy/seen.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { groupOf, measureScales } from "../../src/swap/intensity.ts";
import { recommendedFor } from "../../src/swap/recommended.ts";
import type { CropSource, Table } from "../../src/types.ts";
import { drawCells, writeEncoder } from "../study/drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-neighbor-free-"));
const at = (name: string) => join(base, name);
const classes = ["nucleus", "vacuole", "ER"];

beforeAll(() => {
  drawCells(at("cells"), { classes, cellsPerClass: 12, fields: 3, rejected: "ER-field0" });
  writeEncoder(base, { name: "tiny" });
  writeEncoder(base, {
    name: "two",
    outputs: [{ output: "map", layout: "NCHW", pool: "center-mean" }, { output: "vector" }],
  });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const write = (out: string, options: Partial<CellFeatureOptions> = {}, encoder = "tiny", cells = "cells") =>
  writeCellFeatures(at(cells), readEncoder(at(`${encoder}.json`)), {
    out: at(out),
    workers: 2,
    remedy: "recompose",
    ...options,
  });

const numbers = ({ columns }: Table, name: string) => columns.get(name) as Float64Array;

/** Features of a cell on the medium of donors, alone or with its own neighbors, one composite at a time. */
async function composites(
  source: CropSource,
  store: CellStore,
  encoder: Encoder,
  cell: number,
  donors: number[],
) {
  const composite = recommendedFor(store, 1);
  const compositor = new Compositor(
    source,
    measureScales(store, composite, groupOf(store.cells, "field")),
    composite,
  );
  const crop = new Float32Array(2 * 32 * 32);
  const mask = new Uint8Array(32 * 32);
  const found: Float32Array[] = [];
  for (const donor of donors) {
    const plan = shown("cell-free", 1, cell, [Int32Array.of(donor)]);
    compositor.compose(plan, 0, crop);
    // The encoder is told where the cell is, not what is pasted along.
    store.readMask(cell, mask);
    const out = encoder.dimensions.map((n) => new Float32Array(n));
    await encoder.encode(crop, mask, 1, out);
    found.push(out[0]);
  }
  return found;
}

/** The same crops, `cell` with the medium within a sixteenth of its diameter, and with its neighbors where these are wanted. */
function seen(store: CellStore, cell: number, neighbors: boolean): CropSource {
  const { height, width } = store;
  const rim = (store.diameter ?? height / 2) / 16;
  const reach = Math.ceil(rim);
  return {
    count: store.count,
    channels: store.channels,
    height,
    width,
    masks: "full",
    readCrop: (row, out) => store.readCrop(row, out),
    readMask: (row, out) => {
      store.readMask(row, out);
      if (row !== cell) return;
      const given = out.slice();
      const isCell = (y: number, x: number) =>
        y >= 0 && y < height && x >= 0 && x < width && given[y * width + x] === 1;
      for (let y = 0, p = 0; y < height; y++)
        for (let x = 0; x < width; x++, p++) {
          if (given[p] === 2 && neighbors) out[p] = 1;
          if (given[p] !== 0) continue;
          for (let dy = -reach; dy <= reach; dy++)
            for (let dx = -reach; dx <= reach; dx++)
              if (dy * dy + dx * dx <= rim * rim && isCell(y + dy, x + dx)) out[p] = 1;
        }
    },
  };
}

test.each(["tiny", "two"])(
  "features and influence are those of composites made one by one (%s)",
  async (name) => {
    const result = await write(`${name}.parquet`, { remedy: "recompose-3" }, name);
    expect(result).toMatchObject({ cells: 32, leftOut: 4, remedy: { name: "recompose-3", notes: [] } });
    const table = await readParquet(at(`${name}.parquet`));
    const store = await CellStore.open(at("cells"));
    const encoder = await openEncoder(readEncoder(at(`${name}.json`)), store);
    const rows = Int32Array.from(store.cells.usable.keys()).filter((row) => store.cells.usable[row] === 1);
    const donors = drawDonors(
      storeLenders(store.cells, cellClasses(store.cells, undefined, ""), rows, ""),
      3,
      1,
    );
    const output = result.outputs[0].name;
    const suffix = name === "two" ? `_${output}` : "";
    const means: number[][] = [];
    const lengths: number[] = [];
    for (const [i, row] of rows.entries()) {
      const own = donors.map((of) => of[row]);
      expect(new Set(own.map((donor) => store.cells.localization[donor])).size).toBe(3);
      for (const donor of own) expect(store.cells.field[donor]).not.toBe(store.cells.field[row]);
      const alone = await composites(seen(store, row, false), store, encoder, row, own);
      const together = await composites(seen(store, row, true), store, encoder, row, own);
      const dimension = alone[0].length;
      const mean = Array.from({ length: dimension }, (_, j) => alone.reduce((a, x) => a + x[j], 0) / 3);
      mean.forEach((v, j) => expect(numbers(table, `${output}_000${j + 1}`)[i]).toBeCloseTo(v, 4));
      means.push(mean);
      const moved = together.map((x, d) => Array.from(x, (v, j) => v - alone[d][j]));
      let products = 0;
      for (const [d, e] of [
        [0, 1],
        [0, 2],
        [1, 2],
      ])
        products += moved[d].reduce((a, v, j) => a + v * moved[e][j], 0) / 3;
      lengths.push(Math.sqrt(Math.max(0, products)));
    }
    // Every pair of classes: squared distance of the centroids, less what fields make them differ by chance.
    const label = Array.from(rows, (row) => store.cells.localization[row]);
    const centroid = (keep: (i: number) => boolean) => {
      const own = means.filter((_, i) => keep(i));
      return own[0].map((_, j) => own.reduce((a, m) => a + m[j], 0) / own.length);
    };
    const noise = (c: string) => {
      const center = centroid((i) => label[i] === c);
      const n = label.filter((l) => l === c).length;
      const fields = [...new Set(Array.from(rows, (row) => store.cells.field[row]))].filter((f) =>
        f.startsWith(c),
      );
      const off = fields.map((f) => {
        const members = means.filter((_, i) => store.cells.field[rows[i]] === f);
        return center.reduce((a, v, j) => a + members.reduce((s, m) => s + m[j] - v, 0) ** 2, 0);
      });
      return ((fields.length / (fields.length - 1)) * off.reduce((a, b) => a + b)) / n ** 2;
    };
    const pairs = [
      [0, 1],
      [0, 2],
      [1, 2],
    ].map(([a, b]) => {
      const [x, y] = [a, b].map((c) => centroid((i) => label[i] === classes[c]));
      return x.reduce((s, v, j) => s + (v - y[j]) ** 2, 0) - noise(classes[a]) - noise(classes[b]);
    });
    const distance = Math.sqrt(pairs.reduce((a, b) => a + b) / 3);
    const influence = numbers(table, `Metadata_NeighborInfluence${suffix}`);
    lengths.forEach((length, i) => expect(influence[i] / (length / distance)).toBeCloseTo(1, 2));
    const error = numbers(table, `Metadata_NeighborInfluence${suffix}_SE`);
    expect(Math.min(...error)).toBeGreaterThan(0);
    await encoder.release();
    store.close();
  },
  240_000,
);

test("a run that was stopped goes on to the same bytes, with any number of threads", async () => {
  const stop = new AbortController();
  const seen: [number, number][] = [];
  const stopped = write("stopped.parquet", {
    workers: 1,
    signal: stop.signal,
    onProgress: (done) => done > 0 && stop.abort(),
  });
  await expect(stopped).rejects.toThrow(InterruptedError);
  expect(existsSync(at("stopped.parquet.unfinished"))).toBe(true);
  await write("stopped.parquet", { workers: 2, onProgress: (...p) => seen.push(p) });
  expect(seen[0][0]).toBeGreaterThan(0);
  expect(seen.at(-1)).toEqual([32, 32]);
  await write("whole.parquet", { workers: 1 });
  expect(readFileSync(at("stopped.parquet")).equals(readFileSync(at("whole.parquet")))).toBe(true);
  expect(readdirSync(base).filter((name) => name.includes(".unfinished"))).toEqual([]);
});

test("both kinds of file say how they were made, and an .h5ad has the columns in obs", async () => {
  const done = await write("made.parquet");
  const bytes = readFileSync(at("made.parquet"));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const said = parquetMetadata(file as ArrayBuffer).key_value_metadata!.find(({ key }) => key === "cellswap");
  expect(JSON.parse(said!.value!)).toMatchObject({
    remedy: "recompose",
    donors: 4,
    distance_between: "classes",
    distance: done.remedy!.distance,
    notes: [],
  });
  await write("made.h5ad");
  await ready;
  const h5 = new File(at("made.h5ad"), "r");
  const value = (name: string) => (h5.get(name) as Dataset).value;
  expect(value("uns/cellswap/remedy")).toBe("recompose");
  expect(value("uns/cellswap/distance/tiny")).toBe(done.remedy!.distance.tiny);
  const influence = numbers(await readParquet(at("made.parquet")), "Metadata_NeighborInfluence");
  expect(value("obs/Metadata_NeighborInfluence")).toEqual(influence);
  h5.close();
});

test("masked and clear give features and what stands around the cells, and say that there is no influence", async () => {
  for (const remedy of ["masked", "masked-2", "clear"]) {
    const { remedy: done } = await write("other.parquet", { remedy });
    expect(done!.name).toBe(remedy);
    expect(done!.notes).toEqual([expect.stringContaining("no neighbor influence")]);
    const { columns } = await readParquet(at("other.parquet"));
    expect([...columns.keys()].filter((name) => name.includes("Neighbor"))).toEqual([
      "Metadata_Neighbors",
      "Metadata_NeighborArea",
    ]);
    expect(columns.get("Metadata_Quality_Verdict")).toEqual(new Array(32).fill("ok"));
  }
});

test("what cannot be known is missing and said, and what cannot be done is one line", async () => {
  const failure = async (cells: string, options: Partial<CellFeatureOptions> = {}) => {
    const error = await write("new.parquet", options, "tiny", cells).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CellswapError);
    expect((error as Error).message).not.toContain("\n");
    return (error as Error).message;
  };
  const notes = async (cells: string, options: Partial<CellFeatureOptions> = {}) => {
    const { remedy } = await write("new.parquet", options, "tiny", cells);
    return { notes: remedy!.notes.join(" "), table: await readParquet(at("new.parquet")) };
  };
  expect(await failure("cells", { remedy: "recompse" })).toMatch(/no remedy "recompse"/);
  expect(await failure("cells", { remedy: "recompose-65" })).toMatch(/1 to 64, not 65/);
  expect(await failure("cells", { remedy: "dfr" })).toMatch(/export encoder STUDY\.json .* --remedy dfr /);
  expect(await failure("cells", { remedy: "pool" })).toMatch(
    /export encoder --encoder ENCODER --remedy pool /,
  );
  expect(await failure("cells", { remedy: "augmented" })).toMatch(/the features stay as they are/);
  expect(await failure("cells", { remedy: "retrained+recompose-2" })).toMatch(
    /give the retrained encoder as --encoder, with --remedy recompose-2$/,
  );
  expect(await failure("cells", { class: "Compound" })).toMatch(/cells: has no column Compound/);
  drawCells(at("bare"), { masks: "none", cellsPerClass: 4 });
  expect(await failure("bare")).toMatch(/bare: has no masks.*cellswap segment/);
  drawCells(at("center"), { masks: "center", cellsPerClass: 4 });
  expect(await failure("center")).toMatch(/center: has masks that know the center cell only.*--neighbors/);
  expect((await notes("center", { remedy: "masked" })).notes).toMatch(
    /number and area of neighbors are not known/,
  );
  drawCells(at("single"), { classes: ["nucleus"], cellsPerClass: 1, fields: 1 });
  expect(await failure("single")).toMatch(/no two cells with usable masks/);
  expect(await failure("cells", { all: true })).toMatch(/field ER-field0 has no cell whose mask passed/);

  const plain = writeCellFeatures(at("cells"), readEncoder(at("tiny.json")), {
    out: at("new.parquet"),
    class: "Protein",
  });
  await expect(plain).rejects.toThrow(/--class .* give --remedy/);
  // Its masks are small, which may be allowed.
  expect(await write("new.parquet", { allow: ["small"] })).toMatchObject({ cells: 36, leftOut: 0 });
  const one = await notes("cells", { remedy: "recompose-1" });
  expect(one.notes).toMatch(/One donor cannot tell/);
  expect(numbers(one.table, "Metadata_NeighborInfluence").every(Number.isNaN)).toBe(true);
  drawCells(at("field"), {
    classes: ["nucleus", "ER"],
    cellsPerClass: 6,
    fields: 1,
    localization: () => null,
  });
  const unnamed = await notes("field");
  expect(unnamed.notes).toMatch(/units of the typical distance between two cells.*probability is not known/);
  expect(numbers(unnamed.table, "Metadata_NeighborInfluence").every((v) => v > 0)).toBe(true);
  expect(numbers(unnamed.table, "Metadata_NeighborInfluence_Probability").every(Number.isNaN)).toBe(true);
  drawCells(at("rare"), { classes: ["nucleus", "ER", "vacuole"], cellsPerClass: [8, 8, 1], fields: 2 });
  const rare = numbers((await notes("rare")).table, "Metadata_NeighborInfluence_Probability");
  expect(Array.from(rare, Number.isNaN)).toEqual([...new Array(16).fill(false), true]);
  expect(readdirSync(base).filter((name) => name.includes("unfinished"))).toEqual([]);
});

test("cells without neighbors are not influenced, exactly", async () => {
  const store = await CellStore.open(at("cells"));
  const writer = new CellStoreWriter(at("lonely"), store, "full", "drawn");
  const [crop, mask] = [new Float32Array(2 * 32 * 32), new Uint8Array(32 * 32)];
  for (let row = 0; row < store.count; row++) {
    store.readCrop(row, crop);
    store.readMask(row, mask);
    for (let p = 0; row % 2 === 0 && p < mask.length; p++)
      if (mask[p] === 2) {
        mask[p] = 0;
        for (const at of [p, p + mask.length]) crop[at] = 100 + (p % 10);
      }
    const { id, field, localization, protein } = store.cells;
    writer.append(crop, mask, {
      Metadata_Cell: id[row],
      Metadata_Protein: protein![row],
      Metadata_Field: field[row],
      Metadata_Localization: localization[row],
    });
  }
  writer.finish({ verdict: new Array(store.count).fill("ok"), measures: new Map() });
  store.close();
  await write("lonely.parquet", {}, "tiny", "lonely");
  const table = await readParquet(at("lonely.parquet"));
  for (const name of ["", "_SE", "_Probability", "_Probability_SE"]) {
    const values = numbers(table, `Metadata_NeighborInfluence${name}`);
    values.forEach((v, i) => (i % 2 === 0 ? expect(v).toBe(0) : expect(v).not.toBe(0)));
  }
  expect(Array.from(numbers(table, "Metadata_Neighbors").slice(0, 4))).toEqual([0, 3, 0, 3]);
});
