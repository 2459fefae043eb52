/**
 * Validity of what is claimed of proteins with several localizations: simulated features through the product's probes,
 * quantifier and null. Claims where an encoder does not see the neighbors, and where it does. `--replicates N`.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { option, record, smoke, tablePage } from "./harness.ts";
import { type ClaimSummary, type Mixed, STANDARD, summarizeClaims } from "./validity/proportions.ts";

/** What is other than in the standard design. The first ones do not see the neighbors: every claim of them is false. */
const DESIGNS: Readonly<Record<string, Partial<Mixed>>> = {
  "standard: 2 proteins a class": {},
  "3 proteins a class": { proteins: 3 },
  "6 proteins a class": { proteins: 6, fields: 2 },
  "3 classes": { classes: 3 },
  "10 classes": { classes: 10, dimension: 20, signal: 0.8 },
  "states independent of the neighbors": { correlation: 0 },
  "states nearly those of the neighbors": { correlation: 0.9 },
  "proteins alike": { protein: 0 },
  "proteins unlike": { protein: 0.5 },
  "weak classes": { signal: 0.6 },
  "5 cells in one field": { mixedFields: 1, mixedCells: 5 },
  "cells in all localizations at once": { blended: true, proteins: 3 },
  "dose 0.5": { lambda: 0.5, proteins: 3, correlation: 0 },
  "dose 1": { lambda: 1, proteins: 3, correlation: 0 },
  "dose 2": { lambda: 2, proteins: 3, correlation: 0 },
  "dose 2, states of the neighbors": { lambda: 2, proteins: 3, correlation: 0.5 },
};

const percent = (share: number) => (100 * share).toFixed(1);

function report(found: readonly ClaimSummary[]): string {
  const head = [
    "design",
    "sees neighbors",
    "original to",
    "replicates",
    "tests",
    "p ≤ 0.05",
    "claimed",
    "replicates with a claim",
    "total variation",
    "null's 95 % point",
    "error before",
    "error after",
    "coverage of shares",
    "half width",
  ];
  const rows = found.map((s) => [
    s.design,
    s.lambda > 0 ? "yes" : "no",
    s.to,
    `${s.replicates}`,
    `${s.tests}`,
    percent(s.below),
    percent(s.claimed),
    `${percent(s.any)} ± ${percent(Math.sqrt((s.any * (1 - s.any)) / s.replicates))}`,
    percent(s.variation),
    percent(s.limit),
    percent(s.errorFrom),
    percent(s.errorTo),
    percent(s.covered),
    percent(s.half),
  ]);
  return tablePage(
    "Validity of claims about proportions",
    [
      "Written by `bench/proportion-claims.ts`; [docs/proportions.md](../../docs/proportions.md) says what is claimed, and why.",
      "Where an encoder does not see neighbors every claim is false, so that the share of replicates with a claim is the",
      "false discovery rate. Shares in percent, total variation and errors (that to the true shares, mean over proteins) in",
      "points. Coverage: of shares whose truth or estimate is 1 % or more, those whose 95 % interval after holds the truth.",
    ],
    head,
    rows,
  );
}

const replicates = smoke ? 1 : Number(option("replicates", "100"));
const only = option("only", "");
const found: ClaimSummary[] = [];
for (const [name, more] of Object.entries(DESIGNS)) {
  if ((smoke && found.length > 0) || !name.includes(only)) continue;
  const started = performance.now();
  const design = { ...STANDARD, name, ...more, ...(smoke ? { mixed: 2 } : {}) };
  found.push(...summarizeClaims(design, replicates));
  console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  if (!smoke) writeFileSync(resolve(import.meta.dirname, "results/proportion-claims.md"), report(found));
}
if (smoke) console.log(report(found));
else record("proportion-claims", found);
