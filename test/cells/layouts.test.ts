import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { deeplocSource } from "../../src/cells/formats/deeploc.ts";
import { folderSource } from "../../src/cells/formats/folder.ts";
import { pciSource } from "../../src/cells/formats/pci.ts";
import { pifiaSource } from "../../src/cells/formats/pifia.ts";
import { type CellSource, importCells } from "../../src/cells/importer.ts";
import { readLabels } from "../../src/cells/metadata/labels.ts";
import { readImage } from "../../src/cells/readers/image.ts";
import { CellStore } from "../../src/cells/store.ts";

const layouts = resolve(import.meta.dirname, "../fixtures/cells/layouts");
const scratch = mkdtempSync(join(tmpdir(), "cellswap-layouts-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function imported(plan: CellSource, labels?: ReadonlyMap<string, string>) {
  const out = mkdtempSync(join(scratch, "cells-"));
  const summary = await importCells(plan, out, { labels, ahead: 3 });
  return { summary, store: await CellStore.open(out) };
}

function crop(store: CellStore, cell: number): Float32Array {
  const out = new Float32Array(store.channels.length * store.height * store.width);
  store.readCrop(cell, out);
  return out;
}

function mask(store: CellStore, cell: number): Uint8Array {
  const out = new Uint8Array(store.height * store.width);
  store.readMask(cell, out);
  return out;
}

const pixels = async (...files: string[]) => {
  const images = await Promise.all(files.map((f) => readImage(join(layouts, f))));
  return Float32Array.from(images.flatMap((i) => [...i.data]));
};

describe("Paired Cell Inpainting", () => {
  test("cells are in the order of protein, field, cell as numbers, each with its own pixels", async () => {
    const { summary, store } = await imported(pciSource(join(layouts, "pci")));
    expect(store.cells.id).toEqual(["B2_1_9", "B2_1_10", "B2_2_3", "B10_2_1", "B10_10_1"]);
    expect(store.cells.field).toEqual(["B2_1", "B2_1", "B2_2", "B10_2", "B10_10"]);
    expect(store.cells.protein!).toEqual(["B2", "B2", "B2", "B10", "B10"]);
    expect(store.cells.localization).toEqual([null, null, null, null, null]);
    expect(store.channels).toEqual(["GFP", "RFP"]);
    expect(store.masks).toBe("none");
    expect(summary).toMatchObject({ cells: 5, proteins: 2, fields: 4, height: 24, width: 24, usable: null });
    for (const [i, id] of store.cells.id.entries()) {
      const [protein, field, cell] = id.split("_");
      const stem = `pci/${protein}/${protein}_${field}_rfp_${cell}`;
      expect(crop(store, i)).toEqual(await pixels(`${stem}_gfp.tif`, `${stem}_rfp.tif`));
    }
    expect(() => crop(store, 5)).toThrow(RangeError);
    store.close();
  });

  test("bright field takes the place of RFP", async () => {
    const { store } = await imported(pciSource(join(layouts, "pci-bf")));
    expect(store.channels).toEqual(["GFP", "BF"]);
    store.close();
  });

  test("labels are sorted, joined and counted", async () => {
    const labels = readLabels(join(layouts, "labels.csv"));
    expect([...labels]).toEqual([
      ["B2", "cytoplasm|nucleus"],
      ["Q9", "vacuole"],
      ["AAA1", "er|golgi"],
    ]);
    const { summary, store } = await imported(pciSource(join(layouts, "pci")), labels);
    expect(store.cells.localization).toEqual([...Array(3).fill("cytoplasm|nucleus"), null, null]);
    expect(summary.labels).toEqual({
      cellsWithLocalization: 3,
      localizations: 2,
      matched: 1,
      unknown: 1,
      firstUnknown: ["B10"],
      unused: 2,
    });
    store.close();
  });
});

describe.each([
  [
    "pifia",
    ["GFP", "Nucleus", "RFP"],
    ["AAA1_2", "AAA1_10", "AAB1_1"],
    "AAA1/AAA1_CH_10",
    ["ch1", "ch2", "ch3"],
  ],
  ["pifia-named", ["GFP", "RFP"], ["AAA1_2", "AAA1_10", "AAB1_1"], "AAA1/AAA1_10_CH", ["gfp", "rfp"]],
])("%s", (folder, channels, ids, second, kinds) => {
  test("channels, center masks and the protein as field", async () => {
    const { summary, store } = await imported(pifiaSource(join(layouts, folder)));
    expect(store.channels).toEqual(channels);
    expect(store.cells.id).toEqual(ids);
    expect(store.cells.field).toEqual(["AAA1", "AAA1", "AAB1"]);
    expect(store.masks).toBe("center");
    expect(summary.notes.join()).toMatch(/protein stands for the field/);
    expect(crop(store, 1)).toEqual(
      await pixels(...kinds.map((k) => `${folder}/${second.replace("CH", k)}.tiff`)),
    );
    expect(new Set(mask(store, 1))).toEqual(new Set([0, 1]));
    expect(mask(store, 1).filter((v) => v === 1).length).toBe(112);
    expect([...store.cells.usable]).toEqual([1, 1, 1]);
    store.close();
  });
});

describe("folder with a manifest", () => {
  const folder = join(layouts, "folder");

  test("a file per channel, masks of any convention, further columns", async () => {
    const { summary, store } = await imported(folderSource(folder, { manifest: join(folder, "cells.csv") }));
    expect(store.channels).toEqual(["GFP", "RFP"]);
    expect(store.masks).toBe("full");
    expect(store.cells.field).toEqual(["P1_B02_1", "P1_B02_2", "P2_B02_1"]);
    expect(store.cells.localization).toEqual(["cytoplasm|nucleus", "nucleus", null]);
    expect(store.cells.id).toEqual(["0/gfp", "1/gfp", "2/gfp"]);
    const { columns } = store.cells.metadata;
    expect([...columns.keys()]).toEqual([
      "Metadata_Cell",
      "Metadata_Protein",
      "Metadata_Field",
      "Metadata_Localization",
      "Metadata_Plate",
      "Metadata_Well",
      "Metadata_Area",
      "Metadata_Batch",
    ]);
    expect(columns.get("Metadata_Area")).toEqual(Float64Array.of(31.5, 7, 8));
    expect(columns.get("Metadata_Batch")).toEqual(["01", "02", "02"]);
    expect(mask(store, 1), "labels 7 and 3 become 1 and 2").toEqual(mask(store, 0));
    expect(new Set(mask(store, 0))).toEqual(new Set([0, 1, 2]));
    expect(crop(store, 2)).toEqual(await pixels("folder/2/gfp.tif", "folder/2/rfp.png"));
    expect(summary).toMatchObject({ fields: 3, proteins: 2, usable: 3 });
    const quality = readFileSync(join(store.path, "quality.csv"), "utf8").split("\n");
    expect(quality[0]).toMatch(/^Quality_Verdict,Quality_CenterArea,/);
    store.close();
  });

  test("one file for all channels, named on the command line", async () => {
    const plan = folderSource(folder, { manifest: "both.csv", channels: ["A", "B"] });
    const { store } = await imported(plan);
    expect(store.channels).toEqual(["A", "B"]);
    expect(store.masks).toBe("center");
    expect(store.cells.id).toEqual(["c0", "c1", "c2"]);
    expect(crop(store, 1)).toEqual(await pixels("folder/1/gfp.tif", "folder/1/rfp.png"));
    store.close();
  });

  test.each(["center", "full", "none"] as const)("masks can be said to be %s", async (masks) => {
    const { store } = await imported(folderSource(folder, { manifest: "cells.csv", masks }));
    expect(store.masks).toBe(masks);
    if (masks !== "none") expect(mask(store, 0).includes(2)).toBe(masks === "full");
    store.close();
  });
});

describe("DeepLoc", () => {
  // Value of pixel p of channel c of cell n in the fixtures: n + c / 4 + p / 1024.
  const drawn = (n: number) =>
    Float32Array.from({ length: 128 }, (_, i) => n + (i < 64 ? 0 : 0.25) + (i % 64) / 1024);

  test("shards, classes, protein and field", async () => {
    const { summary, store } = await imported(await deeplocSource(join(layouts, "deeploc.hdf5")));
    expect(store.count).toBe(8);
    expect([store.height, store.width]).toEqual([8, 8]);
    expect(store.channels).toEqual(["GFP", "RFP"]);
    for (let n = 0; n < 8; n++) {
      expect(crop(store, n)).toEqual(drawn(n));
      expect(store.cells.localization[n]).toBe(n % 2 === 0 ? "CYTOPLASM" : "NUCLEI");
      expect(store.cells.protein![n]).toBe(`G${Math.floor(n / 3)}`);
      expect(store.cells.field[n]).toBe(`7_${Math.floor(n / 2)}`);
    }
    expect(store.cells.id.slice(4, 6)).toEqual(["data1_4", "data2_0"]);
    expect([...store.cells.metadata.columns.keys()].slice(4)).toEqual([
      "Metadata_ORF",
      "Metadata_Gene",
      "Metadata_Plate",
      "Metadata_Image",
    ]);
    expect(summary.notes.join(" ")).toMatch(/Protein from the info column Gene.*Plate, Image/);
    store.close();
  });

  test("without names and info: the published classes, class for protein for field", async () => {
    const { store } = await imported(await deeplocSource(join(layouts, "deeploc-plain.hdf5")));
    expect(store.cells.localization).toEqual(["ACTIN", "ER", "DEAD", "GHOST"]);
    expect(store.cells.protein!).toEqual(store.cells.localization);
    expect(store.cells.field).toEqual(store.cells.localization);
    expect(crop(store, 3)).toEqual(drawn(3));
    store.close();
  });
});
