import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { listFields } from "../../src/cells/formats/field-lists.ts";
import { type FieldsOptions, fieldsSource } from "../../src/cells/formats/fields.ts";
import { importCells } from "../../src/cells/importer.ts";
import { CellStore } from "../../src/cells/store.ts";
import { expected, expectedPixels, fixtures } from "./expected-fields.ts";

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

test("every crop and mask has the values that numpy cuts, and the way back is kept", async () => {
  const { store } = await imported();
  const wells: Record<string, string> = { A: "B02", B: "B03" };
  const wanted = Object.entries(expected.fields).flatMap(([name, cells]) =>
    cells.filter((c) => c.whole && !c.atEdge).map((cell) => ({ name, cell })),
  );
  expect(store.count).toBe(wanted.length);
  expect(store.channels).toEqual(["DNA", "ER"]);
  expect(store.masks).toBe("full");
  const column = (name: string) => store.cells.metadata.columns.get(`Metadata_${name}`);
  const crop = new Float32Array(2 * side * side);
  const mask = new Uint8Array(side * side);
  for (const [i, { name, cell }] of wanted.entries()) {
    const field = `P1_${wells[name]}_1`;
    expect(store.cells.id[i]).toBe(`${field}_${cell.label}`);
    expect(store.cells.field[i]).toBe(field);
    expect(store.cells.protein![i]).toBe(`drug${name}`);
    expect(column("Well")?.[i]).toBe(wells[name]);
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
