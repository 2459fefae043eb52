import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DataError } from "../../../src/errors.ts";
import { probeJobs } from "../../../src/study/evidence/jobs.ts";
import { probeThreads, startProbeThreads } from "../../../src/study/evidence/threads.ts";
import { StudyLayout } from "../../../src/study/layout.ts";
import { lookUpOutputs } from "../../../src/study/outputs.ts";
import { type PreparedStudy, prepareStudy } from "../../../src/study/prepare.ts";
import { request } from "../../../src/study/results.ts";
import { readStudyFile } from "../../../src/study/schema.ts";
import { contents, run } from "../command.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-threads-"));
const [one, several] = [join(base, "one"), join(base, "several")];
let prepared: PreparedStudy;

beforeAll(async () => {
  const classes = ["actin", "nucleus", "vacuole"];
  drawCells(join(base, "cells"), {
    classes,
    cellsPerClass: 16,
    fields: 4,
    localization: (name, i) => (i % 8 === 0 ? "actin|nucleus" : name),
  });
  writeEncoder(base, { name: "tiny", filters: 3, outputs: [{ output: "vector" }] });
  writeEncoder(base, { name: "more", filters: 3, seed: 3, outputs: [{ output: "vector" }] });
  const path = writeStudy(join(base, "study.json"), {
    encoders: ["tiny.json", "more.json"],
    settings: ["original", "masked", "self", "same", "cell-free", "different", "background-only"],
  });
  const ended = await run(["run", path, "--out", one, "--workers", "1"]);
  expect(ended, ended.stderr).toMatchObject({ code: 0, errors: [] });
  cpSync(one, several, { recursive: true });
  for (const stage of STAGES) rmSync(join(several, "stages", stage), { recursive: true });
  prepared = await prepareStudy(readStudyFile(path), { out: several, workers: 1 });
});
afterAll(async () => {
  await prepared.close();
  rmSync(base, { recursive: true, force: true });
});

const STAGES = ["transfer", "evidence", "proportions"];

function requests(folder: string) {
  const layout = new StudyLayout(folder);
  return lookUpOutputs(prepared, layout.features).outputs.map(({ set }) =>
    request({ ...prepared, layout }, set),
  );
}

test("threads are as many as memory holds, and none where there is little to do or many cells", () => {
  const size = { composites: 400_000, cells: 60_000, selected: 60_000, dimensions: Array(8).fill(4096) };
  // Probes of so many features hold 2.9 GB each.
  expect(probeThreads(size, 8, 8e9)).toBe(2);
  expect(probeThreads(size, 8, 5e9)).toBe(0);
  expect(probeThreads(size, 4, 64e9)).toBe(4);
  expect(probeThreads({ ...size, composites: 40 }, 8, 64e9)).toBe(0);
  expect(probeThreads({ ...size, cells: 300_000 }, 8, 64e9)).toBe(0);
});

test("threads leave what one leaves, to the byte", async () => {
  const asked = requests(several);
  let steps = 0;
  const pool = startProbeThreads(asked, prepared.store, 2, () => steps++);
  let probes = 0;
  const { transfer, free, predicted } = probeJobs(asked.length);
  try {
    const all = (jobs: typeof transfer) => pool.each(jobs, (fitted) => (probes += fitted));
    await Promise.all([all(free), all(transfer)]);
    await all(predicted);
  } finally {
    await pool.dispose();
  }
  expect(probes).toBe(prepared.groups.count * asked.length);
  expect(steps).toBeGreaterThan(probes);
  const kept = (folder: string) => STAGES.map((stage) => contents(join(folder, "stages", stage)));
  expect(kept(several)).toEqual(kept(one));
  expect(kept(one).map((files) => Object.keys(files).length)).toEqual([2, 8, 2]);
});

test("what a thread cannot read is said as anywhere", async () => {
  const broken = join(base, "broken");
  cpSync(several, broken, { recursive: true });
  rmSync(join(broken, "stages"), { recursive: true });
  const asked = requests(broken);
  for (const { set } of asked) for (const path of set.bases) rmSync(`${path}.sums.npy`);
  const pool = startProbeThreads(asked, prepared.store, 2, () => {});
  try {
    const failed = pool.each(probeJobs(asked.length).transfer, () => {});
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(/nothing vouches for its rows/);
  } finally {
    await pool.dispose();
  }
});
