import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { partName } from "../../src/files/atomic.ts";
import { takeLock } from "../../src/files/lock.ts";
import { contents } from "./command.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-refusals-"));
const out = join(base, "out");
let said: string[] = [];
const small = { settings: ["original", "same", "masked"] };

beforeAll(() => {
  drawCells(join(base, "cells"), { cellsPerClass: 8 });
  drawCells(join(base, "others"), { cellsPerClass: 8, seed: 2 });
  writeEncoder(base, { name: "tiny" });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeEach(async () => {
  vi.spyOn(console, "error").mockImplementation((text: string) => void said.push(text));
  vi.spyOn(console, "log").mockReturnValue(undefined);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  if (!existsSync(out)) expect(await study({})).toBe(0);
  said = [];
});
afterEach(() => void vi.restoreAllMocks());

function study(keys: Readonly<Record<string, unknown>>, ...more: string[]): Promise<number> {
  const path = writeStudy(join(base, "study.json"), { ...small, ...keys });
  return main(["run", path, "--out", out, "--workers", "1", ...more]);
}

test("a folder belongs to one set of crops", async () => {
  const before = contents(out);
  expect(await study({ cells: "others" })).toBe(1);
  expect(said).toEqual([
    `cellswap: ${out}: holds a study of other cells; choose another --out, or --force to replace it`,
  ]);
  expect(contents(out)).toEqual(before);
});

test("--force replaces a study and leaves what is not its own", async () => {
  writeFileSync(join(out, "notes.txt"), "mine");
  expect(await study({ seed: 7 }, "--force")).toBe(0);
  expect(JSON.parse(readFileSync(join(out, "record.json"), "utf8")).study.seed).toBe(7);
  expect(readFileSync(join(out, "notes.txt"), "utf8")).toBe("mine");
  rmSync(join(out, "notes.txt"));
  const warm = contents(out);
  rmSync(out, { recursive: true });
  expect(await study({ seed: 7 })).toBe(0);
  expect(contents(out)).toEqual(warm);
  rmSync(out, { recursive: true });
});

test("a lock whose process is gone is taken over", async () => {
  const lock = (holder: object) => writeFileSync(join(out, "run.lock"), JSON.stringify(holder));
  const held = takeLock(base);
  const here = JSON.parse(readFileSync(join(base, "run.lock"), "utf8"));
  held.release();
  lock({ ...here, process: 999_999_999 });
  writeFileSync(partName(join(out, "record.json")).replace(/-\d+-(\d+)$/, "-999999999-$1"), "{");
  expect(await study({})).toBe(0);
  expect(Object.keys(contents(out)).filter((name) => /run\.lock|\.part-/.test(name))).toEqual([]);
  // The number of a process that runs now, but of one that started at another time.
  lock({ ...here, process: process.ppid, started: "1" });
  expect(await study({})).toBe(0);
});
