/**
 * Validity through pixels: studies of simulated crops of the same proteins in new fields, each run whole (crops, masks,
 * composites, bundled encoders, probes, evidence). The truth of every statement is its mean over the studies; how often
 * an interval holds it is counted with that mean's own error left in. `--studies N` (60).
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mean, standardDeviation } from "../src/core/statistics.ts";
import { LOCALIZATIONS } from "../src/names.ts";
import { built, option, record, smoke } from "./harness.ts";

const { writeSimulatedCells } =
  await built<typeof import("../src/simulate/write-cells.ts")>("simulate/write-cells");
const { readStudyFile } = await built<typeof import("../src/study/schema.ts")>("study/schema");
const { runStudy } = await built<typeof import("../src/study.ts")>("study");

const studies = smoke ? 2 : Number(option("studies", "60"));
const encoders = smoke ? ["deeploc"] : ["deeploc", "pci", "deeploc-swap"];
const classes = LOCALIZATIONS.filter((_, i) => i % 3 === 0);
/** Fields of each localization: two proteins with three each. */
const dataset = {
  proteinsPerLocalization: 2,
  cellsPerProtein: smoke ? 6 : 15,
  fieldsPerProtein: 3,
  localizations: classes,
};

interface Found {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** Seeds from 1,000 on: neither those of the encoders' training nor the demo's. */
async function study(seed: number, found: Map<string, Found[]>, badges: Map<string, number>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-pixels-"));
  try {
    await writeSimulatedCells(join(folder, "cells"), { ...dataset, seed });
    const path = join(folder, "study.json");
    const settings = ["original", "self", "same", "cell-free", "different"];
    writeFileSync(path, JSON.stringify({ cells: "cells", encoders, settings, learningCurve: false }));
    const { report } = await runStudy(readStudyFile(path), { out: join(folder, "study") });
    for (const { encoder, of, class: single, value, low, high } of report.estimates) {
      if (single !== null) continue;
      const key = `${encoder} ${of}`;
      const list = found.get(key) ?? [];
      list.push({ value, low, high });
      found.set(key, list);
    }
    for (const { encoder, badge } of report.answers) {
      const key = `${encoder} ${badge}`;
      badges.set(key, (badges.get(key) ?? 0) + 1);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const found = new Map<string, Found[]>();
const badges = new Map<string, number>();
for (let s = 0; s < studies; s++) {
  await study(1000 + s, found, badges);
  if (!smoke && s % 10 === 9) console.log(`${s + 1} of ${studies} studies`);
}
const rows = [...found].map(([statement, list]) => {
  const truth = mean(list.map((f) => f.value));
  const given = list.filter((f) => f.low !== null && f.high !== null);
  const held = given.filter((f) => f.low! <= truth && truth <= f.high!).length;
  return {
    statement,
    truth,
    sd: standardDeviation(
      list.map((f) => f.value),
      1,
    ),
    intervals: given.length,
    coverage: given.length === 0 ? null : held / given.length,
    halfWidth: given.length === 0 ? null : mean(given.map((f) => (f.high! - f.low!) / 2)),
  };
});
for (const r of rows)
  console.log(
    `${r.statement.padEnd(34)} ${(100 * r.truth).toFixed(1).padStart(6)} held in ${r.coverage === null ? "–" : `${(100 * r.coverage).toFixed(0)} %`} of ${r.intervals}, half width ${r.halfWidth === null ? "–" : (100 * r.halfWidth).toFixed(1)}, SD over studies ${(100 * r.sd).toFixed(1)}`,
  );
console.log(Object.fromEntries([...badges].sort()));
record("validity-pixels", {
  studies,
  dataset,
  encoders,
  rows,
  badges: Object.fromEntries([...badges].sort()),
});
