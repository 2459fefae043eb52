import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { readCsv } from "../../src/files/table.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-shares-"));
const out = join(base, "out");
drawCells(join(base, "cells"), { classes: ["actin", "nucleus", "vacuole"], cellsPerClass: 12, fields: 3 });
const map = { output: "map", layout: "NCHW", pool: "max" };
writeEncoder(base, { name: "tiny", filters: 3, outputs: [map, { output: "vector" }] });
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue(undefined);
  vi.spyOn(console, "log").mockReturnValue(undefined);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});

/** Which encoders have shares, and those of the last by part, as text. */
async function sharesOf(keys: Readonly<Record<string, unknown>>) {
  const path = writeStudy(join(base, "study.json"), {
    settings: ["original", "self", "different"],
    ...keys,
  });
  expect(await main(["run", path, "--out", out, "--workers", "1", "--force"])).toBe(0);
  const table = readCsv(join(out, "results", "effects.csv"));
  const column = (name: string) => table.get(name)!;
  const all = column("encoder").flatMap((e, i) => (column("statement")[i] === "variance/cell" ? [e] : []));
  const rows = column("statement").flatMap((s, i) =>
    s.startsWith("variance/") && column("encoder")[i] === all[all.length - 1]
      ? [[s.slice(9), Object.fromEntries([...table.keys()].map((k) => [k, column(k)[i]]))] as const]
      : [],
  );
  return { encoders: all, shares: new Map(rows) };
}

test("a study states whose the variance of its features is", async () => {
  // The drawn cells' plates are what closed groups are made of: a plate's own part is not told from the donor's.
  const { shares: onPlates } = await sharesOf({});
  for (const name of ["own", "background", "own-batch", "donor-batch"])
    expect([onPlates.get(name)!.estimate, onPlates.get(name)!.why], name).toEqual([
      "",
      "all cells of a batch have donors of one and the same",
    ]);
  const { encoders, shares } = await sharesOf({ batch: "Field" });
  expect(encoders).toEqual(["tiny.map", "tiny.vector"]);
  const of = (name: string) => Number(shares.get(name)!.estimate);
  expect(of("own") + of("background") + of("residual")).toBeCloseTo(1, 9);
  expect(of("donor") + of("donor-field") + of("donor-protein") + of("background-class")).toBeCloseTo(
    of("background"),
    9,
  );
  const cell = shares.get("cell")!;
  expect([cell.n, cell.clusters, cell.unit, cell.groups, cell.classes]).toEqual([
    "12",
    "3",
    "field",
    "3",
    "3",
  ]);
  expect(Number(cell.low)).toBeLessThan(of("cell"));
  expect(Number(shares.get("paste")!.estimate)).toBeGreaterThan(0);
});

test("published folds do not hinder, what is lacking does", async () => {
  const { shares: published } = await sharesOf({ preset: "published", settings: ["original", "different"] });
  expect(published.get("cell")!.groups).toBe("0");
  expect(published.get("cell")!.low).not.toBe("");
  expect(published.has("paste")).toBe(false);
  expect((await sharesOf({ classes: ["actin", "nucleus"] })).encoders).toEqual([]);
});
