/**
 * Validity of what is stated of paste and batch: simulated studies through the product's groups, plan, probes and
 * evidence. Coverage, type I error and bias of every interval, and whether batch and neighbors are told apart where only
 * one is there. `--replicates N`, `--seed NAME` for other worlds than those that were recorded.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { SETTINGS } from "../src/settings.ts";
import { option, record, smoke, tablePage } from "./harness.ts";
import { type BatchSummary, simulateBatch } from "./validity/batch.ts";
import { design } from "./validity/designs.ts";
import type { Design } from "./validity/model.ts";

/** Classes do not differ in their mediums unless said; fields differ as little as plates' are to be told. */
const COMMON: Partial<Design> = { medium: 0, donorField: 0.1, ownField: 0.3 };

interface Kind {
  readonly lambda: number;
  readonly more: Partial<Design>;
  /** Statements whose truth is chance or 0. */
  readonly zero: readonly string[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  nothing: {
    lambda: 0,
    more: { ...COMMON, donorField: 0, paste: 0.3, plates: { count: 2, medium: 0 } },
    zero: [
      "paste",
      "background-class",
      "background-batch",
      "capture-batch-effect",
      "capture-effect",
      "capture-neighbor",
      "medium",
    ],
  },
  "batch only": {
    lambda: 0,
    more: { ...COMMON, plates: { count: 2, medium: 0.5 } },
    zero: ["paste", "background-class", "capture-effect", "capture-neighbor", "medium-own-batch"],
  },
  "neighbors only": {
    lambda: 1,
    more: { ...COMMON, plates: { count: 2, medium: 0 } },
    zero: ["background-batch", "capture-batch-effect", "medium-batch", "background-class/cell-free"],
  },
  "leaning batch": {
    lambda: 0,
    more: { ...COMMON, signal: 0.25, plates: { count: 2, medium: 1, leaning: true } },
    zero: ["paste", "capture-neighbor", "medium-own-batch"],
  },
  "strong fields": {
    lambda: 0.5,
    more: { medium: 0.3, donorField: 0.6, ownField: 0.8, plates: { count: 2, medium: 0.3 } },
    zero: ["paste"],
  },
  shift: {
    lambda: 0,
    more: { ...COMMON, shift: 0.1, paste: 0.2 },
    zero: ["paste-seen/same", "paste-chosen/same"],
  },
};

const one = (v: number) => (Number.isFinite(v) ? v.toFixed(1) : "");

function report(found: readonly BatchSummary[]): string {
  const head = ["design", "F", "statement", "given", "truth", "bias", "coverage", "type I", "half width"];
  const rows = found.map((s) => [
    s.design,
    `${s.clusters}`,
    s.statement,
    `${s.given} of ${s.replicates}`,
    `${one(s.truth)}${s.known ? " (known)" : ""}`,
    s.bias === null ? "" : `${s.bias.toFixed(2)} ± ${s.biasError.toFixed(2)}`,
    `${one(s.coverage)} ± ${one(s.error)}`,
    s.claimed === null ? "" : one(s.claimed),
    one(s.half),
  ]);
  return tablePage(
    "Validity of paste and batch",
    [
      "Written by `bench/batch.ts`; [docs/validity.md](../../docs/validity.md) says what is simulated. Shares in percent with",
      "their Monte Carlo standard errors, differences and half widths in points. Truth: chance or 0 where the design makes it",
      "so (known), else the mean over the studies. Type I: intervals that do not hold what is known.",
    ],
    head,
    rows,
  );
}

const replicates = smoke ? 3 : Number(option("replicates", "200"));
const seed = option("seed", "");
const only = option("only", "");
const sizes = option("fields", "4,6,10,20").split(",").map(Number);
const found: BatchSummary[] = [];
for (const [name, { lambda, more, zero }] of Object.entries(smoke ? { nothing: KINDS.nothing } : KINDS))
  for (const fields of smoke ? [6] : sizes) {
    if (!name.includes(only)) continue;
    const started = performance.now();
    const settings = SETTINGS.filter((s) => s !== "masked" && (s !== "same" || fields >= 6));
    const of = {
      ...design(`${name}${seed}, ${fields} fields`, [fields, fields, fields], lambda, more),
      settings,
    };
    found.push(...simulateBatch(of, replicates, zero));
    console.log(`${name}, ${fields} fields: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
if (smoke || seed !== "" || only !== "") console.log(report(found));
else {
  record("batch", found);
  writeFileSync(resolve(import.meta.dirname, "results/batch.md"), report(found));
}
