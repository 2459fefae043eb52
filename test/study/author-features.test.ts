import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { readFeatureFolder } from "../../src/encode/published/feature-folder.ts";
import { InterruptedError } from "../../src/errors.ts";
import { evaluateAuthorFeatures } from "../../src/study/author-features.ts";
import { readPublishedResults } from "../../src/study/published-csv.ts";
import type { PairScore } from "../../src/types.ts";
import { temporary } from "../temporary.ts";

const features = resolve(import.meta.dirname, "../fixtures/published/features");
const expected = JSON.parse(readFileSync(join(features, "expected.json"), "utf8")) as [
  setting: string,
  background: string | null,
  class1: string,
  class2: string,
  accuracy: number,
  sd: number,
][];

const options = (out: string) => ({ out, encoder: "pifia", cells: 1000, folds: 5, workers: 1 });
const key = (s: readonly (string | null)[]) => s.join("|");
const byKey = (scores: readonly PairScore[]) =>
  new Map(scores.map((s) => [key([s.setting, s.background, s.class1, s.class2]), s]));

test("accuracies of every setting, background and pair are scikit-learn's", async () => {
  const out = temporary();
  const scores = await evaluateAuthorFeatures(readFeatureFolder(features), options(out));
  expect(scores).toHaveLength(3 + 3 + 3 + 9 + 9);
  expect(new Set(scores.map((s) => s.accuracy)).size).toBeGreaterThan(5);
  const found = byKey(scores);
  for (const [setting, background, class1, class2, accuracy, sd] of expected) {
    const score = found.get(key([setting, background, class1, class2]));
    expect(score?.accuracy, key([setting, background, class1, class2])).toBeCloseTo(accuracy, 12);
    expect(score?.sd).toBeCloseTo(sd, 12);
  }
  expect(byKey(readPublishedResults(out)).size).toBe(27);
});

test("a run that was stopped goes on, to the same bytes; changed features are evaluated again", async () => {
  const [whole, stopped] = [temporary(), temporary()];
  const copy = join(temporary(), "pifia");
  cpSync(features, copy, { recursive: true });
  const folder = readFeatureFolder(copy);
  await evaluateAuthorFeatures(folder, options(whole));
  const stop = new AbortController();
  const onProgress = (done: number) => done === 4 && stop.abort();
  await expect(
    evaluateAuthorFeatures(folder, { ...options(stopped), signal: stop.signal, onProgress }),
  ).rejects.toThrow(InterruptedError);
  expect(existsSync(join(stopped, "results_base.csv"))).toBe(false);
  expect(readdirSync(join(stopped, "blocks"))).toHaveLength(4);
  await evaluateAuthorFeatures(folder, options(stopped));
  for (const file of readdirSync(whole).filter((f) => f.endsWith(".csv")))
    expect(readFileSync(join(stopped, file))).toEqual(readFileSync(join(whole, file)));
  // ER's own features under the name of bud neck: nothing to tell apart any more.
  cpSync(join(copy, "logs_base/conv8/ER.pkl"), join(copy, "logs_base/conv8/bud neck.pkl"));
  const scores = await evaluateAuthorFeatures(readFeatureFolder(copy), options(stopped));
  const same = scores.find((s) => s.setting === "original" && s.class1 === "bud neck" && s.class2 === "ER");
  expect(same?.accuracy).toBeLessThanOrEqual(0.5);
});

test("features of two layers in one folder are refused by file, and nothing is written", async () => {
  const copy = join(temporary(), "mixed");
  cpSync(features, copy, { recursive: true });
  const pickles = resolve(features, "../pickles");
  cpSync(join(pickles, "py3-matrix-p4.pkl"), join(copy, "logs_base/conv8/nuclear periphery.pkl"));
  const out = join(temporary(), "out");
  await expect(evaluateAuthorFeatures(readFeatureFolder(copy), options(out))).rejects.toThrow(
    /nuclear periphery\.pkl: has vectors of 4 values, those of \S+bud neck\.pkl have 6; give features of one layer$/,
  );
  expect(existsSync(out)).toBe(false);
});

test("run --features prints the table and leaves the authors' files", async () => {
  const out = temporary();
  let said = "";
  vi.spyOn(console, "log").mockImplementation((text) => {
    said += String(text);
  });
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  const code = await main(["run", "--features", features, "--out", out, "--workers", "1"]);
  vi.restoreAllMocks();
  expect(code).toBe(0);
  expect(said).toMatch(/original +0\.\d{3} ± 0\.\d{3}/);
  expect(readdirSync(out).sort()).toEqual([
    "blocks",
    "results_base.csv",
    "results_batch.csv",
    "results_diff.csv",
    "results_mask.csv",
    "results_same.csv",
  ]);
  rmSync(out, { recursive: true });
});

test("pickles that would call something are refused by name", async () => {
  const copy = join(temporary(), "hostile");
  cpSync(features, copy, { recursive: true });
  writeFileSync(join(copy, "logs_base/conv8/ER.pkl"), "cos\nsystem\n(S'true'\ntR.");
  await expect(evaluateAuthorFeatures(readFeatureFolder(copy), options(temporary()))).rejects.toThrow(
    /ER\.pkl: uses os\.system, which files of features have no need of/,
  );
});
