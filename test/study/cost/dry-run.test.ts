import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contents, run } from "../command.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const base = mkdtempSync(join(tmpdir(), "dry-run-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeAll(() => {
  drawCells(join(base, "cells"), { classes: ["nucleus", "vacuole"], cellsPerClass: 12, fields: 3, size: 24 });
  writeEncoder(base, { name: "tiny", size: 24 });
});

const out = join(base, "out");
const keys = { settings: ["original", "masked"], learningCurve: false };

test("a dry run says what is lacking and leaves nothing behind", async () => {
  const study = writeStudy(join(base, "study.json"), keys);
  const before = contents(base);
  const dry = await run(["run", study, "--out", out, "--dry-run"]);
  expect(dry, dry.stderr).toMatchObject({ code: 0, errors: [] });
  expect(dry.stdout).toMatch(
    /^cells +24 of 2 classes\ncomposites +48\n +tiny +48 crops\nfits of pairs +6 \(/,
  );
  const json = JSON.parse((await run(["run", study, "--out", out, "--dry-run", "--json"])).stdout);
  expect(json).toMatchObject({ composites: 48, fits: 6, encodings: [{ encoder: "tiny", crops: 48 }] });
  expect(json).toMatchObject({ atMost: false, refused: null });
  expect(json.hours).toBeGreaterThan(0);
  expect(contents(base)).toEqual(before);
  expect(existsSync(out)).toBe(false);
});

test("above the limit nothing is begun; a line says so, and a dry run gives the numbers as well", async () => {
  const study = writeStudy(join(base, "large.json"), { ...keys, settings: undefined });
  const limit = ["--limit", "0.0001"];
  const refused = await run(["run", study, "--out", out, ...limit]);
  expect(refused.code).toBe(1);
  expect(refused.errors).toEqual([
    expect.stringMatching(/^cellswap: .*large\.json: 2 classes make .*limit of 0\.0001 h; .*--limit 0\.\d$/),
  ]);
  expect(existsSync(out)).toBe(false);
  const dry = await run(["run", study, "--out", out, "--dry-run", "--json", ...limit]);
  expect(dry.code).toBe(1);
  expect(JSON.parse(dry.stdout).refused).toContain("more than the limit");
  expect(existsSync(out)).toBe(false);
});
