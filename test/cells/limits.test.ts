import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type CellSource, importCells } from "../../src/cells/importer.ts";
import { CellStore, readHeader } from "../../src/cells/store.ts";
import { mulberry32 } from "../../src/core/rng.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-limits-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Crops of `size` px with a disk of `radius` px in the middle. */
function disks(size: number, radius: number, count = 6): CellSource {
  return {
    source: "disks",
    path: "disks",
    channels: ["A"],
    masks: "center",
    count,
    notes: [],
    record: (i) => ({ Metadata_Cell: `c${i}`, Metadata_Protein: "P", Metadata_Field: "F" }),
    file: (i) => `file${i}`,
    read: async (i) => {
      const random = mulberry32(i + 1);
      const mask = new Uint8Array(size * size);
      for (let p = 0; p < mask.length; p++) {
        const [y, x] = [Math.floor(p / size), p % size];
        if (Math.hypot(y - (size - 1) / 2, x - (size - 1) / 2) <= radius + (i % 2)) mask[p] = 1;
      }
      return { height: size, width: size, crop: Float32Array.from(mask, (v) => v + random()), mask };
    },
  };
}

const verdicts = async (path: string, ...allowed: ("border" | "small")[]) => {
  const store = await CellStore.open(path, allowed);
  store.close();
  return { verdicts: [...new Set(store.verdicts)], usable: store.cells.usable.reduce((n, v) => n + v, 0) };
};

test("cells of 27 px in crops of 160 px go by their own diameter, which the store keeps", async () => {
  const out = join(scratch, "wide");
  const summary = await importCells(disks(160, 13), out);
  expect(summary).toMatchObject({ usable: 6, reasons: {} });
  expect(summary.diameter).toBeGreaterThan(26);
  expect(summary.diameter).toBeLessThan(29);
  expect(readHeader(out).diameter).toBe(summary.diameter);
  expect(summary.notes).toEqual([
    expect.stringMatching(/^Cells are 2[78] px across \(median of the masks\)/),
  ]);
});

test("a diameter that is given goes before that of the masks", async () => {
  const out = join(scratch, "given");
  expect(await importCells(disks(160, 13), out, { diameter: 40 })).toMatchObject({ usable: 6, diameter: 40 });
  expect(readHeader(out).diameter).toBe(40);
  const wrong = join(scratch, "wrong");
  await expect(importCells(disks(160, 13), wrong, { diameter: 200 })).rejects.toThrow(
    "--diameter is 200; 4 to 160 px is accepted for crops of 160 x 160",
  );
});

test("tight crops come in with their border as what is to be allowed", async () => {
  const out = join(scratch, "tight");
  const summary = await importCells(disks(48, 24), out);
  expect(summary).toMatchObject({ usable: 0, reasons: { border: 6 } });
  expect(summary.notes).toContainEqual(
    'Warning: 6 of 6 cells are left out by limits only; where their masks are right, "allow": ["border"] in the study takes them, or --diameter says how large the cells are.',
  );
  expect(await verdicts(out)).toEqual({ verdicts: ["border"], usable: 0 });
  expect(await verdicts(out, "small")).toEqual({ verdicts: ["border"], usable: 0 });
  expect(await verdicts(out, "border")).toEqual({ verdicts: ["border"], usable: 6 });
});

test("a header of crops made the usual way holds no diameter; one that is no length is refused", async () => {
  const out = join(scratch, "usual");
  expect(await importCells(disks(64, 16), out)).toMatchObject({ diameter: 32, notes: [] });
  const file = join(out, "cells.json");
  const header = JSON.parse(readFileSync(file, "utf8"));
  expect(Object.keys(header)).toEqual([
    "format",
    "version",
    "count",
    "type",
    "channels",
    "height",
    "width",
    "masks",
    "maskSource",
    "source",
    "hashes",
    "sum",
  ]);
  writeFileSync(file, JSON.stringify({ ...header, diameter: "wide" }));
  expect(() => readHeader(out)).toThrow('cells.json: is damaged (diameter is "wide"); restore it');
});
