import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { cellprofilerSet } from "../../src/cells/formats/cellprofiler.ts";
import { deepprofilerSet } from "../../src/cells/formats/deepprofiler.ts";
import { type LocationsOptions, locationsSource } from "../../src/cells/formats/locations.ts";
import { importCells } from "../../src/cells/importer.ts";
import { CellStore } from "../../src/cells/store.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { readCsv } from "../../src/files/table.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures/locations");
const images = join(fixtures, "images");
const scratch = mkdtempSync(join(tmpdir(), "cellswap-locations-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What pandas and numpy make of the drawn plate. */
const expected = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8")) as {
  readonly size: number;
  readonly cells: readonly {
    readonly field: string;
    readonly object: number;
    readonly x: number;
    readonly y: number;
    readonly image: number;
    readonly well: string;
    readonly site: number;
  }[];
  readonly beyond: readonly (readonly [string, number])[];
};
const crops = new NpyReader(join(fixtures, "expected.npy"));

let made = 0;
async function imported(source: string, more: Partial<LocationsOptions> = {}, objects: string | null = null) {
  const out = join(scratch, `cells${made++}`);
  const path = resolve(fixtures, source);
  const read = source.startsWith("deepprofiler") ? deepprofilerSet : cellprofilerSet;
  const set = await read(path, objects);
  const plan = await locationsSource("test", set, { size: expected.size, images, ...more });
  const summary = await importCells(plan, out);
  return { summary, store: await CellStore.open(out), out };
}

const load = (name: string) => ({ metadata: [join(fixtures, name)] });

describe.each<[source: string, more: Partial<LocationsOptions>, channels: string[]]>([
  ["cellprofiler", {}, ["DNA", "ER"]],
  ["cellprofiler/MyExpt_Image.csv", {}, ["DNA", "ER"]],
  ["batches", {}, ["DNA", "ER"]],
  ["plate.sqlite", load("load_data.csv"), ["OrigDNA", "OrigER"]],
  ["plate.sqlite", load("load_data.parquet"), ["OrigDNA", "OrigER"]],
  ["export.db", {}, ["DNA", "ER"]],
  ["stacks", { images: join(fixtures, "stacks/images") }, ["DNA", "ER"]],
  ["cytotable.parquet", {}, ["DNA", "ER"]],
  ["cytotable.csv", {}, ["DNA", "ER"]],
  ["deepprofiler", {}, ["DNA", "ER"]],
  ["deepprofiler/inputs/metadata/index.csv", {}, ["DNA", "ER"]],
])("%s with %j", (source, more, channels) => {
  test("gives the crops that numpy cuts, and leads back to the table's rows", async () => {
    const { store, out } = await imported(source, more);
    expect(store.channels).toEqual(channels);
    expect(store.masks).toBe("none");
    expect(store.cells.protein).toBeNull();
    expect(store.cells.id).toEqual(expected.cells.map((c) => `${c.field}_${c.object}`));
    expect(store.cells.field).toEqual(expected.cells.map((c) => c.field));
    const column = (name: string) => [...(store.cells.metadata.columns.get(`Metadata_${name}`) ?? [])];
    expect(column("ObjectNumber")).toEqual(expected.cells.map((c) => c.object));
    expect(column("Well")).toEqual(expected.cells.map((c) => c.well));
    expect(column("Site")).toEqual(expected.cells.map((c) => c.site));
    for (const [i, c] of expected.cells.entries()) {
      expect(column("X")[i]).toBeCloseTo(c.x, 10);
      expect(column("Y")[i]).toBeCloseTo(c.y, 10);
    }
    if (["cellprofiler", "export.db", "cytotable.parquet"].includes(source))
      expect(column("ImageNumber")).toEqual(expected.cells.map((c) => c.image));
    const size = 2 * expected.size ** 2;
    const [crop, cut] = [new Float32Array(size), new Float32Array(size)];
    for (let i = 0; i < expected.cells.length; i++) {
      store.readCrop(i, crop);
      crops.read(i, 1, cut);
      expect(crop).toEqual(cut);
    }
    const left = readCsv(join(out, "left-out.csv"));
    expect(new Set(left.get("Reason"))).toEqual(new Set(["crop-beyond-field"]));
    expect(
      left.get("Metadata_Field")?.map((f, i) => [f, Number(left.get("Metadata_ObjectNumber")?.[i])]),
    ).toEqual(expected.beyond);
  });
});

test("other objects, other channels and padded crops where they are asked for", async () => {
  const cells = await imported("cellprofiler", { channels: ["ER"] }, "Cells");
  expect(cells.store.channels).toEqual(["ER"]);
  const x = cells.store.cells.metadata.columns.get("Metadata_X") as Float64Array;
  const at = expected.cells.findIndex((c) => `${c.field}_${c.object}` === cells.store.cells.id[0]);
  expect(x[0]).toBeCloseTo(expected.cells[at].x + 1, 10);
  const padded = await imported("cellprofiler", { pad: true });
  expect(padded.summary.cells).toBe(expected.cells.length + expected.beyond.length);
});

test("one channel of a file that several share", async () => {
  const { store } = await imported("stacks", { images: join(fixtures, "stacks/images"), channels: ["ER"] });
  const size = expected.size ** 2;
  const [crop, cut] = [new Float32Array(size), new Float32Array(2 * size)];
  store.readCrop(0, crop);
  crops.read(0, 1, cut);
  expect(crop).toEqual(cut.subarray(size));
});

test("planes that no column says are taken in the order of the columns, with a warning", async () => {
  const root = join(scratch, "frames");
  cpSync(join(fixtures, "stacks"), root, { recursive: true });
  const table = join(root, "Image.csv");
  const warned = async () =>
    (await imported(root, { images: join(root, "images") })).summary.notes.filter((note) =>
      note.includes("Frame_"),
    );
  expect(await warned()).toEqual([]);
  writeFileSync(table, readFileSync(table, "utf8").replaceAll("Frame_", "Metadata_Frame"));
  const [note] = await warned();
  expect(note).toMatch(/^Warning: channels share a file .*\(from 0: DNA 0, ER 1\)/);
});

test("a platemap gives classes to draw from, whatever it calls wells", async () => {
  const { summary, store } = await imported("cellprofiler", {
    ...load("platemap.tsv"),
    classColumn: "Compound",
    perClass: 2,
    seed: 3,
  });
  const compound = store.cells.metadata.columns.get("Metadata_Compound") as string[];
  expect([...compound].sort()).toEqual(["DMSO", "DMSO", "taxol", "taxol"]);
  expect(store.cells.metadata.columns.get("Metadata_Dose")).toEqual(
    Float64Array.from(compound, (c) => (c === "DMSO" ? 0 : 1.5)),
  );
  expect(summary.notes.at(-1) ?? "").not.toContain("no row");
  expect(summary.notes).toContainEqual(
    `Drawn with seed 3, at most 2 a class: 4 of ${expected.cells.length} cells.`,
  );
});

test("a table of single cells gives each its class; cells that it does not name have none", async () => {
  const training = readCsv(join(fixtures, "training-set.csv"));
  const classes = new Map(
    (training.get("Class") ?? []).map((name, i) => [
      `${training.get("ImageNumber")?.[i]}/${training.get("ObjectNumber")?.[i]}`,
      name,
    ]),
  );
  const all = await imported("cellprofiler", load("training-set.csv"));
  expect(all.store.cells.metadata.columns.get("Metadata_Class")).toEqual(
    expected.cells.map((c) => classes.get(`${c.image}/${c.object}`) ?? null),
  );
  const drawn = await imported("cellprofiler", {
    ...load("training-set.csv"),
    classColumn: "Class",
    perClass: 100,
  });
  const named = expected.cells.filter((c) => classes.has(`${c.image}/${c.object}`));
  expect(drawn.store.cells.id).toEqual(named.map((c) => `${c.field}_${c.object}`));
  const reasons = readCsv(join(drawn.out, "left-out.csv")).get("Reason") ?? [];
  expect(reasons.filter((r) => r === "no-class").length).toBe(expected.cells.length - named.length);
});

test("what cannot be cut is counted, named and listed", async () => {
  const { summary, out } = await imported("odd");
  expect(summary.notes[0]).toBe("28 cells listed in 3 fields.");
  expect(summary.notes[1]).toBe("1 cell of images that no table lists (image 9) left out.");
  const reasons = readCsv(join(out, "left-out.csv")).get("Reason") ?? [];
  const count = (reason: string) => reasons.filter((r) => r === reason).length;
  expect(count("image-missing")).toBe(9);
  expect(count("no-center")).toBe(1);
  expect(count("outside-field")).toBe(1);
  expect(count("listed-twice")).toBe(1);
  expect(summary.notes[2]).toMatch(
    /^Left out, listed in left-out.csv: 9 cells \(BR7_B02_1_1, .*--images.*; 1 cell \(BR7_A01_1_5\) have no center; 1 cell \(BR7_A01_2_2\) have their center outside of their image; 1 cell \(BR7_A01_2_5\) are listed twice; /,
  );
  expect(summary.notes[3]).toMatch(/^Images of 1 field are missing: .*gone\.tif\.$/);
});

test.each<[source: string, more: Partial<LocationsOptions>, message: RegExp]>([
  ["plate.sqlite", {}, /plate\.sqlite: names no image files .*--metadata/],
  [
    "cellprofiler",
    { images: join(fixtures, "deepprofiler"), channels: ["DNA"] },
    /names images that are not there \(D:.*DNA\.tif\); give the folder they are in with --images/,
  ],
  [
    "deepprofiler",
    { images: join(fixtures, "deepprofiler") },
    /index\.csv: names images that are not there .*--images/,
  ],
  ["cellprofiler", { channels: ["GFP"] }, /--channels names GFP; .* has images of DNA, ER/],
  ["cellprofiler", { perClass: 5 }, /--per-class needs to know the class; give --class COLUMN/],
  [
    "cellprofiler",
    { classColumn: "Compound" },
    /--class names Compound; the cells of .* have .*Plate, Well, Site/,
  ],
  ["cellprofiler", load("platemap-twice.csv"), /has two rows for Well A01, and they differ/],
  ["cellprofiler", load("platemap-other.csv"), /shares no column with the images/],
  [
    "cellprofiler",
    load("platemap-none.csv"),
    /has no row for any image \(looked for Well: A1; .*it has H12\)/,
  ],
  [
    "cellprofiler",
    { size: 60 },
    /has no cell that can be cut at 60 px: of 27 cells crop-beyond-field 27; give a smaller --size/,
  ],
])("%s with %j is refused", async (source, more, message) => {
  await expect(imported(source, more)).rejects.toThrow(message);
});

test("fields that a platemap does not name are said", async () => {
  const { summary } = await imported("cellprofiler", load("platemap-short.csv"));
  expect(summary.notes.find((note) => note.includes("have no row"))).toMatch(
    /^1 of 3 fields have no row in .*platemap-short\.csv \(Plate, Well: BR7 B2\)\.$/,
  );
});

describe("real tables", () => {
  const shared = resolve(import.meta.dirname, "../../../shared/data/fields");
  const human = join(shared, "cytotable/tests/data/cellprofiler/ExampleHuman");
  test.skipIf(!existsSync(human))("ExampleHuman: every nucleus of Nuclei.csv is cut or listed", async () => {
    const listed = readCsv(join(human, "Nuclei.csv")).get("ObjectNumber")?.length ?? 0;
    const out = join(scratch, "human");
    const set = await cellprofilerSet(human);
    const summary = await importCells(await locationsSource("cellprofiler", set, { size: 48 }), out);
    expect(summary.channels).toEqual(["DNA", "PH3", "cellbody"]);
    expect(summary.cells + (readCsv(join(out, "left-out.csv")).get("Reason")?.length ?? 0)).toBe(listed);
  });

  const nf1 = join(shared, "cytodataframe/tests/data/cytotable/NF1_cellpainting_data_shrunken");
  test.skipIf(!existsSync(nf1))("NF1: a Parquet of profiles with the images somewhere else", async () => {
    const set = await cellprofilerSet(join(nf1, "Plate_2_with_image_data_shrunken.parquet"));
    const summary = await importCells(
      await locationsSource("cellprofiler", set, { size: 96, images: join(nf1, "Plate_2_images") }),
      join(scratch, "nf1"),
    );
    expect(summary.channels).toEqual(["DAPI", "GFP", "RFP"]);
    expect(summary.cells).toBe(set.cells.count);
  });

  const jump = join(shared, "pycytominer/tests/test_data/cell_locations_example_data");
  test.skipIf(!existsSync(jump))("pycytominer's cell locations, whose images are elsewhere", async () => {
    const set = await cellprofilerSet(join(jump, "test_BR00126114.sqlite"));
    expect(set.cells.count).toBe(20);
    const table = join(jump, "test_BR00126114_load_data_with_illum.parquet");
    await expect(locationsSource("cellprofiler", set, { size: 48, metadata: [table] })).rejects.toThrow(
      /names images that are not there \(s3:.*tiff\); .*--images/,
    );
    expect(set.images.map(({ files }) => [...files.keys()])).toEqual(
      Array.from({ length: 2 }, () => ["OrigAGP", "OrigDNA", "OrigER", "OrigMito", "OrigRNA"]),
    );
  });
});
