import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ViewStudy, viewStudySchema } from "../../../src/explore/format.ts";
import { NpyReader } from "../../../src/files/npy.ts";
import { readParquet } from "../../../src/files/table.ts";
import { SETTINGS } from "../../../src/settings.ts";
import { PART_SETTINGS } from "../../../src/study/part.ts";
import { readStudyFile } from "../../../src/study/schema.ts";
import { verifyStudy } from "../../../src/study/verify-study.ts";
import { runStudy } from "../../../src/study.ts";
import { contents } from "../command.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-view-remedies-"));
const out = join(base, "out");
let about: ViewStudy;

beforeAll(async () => {
  drawCells(join(base, "cells"), {
    classes: ["cytoplasm", "nucleus", "vacuole"],
    cellsPerClass: 12,
    fields: 4,
  });
  writeEncoder(base, { name: "tiny" });
  await run(["augmented", "project", "masked"]);
  about = viewStudySchema.parse(JSON.parse(readFileSync(join(out, "view/study.json"), "utf8")));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

async function run(remedies: readonly string[]): Promise<void> {
  const path = writeStudy(join(base, "study.json"), {
    learningCurve: false,
    ...(remedies.length === 0 ? {} : { remedies }),
  });
  await runStudy(readStudyFile(path), { out, workers: 1, date: "2026-11-28" });
}

test("remedied outputs stand behind those that they are of", () => {
  expect(
    about.encoders.map(({ name, remedy, runs, map, predicted }) => [
      name,
      remedy,
      runs.where,
      map !== null,
      predicted,
    ]),
  ).toEqual([
    ["tiny", null, "page", true, true],
    ["tiny+augmented", { name: "augmented", of: "tiny" }, "page", true, true],
    ["tiny+project", { name: "project", of: "tiny" }, "page", false, true],
    ["tiny+masked", { name: "masked", of: "tiny" }, "none", false, true],
  ]);
});

test.each(["augmented", "project", "masked"])(
  "%s: the composites that remedies are judged on are predicted",
  async (remedy) => {
    const folder = join(out, "view", `tiny+${remedy}`);
    const { columns: plan } = await readParquet(join(out, "view/plan.parquet"));
    const { columns, rows } = await readParquet(join(folder, "composites.parquet"));
    expect(rows).toBe(about.composites);
    const numbers = (name: string) => columns.get(name) as Float32Array;
    const judged = new Set<string>(PART_SETTINGS);
    for (let row = 0; row < rows; row++)
      expect(numbers("prediction")[row] >= 0).toBe(judged.has(SETTINGS[Number(plan.get("setting")![row])]));
    const path = join(folder, "probabilities.npy");
    expect(existsSync(path)).toBe(remedy !== "masked");
    if (remedy === "masked") return;
    const file = new NpyReader(path);
    const all = new Float32Array(rows * about.classes.length);
    file.read(0, rows, all);
    file.close();
    for (let row = 0; row < rows; row++) {
      const of = all.subarray(row * about.classes.length, (row + 1) * about.classes.length);
      const prediction = numbers("prediction")[row];
      expect(prediction < 0 ? Number.NaN : of[prediction]).toBe(numbers("probability")[row]);
    }
  },
);

test("the same study again writes the same, and one without remedies leaves none", async () => {
  const left = contents(out);
  expect((await verifyStudy(out)).files.filter(({ fault }) => fault !== null)).toEqual([]);
  await run(["augmented", "project", "masked"]);
  expect(contents(out)).toEqual(left);
  await run([]);
  expect(existsSync(join(out, "view/tiny+masked"))).toBe(false);
  expect((await verifyStudy(out)).files.filter(({ fault }) => fault !== null)).toEqual([]);
});
