import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { readCsv } from "../../src/files/table.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-no-protein-"));
const out = join(base, "out");
const errors: string[] = [];
drawCells(join(base, "cells"), {
  proteins: false,
  cellsPerClass: 17,
  fields: 4,
  localization: (name, i) => (i === 16 ? "nucleus|vacuole" : name),
});
writeEncoder(base, { name: "tiny" });
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeEach(() => {
  errors.length = 0;
  vi.spyOn(console, "error").mockImplementation((text: string) => void errors.push(text));
  vi.spyOn(console, "log").mockReturnValue(undefined);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});

function study(keys: Readonly<Record<string, unknown>>): Promise<number> {
  const path = writeStudy(join(base, "study.json"), { settings: ["original", "same", "masked"], ...keys });
  return main(["run", path, "--out", out, "--workers", "1", "--force"]);
}

/** Number of cells in the row `reason` of the report's table. */
function leftOut(reason: string): string | undefined {
  const row = new RegExp(`<th scope="row">${reason}</th><td class="number">(\\d+)</td>`);
  return row.exec(readFileSync(join(out, "report.html"), "utf8"))?.[1];
}

test("cells without proteins have a study; what proteins are for is left out by name", async () => {
  expect(await study({})).toBe(0);
  expect(new Set(readCsv(join(out, "plan.csv")).get("protein"))).toEqual(new Set([""]));
  expect(leftOut("several localizations, and no protein to give their proportions of")).toBe("2");
});

test("any metadata column is the class; cells whose number is missing are left out", async () => {
  expect(await study({ class: "Dose" })).toBe(0);
  expect(new Set(readCsv(join(out, "plan.csv")).get("class"))).toEqual(new Set(["0", "1"]));
  expect(leftOut("no dose")).toBe("2");
});

test.each([
  [{ sameDonor: "same-protein" }, /no protein, so there is no donor of their own/],
  [{ intensity: "protein" }, /no protein to measure intensity by/],
])("%j needs proteins", async (keys, message) => {
  expect(await study(keys)).toBe(1);
  expect(errors.at(-1)).toMatch(message);
});
