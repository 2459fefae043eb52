/**
 * Remedies of encoders whose reading of the surroundings is known: a study of simulated cells through the oracles of
 * `bench/influence/oracles.ts` (doses 0, 0.25 and 1 of what lies around the cell; one that also reads the medium), and
 * the neighbor effect that every remedy leaves.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { built, record, smoke } from "./harness.ts";
import { writeOracles } from "./influence/oracles.ts";

const { writeSimulatedCells } =
  await built<typeof import("../src/simulate/write-cells.ts")>("simulate/write-cells");
const { readStudyFile } = await built<typeof import("../src/study/schema.ts")>("study/schema");
const { runStudy } = await built<typeof import("../src/study.ts")>("study");

const remedies = smoke
  ? ["masked"]
  : ["recompose-4", "clear", "masked", "masked-2", "pool", "augmented", "dfr", "project", "whiten", "leace"];
const dataset = {
  seed: 12,
  localizations: ["cytoplasm", "ER", "mitochondrion", "nucleus", "vacuole"] as const,
  proteinsPerLocalization: 2,
  cellsPerProtein: smoke ? 6 : 30,
  fieldsPerProtein: 3,
};
const folder = mkdtempSync(join(tmpdir(), "cellswap-remedy-oracles-"));
try {
  await writeSimulatedCells(join(folder, "cells"), dataset);
  writeOracles(folder, [0, 0.25, 1]);
  writeFileSync(
    join(folder, "study.json"),
    JSON.stringify({
      cells: "cells",
      encoders: ["oracles.json"],
      settings: ["original", "self", "cell-free", "different"],
      learningCurve: false,
      remedies,
    }),
  );
  const run = await runStudy(readStudyFile(join(folder, "study.json")), { out: join(folder, "study") });
  const points = (e: { estimate: number; low: number | null; high: number | null }) =>
    `${(100 * e.estimate).toFixed(1)}${e.low === null ? "" : ` [${(100 * e.low).toFixed(1)}, ${(100 * e.high!).toFixed(1)}]`}`;
  const rows = run.remedies.flatMap(({ encoder, evidence }) =>
    evidence.map(({ remedy, original, cost, neighbor, medium }) => {
      console.log(
        `${encoder.padEnd(18)} ${remedy.padEnd(12)} original ${original.estimate.toFixed(3)}, cost ${points(cost)}, neighbor ${points(neighbor)}, medium ${points(medium)}`,
      );
      return { encoder, remedy, original, cost, neighbor, medium };
    }),
  );
  record("remedy-oracles", { dataset, rows });
} finally {
  rmSync(folder, { recursive: true });
}
