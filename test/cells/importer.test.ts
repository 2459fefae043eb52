import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { pciSource } from "../../src/cells/formats/pci.ts";
import { type CellSource, importCells } from "../../src/cells/importer.ts";
import { compareNatural } from "../../src/cells/natural.ts";
import { CellStore, readHeader, storeHash } from "../../src/cells/store.ts";
import { InterruptedError } from "../../src/errors.ts";
import { readCsv } from "../../src/files/table.ts";

const shared = resolve(import.meta.dirname, "../../../shared");
const images = join(shared, "data/yeast/images");
const scratch = mkdtempSync(join(tmpdir(), "cellswap-importer-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Cells whose every pixel is their number (and one that differs), ready after `delay` ms. */
function numbered(count: number, delay: (cell: number) => number): CellSource & { waiting(): number } {
  let begun = 0;
  let done = 0;
  return {
    source: "numbers",
    path: "numbers",
    channels: ["A"],
    masks: "none",
    count,
    notes: [],
    record: (i) => ({ Metadata_Cell: `c${i}`, Metadata_Protein: "P", Metadata_Field: "F" }),
    file: (i) => `file${i}`,
    read: async (i) => {
      begun++;
      await new Promise((r) => setTimeout(r, delay(i)));
      done++;
      return { height: 2, width: 2, crop: Float32Array.of(i, i, i, -1), mask: null };
    },
    waiting: () => begun - done,
  };
}

describe("importing", () => {
  test("reads fewer of large crops ahead: 32 MiB of them", async () => {
    const side = 1024;
    let begun = 0;
    let done = 0;
    let most = 0;
    const plan: CellSource = {
      ...numbered(12, () => 0),
      read: async (i) => {
        most = Math.max(most, ++begun - done);
        await new Promise((r) => setTimeout(r, 1));
        const crop = new Float32Array(side * side).fill(1);
        crop[0] = i;
        return { height: side, width: side, crop, mask: null };
      },
    };
    await importCells(plan, join(scratch, "large"), { onProgress: () => void done++ });
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThanOrEqual(9);
    rmSync(join(scratch, "large"), { recursive: true });
  });

  test("keeps the order whatever is read first, and reads no further ahead than asked", async () => {
    const out = join(scratch, "order");
    const plan = numbered(40, (i) => (i * 7) % 5);
    let most = 0;
    await importCells(plan, out, {
      ahead: 6,
      onProgress: () => {
        most = Math.max(most, plan.waiting());
      },
    });
    const store = await CellStore.open(out);
    const crop = new Float32Array(4);
    for (let i = 0; i < 40; i++) {
      store.readCrop(i, crop);
      expect(crop[0]).toBe(i);
    }
    expect(most).toBeLessThanOrEqual(6);
    store.close();
  });

  test("reading ahead changes no byte", async () => {
    const hashes = [];
    for (const ahead of [1, 3, 50]) {
      const out = join(scratch, `ahead-${ahead}`);
      await importCells(
        numbered(20, () => 0),
        out,
      );
      hashes.push(storeHash(readHeader(out)));
    }
    expect(new Set(hashes).size).toBe(1);
  });

  test("a stop leaves nothing and keeps what stood there", async () => {
    const out = join(scratch, "stopped");
    await importCells(
      numbered(5, () => 0),
      out,
      {},
    );
    const before = storeHash(readHeader(out));
    for (const path of [out, join(scratch, "never")]) {
      const stop = new AbortController();
      const run = importCells(
        numbered(50, () => 1),
        path,
        {
          signal: stop.signal,
          onProgress: (done) => void (done === 7 && stop.abort()),
        },
      );
      await expect(run).rejects.toThrow(InterruptedError);
    }
    expect(storeHash(readHeader(out))).toBe(before);
    expect(existsSync(join(scratch, "never"))).toBe(false);
    expect(readdirSync(scratch).filter((f) => f.includes(".part-"))).toEqual([]);
  });

  test("a stop from outside is heard though nothing else waits", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 1);
    const pixels = { height: 2, width: 2, crop: Float32Array.of(1, 2, 3, 4), mask: null };
    const plan = { ...numbered(20_000, () => 0), read: async () => pixels };
    const run = importCells(plan, join(scratch, "outside"), { signal: stop.signal });
    await expect(run).rejects.toThrow(InterruptedError);
  });

  test("an id that comes twice names both files", async () => {
    const plan = {
      ...numbered(9, () => 0),
      record: (i: number) => ({ ...numbered(1, () => 0).record(0), Metadata_Cell: `c${i % 8}` }),
    };
    await expect(importCells(plan, join(scratch, "twins"), {})).rejects.toThrow(
      "file8: has the cell id c0, and so has file0; every cell needs its own",
    );
  });
});

describe("natural order", () => {
  test("digits count as numbers", () => {
    const names = ["B10", "A2", "A10", "A", "A1B2", "A1B10", "2", "10", "A02"];
    expect(names.sort(compareNatural)).toEqual(["2", "10", "A", "A1B2", "A1B10", "A02", "A2", "A10", "B10"]);
  });

  test("is a total order", () => {
    const name = fc.stringMatching(/^[A-C0-2]{0,5}$/);
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(Math.sign(compareNatural(a, b))).toBe(-Math.sign(compareNatural(b, a)) + 0);
        expect(compareNatural(a, b) === 0).toBe(a === b);
        if (compareNatural(a, b) <= 0 && compareNatural(b, c) <= 0)
          expect(compareNatural(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });
});

test.skipIf(!existsSync(images))("the 1,642 yeast cells are in the reference's order", async () => {
  const out = join(scratch, "yeast");
  const summary = await importCells(pciSource(images), out, {});
  expect(summary).toMatchObject({ cells: 1642, proteins: 5, fields: 20, channels: ["GFP", "RFP"] });
  const store = await CellStore.open(out);
  const index = readCsv(join(shared, "reference/index.csv"));
  const at = (name: string) => index.get(name) as string[];
  const ids = at("protein").map((p, i) => `${p}_${at("field")[i]}_${at("cell")[i]}`);
  expect(store.cells.id).toEqual(ids);
  store.close();
});
