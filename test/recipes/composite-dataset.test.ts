import { cpSync, readFileSync, rmSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { readParquet } from "../../src/files/table.ts";
import { exportComposites } from "../../src/study/composites/export.ts";
import { readStudyFile } from "../../src/study/schema.ts";
import { drawCells, writeEncoder, writeStudy } from "../study/drawn.ts";
import { ask, at, CLASSES, COUNT, expectRefusals, folder, PIXELS, python, readAll, SIZE } from "./python.ts";

describe.skipIf(python === undefined)("CompositeDataset (needs python3 with torch)", () => {
  const composites = { of: "composites", folder: "exported" };

  beforeAll(async () => {
    writeEncoder(folder, { name: "tiny" });
    // Two fields of every class in each group, so that all settings have donors.
    drawCells(at("many"), { classes: CLASSES, cellsPerClass: COUNT / 3, fields: 6, size: SIZE });
    writeStudy(at("study.json"), { cells: "many", settings: ["original", "same", "different"] });
    const study = readStudyFile(at("study.json"));
    await exportComposites(study, { out: at("exported"), workers: 1, partBytes: 50 * 8 * PIXELS });
    await exportComposites(study, { out: at("zarr"), workers: 1, format: "zarr" });
  });

  test("gives original and swapped crops as they were exported, each composite as often", async () => {
    const record = JSON.parse(readFileSync(at("exported/composites.json"), "utf8"));
    expect(record.composites.length).toBeGreaterThan(2);
    const plan = (await readParquet(at("exported/plan.parquet"))).columns;
    const rowOf = new Map<string, number>();
    for (const { file, from, rows } of record.composites) {
      const { values } = readAll(`exported/${file}`);
      for (let r = 0; r < rows; r++)
        rowOf.set(String(values.subarray(r * 2 * PIXELS, (r + 1) * 2 * PIXELS)), from + r);
    }
    const { labels, classes } = ask("epochs", { ...composites, pair: true, epochs: 40, out: "a.npy" });
    const { shape, values } = readAll("a.npy");
    expect(shape).toEqual([40, 2, COUNT, 2, SIZE, SIZE]);
    const shown = new Map<string, number>();
    for (let at = 0, k = 0; at < values.length; at += 2 * PIXELS, k++) {
      const [cell, swapped] = [k % COUNT, Math.floor(k / COUNT) % 2 === 1];
      const row = rowOf.get(String(values.subarray(at, at + 2 * PIXELS)))!;
      expect(plan.get("cell")![row]).toBe(cell);
      expect(plan.get("setting")![row]).toMatch(swapped ? /same|different/ : /original/);
      expect(classes[labels[0][cell]]).toBe(plan.get("class")![row]);
      const own = plan.get("background")![row] === plan.get("class")![row];
      const kind = own ? "own" : "other";
      if (swapped) shown.set(kind, (shown.get(kind) ?? 0) + 1);
    }
    // One composite of the own class and two of others: each is as likely.
    const expected = (40 * COUNT) / 3;
    expect(Math.abs(shown.get("own")! - expected)).toBeLessThan(4 * Math.sqrt((expected * 2) / 3));
  });

  test("takes chosen cells and settings", () => {
    const rows = [2, 5, 20];
    const few = { ...composites, cells: rows, settings: ["same"], labels: null };
    expect(ask("epochs", { ...few, swap: 1, epochs: 1, out: "a.npy" }).labels).toEqual([rows]);
  });

  test("refuses what it cannot read in one line with the remedy", () => {
    cpSync(at("exported"), at("torn"), { recursive: true });
    rmSync(at("torn/plan.csv"));
    expectRefusals(composites, [
      [{}, null],
      [
        { folder: "cells" },
        "cells: is not exported composites (no readable composites.json); export them again",
      ],
      [{ folder: "zarr" }, "zarr: holds Zarr arrays; export the composites again without --format zarr"],
      [
        { settings: ["diferent"] },
        "exported/plan.csv: has no setting diferent; the nearest is different, it has different, original, same; name it in the study, or choose others",
      ],
      [{ labels: "klass" }, /^exported\/plan.csv: has no column klass; the nearest is class, /],
    ]);
  });
});
