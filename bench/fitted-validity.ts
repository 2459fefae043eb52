/**
 * Validity of what is stated of remedies that are fitted to features: simulated studies through the product's groups,
 * plan, fits and evidence. Spread of the estimates and coverage of the intervals. `--replicates N` (100).
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { option, record, smoke, tablePage } from "./harness.ts";
import { design } from "./validity/designs.ts";
import { certifyFitted, type FittedSummary } from "./validity/fitted.ts";
import type { Design } from "./validity/model.ts";

/** Fields of every class, dose of the neighbors, and what is other than in the standard design. */
const KINDS: Readonly<Record<string, readonly [fields: number, lambda: number, more: Partial<Design>]>> = {
  "dose 1": [6, 1, {}],
  "dose 0": [6, 0, {}],
  "dose 1, 3 fields": [3, 1, {}],
  "dose 1, strong fields": [6, 1, { ownField: 0.8, donorField: 0.6 }],
};

const one = (v: number) => v.toFixed(1);

function report(found: readonly FittedSummary[]): string {
  const head = ["design", "F", "remedy", "statement", "studies", "mean", "R", "coverage", "half width"];
  const rows = found.map((s) => [
    s.design,
    `${s.clusters}`,
    s.remedy,
    s.statement,
    `${s.replicates}`,
    one(s.mean),
    s.ratio.toFixed(2),
    `${one(s.coverage)} ± ${one(s.error)}`,
    one(s.half),
  ]);
  return tablePage(
    "Validity of what is stated of remedies that are fitted to features",
    [
      "Written by `bench/fitted-validity.ts`; [docs/validity.md](../../docs/validity.md) says what is simulated. Shares in",
      "percent with their Monte Carlo standard errors, effects and half widths in points; intervals of 95 % for one remedy.",
      "Coverage is of the mean of the estimates over studies. R: variance of the estimates over their mean squared standard",
      "error; where it is above 1, intervals are too narrow.",
    ],
    head,
    rows,
  );
}

const replicates = smoke ? 3 : Number(option("replicates", "100"));
const found: FittedSummary[] = [];
for (const [name, [fields, lambda, more]] of Object.entries(smoke ? { "dose 1": KINDS["dose 1"] } : KINDS)) {
  const started = process.cpuUsage();
  found.push(
    ...(await certifyFitted(design(name, [fields, fields, fields, fields], lambda, more), replicates)),
  );
  const { user, system } = process.cpuUsage(started);
  console.log(`${name}: ${((user + system) / 1e6).toFixed(0)} s of processor time`);
}
if (smoke) console.log(report(found).split("\n").slice(0, 14).join("\n"));
else {
  record("fitted-validity", found);
  writeFileSync(resolve(import.meta.dirname, "results/fitted-validity.md"), report(found));
}
