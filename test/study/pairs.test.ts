import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { renderReport } from "../../src/report/html.ts";
import { readStudyFile } from "../../src/study/schema.ts";
import { runStudy } from "../../src/study.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-pairs-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const classes = ["a", "b", "c", "d", "e", "f", "g"];
drawCells(join(base, "cells"), { classes, cellsPerClass: 16, fields: 4 });
writeEncoder(base, { name: "tiny", filters: 4 });

async function run(out: string, keys: object) {
  const study = readStudyFile(
    writeStudy(join(base, `${out}.json`), { backgrounds: ["a", "b", "c"], ...keys }),
  );
  return (await runStudy(study, { out: join(base, out), workers: 1 })).report;
}

test("the same pairs are judged in every setting, and every number says so and holds it", async () => {
  const report = await run("sample", {
    pairs: { sample: 4 },
    settings: ["original", "self", "cell-free", "different"],
    remedies: ["masked-2"],
    sensitivity: ["hard"],
  });
  const blocks = new Map<string, string[]>();
  for (const { setting, background, class1, class2 } of report.scores) {
    const block = `${setting} ${background}`;
    blocks.set(block, [...(blocks.get(block) ?? []), `${class1} ${class2}`]);
  }
  const first = blocks.get("original null")!;
  expect(first).toHaveLength(14);
  expect(blocks.size).toBe(8);
  // Pairs with the background's own class count nowhere, and one setting has none.
  for (const [block, pairs] of blocks) {
    const counts = (pair: string) => !pair.split(" ").includes(block.split(" ")[1]);
    expect(pairs.filter(counts)).toEqual(first.filter(counts));
  }
  for (const e of report.estimates.filter((own) => own.kind !== "share"))
    expect(e.sampled).toMatchObject(e.class === null ? { pairs: 14, of: 21 } : { pairs: 4, of: 6 });
  const neighbor = report.estimates.find((e) => e.of === "neighbor" && e.class === null)!;
  expect(neighbor.method).toMatch(/choice of pairs of classes/);
  expect(neighbor.method).not.toMatch(/not certified/);
  const ofClasses = report.estimates.filter((e) => e.kind !== "share" && e.class !== null);
  expect(ofClasses.length).toBeGreaterThan(0);
  for (const { method } of ofClasses)
    expect(method).toMatch(/choice of the class's partners, .*; not certified$/);
  expect(report.answers[0].sentence).toMatch(
    /; 14 of 21 pairs of classes drawn, standard error of the draw [\d.]+ points/,
  );
  const page = renderReport(report);
  expect(page).toContain("pairs of classes drawn: 14 of 21");
  expect(page).toContain("intervals, p and q of single classes are not certified");
  const effects = readFileSync(join(base, "sample/results/effects.csv"), "utf8").split("\n");
  expect(effects[0]).toMatch(/,why,pairs,pairs_of,pairs_se$/);
  for (const line of effects.filter((l) => l.startsWith("tiny,neighbor,,")))
    expect(line).toMatch(/,14,21,0\.\d+/);
  const [sensitivity] = report.further.filter((f) => f.id === "sensitivity");
  expect(sensitivity.numbers.filter((n) => n.sampled?.pairs === 14).length).toBeGreaterThan(0);
  const own = report.remedies[0].measured[0].numbers.find((n) => n.of === "neighbor")!;
  expect(own.method).toMatch(/choice of pairs of classes/);
});

test("without pairs one probe of all classes is left, and the answer says why it is open", async () => {
  const report = await run("none", { pairs: "none" });
  expect(report.scores).toEqual([]);
  expect([...new Set(report.estimates.map((e) => e.kind))]).toEqual(["share"]);
  expect(report.estimates.map((e) => e.of)).toContain("transfer");
  expect(report.answers).toMatchObject([
    {
      badge: "undecided",
      sentence: expect.stringMatching(/^tiny: undecided: no probes of pairs were fitted/),
    },
  ]);
  expect(renderReport(report)).toContain("no probes of pairs were fitted");
});

test("what is judged by pairs is refused without them", async () => {
  for (const key of ["remedies", "sensitivity"])
    await expect(run("refused", { pairs: "none", [key]: ["all"] })).rejects.toThrow(
      new RegExp(`"pairs" is "none"; set it to \\{ "sample": 10 \\}, or leave out "${key}"`),
    );
});
