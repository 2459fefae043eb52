import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { sha256File } from "../../src/files/hash.ts";
import { openSealed, sealJson } from "../../src/files/sealed.ts";
import { openViewStudy } from "../../src/view/study.ts";
import { drawCells, writeEncoder } from "../study/drawn.ts";
import { drawnStudy, SIZE } from "./studies.ts";

const first = mkdtempSync(join(tmpdir(), "cellswap-opened-"));
const base = `${first}-copy`;
const study = join(base, "study");
const sources = join(study, "view/sources.json");

beforeAll(async () => void (await drawnStudy(first)));
beforeEach(() => {
  rmSync(base, { recursive: true, force: true });
  cpSync(first, base, { recursive: true });
});
afterAll(() => {
  for (const folder of [first, base]) rmSync(folder, { recursive: true, force: true });
});

/** Changes `study.json` of the explorer and what the record says of it. */
function change(keys: Readonly<Record<string, unknown>>): void {
  const file = join(study, "view/study.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...keys }));
  changeRecord((record) => ({
    ...record,
    files: { ...(record.files as object), "view/study.json": sha256File(file) },
  }));
}

function changeRecord(by: (record: Record<string, unknown>) => Record<string, unknown>): void {
  const file = join(study, "record.json");
  const { sha256: _, ...record } = openSealed(readFileSync(file)) as Record<string, unknown>;
  writeFileSync(file, sealJson(by(record), 2));
}

const AGAIN = "run the study again with `cellswap run`: nothing is computed twice";

test("a study that was moved with its cells and encoders is opened where it is now", async () => {
  const { path, about, encoders, entries } = await openViewStudy(study);
  expect(path).toBe(study);
  expect(about.encoders[0].runs).toEqual({ where: "page", why: null });
  expect([...encoders.keys()]).toEqual(["tiny"]);
  expect(entries.get("crops.npy")).toMatchObject({ path: join(base, "cells/crops.npy") });
});

test("what is no finished study is refused with the remedy", async () => {
  await expect(openViewStudy(join(base, "cells"))).rejects.toThrow(/is not a study folder/);
  await expect(openViewStudy(join(base, "nothing"))).rejects.toThrow(/is not a study folder/);
  rmSync(join(study, "view"), { recursive: true });
  await expect(openViewStudy(study)).rejects.toThrow(/view\/study\.json: is missing; run the study again/);
  changeRecord((record) => ({
    ...record,
    files: Object.fromEntries(Object.entries(record.files as object).filter(([name]) => !/^view/.test(name))),
  }));
  await expect(openViewStudy(study)).rejects.toThrow(`has nothing for the explorer yet; ${AGAIN}`);
  changeRecord((record) => ({ ...record, files: {} }));
  await expect(openViewStudy(study)).rejects.toThrow(/without results yet; finish it with `cellswap run`/);
  appendFileSync(join(study, "record.json"), "x");
  await expect(openViewStudy(study)).rejects.toThrow(/record\.json: is damaged/);
});

test("a file that is not as the study wrote it is refused", async () => {
  appendFileSync(join(study, "view/tiny/composites.parquet"), "x");
  await expect(openViewStudy(study)).rejects.toThrow(
    /composites\.parquet: is not as the study wrote it; run the study again/,
  );
});

test("a symbolic link among its files is refused", async () => {
  const file = join(study, "view/plan.parquet");
  renameSync(file, join(base, "plan.parquet"));
  symlinkSync(join(base, "plan.parquet"), file);
  await expect(openViewStudy(study)).rejects.toThrow(/plan\.parquet: is a symbolic link/);
});

test("files of an older, a newer and another version are told from each other", async () => {
  change({ version: 0 });
  await expect(openViewStudy(study)).rejects.toThrow(`has version 0, this cellswap shows 1; ${AGAIN}`);
  change({ version: 2 });
  await expect(openViewStudy(study)).rejects.toThrow("has version 2, this cellswap shows 1; install a newer");
  change({ version: 1, title: 5 });
  await expect(openViewStudy(study)).rejects.toThrow(
    /is not as this cellswap writes it \(title is 5; .*\); run/,
  );
});

test("cells are found, and must be those of the study, with its masks", async () => {
  const elsewhere = join(base, "elsewhere");
  renameSync(join(base, "cells"), elsewhere);
  await expect(openViewStudy(study)).rejects.toThrow(
    /cells: the cells of the study are not there; give their folder as --cells/,
  );
  expect((await openViewStudy(study, { cells: elsewhere })).entries.has("masks.npy")).toBe(true);
  drawCells(join(base, "cells"), { cellsPerClass: 12, fields: 3, size: SIZE, seed: 2 });
  await expect(openViewStudy(study)).rejects.toThrow(/cells: holds other cells than those of the study/);
  rmSync(join(base, "cells"), { recursive: true });
  drawCells(join(base, "cells"), { cellsPerClass: 12, fields: 3, size: SIZE, masks: "center" });
  await expect(openViewStudy(study)).rejects.toThrow(/has other masks than when the study was run/);
  rmSync(sources);
  await expect(openViewStudy(study)).rejects.toThrow(/study: does not say where its cells are; give/);
  appendFileSync(join(elsewhere, "crops.npy"), "x");
  await expect(openViewStudy(study, { cells: elsewhere })).rejects.toThrow(/crops\.npy: is damaged/);
  expect(existsSync(join(elsewhere, "checked.json"))).toBe(false);
});

test("an encoder that is gone or another makes no predictions, and says why", async () => {
  const runs = async () => (await openViewStudy(study)).about.encoders[0].runs;
  writeEncoder(base, { name: "tiny", size: SIZE, seed: 9 });
  expect(await runs()).toEqual({
    where: "none",
    why: "its description or its network is not the one that the study used",
  });
  rmSync(join(base, "tiny.onnx"));
  expect((await runs()).why).toMatch(/^it cannot be opened: .*tiny\.onnx, which is not there/);
  rmSync(join(base, "tiny.json"));
  expect((await runs()).why).toMatch(/^its description is no more at .*tiny\.json$/);
  const { about, encoders, entries } = await openViewStudy(study);
  expect(about.encoders[0].runs.where).toBe("none");
  expect(encoders.size).toBe(0);
  expect([...entries.keys()].some((name) => name.startsWith("encoders/"))).toBe(false);
});

test("a note of sources that is damaged is refused with the remedy", async () => {
  writeFileSync(sources, "{");
  await expect(openViewStudy(study)).rejects.toThrow(/sources\.json: is not JSON .*; run the study again/);
  writeFileSync(sources, JSON.stringify({ cells: "../cells", encoders: { tiny: 3 } }));
  await expect(openViewStudy(study)).rejects.toThrow(/sources\.json: encoders\.tiny is 3/);
});
