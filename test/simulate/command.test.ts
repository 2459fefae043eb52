import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { decodeTiff } from "../../src/cells/readers/tiff.ts";
import { CellStore } from "../../src/cells/store.ts";
import { main } from "../../src/commands/main.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { readCsv } from "../../src/files/table.ts";
import type { Cells } from "../../src/types.ts";

const folder = mkdtempSync(join(tmpdir(), "simulate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const printed: string[] = [];
const complaints: string[] = [];
beforeEach(() => {
  printed.length = 0;
  complaints.length = 0;
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  vi.spyOn(console, "error").mockImplementation((line: string) => void complaints.push(line));
});
const simulate = (out: string, ...more: string[]) =>
  main(["simulate", "--out", join(folder, out), "--cells", "8", "--fields", "2", "--json", ...more]);

test("writes a cell store with full masks, and the truth beside it", async () => {
  expect(
    await simulate("cells", "--localizations", "nucleus,er", "--heterogeneous", "1", "--seed", "4"),
  ).toBe(0);
  expect(JSON.parse(printed.join(""))).toMatchObject({ cells: 24, proteins: 5, seed: 4 });
  const store = await CellStore.open(join(folder, "cells"));
  expect([store.count, store.masks, store.height, store.width]).toEqual([24, "full", 64, 64]);
  expect(store.channels).toEqual(["GFP", "RFP"]);
  const truth = readCsv(join(folder, "cells", "truth.csv"));
  expect(truth.get("Metadata_Cell")).toEqual([...store.cells.id]);
  const mixed = store.cells.protein!.flatMap((p, i) => (p === "mixed-1" ? [i] : []));
  expect(mixed.length).toBe(8);
  for (const i of mixed) {
    expect(store.cells.localization[i]!.split("|").sort()).toEqual(["ER", "nucleus"]);
    expect(["ER", "nucleus"]).toContain(truth.get("Truth_Localization")![i]);
  }
  const proteins = readCsv(join(folder, "cells", "proteins.csv"));
  const shares = proteins.get("Metadata_Protein")!.flatMap((p, i) => (p === "mixed-1" ? [i] : []));
  expect(shares.reduce((s, i) => s + Number(proteins.get("Truth_Share")![i]), 0)).toBeCloseTo(1, 12);
  const mask = new Uint8Array(4096);
  store.readMask(0, mask);
  expect(mask[32 * 64 + 32]).toBe(1);
  store.close();
});

test("human cells come with their nuclei, and with the fields that they are cut from", async () => {
  const fields = join(folder, "fields");
  const more = [
    "--organism",
    "human",
    "--localizations",
    "Vesicles",
    "--proteins",
    "1",
    "--fields-out",
    fields,
  ];
  expect(await simulate("human", ...more)).toBe(0);
  expect(JSON.parse(printed.join(""))).toMatchObject({ cells: 8, usable: 8, fields: 2, fieldsOut: fields });
  const store = await CellStore.open(join(folder, "human"));
  expect([store.count, store.masks, store.height, store.width]).toEqual([8, "full", 128, 128]);
  expect(store.channels).toEqual(["DNA", "Microtubules", "ER", "Protein"]);
  const truth = readCsv(join(folder, "human", "truth.csv"));
  const nuclei = new NpyReader(join(folder, "human", "nuclei.npy"));
  expect(nuclei.shape).toEqual([8, 128, 128]);
  const manifest = readCsv(join(fields, "fields.csv"));
  expect(manifest.get("Field")).toEqual([...new Set(store.cells.field)]);
  const [crop, mask, nucleus] = [
    new Float32Array(4 * 128 * 128),
    new Uint8Array(16384),
    new Uint8Array(16384),
  ];
  for (let cell = 0; cell < 8; cell++) {
    const row = manifest.get("Field")!.indexOf(store.cells.field[cell]!);
    const read = (column: string) => {
      const file = join(fields, manifest.get(column)![row]!);
      return decodeTiff(readFileSync(file), file, (length) => new Float32Array(length));
    };
    store.readCrop(cell, crop);
    store.readMask(cell, mask);
    nuclei.read(cell, 1, nucleus);
    // The crop's place in its field: where the label image has the cell and the mask its first pixel.
    const labels = await read("Labels_Cells");
    const label = Number(truth.get("Truth_Label")![cell]);
    const first = labels.data.indexOf(label);
    const [y0, x0] = [Math.floor(first / labels.width), first % labels.width];
    const at = mask.indexOf(1);
    const [top, left] = [y0 - Math.floor(at / 128), x0 - (at % 128)];
    const planes = await Promise.all(
      ["DNA", "Microtubules", "ER", "Protein"].map((channel) => read(`File_${channel}`)),
    );
    const nuclear = await read("Labels_Nuclei");
    for (let p = 0; p < 16384; p++) {
      const q = (top + Math.floor(p / 128)) * labels.width + left + (p % 128);
      const part = (v: number) => (v === 0 ? 0 : v === label ? 1 : 2);
      if (mask[p] !== part(labels.data[q]) || nucleus[p] !== (nuclear.data[q] > 0 ? part(labels.data[q]) : 0))
        throw new Error(`mask of cell ${cell} at ${p}`);
      planes.forEach((plane, c) => {
        if (crop[c * 16384 + p] !== plane.data[q])
          throw new Error(`crop of cell ${cell}, channel ${c}, at ${p}`);
      });
    }
  }
  nuclei.close();
  store.close();
});

test("co-cultures on plates: the store knows where its cells are, and every cell of a field is listed", async () => {
  const fields = join(folder, "coculture-fields");
  const mixed = ["--localizations", "nucleus,er,actin", "--proteins", "1", "--proteins-per-field", "2"];
  expect(await simulate("coculture", ...mixed, "--plates", "2", "--fields-out", fields)).toBe(0);
  const store = await CellStore.open(join(folder, "coculture"));
  const { metadata, field, id } = store.cells;
  expect(new Set([...metadata.columns.get("Metadata_Plate")!])).toEqual(new Set(["plate-1", "plate-2"]));
  const all = readCsv(join(folder, "coculture", "field-cells.csv"));
  const column = (name: string) => all.get(name)!;
  const rowOf = new Map(column("Metadata_Cell").flatMap((cell, row) => (cell === "" ? [] : [[cell, row]])));
  expect([...rowOf.keys()].sort()).toEqual([...id].sort());
  // What cellswap import fields finds in the images themselves.
  printed.length = 0;
  const imported = join(folder, "coculture-imported");
  const args = ["--manifest", "fields.csv", "--size", "64", "--pad", "--out", imported];
  expect(await main(["import", "fields", fields, ...args])).toBe(0);
  const found = await CellStore.open(imported);
  const object = (cells: Cells, row: number) =>
    ["ObjectNumber", "X", "Y"].map((name) => Number(cells.metadata.columns.get(`Metadata_${name}`)![row]));
  const places = new Map(
    found.cells.id.map((_, row) => {
      const [label, x, y] = object(found.cells, row);
      return [`${found.cells.field[row]} ${label}`, [x, y]];
    }),
  );
  for (const [row, cell] of id.entries()) {
    const [label, x, y] = object(store.cells, row);
    const plate = metadata.columns.get("Metadata_Plate")![row];
    const [fx, fy] = places.get(`${plate}_${field[row]} ${label}`)!;
    expect(Math.abs(x - fx) + Math.abs(y - fy)).toBeLessThan(1e-6);
    const at = rowOf.get(cell)!;
    expect(column("Metadata_X")[at]).toBe(`${x}`);
    expect(column("Metadata_Localization")[at]).toBe(store.cells.localization[row]);
  }
  // Also the cells that are in no crop's middle, those at the edge among them.
  const labels = await decodeTiff(
    readFileSync(join(fields, "coculture_0_cells.tif")),
    "coculture_0_cells.tif",
    (length) => new Float32Array(length),
  );
  const listed = column("Metadata_Field").flatMap((name, row) => (name === "coculture_0" ? [row] : []));
  expect(listed.map((row) => Number(column("Metadata_ObjectNumber")[row]))).toEqual(
    [...new Set(labels.data)].filter((label) => label > 0).sort((a, b) => a - b),
  );
  for (const row of listed)
    expect(Number(column("Truth_Area")[row])).toBe(
      labels.data.filter((label) => label === Number(column("Metadata_ObjectNumber")[row])).length,
    );
  expect(listed.length).toBeGreaterThan(listed.filter((row) => column("Metadata_Cell")[row] !== "").length);
  found.close();
  store.close();
  for (const wrong of [["--proteins-per-field", "4"], ["--plates", "9"], ["--confounded"]])
    expect(await simulate("refused", ...mixed.slice(0, 4), ...wrong)).toBe(2);
  expect(existsSync(join(folder, "refused"))).toBe(false);
});

test("fields are written beside the cells or not at all", async () => {
  const human = ["--organism", "human", "--localizations", "Vesicles", "--proteins", "1"];
  writeFileSync(join(folder, "other.txt"), "");
  expect(await simulate("nowhere", ...human, "--fields-out", folder)).toBe(1);
  expect(await simulate("nowhere", ...human, "--fields-out", join(folder, "nowhere", "fields"))).toBe(1);
  expect(complaints.map((line) => line.replaceAll(folder, "."))).toEqual([
    "cellswap: .: is not empty and holds no simulated fields; choose another --fields-out",
    "cellswap: ./nowhere/fields: lies in the folder of the cells; choose another --fields-out",
  ]);
  expect(readdirSync(folder).filter((f) => f.includes("nowhere") || f.includes("part"))).toEqual([]);
});

test("the same command line writes the same bytes", async () => {
  for (const out of ["one", "two"]) expect(await simulate(out, "--localizations", "Golgi")).toBe(0);
  const read = (out: string) =>
    readdirSync(join(folder, out))
      .sort()
      .map((f) => [f, readFileSync(join(folder, out, f)).toString("base64")]);
  expect(read("two")).toEqual(read("one"));
});

test("a value that cannot be used is one line, and nothing is written", async () => {
  for (const [more, line] of [
    [["--cells", "0"], "'--cells <n>' argument '0' is invalid. Give a whole number from 1"],
    [["--seed", "x"], "'--seed <n>' argument 'x' is invalid. Give a whole number from 0"],
    [["--seed", ""], "'--seed <n>' argument '' is invalid. Give a whole number from 0"],
    [["--correlation", "2"], "'--correlation <p>' argument '2' is invalid. Give a number from 0 to 1"],
    [["--localizations", "nucleus,mars"], '"mars" is not one of actin'],
    [["--organism", "human", "--localizations", "Golgi"], '"Golgi" is not one of Nucleoplasm'],
    [["--organism", "fly"], "Allowed choices are yeast, human"],
    [["--proteins", "0"], "give --heterogeneous as well"],
  ] as const) {
    const written = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
    expect(await simulate("none", ...more)).toBe(2);
    expect(written.mock.calls.join()).toContain(line);
    expect(existsSync(join(folder, "none"))).toBe(false);
    written.mockRestore();
  }
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  expect(await main(["simulate", "--mars"])).toBe(2);
});
