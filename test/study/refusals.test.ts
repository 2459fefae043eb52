import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { contents, times } from "./command.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-refusals-"));
const out = join(base, "out");
let said: string[] = [];
let number = 0;
const small = { settings: ["original", "same", "masked"] };

beforeAll(() => {
  drawCells(join(base, "cells"), { cellsPerClass: 8 });
  drawCells(join(base, "others"), { cellsPerClass: 8, seed: 2 });
  writeEncoder(base, { name: "tiny" });
  writeEncoder(base, { name: "more", seed: 3 });
  writeEncoder(join(base, "changed"), { name: "tiny", seed: 9 });
  writeEncoder(join(base, "prepared"), { name: "tiny", preprocess: [{ step: "minmax" }] });
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
  const path = writeStudy(join(base, `study-${number++}.json`), { ...small, ...keys });
  return main(["run", path, "--out", out, "--workers", "1", ...more]);
}

const refusal = (what: string) => [
  `cellswap: ${out}: holds a study of other inputs (${what}); choose another --out, or --force to replace it`,
];

test.each([
  [{ seed: 2 }, "seed was 1, now 2"],
  [{ cells: "others" }, 'cells was "[0-9a-f]+\\.*, now "[0-9a-f]+\\.*'],
  [{ edge: "hard" }, 'edge was "soft", now "hard"'],
  [{ folds: 4 }, "folds was 5, now 4"],
  [{ classes: ["nucleus", "vacuole"] }, 'classes was nothing, now \\["nucleus","vacuole"\\]'],
  [{ encoders: ["changed/tiny.json"] }, 'encoder tiny model was "[0-9a-f]+\\.*, now "[0-9a-f]+\\.*'],
  [{ encoders: ["prepared/tiny.json"] }, "encoder tiny preprocess was .+, now .+minmax.+"],
])("changed inputs are refused, saying what changed: %o", async (keys, what) => {
  const before = contents(out);
  expect(await study(keys)).toBe(1);
  const [line] = refusal("WHAT");
  expect(said).toEqual([
    expect.stringMatching(new RegExp(`^${line.replace(/[.()]/g, "\\$&").replace("WHAT", what)}$`)),
  ]);
  expect(contents(out)).toEqual(before);
});

test("what the results do not depend on may change", async () => {
  const before = times(out);
  expect(await study({ title: "Another title" })).toBe(0);
  const after = times(out);
  const written = Object.keys(after).filter((file) => after[file] !== before[file]);
  expect(written.sort()).toEqual(["report.html", "report.json"]);
  // The same cells and encoder in another place are the same inputs.
  cpSync(join(base, "cells"), join(base, "moved", "cells"), { recursive: true });
  expect(await study({ cells: "moved/cells" })).toBe(0);
});

test("an encoder may be added, and what is there is used", async () => {
  const before = times(out);
  expect(await study({ encoders: ["tiny.json", "more.json"] })).toBe(0);
  const after = times(out);
  for (const file of ["features/tiny.npy", "results/blocks/tiny/same.json", "plan.csv", "scales.csv"])
    expect(after[file], file).toBe(before[file]);
  const cold = join(base, "cold");
  const path = writeStudy(join(base, "cold.json"), { ...small, encoders: ["tiny.json", "more.json"] });
  expect(await main(["run", path, "--out", cold])).toBe(0);
  expect(contents(out)).toEqual(contents(cold));
});

test("--force replaces a study and leaves what is not its own", async () => {
  writeFileSync(join(out, "notes.txt"), "mine");
  expect(await study({ seed: 7 }, "--force")).toBe(0);
  expect(JSON.parse(readFileSync(join(out, "manifest.json"), "utf8")).inputs.seed).toBe(7);
  expect(readFileSync(join(out, "notes.txt"), "utf8")).toBe("mine");
  rmSync(join(out, "notes.txt"));
  const warm = contents(out);
  rmSync(out, { recursive: true });
  expect(await study({ seed: 7 })).toBe(0);
  expect(contents(out)).toEqual(warm);
  rmSync(out, { recursive: true });
});

test("--force replaces a study of another version", async () => {
  const file = join(out, "manifest.json");
  writeFileSync(file, readFileSync(file, "utf8").replace(/"version": 1/, '"version": 0'));
  expect(await study({})).toBe(1);
  expect(said[0]).toMatch(
    /was made by cellswap .+ \(layout 0\), this is .+ \(layout 1\); choose another --out/,
  );
  expect(await study({}, "--force")).toBe(0);
});

test("a lock whose process is gone is taken over", async () => {
  writeFileSync(join(out, "run.lock"), "999999999 1");
  writeFileSync(join(out, "manifest.json.part-12"), "{");
  expect(await study({})).toBe(0);
  expect(Object.keys(contents(out)).filter((name) => /run\.lock|\.part-/.test(name))).toEqual([]);
  // The number of a process that runs now, but of one that started at another time.
  writeFileSync(join(out, "run.lock"), `${process.ppid} 1`);
  expect(await study({})).toBe(0);
});
