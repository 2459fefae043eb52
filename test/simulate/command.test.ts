import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { CellStore } from "../../src/cells/store.ts";
import { main } from "../../src/commands/main.ts";
import { readCsv } from "../../src/files/table.ts";

const folder = mkdtempSync(join(tmpdir(), "simulate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const printed: string[] = [];
const complaints: string[] = [];
beforeEach(() => {
  printed.length = 0;
  complaints.length = 0;
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  vi.spyOn(console, "error").mockImplementation((line: string) => void complaints.push(line));
});
const simulate = (out: string, ...more: string[]) =>
  main(["simulate", "--out", join(folder, out), "--cells", "8", "--fields", "2", "--json", ...more]);

test("writes a cell store with full masks, and the truth beside it", async () => {
  expect(
    await simulate("cells", "--localizations", "nucleus,er", "--heterogeneous", "1", "--seed", "4"),
  ).toBe(0);
  expect(JSON.parse(printed.join(""))).toMatchObject({ cells: 24, proteins: 5, seed: 4 });
  const store = await CellStore.open(join(folder, "cells"));
  expect([store.count, store.masks, store.height, store.width]).toEqual([24, "full", 64, 64]);
  expect(store.channels).toEqual(["GFP", "RFP"]);
  const truth = readCsv(join(folder, "cells", "truth.csv"));
  expect(truth.get("Metadata_Cell")).toEqual([...store.cells.id]);
  const mixed = store.cells.protein!.flatMap((p, i) => (p === "mixed-1" ? [i] : []));
  expect(mixed.length).toBe(8);
  for (const i of mixed) {
    expect(store.cells.localization[i]!.split("|").sort()).toEqual(["ER", "nucleus"]);
    expect(["ER", "nucleus"]).toContain(truth.get("Truth_Localization")![i]);
  }
  const proteins = readCsv(join(folder, "cells", "proteins.csv"));
  const shares = proteins.get("Metadata_Protein")!.flatMap((p, i) => (p === "mixed-1" ? [i] : []));
  expect(shares.reduce((s, i) => s + Number(proteins.get("Truth_Share")![i]), 0)).toBeCloseTo(1, 12);
  const mask = new Uint8Array(4096);
  store.readMask(0, mask);
  expect(mask[32 * 64 + 32]).toBe(1);
  store.close();
});

test("the same command line writes the same bytes", async () => {
  for (const out of ["one", "two"]) expect(await simulate(out, "--localizations", "Golgi")).toBe(0);
  const read = (out: string) =>
    readdirSync(join(folder, out))
      .sort()
      .map((f) => [f, readFileSync(join(folder, out, f)).toString("base64")]);
  expect(read("two")).toEqual(read("one"));
});

test("a value that cannot be used is one line, and nothing is written", async () => {
  for (const [more, line] of [
    [["--cells", "0"], "'--cells <n>' argument '0' is invalid. Give a whole number from 1"],
    [["--seed", "x"], "'--seed <n>' argument 'x' is invalid. Give a whole number from 0"],
    [["--seed", ""], "'--seed <n>' argument '' is invalid. Give a whole number from 0"],
    [["--correlation", "2"], "'--correlation <p>' argument '2' is invalid. Give a number from 0 to 1"],
    [["--localizations", "nucleus,mars"], '"mars" is not one of actin'],
    [["--proteins", "0"], "give --heterogeneous as well"],
  ] as const) {
    const written = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
    expect(await simulate("none", ...more)).toBe(2);
    expect(written.mock.calls.join()).toContain(line);
    expect(existsSync(join(folder, "none"))).toBe(false);
    written.mockRestore();
  }
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  expect(await main(["simulate", "--mars"])).toBe(2);
});
