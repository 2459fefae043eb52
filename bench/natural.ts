/**
 * Validity of the slopes over real neighbors: simulated studies through the product's groups, plan, logistic probes and
 * evidence. Coverage, type I error of interval and shuffles, bias and width. `--replicates N`, `--seed N` (other worlds and
 * draws than those that the rules were chosen on).
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { option, record, smoke, tablePage } from "./harness.ts";
import { type NaturalDesign, simulateNatural } from "./validity/natural.ts";
import { type NaturalSummary, summarizeNatural } from "./validity/natural-summary.ts";

const STANDARD: Omit<NaturalDesign, "name" | "fields"> = {
  cells: 60,
  classes: 3,
  lambda: 0,
  field: 0.4,
  spread: 0,
  patch: 0,
  size: 0.5,
  crowded: 0,
  mixed: false,
  signal: 0.6,
  channels: 0,
};

/** What is other than in the standard design. */
const KINDS: Readonly<Record<string, Partial<NaturalDesign>>> = {
  null: {},
  "null, dense patches": { patch: 0.6 },
  "null, crowding alone": { crowded: 0.15 },
  "dose 0.5": { lambda: 0.5, spread: 0.3 },
  "dose 0.2, strong fields": { lambda: 0.2, field: 0.8, spread: 0.6 },
  "null, few cells": { mixed: true, cells: 16, channels: 2 },
  "null, few cells, few errors": { mixed: true, cells: 16, channels: 2, signal: 2 },
  "mixed, dose 0.2": { mixed: true, cells: 90, lambda: 0.2, spread: 0.3 },
};

const digits = (v: number | null, count: number) => (v === null || Number.isNaN(v) ? "" : v.toFixed(count));
const one = (v: number | null) => digits(v, 1);
const two = (v: number | null) => digits(v, 2);

function report(found: readonly NaturalSummary[]): string {
  const head = [
    "design",
    "F",
    "statement",
    "studies",
    "truth",
    "bias under null",
    "R",
    "coverage",
    "type I",
    "type I, shuffles",
    "half width",
    "given",
  ];
  const rows = found.map((s) => [
    s.design,
    `${s.fields}`,
    `${s.statement}${s.single ? ", single classes" : ""}`,
    `${s.studies}`,
    two(s.truth),
    s.bias === null ? "" : `${two(s.bias)} ± ${two(s.biasError)}`,
    two(s.ratio),
    s.given === 0 ? "" : `${one(s.coverage)} ± ${one(s.error)}`,
    one(s.claimed),
    one(s.shuffled),
    two(s.half),
    one(s.given),
  ]);
  return tablePage(
    "Validity of slopes over real neighbors",
    [
      "Written by `bench/natural.ts`; [docs/validity.md](../../docs/validity.md) says what is simulated and why. Shares in percent with",
      "Monte Carlo standard errors; slopes and half widths in points (margins: hundredths of log odds) per tenth of the crop. The",
      "truth is 0 where it is known to be, else the mean over the studies. R: variance of the estimate over the mean estimated one,",
      "its factor included. Type I: truth of 0 told from 0 by interval, and p of the shuffles of at most 0.05. Given: studies that",
      "get an interval.",
    ],
    head,
    rows,
  );
}

const replicates = smoke ? 3 : Number(option("replicates", "200"));
const seed = Number(option("seed", "2"));
const only = option("only", "");
const found: NaturalSummary[] = [];
for (const [name, more] of Object.entries(smoke ? { null: KINDS.null } : KINDS)) {
  if (only !== "" && !name.includes(only)) continue;
  for (const fields of smoke ? [6] : [3, 6, 10]) {
    const started = performance.now();
    const design = { ...STANDARD, ...more, fields, name: `${name}, ${fields} fields, seed ${seed}` };
    const studies = Array.from({ length: replicates }, (_, r) => simulateNatural(design, r));
    found.push(...summarizeNatural(name, design, studies));
    console.log(`${design.name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
}
if (smoke || only !== "") console.log(report(found));
else {
  record("natural", found);
  writeFileSync(resolve(import.meta.dirname, "results/natural.md"), report(found));
}
