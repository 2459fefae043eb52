import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type FieldListOptions, listFields } from "../../../src/cells/fields/list.ts";
import { type FieldsOptions, fieldsSource } from "../../../src/cells/formats/fields.ts";
import type { CellSource } from "../../../src/cells/importer.ts";
import { openFieldImage } from "../../../src/cells/readers/field-image.ts";
import { withPlanes } from "../../../src/cells/readers/field-planes.ts";
import { type ExpectedPiece, expected, expectedPixels, fixtures, readAll, wholeCells } from "./expected.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-field-kinds-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const { side } = expected;
const source = async (list: FieldListOptions, folder = "", options: FieldsOptions = {}) =>
  fieldsSource(await listFields(join(fixtures, folder), list), { size: side, ...options });

/** Field A as numpy cuts it. */
const fieldA = wholeCells("A").map(({ label }) => ({ label, pixels: expectedPixels("A", label) }));

/** Every piece is either planned, at its place, or left out. */
function expectPieces(plan: CellSource, pieces: readonly ExpectedPiece[]): void {
  for (let cell = 0; cell < plan.count; cell++) {
    const { Metadata_ObjectNumber: label, Metadata_X: x, Metadata_Y: y } = plan.record(cell);
    const piece = pieces.find((p) => p.label === label);
    expect(x).toBeCloseTo(piece?.column ?? Number.NaN, 10);
    expect(y).toBeCloseTo(piece?.row ?? Number.NaN, 10);
  }
  expect(plan.count + Number(plan.leftOut?.rows)).toBe(pieces.length);
}

describe("images", () => {
  const labels = { labelImages: "labels/A_u2.tif" };
  const pick = { slice: 1, time: 0 };
  test.each<[string, FieldListOptions]>([
    ["OME-TIFF, DimensionOrder XYCZT", { pattern: "ome/A_TZCYX.ome.tif", ...pick }],
    ["OME-TIFF, DimensionOrder XYZCT", { pattern: "ome/A_TCZYX.ome.tif", ...pick }],
    ["OME-TIFF, DimensionOrder XYTZC", { pattern: "ome/A_CZTYX.ome.tif", ...pick }],
    ["OME-TIFF, the largest value of all slices", { pattern: "ome/A_TZCYX.ome.tif", slice: "max", time: 0 }],
    ["a tiled BigTIFF with a pyramid", { pattern: "ome/A_pyramid.ome.tif" }],
    ["channels as samples of a page", { pattern: "ome/A_samples.ome.tif", channels: ["DNA", "ER"] }],
    ["a set of OME-TIFFs, opened at its first file", { pattern: "ome/A_set_c0.ome.tif" }],
    ["a set of OME-TIFFs, opened at another file", { pattern: "ome/A_set_c1.ome.tif" }],
    [
      "a set of OME-TIFFs, one file per channel",
      { pattern: "ome/A_set_{Channel}.ome.tif", channels: ["c0", "c1"] },
    ],
    ["an ImageJ hyperstack", { pattern: "other/A_imagej.tif", channels: ["DNA", "ER"], ...pick }],
    ["plain pages", { pattern: "other/A_pages.tif", channels: ["DNA", "ER"] }],
    ["PNG", { pattern: "other/A_{Channel:DNA|ER}.png" }],
    ["plain pages as slices", { pattern: "other/A_{Channel:DNA|ER}_stack.tif", slice: 1 }],
    ["plain pages as times", { pattern: "other/A_{Channel:DNA|ER}_stack.tif", time: 1 }],
    ["the largest of plain pages", { pattern: "other/A_{Channel:DNA|ER}_stack.tif", slice: "max" }],
  ])("%s", async (name, list) => {
    const plan = await source({ ...labels, ...list });
    if (!name.includes("one file per channel")) expect(plan.channels).toEqual(["DNA", "ER"]);
    expect(await readAll(plan)).toEqual(fieldA);
  });

  test("channels are told apart by their names where files have names", async () => {
    const file = "ome/A_pyramid.ome.tif";
    const turned = await source({ ...labels, pattern: file, channels: ["ER", "DNA"] });
    const [first] = await readAll(turned);
    const size = side * side;
    expect(first.pixels.crop.subarray(0, size)).toEqual(fieldA[0].pixels.crop.subarray(size));
    expect(first.pixels.crop.subarray(size)).toEqual(fieldA[0].pixels.crop.subarray(0, size));
    const one = await readAll(await source({ ...labels, pattern: file, channels: ["ER"] }));
    expect(one[0].pixels.crop).toEqual(fieldA[0].pixels.crop.subarray(size));
    const renamed = await source({ ...labels, pattern: file, channels: ["Nucleus", "Reticulum"] });
    expect(await readAll(renamed)).toEqual(fieldA);
    const manifest = join(scratch, "mixed.csv");
    const rows = ["ome/A_pyramid.ome.tif", "ome/A_samples.ome.tif"].map(
      (f, i) => `${f},labels/A_u2.tif,W${i}`,
    );
    writeFileSync(manifest, `File,Labels,Well\n${rows.join("\n")}\n`);
    await expect(source({ manifest })).rejects.toThrow(
      /A_samples\.ome\.tif: has the channels Both 1, Both 2, the first field has DNA, ER; name them with --channels/,
    );
    expect((await source({ manifest, channels: ["DNA", "ER"] })).count).toBe(2 * fieldA.length);
    await expect(source({ ...labels, pattern: file, channels: ["DNA", "DNA"] })).rejects.toThrow(
      /A_pyramid\.ome\.tif: has two channels named DNA; give each a name of its own with --channels/,
    );
  });

  test("files of one channel are not taken for another's", async () => {
    const file = join(fixtures, "ome/A_pyramid.ome.tif");
    const entry = { files: [file], slice: null, time: null };
    const read = (names: string[], given: boolean) =>
      withPlanes(
        entry,
        names,
        async (field) => {
          await field.read(0);
          return field.channels;
        },
        given,
      );
    expect(await read(["ER"], false)).toEqual(["ER"]);
    await expect(read(["Actin"], false)).rejects.toThrow(
      /has the channels DNA, ER, the first field has Actin; name them with --channels/,
    );
  });

  test("names of channels and the size of pixels are read, in micrometers", async () => {
    const found: Record<string, unknown> = {};
    for (const file of [
      "ome/A_TZCYX.ome.tif",
      "ome/A_pyramid.ome.tif",
      "zarr/A_v04.zarr",
      "zarr/A_v05.zarr",
    ]) {
      const image = await openFieldImage(join(fixtures, file));
      found[file] = [image.channels, image.pixelSize];
      image.close();
    }
    const same = [["DNA", "ER"], 0.65];
    expect(Object.values(found)).toEqual([same, same, same, same]);
  });
});

describe("OME-Zarr", () => {
  test.each<[string, FieldListOptions]>([
    ["zarr/A_v04.zarr", { labelImages: "cells" }],
    ["zarr/A_v05.zarr", { labelImages: "cells" }],
    ["zarr/A_v05.zarr", { nucleiImages: "nuclei" }],
    ["zarr/A_stack-v04.zarr", { labelImages: "cells", slice: 1, time: 0 }],
    ["zarr/A_stack-v04.zarr", { labelImages: "cells", slice: "max", time: 0 }],
  ])("%s %j", async (image, list) => {
    const plan = await source(list, image);
    expect(plan.channels).toEqual(["DNA", "ER"]);
    expect(await readAll(plan)).toEqual(fieldA);
  });

  test.each(["shards", "turned", "old"])("%s: an array as ome-zarr does not write it", async (name) => {
    const list = { pattern: `zarr/A_${name}.zarr`, labelImages: "labels/A_u2.tif", channels: ["DNA", "ER"] };
    expect(await readAll(await source(list))).toEqual(fieldA);
  });

  test("a mask of truth values is split", async () => {
    const list = { pattern: "plain/A_{Channel:DNA|ER}.tif", labelImages: "zarr/A_bool.zarr" };
    expectPieces(await source(list, "", { splitObjects: true, pad: true }), expected.pieces);
  });

  test("images found by a pattern bring their only labels, or those that the pattern names", async () => {
    const wells = { pattern: "B/{Well}/{Site:\\d+}", channels: ["DNA", "ER"] };
    const plan = await source(wells, "zarr/plate.zarr");
    expect(plan.record(0).Metadata_Field).toBe("2_0");
    expect(await readAll(plan)).toEqual(
      await readAll(
        await source({ ...wells, labelImages: "B/{Well}/{Site}/labels/cells" }, "zarr/plate.zarr"),
      ),
    );
  });

  test("a plate names plate, well and site", async () => {
    const plan = await source({ channels: ["DNA", "ER"] }, "zarr/plate.zarr");
    const cells = await readAll(plan);
    const first = plan.record(0);
    expect(first).toMatchObject({ Metadata_Plate: "P1", Metadata_Well: "B2", Metadata_Site: "0" });
    expect(first.Metadata_Field).toBe("P1_B2_0");
    const fieldB = wholeCells("B").map(({ label }) => ({ label, pixels: expectedPixels("B", label) }));
    expect(cells).toEqual([...fieldA, ...fieldB]);
  });

  test.each<[string, FieldListOptions, RegExp]>([
    ["zarr/A_v04.zarr", {}, /several label images \(it has cells, nuclei\); choose one with --label-images/],
    ["zarr/A_v04.zarr", { labelImages: "cell" }, /no labels cell \(it has cells, nuclei\)/],
    ["zarr/plate.zarr/B/2", {}, /is a well; give its plate/],
    [
      "zarr/A_stack-v04.zarr",
      { labelImages: "cells", time: 0 },
      /2 slices; choose one with --z 0 to --z 1, or --z max/,
    ],
    ["zarr/A_stack-v04.zarr", { labelImages: "cells", slice: 1 }, /2 times; choose one with --t 0 to --t 1$/],
    ["zarr/A_stack-v04.zarr", { labelImages: "cells", slice: 2, time: 0 }, /no slice 2; give a smaller --z/],
  ])("%s %j is refused", async (image, list, message) => {
    await expect(source(list, image)).rejects.toThrow(message);
  });
});

describe("label images", () => {
  const images = "plain/A_{Channel:DNA|ER}.tif";
  test.each(["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"])("%s", async (type) => {
    expect(await readAll(await source({ pattern: images, labelImages: `labels/A_${type}.tif` }))).toEqual(
      fieldA,
    );
  });

  test.each([
    ["u4", 2 ** 32 - 64],
    ["i8", 2 ** 53 - 64],
    ["u8", 2 ** 53 - 64],
    ["f8", 2 ** 53 - 64],
  ])("ids as large as %s holds exactly", async (type, first) => {
    const plan = await source({ pattern: images, labelImages: `labels/A_large_${type}.tif` });
    expect(await readAll(plan)).toEqual(
      fieldA.map(({ label, pixels }) => ({ label: label + first, pixels })),
    );
  });

  test("PNG", async () => {
    expect(await readAll(await source({ pattern: images, labelImages: "other/A_cells.png" }))).toEqual(
      fieldA,
    );
  });

  test.each(["bool", "255"])("a mask of one value (%s) is split where asked, as scipy does", async (type) => {
    const list = { pattern: images, labelImages: `labels/A_${type}.tif` };
    await expect(source(list)).rejects.toThrow(
      new RegExp(
        `one value besides 0 \\(${type === "bool" ? 1 : 255}\\) in ${expected.pieces.length} separate pieces`,
      ),
    );
    expectPieces(await source(list, "", { splitObjects: true, pad: true }), expected.pieces);
  });

  test("a mask of one value is divided among nuclei as skimage's watershed does", async () => {
    const list = { pattern: images, labelImages: "labels/A_255.tif", nucleiImages: "plain/A_nuclei.tif" };
    expect(expected.divided.length).toBeGreaterThan(expected.pieces.length);
    const plan = await source(list, "", { splitObjects: true, pad: true });
    expectPieces(plan, expected.divided);
    const areas = new Map(expected.divided.map(({ label, area }) => [label, area]));
    const fewest = [...areas.values()].sort((a, b) => a - b)[3];
    const large = await source(list, "", { splitObjects: true, pad: true, minArea: fewest });
    expect(large.notes.join("\n")).toMatch(new RegExp(`3 cells \\(.*\\) have fewer than ${fewest} px`));
    for (let cell = 0; cell < large.count; cell++)
      expect(areas.get(Number(large.record(cell).Metadata_ObjectNumber))).toBeGreaterThanOrEqual(fewest);
  });

  test.each([
    ["over_i8", /value 9007199254740992, a label image holds/],
    ["negative", /value -1, a label image holds/],
    ["fraction", /value 2\.5, a label image holds/],
    ["color", /has 3 channels or colors, a label image has one/],
  ])("%s is refused", async (type, message) => {
    await expect(source({ pattern: images, labelImages: `labels/A_${type}.tif` })).rejects.toThrow(message);
  });

  test("labels are not split twice", async () => {
    const list = { pattern: images, labelImages: "labels/A_u2.tif" };
    await expect(source(list, "", { splitObjects: true })).rejects.toThrow(/tells cells apart already/);
  });
});
