import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { listFields } from "../../../src/cells/fields/list.ts";
import { type FieldsOptions, fieldsSource } from "../../../src/cells/formats/fields.ts";
import { type CellSource, importCells } from "../../../src/cells/importer.ts";
import { CellStore } from "../../../src/cells/store.ts";
import { expected, expectedPixels, fixtures, readAll } from "./expected.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-fields-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const { side } = expected;
const plain = join(fixtures, "plain");

async function imported(options: Partial<FieldsOptions> = {}) {
  const list = await listFields(plain, { manifest: "fields.csv" });
  const out = mkdtempSync(join(scratch, "cells-"));
  const summary = await importCells(await fieldsSource(list, { size: side, ...options }), out);
  return { summary, store: await CellStore.open(out) };
}

const listed = () => listFields(plain, { manifest: "fields.csv" });
const source = async (options: FieldsOptions = {}) =>
  fieldsSource(await listed(), { size: side, ...options });
const ids = (plan: CellSource) =>
  Array.from({ length: plan.count }, (_, cell) => String(plan.record(cell).Metadata_Cell));
const fieldOf: Record<string, string> = { A: "P1_B02_1", B: "P1_B03_1" };
/** Every cell of the fixtures with the id that it gets. */
const cells = Object.entries(expected.fields).flatMap(([name, own]) =>
  own.map((cell) => ({ ...cell, name, id: `${fieldOf[name]}_${cell.label}` })),
);
const whole = cells.filter((c) => c.whole && !c.atEdge);

test("every crop and mask has the values that numpy cuts, and the way back is kept", async () => {
  const { store } = await imported();
  expect(store.cells.id).toEqual(whole.map(({ id }) => id));
  expect(store.channels).toEqual(["DNA", "ER"]);
  expect(store.masks).toBe("full");
  const column = (name: string) => store.cells.metadata.columns.get(`Metadata_${name}`);
  const crop = new Float32Array(2 * side * side);
  const mask = new Uint8Array(side * side);
  for (const [i, { name, ...cell }] of whole.entries()) {
    expect(store.cells.field[i]).toBe(fieldOf[name]);
    expect(store.cells.protein![i]).toBe(`drug${name}`);
    expect(`P1_${column("Well")?.[i]}_${column("Site")?.[i]}`).toBe(fieldOf[name]);
    expect(column("Dose")?.[i]).toBe({ A: 0.5, B: 2 }[name]);
    expect(column("Nuclei")?.[i]).toBe(cell.nuclei.length);
    expect(column("Image")?.[i]).toBe(`${name}_DNA.tif`);
    expect(column("ObjectNumber")?.[i]).toBe(cell.label);
    expect(column("X")?.[i]).toBeCloseTo(cell.column, 10);
    expect(column("Y")?.[i]).toBeCloseTo(cell.row, 10);
    store.readCrop(i, crop);
    store.readMask(i, mask);
    const numpy = expectedPixels(name, cell.label);
    expect(crop).toEqual(numpy.crop);
    expect(mask).toEqual(numpy.mask);
  }
  store.close();
});

test("cells that are left out are counted, named and listed", async () => {
  const { summary, store } = await imported();
  const edge = cells.filter((c) => c.atEdge);
  const beyond = cells.filter((c) => !c.atEdge && !c.whole);
  const named = (list: typeof cells) =>
    `${list.length} cells (${list
      .slice(0, 3)
      .map(({ id }) => id)
      .join(", ")}${list.length > 3 ? ", ..." : ""})`;
  expect(summary.notes).toContain(
    `Left out, listed in left-out.csv: ${named(edge)} touch the edge of their field; ${named(beyond)} are nearer to the edge of their field than half a crop (--pad keeps them).`,
  );
  const rows = readFileSync(join(store.path, "left-out.csv"), "utf8").trim().split("\n").slice(1);
  const told = rows.map((row) => row.split(","));
  expect(told.map(([reason, field, label]) => `${reason} ${field}_${label}`)).toEqual(
    cells
      .filter((c) => c.atEdge || !c.whole)
      .map((c) => `${c.atEdge ? "field-edge" : "crop-beyond-field"} ${c.id}`),
  );
  store.close();
});

test("beyond the field the outermost pixels are repeated where asked", async () => {
  const plan = await source({ pad: true });
  const inside = cells.filter((c) => !c.atEdge);
  expect(inside.length).toBeGreaterThan(whole.length);
  expect(ids(plan)).toEqual(inside.map(({ id }) => id));
  const pixels = await readAll(plan);
  for (const [i, cell] of inside.entries())
    expect(pixels[i].pixels).toEqual(expectedPixels(cell.name, cell.label));
});

test("nuclei are counted per cell, and cells without one nucleus left out where asked", async () => {
  const plan = await source();
  expect(plan.notes.join("\n")).toMatch(
    /Nuclei: 2 cells \(P1_B02_1_7, P1_B03_1_7\) with several, 2 cells \(P1_B02_1_9, P1_B03_1_9\) without, 0 nuclei outside/,
  );
  const one = await source({ oneNucleus: true });
  expect(ids(one)).toEqual(whole.filter((c) => c.nuclei.length === 1).map(({ id }) => id));
  expect(one.leftOut?.columns.get("Reason")).toContain("nuclei");
});

test("a draw depends on the seed and the cell alone", async () => {
  const drawn = ids(await source({ perField: 5, seed: 1 }));
  expect(drawn.length).toBe(10);
  expect(ids(await source({ perField: 5, seed: 1 }))).toEqual(drawn);
  expect(ids(await source({ perField: 5, seed: 2 }))).not.toEqual(drawn);
  const fewer = ids(await source({ perField: 3, seed: 1 }));
  expect(drawn).toEqual(expect.arrayContaining(fewer));
  const list = await listed();
  const second = await fieldsSource(
    { ...list, fields: list.fields.slice(1) },
    { size: side, perField: 5, seed: 1 },
  );
  expect(ids(second)).toEqual(drawn.filter((id) => id.startsWith(fieldOf.B)));
});

test("the class of a draw is the localization, the protein, or a column", async () => {
  const count = async (options: FieldsOptions) => ids(await source({ perClass: 4, ...options })).length;
  expect(await count({})).toBe(8);
  expect(await count({ classColumn: "Plate" })).toBe(4);
  expect(await count({ classColumn: "Dose" })).toBe(8);
  expect(
    await count({
      labels: new Map([
        ["drugA", "x"],
        ["drugB", "x"],
      ]),
    }),
  ).toBe(4);
  await expect(source({ perClass: 4, classColumn: "Doze" })).rejects.toThrow(
    /has no Doze for the field P1_B02_1 \(its columns: .*Metadata_Dose.*\); choose another --class/,
  );
});

test("crops fit the cells where no size is given", async () => {
  const plan = await fieldsSource(await listed());
  const extents = cells.filter((c) => !c.atEdge).map((c) => Math.sqrt((4 * c.area) / Math.PI));
  const { height, width } = await plan.read(0);
  expect(height).toBe(width);
  expect(height % 16).toBe(0);
  expect(height).toBeGreaterThan(Math.max(...extents));
  expect(plan.notes.join("\n")).toContain(
    `Crops have ${height} px a side: 98 % of ${extents.length} whole cells`,
  );
});

test("file names say what the manifest says", async () => {
  const byName = await listFields(plain, {
    pattern: "{Site}_{Channel:DNA|ER}.tif",
    labelImages: "{Site}_cells.tif",
    nucleiImages: "{Site}_nuclei.tif",
  });
  const plan = await fieldsSource(byName, { size: side });
  expect(ids(plan)).toEqual(whole.map(({ name, label }) => `${name}_${label}`));
  const pixels = await readAll(plan);
  for (const [i, { name, label }] of whole.entries())
    expect(pixels[i].pixels).toEqual(expectedPixels(name, label));
});

test("cells are named by field and label, whatever names of files say", async () => {
  const byName = await listFields(plain, {
    pattern: "{Cell}_{Channel:DNA|ER}.tif",
    labelImages: "{Cell}_cells.tif",
  });
  const plan = await fieldsSource(byName, { size: side });
  expect(ids(plan)).toEqual(whole.map(({ name, label }) => `${name}_${label}`));
});

test("a platemap says more of the fields", async () => {
  const map = join(scratch, "platemap.csv");
  writeFileSync(map, "well_position;Localization;Dose_uM\nB2;nucleus|golgi;1.5\nB3;er;2\n");
  const list = await listFields(plain, { manifest: "fields.csv", metadata: [map] });
  const plan = await fieldsSource(list, { size: side });
  const told = Array.from({ length: plan.count }, (_, cell) => {
    const { Metadata_Field, Metadata_Protein, Metadata_Localization, Metadata_Dose_uM } = plan.record(cell);
    return [Metadata_Field, Metadata_Protein, Metadata_Localization, Metadata_Dose_uM];
  });
  expect(told).toEqual(
    whole.map(({ name }) =>
      name === "A" ? [fieldOf.A, "drugA", "golgi|nucleus", 1.5] : [fieldOf.B, "drugB", "er", 2],
    ),
  );
  writeFileSync(map, "Plate;Well;Dose_uM\nP1;B02;0,5\nP1;B02;0,5\nP1;B03;nan\n");
  const dotted = await listFields(plain, { manifest: "fields.csv", metadata: [map] });
  expect(dotted.fields.map(({ metadata }) => metadata.Metadata_Dose_uM)).toEqual([0.5, Number.NaN]);
  expect(dotted.notes).toEqual([]);
  writeFileSync(map, ",Field,Localization\n0,A,er\n1,A,er\n2,B,golgi\n");
  const byField = await listFields(plain, {
    pattern: "{Field}_{Channel:DNA|ER}.tif",
    labelImages: "{Field}_cells.tif",
    metadata: [map],
  });
  expect(byField.fields.map(({ name, metadata }) => [name, metadata.Metadata_Localization])).toEqual([
    ["A", "er"],
    ["B", "golgi"],
  ]);
  writeFileSync(map, "Drug,Localization\nx,nucleus\n");
  await expect(listFields(plain, { manifest: "fields.csv", metadata: [map] })).rejects.toThrow(
    /shares no column with the images/,
  );
});

test("fields whose values look alike once joined keep names of their own", async () => {
  const root = join(scratch, "alike");
  for (const file of ["P_1/2_DNA.tif", "P/1_2_DNA.tif"]) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), "");
  }
  const alike = await listFields(root, { pattern: "{Plate}/{Well}_{Channel:DNA}.tif" });
  expect(alike.fields.map(({ name }) => name)).toEqual(["P/1_2", "P_1/2"]);
});

test("fields that have one label image are told", async () => {
  const pattern = { pattern: "{Site}_{Channel:DNA|ER}.tif" };
  const shared = await listFields(plain, { ...pattern, labelImages: "A_cells.tif" });
  const told = (notes: readonly string[]) => notes.filter((note) => note.includes("label image of another"));
  const [note] = told((await fieldsSource(shared, { size: side })).notes);
  expect(note).toMatch(
    /^Warning: 2 fields of different images have the label image of another \(A and B: .*A_cells\.tif\)/,
  );
  const own = await listFields(plain, { ...pattern, labelImages: "{Site}_cells.tif" });
  expect(told((await fieldsSource(own, { size: side })).notes)).toEqual([]);
});

test("a field without a number in the column of the class has no class", async () => {
  const list = await listed();
  const fields = list.fields.map((f) => ({ ...f, metadata: { ...f.metadata, Metadata_Dose: Number.NaN } }));
  await expect(
    fieldsSource({ ...list, fields }, { size: side, perClass: 4, classColumn: "Dose" }),
  ).rejects.toThrow(/has no Dose for the field P1_B02_1/);
});
