/**
 * Remedies on real yeast cells: five proteins, four fields each, the bundled encoders and their twins; docs/remedies.md
 * has the choices, which were made before any result was seen, and the numbers. Needs `../shared`; without it nothing is
 * measured. Kept under `.bench/`, so that a run that was stopped goes on. Crops are read in place; statistics are all that
 * is recorded.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { built, record, smoke } from "./harness.ts";

const images = resolve(import.meta.dirname, "../../shared/data/yeast/images");
const folder = resolve(import.meta.dirname, "../.bench/remedy-yeast");
const cli = resolve(import.meta.dirname, "../dist/cli.js");

const STUDY = {
  title: "Real yeast cells, five proteins",
  cells: "cells",
  class: "Protein",
  encoders: ["deeploc", "deeploc-swap", "pci", "pci-swap", "pifia", "pifia-swap"],
  preset: "recommended",
  settings: ["original", "self", "cell-free", "different", "masked", "background-only"],
  cellsPerClass: 100,
  learningCurve: false,
  remedies: ["all"],
};

interface Shown {
  readonly estimate: number;
  readonly low: number | null;
  readonly high: number | null;
}

const share = (e: Shown | undefined) =>
  e === undefined
    ? ""
    : `${e.estimate.toFixed(3)}${e.low === null ? "" : ` [${e.low.toFixed(3)}, ${e.high!.toFixed(3)}]`}`;
const points = (e: Shown) =>
  `${(100 * e.estimate).toFixed(1)}${e.low === null ? "" : ` [${(100 * e.low).toFixed(1)}, ${(100 * e.high!).toFixed(1)}]`}`;

if (smoke) console.log("remedy-yeast: nothing to try without real cells");
else if (!existsSync(images)) console.log(`remedy-yeast: skipped, as ${images} is not there`);
else {
  const { readStudyFile } = await built<typeof import("../src/study/schema.ts")>("study/schema");
  const { runStudy } = await built<typeof import("../src/study.ts")>("study");
  mkdirSync(folder, { recursive: true });
  const run = (...args: string[]) => execFileSync("node", [cli, ...args], { cwd: folder, stdio: "inherit" });
  if (!existsSync(join(folder, "cells/quality.csv"))) {
    run("import", "pci", images, "--out", "cells");
    run("segment", "cells", "--channel", "RFP");
  }
  writeFileSync(join(folder, "study.json"), JSON.stringify(STUDY));
  const { remedies } = await runStudy(readStudyFile(join(folder, "study.json")), {
    out: join(folder, "study"),
  });
  const rows = remedies.flatMap(({ encoder, evidence }) =>
    evidence.map(({ remedy, original, cost, neighbor, medium, transfer }) => {
      const of = (statement: string) => transfer.find((t) => t.statement === statement);
      return {
        encoder,
        remedy,
        original,
        cost,
        neighbor,
        medium,
        fiveWay: { original: of("transfer/original"), different: of("transfer/different") },
      };
    }),
  );
  console.log(
    "| encoder | remedy | original | cost | neighbor effect | medium effect | five-way, original | five-way, different |",
  );
  console.log("|---|---|---|---|---|---|---|---|");
  for (const r of rows)
    console.log(
      `| ${r.encoder} | ${r.remedy} | ${share(r.original)} | ${r.remedy === "none" ? "" : points(r.cost)} | ${points(r.neighbor)} | ${points(r.medium)} | ${share(r.fiveWay.original)} | ${share(r.fiveWay.different)} |`,
    );
  record("remedy-yeast", { study: STUDY, rows });
}
