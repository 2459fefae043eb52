/**
 * Validity through pixels: studies of simulated crops of the same proteins in new fields, each run whole (crops, masks,
 * composites, bundled encoders, probes, evidence). The truth of every statement is its mean over the studies; how often
 * an interval holds it is counted with that mean's own error left in. `--organism human` (yeast), `--studies N` (60).
 * What a study stated is kept under `.bench/`, so that a run that was stopped goes on.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { mean, standardDeviation } from "../src/core/statistics.ts";
import type { OrganismName } from "../src/simulate/organism.ts";
import { built, option, record, smoke } from "./harness.ts";

const { ORGANISMS } = await built<typeof import("../src/simulate/organisms.ts")>("simulate/organisms");
const { writeSimulatedCells } =
  await built<typeof import("../src/simulate/write-cells.ts")>("simulate/write-cells");
const { readStudyFile } = await built<typeof import("../src/study/schema.ts")>("study/schema");
const { runStudy } = await built<typeof import("../src/study.ts")>("study");

const organism = option("organism", "yeast") as OrganismName;
const studies = smoke ? 2 : Number(option("studies", "60"));
const ENCODERS = {
  yeast: ["deeploc", "pci", "deeploc-swap"],
  human: ["human", "human-swap", "human-center"],
} as const;
const encoders = smoke ? ENCODERS[organism].slice(0, 1) : ENCODERS[organism];
const classes = ORGANISMS[organism].localizations.filter((_, i) => i % 3 === 0);
/** Fields of each localization: two proteins with three each. */
const dataset = {
  ...(organism === "yeast" ? {} : { organism, physics: { size: 320 } }),
  proteinsPerLocalization: 2,
  cellsPerProtein: smoke ? 6 : 15,
  fieldsPerProtein: 3,
  localizations: classes,
};
const what = createHash("sha256")
  .update(JSON.stringify([dataset, encoders]))
  .digest("hex")
  .slice(0, 8);
const kept = resolve(import.meta.dirname, `../.bench/pixels-${organism}-${what}`);

interface Found {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** What one study states. */
interface Stated {
  readonly estimates: readonly (Found & { readonly statement: string })[];
  /** Encoder and badge. */
  readonly badges: readonly string[];
}

/** Runs a study. Seeds from 1,000 on: neither those of the encoders' training nor the demo's. */
async function study(seed: number): Promise<Stated> {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-pixels-"));
  try {
    await writeSimulatedCells(join(folder, "cells"), { ...dataset, seed });
    const path = join(folder, "study.json");
    const settings = ["original", "self", "same", "cell-free", "different"];
    const { allowed } = ORGANISMS[organism];
    writeFileSync(
      path,
      JSON.stringify({
        cells: "cells",
        encoders,
        settings,
        learningCurve: false,
        ...(allowed.length === 0 ? {} : { allow: allowed }),
      }),
    );
    const { report } = await runStudy(readStudyFile(path), { out: join(folder, "study") });
    return {
      estimates: report.estimates
        .filter((e) => e.class === null)
        .map(({ encoder, of, value, low, high }) => ({ statement: `${encoder} ${of}`, value, low, high })),
      badges: report.answers.map(({ encoder, badge }) => `${encoder} ${badge}`),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As {@link study}, from what an earlier run kept where it did. */
async function keptStudy(seed: number): Promise<Stated> {
  const path = join(kept, `${seed}.json`);
  if (!smoke && existsSync(path)) return JSON.parse(readFileSync(path, "utf8"));
  const stated = await study(seed);
  if (smoke) return stated;
  mkdirSync(kept, { recursive: true });
  writeFileSync(path, JSON.stringify(stated));
  return stated;
}

const found = new Map<string, Found[]>();
const badges = new Map<string, number>();
for (let s = 0; s < studies; s++) {
  const stated = await keptStudy(1000 + s);
  for (const { statement, ...estimate } of stated.estimates)
    found.set(statement, [...(found.get(statement) ?? []), estimate]);
  for (const key of stated.badges) badges.set(key, (badges.get(key) ?? 0) + 1);
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
record(organism === "yeast" ? "validity-pixels" : `validity-pixels-${organism}`, {
  studies,
  dataset,
  encoders,
  rows,
  badges: Object.fromEntries([...badges].sort()),
});
