import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { flatSet } from "../../src/cells/locations/flat.ts";
import { cellMetadata } from "../../src/cells/metadata/cells.ts";
import { thousandsIn } from "../../src/cells/metadata/missing.ts";
import { openRows } from "../../src/files/rows/rows.ts";

test.each([
  [["1,234", "5,678"], "1,234"],
  [["1,234", "12"], "1,234"],
  [["-12,000", ""], "-12,000"],
  [["1,234", "1,2345"], undefined],
  [["1,234", "0,234"], undefined],
  [["1,5", "2"], undefined],
  [["1", "2"], undefined],
])("the comma of %j", (values, doubtful) => {
  expect(thousandsIn(values)).toBe(doubtful);
});

const metadata = (values: readonly string[]) => {
  const table = new Map([
    ["Cell", values.map((_, i) => `c${i}`)],
    ["Area", [...values]],
  ]);
  const found = cellMetadata(table, { path: "a.tsv", count: values.length, ids: String, comma: true });
  return { area: values.map((_, row) => found.record(row).Metadata_Area), notes: found.notes };
};

test("a column that may hold thousands is kept as text and named; decimals are numbers", () => {
  const doubtful = metadata(["1,234", "512"]);
  expect(doubtful.area).toEqual(["1,234", "512"]);
  expect(doubtful.notes.at(-1)).toBe(
    "Column Area is kept as text: 1,234 may be 1.234 or 1234; write its numbers with a point, or without a sign for thousands.",
  );
  const decimal = metadata(["1,234", "0,5"]);
  expect(decimal.area).toEqual([1.234, 0.5]);
  expect(decimal.notes.join()).not.toContain("Area");
});

const folder = mkdtempSync(join(tmpdir(), "cellswap-thousands-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function centers(...x: string[]) {
  const path = join(folder, "cells.tsv");
  const rows = x.map((value) => `1\t${value}\t9,5\ta.tif`);
  writeFileSync(
    path,
    ["ImageNumber\tLocation_Center_X\tLocation_Center_Y\tFileName_DNA", ...rows, ""].join("\n"),
  );
  return flatSet(await openRows(path), null, undefined);
}

test("coordinates that may be thousands beside whole ones are refused, others are decimals", async () => {
  await expect(centers("1,5", "2,25")).resolves.toBeDefined();
  const path = join(folder, "cells.tsv");
  writeFileSync(
    path,
    "ImageNumber\tLocation_Center_X\tLocation_Center_Y\tFileName_DNA\n1\t1,234\t512\ta.tif\n",
  );
  await expect(flatSet(await openRows(path), null, undefined)).rejects.toThrow(
    /has coordinates such as 1,234 beside whole ones in Location_Center_X and Location_Center_Y, which may be 1\.234 or 1234/,
  );
});
