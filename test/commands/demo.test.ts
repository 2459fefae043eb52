import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type DemoOptions, runDemo } from "../../src/demo.ts";
import { bundledEncoders } from "../../src/encode/bundled.ts";
import { readStudyFile } from "../../src/study/schema.ts";
import { built } from "../built.ts";
import { contents } from "../study/command.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-demo-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function demo(...args: string[]) {
  return spawnSync(process.execPath, [join(built(), "cli.js"), "demo", ...args], { encoding: "utf8" });
}

test("the quick demo shows the drop of the plain encoder and the smaller one of its twin", () => {
  const out = join(scratch, "demo");
  const first = demo("--quick", "--out", out, "--json");
  expect(first.stderr).toBe("");
  const result = JSON.parse(first.stdout);
  const mean = (encoder: number, setting: string) =>
    result.table.encoders[encoder].settings.find((s: { setting: string }) => s.setting === setting).mean;
  expect(result.table.encoders.map((e: { encoder: string }) => e.encoder)).toEqual([
    "deeploc",
    "deeploc-swap",
  ]);
  expect(mean(0, "same")).toBeGreaterThan(mean(0, "different"));
  expect(mean(0, "same") - mean(0, "different")).toBeGreaterThan(mean(1, "same") - mean(1, "different"));
  expect(result.answers.map((a: { encoder: string }) => a.encoder)).toEqual(["deeploc", "deeploc-swap"]);
  expect(result.estimates.filter((e: { low: number | null }) => e.low !== null).length).toBeGreaterThan(10);
  expect(statSync(join(out, "quick/study/report.html")).size).toBeGreaterThan(10_000);

  const again = demo("--quick", "--out", out, "--json");
  expect(JSON.parse(again.stdout)).toEqual({ ...result, composites: 0 });
  expect(JSON.parse(readFileSync(join(out, "quick/study.json"), "utf8")).cells).toBe("cells");
});

test("the demo of human cells stands in a folder of its own and tells the network that is shown the cell alone from the one that is not", async () => {
  const out = join(scratch, "organisms");
  const { run, ...demo } = await runDemo(out, { organism: "human", quick: true, cells: 10 });
  expect(demo.out).toBe(join(out, "human/quick/study"));
  const { answers, estimates } = run.report;
  expect(answers.map((a) => a.encoder)).toEqual(["human", "human-center", "human-swap"]);
  const total = (encoder: string) =>
    estimates.find((e) => e.encoder === encoder && e.of === "total" && e.class === null)!.value;
  expect(total("human")).toBeGreaterThan(0.05);
  expect(Math.abs(total("human-center"))).toBeLessThan(0.02);
  expect(total("human-swap")).toBeLessThan(total("human"));
  expect(existsSync(join(demo.out, "report.html"))).toBe(true);
  expect(JSON.parse(readFileSync(demo.study, "utf8")).allow).toEqual(["ragged"]);
});

/** Runs a demo until it reports `stage`, where it is stopped. */
async function demoUntil(stage: string, out: string, options: DemoOptions): Promise<void> {
  const stop = new AbortController();
  const onProgress = (now: string) => void (now === stage && stop.abort());
  await expect(runDemo(out, { ...options, signal: stop.signal, onProgress })).rejects.toThrow(/^stopped; /);
}

test("the quick and the whole demo share a folder and leave each other's cells, study file and report alone", async () => {
  const out = join(scratch, "both");
  const quick = await runDemo(out, { quick: true, cells: 10 });
  expect(quick.out).toBe(join(out, "quick/study"));
  const before = contents(join(out, "quick"));
  expect(Object.keys(before)).toEqual(
    expect.arrayContaining(["cells/cells.json", "study.json", "study/report.html"]),
  );
  await demoUntil("composites", out, { cells: 10 });
  expect(contents(join(out, "quick"))).toEqual(before);
  const after = contents(out);
  expect(Object.keys(after)).toEqual(
    expect.arrayContaining(["cells/cells.json", "study.json", "study/record.json"]),
  );
  await runDemo(out, { quick: true, cells: 10 });
  expect(contents(out)).toEqual(after);
});

test("a demo that is stopped while it draws cells goes on; its study file is one to start from", async () => {
  const out = join(scratch, "stopped");
  await demoUntil("cells", out, { cells: 10 });
  expect(existsSync(join(out, "cells"))).toBe(false);
  await demoUntil("composites", out, { cells: 10 });
  const path = join(out, "study.json");
  const file = JSON.parse(readFileSync(path, "utf8"));
  const yeast = [...bundledEncoders()].filter(([name]) => !name.startsWith("human"));
  expect(file.encoders).toEqual(yeast.map(([name]) => name));
  expect(existsSync(resolve(out, file.$schema))).toBe(true);
  expect(readStudyFile(path).encoders).toEqual(yeast.map(([, encoder]) => encoder));
});

test("a folder of something else is left alone, the training seed is refused", () => {
  writeFileSync(join(scratch, "thesis.txt"), "do not lose");
  const taken = demo("--quick", "--out", scratch);
  expect([taken.status, taken.stderr]).toEqual([
    1,
    `cellswap: ${scratch}: is not empty and holds no demo; choose another --out\n`,
  ]);
  expect(readFileSync(join(scratch, "thesis.txt"), "utf8")).toBe("do not lose");
  const trained = demo("--seed", "1", "--out", join(scratch, "new"));
  expect(trained.status).toBe(1);
  expect(trained.stderr).toMatch(
    /seed 1 names the fields that the bundled encoders were trained on; give another/,
  );
  expect(demo("--cells", "many").status).toBe(2);
});
