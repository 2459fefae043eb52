/**
 * What taking neighbors out must cost, on simulated truth: the cells of the demo, each imaged among the others and alone
 * (same cells, optics, camera; `alone` of `simulateDataset`). The frontier of the remedies' cost against the neighbor
 * effect they leave stands beside what the encoder makes of cells that have no neighbors. Kept under `.bench/`, so that
 * a run that was stopped goes on. `--remedies a,b`.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { PairResult } from "../src/study/blocks.ts";
import { built, option, record, smoke } from "./harness.ts";

const load = {
  cells: await built<typeof import("../src/cells/store.ts")>("cells/store"),
  simulate: await built<typeof import("../src/simulate/write-cells.ts")>("simulate/write-cells"),
  demo: await built<typeof import("../src/demo.ts")>("demo"),
  schema: await built<typeof import("../src/study/schema.ts")>("study/schema"),
  run: await built<typeof import("../src/study.ts")>("study"),
  select: await built<typeof import("../src/study/select.ts")>("study/select"),
  groups: await built<typeof import("../src/study/groups.ts")>("study/groups"),
  plan: await built<typeof import("../src/study/plan.ts")>("study/plan"),
  block: await built<typeof import("../src/study/block.ts")>("study/block"),
  blocks: await built<typeof import("../src/study/blocks.ts")>("study/blocks"),
  kept: await built<typeof import("../src/study/kept.ts")>("study/kept"),
  judge: await built<typeof import("../src/study/judge.ts")>("study/judge"),
  layout: await built<typeof import("../src/study/layout.ts")>("study/layout"),
  estimate: await built<typeof import("../src/evidence/estimate.ts")>("evidence/estimate"),
};

const ENCODERS = smoke ? ["deeploc"] : ["deeploc", "pci", "pifia"];
const REMEDIES = smoke
  ? ["masked-2"]
  : option(
      "remedies",
      "recompose-4,masked,masked-2,clear,pool,augmented,dfr,project,whiten,leace,retrained,retrained+recompose-4",
    ).split(",");
/** Remedies of cells that are alone: what is left to lose besides the neighbors. */
const OF_ALONE = REMEDIES.filter((r) => r === "recompose-4" || r === "masked-2");
const { full } = load.demo.DEMOS.yeast;
const dataset = {
  seed: load.demo.DEMO_SEED,
  proteinsPerLocalization: 2,
  cellsPerProtein: smoke ? 6 : full.cells / 2,
  fieldsPerProtein: 3,
};
const base = smoke
  ? mkdtempSync(join(tmpdir(), "remedy-truth-"))
  : resolve(import.meta.dirname, "../.bench/remedy-truth");

/** Runs the study of the cells among others or alone; what its results say, and where they are. */
async function study(name: "among" | "alone") {
  const folder = join(base, name);
  const cells = join(folder, "cells");
  if (!existsSync(join(cells, "cells.json")))
    await load.simulate.writeSimulatedCells(cells, { ...dataset, alone: name === "alone" });
  mkdirSync(folder, { recursive: true });
  const among = name === "among";
  const twins = among && !smoke ? ENCODERS.map((e) => `${e}-swap`) : [];
  writeFileSync(
    join(folder, "study.json"),
    JSON.stringify({
      cells: "cells",
      encoders: [...ENCODERS, ...twins],
      backgrounds: among && !smoke ? full.backgrounds : ["cytoplasm", "mitochondrion", "nucleus"],
      settings: ["original", "self", "cell-free", "different"],
      learningCurve: false,
      remedies: among ? REMEDIES : OF_ALONE,
    }),
  );
  const file = load.schema.readStudyFile(join(folder, "study.json"));
  const out = join(folder, "study");
  const { remedies } = await load.run.runStudy(file, { out });
  const store = await load.cells.CellStore.open(cells);
  try {
    const fitted = load.schema.fitToCells(file, store);
    const selection = load.select.selectCells(store.cells, fitted, store.verdicts);
    const groups = load.groups.studyGroups(store.cells, fitted, selection);
    const plan = await load.plan.studyPlan(store, { ...fitted, settings: ["original"] }, selection, groups);
    const judged = { selection, groups, plan, index: new load.block.PlanIndex(plan) };
    return { remedies, judged, layout: new load.layout.StudyLayout(out) };
  } finally {
    store.close();
  }
}

type Run = Awaited<ReturnType<typeof study>>;

/** Judgments of original crops, as they are or remedied. */
function originals({ judged, layout }: Run, encoder: string, remedy: string | null) {
  const block = { setting: "original", background: null } as const;
  const name = remedy === null ? encoder : `${encoder}+${remedy}`;
  const at = (remedy === null ? layout : layout.remedies()).block(name, block);
  const pairs = load.kept.readValue<PairResult[]>(at, load.blocks.PAIRS) ?? [];
  return load.judge.judgmentsOf(judged, [{ encoder: name, ...block, pairs }]);
}

const among = await study("among");
const alone = await study("alone");
const points = (v: number | null) => (v === null ? "-" : (100 * v).toFixed(1));
const shown = (e: { estimate: number; low: number | null; high: number | null }) =>
  `${points(e.estimate)} [${points(e.low)}, ${points(e.high)}]`;
const found = ENCODERS.map((encoder) => {
  const { evidence } = among.remedies.find((r) => r.encoder === encoder)!;
  const frontier = evidence.map(({ remedy, original, cost, neighbor, medium }) => ({
    remedy,
    original,
    cost,
    neighbor,
    medium,
  }));
  // Same cells and fields, so that deviations pair; all encoders' intervals hold at once.
  const level = 1 - 0.05 / (ENCODERS.length * (1 + OF_ALONE.length));
  const differences = [
    ["neighbors are worth", originals(among, encoder, null), originals(alone, encoder, null)] as const,
    ...OF_ALONE.map(
      (r) =>
        [`${r} costs cells alone`, originals(alone, encoder, null), originals(alone, encoder, r)] as const,
    ),
  ].map(([what, from, to]) => ({
    what,
    ...load.estimate.estimate(
      [
        { of: from, setting: "original", weight: 1 },
        { of: to, setting: "original", weight: -1 },
      ],
      among.judged.groups,
      { level },
    ),
  }));
  for (const f of frontier)
    console.log(
      `${encoder.padEnd(8)} ${f.remedy.padEnd(24)} original ${shown(f.original)}, cost ${shown(f.cost)}, neighbor ${shown(f.neighbor)}, medium ${shown(f.medium)}`,
    );
  const { medium } = alone.remedies.find((r) => r.encoder === encoder)!.evidence[0];
  console.log(`${encoder.padEnd(8)} medium effect of cells alone: ${shown(medium)}`);
  for (const d of differences) console.log(`${encoder.padEnd(8)} ${d.what}: ${shown(d)}`);
  return { encoder, frontier, differences, mediumAlone: medium };
});
record("remedy-truth", { dataset, found });
if (smoke) rmSync(base, { recursive: true });
