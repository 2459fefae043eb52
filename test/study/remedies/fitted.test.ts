import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contents, run } from "../command.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-fitted-"));
const FITTED = ["project", "project-1", "whiten", "leace", "augmented", "dfr"];

beforeAll(async () => {
  const classes = ["cytoplasm", "nucleus", "vacuole"];
  drawCells(join(base, "cells"), { classes, cellsPerClass: 12, fields: 3 });
  writeEncoder(base, { name: "tiny", filters: 6 });
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

interface Result {
  remedies: { evidence: { remedy: string }[]; refused: { remedy: string; why: string }[] }[];
  composites: number;
}

async function remedy(remedies: string[]): Promise<Result> {
  const keys = { settings: ["original", "self", "cell-free", "different"], split: "groups" };
  const path = writeStudy(join(base, "study.json"), keys);
  const wanted = ["--remedies", ...remedies];
  const ended = await run([
    "remedy",
    path,
    ...wanted,
    "--out",
    join(base, "out"),
    "--workers",
    "1",
    "--json",
  ]);
  expect(ended, ended.stderr).toMatchObject({ code: 0, errors: [] });
  return JSON.parse(ended.stdout) as Result;
}

test("remedies that are fitted to features are measured, encode nothing, and are there the next time", async () => {
  expect((await remedy(["project"])).composites).toBeGreaterThan(0);
  const first = await remedy(FITTED);
  expect(first.composites).toBe(0);
  const [{ evidence, refused }] = first.remedies;
  expect(evidence.map((e) => e.remedy)).toEqual(["none", ...FITTED]);
  expect(refused).toEqual([]);
  const files = contents(join(base, "out"));
  for (const name of FITTED) {
    expect(Object.keys(files)).toContain(`stages/remedies/tiny+${name}/cell-free.nucleus.json`);
    rmSync(join(base, "out", `stages/remedies/tiny+${name}/original.json`));
    rmSync(join(base, "out", `stages/transfer/tiny+${name}.json`));
  }
  expect(await remedy(FITTED)).toEqual(first);
  expect(contents(join(base, "out"))).toEqual(files);
});

test("what cannot be had of an encoder is said, and the others are measured", async () => {
  const [{ evidence, refused }] = (await remedy(["project-6", "leace"])).remedies;
  expect(evidence.map((e) => e.remedy)).toEqual(["none", "leace"]);
  expect(refused).toEqual([
    {
      encoder: "tiny",
      remedy: "project-6",
      why: "cannot project 6 directions out of 6 features; ask for fewer",
    },
  ]);
});
