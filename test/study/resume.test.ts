import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readStudyFolder } from "../../src/study/read.ts";
import { built } from "../built.ts";
import { contents, run, start, times } from "./command.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";
import { killAtRandom } from "./kill.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-resume-"));
const study = join(base, "study.json");
const whole = join(base, "whole");
let expected: Record<string, string>;
let elapsed: number;

/** Path in a study folder of the complete part with the features of one segment. */
function part(folder: string, set: string, segment: string): string {
  const names = readdirSync(join(folder, "features", set));
  const found = names.find(
    (n) => n.startsWith(`${segment}.`) && /^[^.]*-[^.]*\.npy$/.test(n.slice(segment.length + 1)),
  );
  return `features/${set}/${found}`;
}

beforeAll(async () => {
  drawCells(join(base, "cells"), {
    classes: ["cytoplasm", "nucleus", "vacuole"],
    fields: 3,
    localization: (name, i) => (i === 19 ? `${name}|other` : name),
  });
  writeEncoder(base, { name: "tiny" });
  writeEncoder(base, {
    name: "two",
    seed: 2,
    outputs: [
      { output: "map", layer: "map", layout: "NCHW", pool: "center-mean" },
      { output: "vector", layer: "vector" },
    ],
  });
  writeStudy(study, { encoders: ["tiny.json", "two.json"] });
  built();
  const from = performance.now();
  expect(await run(["run", study, "--out", whole, "--workers", "2"])).toMatchObject({ code: 0, errors: [] });
  elapsed = performance.now() - from;
  expected = contents(whole);
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

test("an unbroken run leaves everything the study folder has", () => {
  expect(Object.keys(expected)).toEqual(
    expect.arrayContaining([
      "plan.csv",
      "plan.parquet",
      "record.json",
      "report.html",
      "report.json",
      "results/pairs.csv",
      "results/pairs.parquet",
      "results/tiny/results_diff.csv",
      "scales.csv",
      "stages/blocks/tiny/different.vacuole.json",
      "stages/proportions/tiny.json",
      "stages/transfer/two.map.json",
    ]),
  );
  for (const set of ["tiny", "two.map", "two.vector"])
    for (const segment of ["original", "self", "cell-free.vacuole", "different.cytoplasm"])
      expect(part(whole, set, segment)).toMatch(/\.npy$/);
  expect(Object.keys(expected).filter((name) => /run\.lock|\.part-|\.filling|\.marks$/.test(name))).toEqual(
    [],
  );
});

test.each([1, 3])("%i workers leave the same bytes", async (workers) => {
  const out = join(base, `workers-${workers}`);
  expect((await run(["run", study, "--out", out, "--workers", String(workers)])).code).toBe(0);
  expect(contents(out)).toEqual(expected);
});

test("a second run writes nothing", async () => {
  const before = times(whole);
  const ended = await run(["run", study, "--out", whole]);
  expect(ended).toMatchObject({ code: 0, errors: [] });
  expect(contents(whole)).toEqual(expected);
  expect(times(whole)).toEqual(before);
});

test("killed at any moment, a run goes on to the same bytes", async () => {
  const out = join(base, "killed");
  const kills = await killAtRandom(
    (attempt) => ["run", study, "--out", out, "--workers", String(1 + (attempt % 3))],
    { out, ms: elapsed, attempts: 8, seed: 20260, between: [0.15, 0.75] },
  );
  expect(await run(["run", study, "--out", out])).toMatchObject({ code: 0, errors: [] });
  expect(contents(out), `after ${kills} kills`).toEqual(expected);
});

test("killed wherever a file has just appeared, a run goes on to the same bytes", async () => {
  const moments = [
    "run.lock",
    "record.json",
    "plan.csv",
    "features/tiny",
    "features/two.map",
    part(whole, "tiny", "background-only"),
    part(whole, "two.vector", "self"),
    "stages/blocks/tiny/original.json",
    "stages/blocks/two.map/masked.json",
    "results/pairs.csv",
    "report.json",
  ];
  const out = join(base, "moments");
  for (const moment of moments) {
    const child = start(["run", study, "--out", out, "--workers", "2"]);
    let over = false;
    const ended = child.ended.finally(() => (over = true));
    while (!over && !existsSync(join(out, moment))) await new Promise((next) => setTimeout(next, 1));
    child.kill("SIGKILL");
    const { code, errors } = await ended;
    expect([0, null], errors.join("\n")).toContain(code);
  }
  expect(await run(["run", study, "--out", out])).toMatchObject({ code: 0, errors: [] });
  expect(contents(out)).toEqual(expected);
});

test("what was damaged from outside is made again", async () => {
  const out = join(base, "damaged");
  await run(["run", study, "--out", out]);
  writeFileSync(join(out, "stages/blocks/tiny/original.json"), "{");
  writeFileSync(join(out, "stages/transfer/tiny.json"), "");
  const cut = join(out, part(out, "tiny", "masked"));
  writeFileSync(cut, readFileSync(cut).subarray(0, 300));
  writeFileSync(join(out, "scales.csv"), "group\n");
  rmSync(join(out, "plan.csv"));
  expect(await run(["run", study, "--out", out])).toMatchObject({ code: 0, errors: [] });
  expect(contents(out)).toEqual(expected);
});

test.each(["SIGINT", "SIGTERM"] as const)("%s stops with one line, and the run goes on", async (signal) => {
  const out = join(base, `stopped-${signal}`);
  const child = start(["run", study, "--out", out, "--workers", "1"]);
  while (!existsSync(join(out, "features/tiny"))) await new Promise((next) => setTimeout(next, 5));
  child.kill(signal);
  expect(await child.ended).toMatchObject({
    code: 75,
    errors: ["cellswap: stopped; run the same command again to go on from here"],
  });
  expect((await run(["run", study, "--out", out])).code).toBe(0);
  expect(contents(out)).toEqual(expected);
});

test("a folder in use is refused, with --force as well, and the run in it is not disturbed", async () => {
  const out = join(base, "shared");
  const first = start(["run", study, "--out", out, "--workers", "1"]);
  while (!existsSync(join(out, "features/tiny"))) await new Promise((next) => setTimeout(next, 5));
  first.kill("SIGSTOP");
  for (const more of [[], ["--force"]])
    expect(await run(["run", study, "--out", out, ...more])).toMatchObject({
      code: 3,
      errors: [`cellswap: ${out}: is in use by another run (process ${first.pid}); wait for it or stop it`],
    });
  first.kill("SIGCONT");
  expect((await first.ended).code).toBe(0);
  expect(contents(out)).toEqual(expected);
});

test("a finished study is read as it was written, an unfinished or damaged one is one line", async () => {
  const { record, report, scores } = await readStudyFolder(whole);
  expect(record).toMatchObject({ format: "cellswap-study", layout: 2, study: { seed: 1 } });
  expect(report.encoders.map((e) => e.name)).toEqual(["tiny", "two.map", "two.vector"]);
  expect(scores.map(({ encoder, setting, accuracy }) => [encoder, setting, accuracy])).toEqual(
    report.scores.map(({ encoder, setting, accuracy }) => [encoder, setting, accuracy]),
  );
  const copy = join(base, "copy");
  cpSync(whole, copy, { recursive: true });
  writeFileSync(join(copy, "report.json"), "{}");
  await expect(readStudyFolder(copy)).rejects.toThrow(
    `${join(copy, "report.json")}: is not as the study wrote it; run the study again`,
  );
  rmSync(join(copy, "report.json"));
  await expect(readStudyFolder(copy)).rejects.toThrow(
    `${join(copy, "report.json")}: is missing; run the study again`,
  );
  await expect(readStudyFolder(base)).rejects.toThrow(`${base}: is not a study folder`);
});
