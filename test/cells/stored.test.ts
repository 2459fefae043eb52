import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { anndataSource } from "../../src/cells/formats/anndata.ts";
import { h5scSource } from "../../src/cells/formats/h5sc.ts";
import { hpaSource } from "../../src/cells/formats/hpa.ts";
import { npySource } from "../../src/cells/formats/npy.ts";
import { stripsSource } from "../../src/cells/formats/strips.ts";
import { type CellSource, importCells } from "../../src/cells/importer.ts";
import { CellStore } from "../../src/cells/store.ts";
import { NpyReader } from "../../src/files/npy.ts";

/** Drawn cells as other programs store them, and what those programs read back (scripts/make-crops-fixtures.py). */
const stored = resolve(import.meta.dirname, "../fixtures/cells/stored");
const scratch = mkdtempSync(join(tmpdir(), "cellswap-stored-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function imported(plan: CellSource) {
  const out = mkdtempSync(join(scratch, "cells-"));
  const summary = await importCells(plan, out, { ahead: 3 });
  return { summary, store: await CellStore.open(out) };
}

function whole(name: string, kind: "crops" | "masks") {
  const reader = new NpyReader(join(stored, `${name}.${kind}.npy`));
  const size = reader.shape.reduce((a, b) => a * b, 1);
  const out = kind === "crops" ? new Float32Array(size) : new Uint8Array(size);
  reader.read(0, reader.shape[0], out);
  reader.close();
  return { shape: reader.shape, data: out };
}

/** Holds every pixel, and every mask, to the foreign reader's. */
function expectPixels(store: CellStore, name: string, masked = true): void {
  const { shape, data } = whole(name, "crops");
  expect([store.count, store.channels.length, store.height, store.width]).toEqual(shape);
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  const crop = new Float32Array(size);
  for (let n = 0; n < store.count; n++) {
    store.readCrop(n, crop);
    expect(crop).toEqual(data.subarray(n * size, (n + 1) * size));
  }
  if (!masked) {
    expect(store.masks).toBe("none");
    return;
  }
  const masks = whole(name, "masks").data;
  const pixels = store.height * store.width;
  const mask = new Uint8Array(pixels);
  for (let n = 0; n < store.count; n++) {
    store.readMask(n, mask);
    expect(mask).toEqual(masks.subarray(n * pixels, (n + 1) * pixels));
  }
}

const CHANNELS = ["DNA", "ER", "Protein"];
const five = <T>(make: (n: number) => T) => Array.from({ length: 5 }, (_, n) => make(n));

describe("scPortrait", () => {
  const file = join(stored, "h5sc/single_cells.h5sc");

  test("LZF-packed half floats, the cell's mask and number, and that the crops are cut out", async () => {
    const { summary, store } = await imported(await h5scSource(file));
    expect(store.channels).toEqual(CHANNELS);
    expectPixels(store, "h5sc");
    expect(store.masks).toBe("center");
    expect(store.cells.id).toEqual(five((n) => String(7 + 3 * n)));
    const notes = summary.notes.join("\n");
    expect(notes).toContain("Center mask: seg_all_cytosol (not read: seg_all_nucleus).");
    expect(notes).toContain("cut the crops from the images then, with `cellswap import fields`");
    expect(notes).toMatch(
      /Warning: the outermost pixels of 5 of 5 crops hold one value: .* no background to swap;/,
    );
    store.close();
  });

  test("another mask by a part of its name, or none", async () => {
    const nucleus = await imported(await h5scSource(file, { mask: "nucleus" }));
    expectPixels(nucleus.store, "h5sc-nucleus");
    nucleus.store.close();
    const none = await imported(await h5scSource(file, { masks: "none" }));
    expectPixels(none.store, "h5sc", false);
    none.store.close();
    await expect(h5scSource(file, { mask: "seg" })).rejects.toThrow(
      "several masks of the name seg; its masks: seg_all_nucleus, seg_all_cytosol",
    );
  });

  test("a CSV says what the cells are, by their numbers", async () => {
    const manifest = join(stored, "h5sc/cells.csv");
    const { store } = await imported(await h5scSource(file, { manifest }));
    expectPixels(store, "h5sc");
    expect(store.cells.id).toEqual(five((n) => String(7 + 3 * n)));
    expect(store.cells.protein).toEqual(["AAA1", "AAA1", "AAB1", "AAB1", "AAC1"]);
    expect(store.cells.field).toEqual([..."aabbc"]);
    expect([...store.cells.metadata.columns.keys()]).not.toContain("Metadata_ID");
    store.close();
  });

  test("cells that a CSV does not name are left out, and counted", async () => {
    const manifest = join(scratch, "some.csv");
    writeFileSync(manifest, "Cell,Protein\n16,B\n99,C\n10,A\n");
    const { summary, store } = await imported(await h5scSource(file, { manifest }));
    expect(store.cells.id).toEqual(["10", "16"]);
    expect(store.cells.protein).toEqual(["A", "B"]);
    const crops = whole("h5sc", "crops");
    const size = crops.data.length / 5;
    const crop = new Float32Array(size);
    for (const [row, place] of [1, 3].entries()) {
      store.readCrop(row, crop);
      expect(crop).toEqual(crops.data.subarray(place * size, (place + 1) * size));
    }
    expect(summary.notes).toContain(`3 of 5 cells have no row in ${manifest}: left out.`);
    expect(summary.notes).toContain(`1 of 3 rows of ${manifest} name no cell that is there.`);
    store.close();
  });

  test("obs as scPortrait leaves it after an update, and crops that have surroundings", async () => {
    const { summary, store } = await imported(await h5scSource(join(stored, "h5sc/open.h5sc")));
    expectPixels(store, "h5sc-open");
    expect(store.cells.id).toEqual(five((n) => String(7 + 3 * n)));
    expect(store.cells.protein).toEqual(five(() => "AAA1"));
    expect(summary.notes.join()).not.toContain("Warning");
    store.close();
  });
});

describe("AnnData", () => {
  const folder = join(stored, "anndata");

  test("crops and labels in obsm; obs with categories, missing values and numbers", async () => {
    const plan = await anndataSource(join(folder, "images.h5ad"), {
      channels: CHANNELS,
      masksAt: "obsm/masks",
    });
    const { store } = await imported(plan);
    expectPixels(store, "anndata");
    expect(store.masks).toBe("full");
    expect(store.cells.id).toEqual(five((n) => `cell-${n}`));
    expect(store.cells.protein).toEqual(["AAA1", "AAA1", "AAB1", "AAB1", "AAC1"]);
    expect(store.cells.localization).toEqual(["nucleus", "nucleus", "ER", null, "ER|nucleus"]);
    expect(store.cells.field).toEqual(["P1_A01", "P1_A01", "P1_A02", "P1_A02", "P1_A03"]);
    const { columns } = store.cells.metadata;
    expect(columns.get("Metadata_area")).toEqual(Float64Array.of(0, 1.5, 3, 4.5, 6));
    expect(
      Array.from(columns.get("Metadata_count") as ArrayLike<unknown>, (v) => v ?? Number.NaN).map(Number),
    ).toEqual([1, 2, Number.NaN, 4, 5]);
    expect(columns.get("Metadata_mitotic")).toEqual(["True", "False", "True", "False", "False"]);
    store.close();
  });

  test("rows of numbers with the lengths of their axes: in X, in a layer with channels last", async () => {
    const path = join(folder, "rows.h5ad");
    const masksAt = "obsm/center";
    const x = await imported(
      await anndataSource(path, { crops: "X", shape: [3, 12, 12], channels: CHANNELS, masksAt }),
    );
    expectPixels(x.store, "anndata-rows");
    expect(x.store.masks).toBe("center");
    x.store.close();
    const layer = await imported(
      await anndataSource(path, {
        crops: "layers/pixels",
        shape: [12, 12, 3],
        axes: "NHWC",
        channels: CHANNELS,
      }),
    );
    expectPixels(layer.store, "anndata-rows", false);
    layer.store.close();
  });

  test("one of several arrays, big-endian, channels last by their number", async () => {
    const plan = await anndataSource(join(folder, "two.h5ad"), { crops: "obsm/last", channels: CHANNELS });
    const { store } = await imported(plan);
    expectPixels(store, "anndata-last", false);
    store.close();
  });
});

describe("NumPy stacks", () => {
  const folder = join(stored, "npy");
  const manifest = join(folder, "cells.csv");

  test.each([
    ["first.npy", "npy-first", CHANNELS, "labels.npy", "full"],
    ["last.npy", "npy-last", CHANNELS, "center.npy", "center"],
    ["one.npy", "npy-one", ["DNA"], undefined, "none"],
  ] as const)("%s", async (file, name, channels, masks, kind) => {
    const maskFile = masks === undefined ? undefined : join(folder, masks);
    const { store } = await imported(npySource(join(folder, file), { manifest, channels, maskFile }));
    expectPixels(store, name, masks !== undefined);
    expect(store.masks).toBe(kind);
    expect(store.cells.id).toEqual(five((n) => `${file.replace(".npy", "")}_${n}`));
    expect(store.cells.field[3]).toBe("P1_A02");
    store.close();
  });

  test("labels of other cells can be dropped, masks left out", async () => {
    const options = { manifest, channels: CHANNELS, maskFile: join(folder, "labels.npy") };
    const center = await imported(npySource(join(folder, "first.npy"), { ...options, masks: "center" }));
    expectPixels(center.store, "npy-last");
    center.store.close();
    const none = await imported(npySource(join(folder, "first.npy"), { ...options, masks: "none" }));
    expect(none.store.masks).toBe("none");
    none.store.close();
  });
});

describe("channels side by side", () => {
  test("the mask stands last; channels from DeepProfiler's configuration", async () => {
    const folder = join(stored, "strips");
    const { summary, store } = await imported(
      await stripsSource(folder, { config: join(folder, "config.json") }),
    );
    expect(store.channels).toEqual(CHANNELS);
    expectPixels(store, "strips");
    expect(store.masks).toBe("center");
    expect(store.cells.id[1]).toBe("P1/A01/1/31@17");
    expect(store.cells.metadata.columns.get("Metadata_Treatment")).toEqual(["T0", "T1", "T0", "T1", "T0"]);
    expect(summary.notes.join()).toContain("scales each channel of each crop");
    store.close();
  });

  test("without a mask, and with the mask left out", async () => {
    for (const [folder, options] of [
      ["strips-bare", {}],
      ["strips", { masks: "none" as const }],
    ] as const) {
      const { store } = await imported(
        await stripsSource(join(stored, folder), { channels: CHANNELS, ...options }),
      );
      expectPixels(store, "strips", false);
      store.close();
    }
  });
});

describe("Human Protein Atlas", () => {
  const folder = join(stored, "hpa");
  const manifest = join(folder, "cells.csv");
  const stains = ["Microtubules", "Protein", "DNA", "ER"];

  test("a file per color in a folder of the protein, with masks", async () => {
    const { store } = await imported(await hpaSource(join(folder, "colors")));
    expect(store.channels).toEqual(stains);
    expectPixels(store, "hpa");
    expect(store.masks).toBe("full");
    expect(store.cells.id).toEqual(["ABC1/672_E2_1_2", "ABC1/672_E2_1_10", "ABC1/672_E2_2_1"]);
    expect(store.cells.field).toEqual(["672_E2_1", "672_E2_1", "672_E2_2"]);
    expect(store.cells.protein).toEqual(["ABC1", "ABC1", "ABC1"]);
    store.close();
  });

  test.each(["shown", "merged"])("%s, said by a CSV", async (kind) => {
    const { store } = await imported(await hpaSource(join(folder, kind), { manifest }));
    expect(store.channels).toEqual(stains);
    expectPixels(store, "hpa", false);
    expect(store.cells.protein).toEqual(["ABD1", "ABC1", "ABC1"]);
    expect(store.cells.localization).toEqual(["ER", "Golgi", "Golgi"]);
    store.close();
  });
});
