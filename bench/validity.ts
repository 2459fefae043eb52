/**
 * Validity: simulated studies of known truth through the product's groups, plan and evidence. Coverage, type I error,
 * bias and width of every statement's interval, beside the percentile bootstrap over fields. Resumes where it was
 * stopped; `--part grid|variant|drawn|held|open` runs one part, `--probe svm` the product's own machines on a few designs.
 */
import { join, resolve } from "node:path";
import { option, record, smoke } from "./harness.ts";
import { type Cell, design, grid, heldOut, open, variants } from "./validity/designs.ts";
import { compareEncoders, type EncoderSummary } from "./validity/encoders.ts";
import { replicates } from "./validity/replicates.ts";
import { report } from "./validity/report.ts";
import { type CellSummary, short, summarize } from "./validity/summary.ts";
import { judgeBySvm } from "./validity/svm.ts";

const folder = resolve(import.meta.dirname, "../.bench/validity");

function cells(): Cell[] {
  const part = option("part", "all");
  const all = [...grid(), ...variants(), ...heldOut(), ...open()];
  return part === "all" ? all : all.filter((c) => c.part.startsWith(part));
}

const SVM: Cell[] = [3, 6, 10].flatMap((fields) =>
  [0, 1].map((lambda) => ({
    part: "grid",
    design: design(`svm-C3-F${fields}-dose${lambda}`, [fields, fields, fields], lambda),
    replicates: 400,
    bootstrap: 0,
  })),
);

const encoders = (fields: number, replicates: number, where: string): EncoderSummary =>
  compareEncoders(design(`encoders-C3-F${fields}-dose1`, [fields, fields, fields], 1), replicates, where);

if (smoke) {
  const { mkdtempSync, rmSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const kept = mkdtempSync(join(tmpdir(), "validity-"));
  const tiny: Cell[] = [
    { part: "grid", design: design("smoke", [6, 6, 6], 1), replicates: 10, bootstrap: 2 },
    { part: "grid", design: design("smoke-3", [3, 3, 4], 0), replicates: 10, bootstrap: 0 },
  ];
  const found = tiny.map((cell) => summarize(cell, replicates(cell, kept)));
  const svm = { ...tiny[0], replicates: 2, bootstrap: 0 };
  found.push(summarize(svm, replicates(svm, join(kept, "svm"), judgeBySvm)));
  const compared = [encoders(12, 2, kept)];
  console.log(report(found, found.slice(2), compared).split("\n").slice(0, 12).join("\n"));
  rmSync(kept, { recursive: true });
} else {
  const run = (cell: Cell, where: string, judges?: typeof judgeBySvm): CellSummary => {
    const started = performance.now();
    const found = summarize(cell, replicates(cell, where, judges));
    console.log(
      `${cell.part} ${cell.design.name}: ${cell.replicates} replicates, ${((performance.now() - started) / 1000).toFixed(0)} s`,
    );
    return found;
  };
  const bySvm =
    option("probe", "both") === "ridge" ? [] : SVM.map((c) => run(c, join(folder, "svm"), judgeBySvm));
  const byRidge = option("probe", "both") === "svm" ? [] : cells().map((c) => run(c, folder));
  if (option("part", "all") === "all" && option("probe", "both") === "both") {
    const compared = [3, 6, 12, 20].map((f) => encoders(f, 300, join(folder, "encoders")));
    record("validity", { discriminants: short(byRidge), machines: short(bySvm), encoders: compared });
    const { writeFileSync } = await import("node:fs");
    writeFileSync(resolve(import.meta.dirname, "results/validity.md"), report(byRidge, bySvm, compared));
  }
}
