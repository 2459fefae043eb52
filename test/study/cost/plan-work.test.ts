import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planWork } from "../../../src/study/cost/plan-work.ts";
import type { Work } from "../../../src/study/cost/work.ts";
import { chosenSize } from "../../../src/study/guards/size.ts";
import { prepareStudy } from "../../../src/study/prepare.ts";
import { readStudyFile } from "../../../src/study/schema.ts";
import { runStudy } from "../../../src/study.ts";
import { contents } from "../command.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const base = mkdtempSync(join(tmpdir(), "plan-work-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeAll(() => {
  const classes = ["cytoplasm", "nucleus", "vacuole", "vesicle"];
  drawCells(join(base, "cells"), { classes, cellsPerClass: 12, fields: 3, size: 24 });
  writeEncoder(base, { name: "tiny", size: 24, seed: 1 });
  writeEncoder(base, { name: "more", size: 24, seed: 2 });
});

const three = { classes: ["cytoplasm", "nucleus", "vacuole"] };

function studyOf(keys: Readonly<Record<string, unknown>>) {
  return readStudyFile(writeStudy(join(base, `study-${Math.random()}.json`), { ...three, ...keys }));
}

const counts = ({ composites, encodings, fits, probes }: Readonly<Work>) => ({
  composites,
  encodings: Object.fromEntries([...encodings].filter(([, count]) => count > 0)),
  fits,
  probes,
});

/** What a run is said to make, and what it makes then. */
async function both(keys: Readonly<Record<string, unknown>>, out: string, force = false) {
  const study = studyOf(keys);
  const before = contents(out);
  const prepared = await prepareStudy(study, { out, force });
  try {
    const planned = await planWork(prepared, out, force);
    expect(contents(out)).toEqual(before);
    const { made } = await runStudy(study, { out, force, workers: 1 });
    return { planned: counts(planned), made: counts(made), atMost: planned.atMost };
  } finally {
    await prepared.close();
  }
}

const NOTHING = { composites: 0, encodings: {}, fits: 0, probes: 0 };

describe.each<[string, Record<string, unknown>]>([
  ["recommended", {}],
  ["published", { preset: "published" }],
  ["two encoders", { encoders: ["tiny.json", "more.json"], learningCurve: false }],
  ["sampled pairs", { classes: undefined, pairs: { sample: 2 }, learningCurve: false }],
  ["no pairs", { pairs: "none" }],
  ["remedies", { learningCurve: false, remedies: ["recompose-2", "masked", "augmented", "dfr", "whiten"] }],
  ["sensitivity", { learningCurve: false, sensitivity: ["dilate-2", "hard", "halo-0"] }],
])("%s", (name, keys) => {
  const out = join(base, name);
  test("what is counted before a run is what it makes, and nothing once it is done", async () => {
    const first = await both(keys, out);
    expect(first.planned).toEqual(first.made);
    expect(first.made.composites).toBeGreaterThan(0);
    const again = await both(keys, out);
    expect(again.planned).toEqual(NOTHING);
    expect(again.made).toEqual(NOTHING);
  });
});

test.each<Record<string, unknown>>([
  {},
  { preset: "published" },
  { backgrounds: ["nucleus"], settings: ["original", "cell-free", "different", "masked"] },
  { classes: undefined, pairs: { sample: 2 } },
  { encoders: ["tiny.json", "more.json"], cellsPerClass: 9 },
])("%o: what an early refusal counts is what a run makes in a new folder", async (keys) => {
  const out = join(base, "counted early");
  const prepared = await prepareStudy(studyOf(keys), { out });
  try {
    const { composites, fits } = await planWork(prepared, out, false);
    const outputs = prepared.targets.reduce((n, { names }) => n + names.length, 0);
    expect(chosenSize(prepared, outputs)).toMatchObject({ composites, fits });
    expect(fits).toBeGreaterThan(0);
  } finally {
    await prepared.close();
  }
});

test("of a study that was changed or replaced only what is lacking counts", async () => {
  const out = join(base, "changed");
  const settings = ["original", "self", "cell-free", "different"];
  const small = { settings, learningCurve: false, backgrounds: ["nucleus"] };
  const first = await both(small, out);
  expect(first.planned).toEqual(first.made);
  for (const keys of [
    { folds: 3, split: "stratified" },
    { classes: undefined },
    { encoders: ["more.json"] },
  ]) {
    const next = await both({ ...small, ...keys }, out);
    expect(next.planned).toEqual(next.made);
    expect(next.planned).not.toEqual(NOTHING);
  }
  const replaced = await both(small, out, true);
  expect(replaced.planned).toEqual(replaced.made);
  expect(replaced.planned).toEqual(first.planned);
});

test.each(["composites", "pairs", "curve"])(
  "of a run that was stopped at %s only the rest counts",
  async (at) => {
    const out = join(base, `stopped ${at}`);
    const stop = new AbortController();
    const onProgress = (stage: string, done: number) => {
      if (stage === at && done > 0) stop.abort();
    };
    await expect(runStudy(studyOf({}), { out, workers: 1, signal: stop.signal, onProgress })).rejects.toThrow(
      /^stopped/,
    );
    const rest = await both({}, out);
    expect(rest.planned).toEqual(rest.made);
    expect(rest.planned).not.toEqual(NOTHING);
  },
  120_000,
);

test("recomposition is counted for the most donors that it may choose, and said to be at most that", async () => {
  const found = await both({ learningCurve: false, remedies: ["recompose"] }, join(base, "donors"));
  expect(found.atMost).toBe(true);
  expect(found.made.composites).toBeLessThanOrEqual(found.planned.composites);
  expect(found.made.fits).toBeLessThanOrEqual(found.planned.fits);
});
