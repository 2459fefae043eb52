/**
 * Validity of the shares of variance: simulated studies whose variances are known, through the product's groups, plan and
 * estimates. Bias, and coverage of the intervals. `--replicates N`, `--only TEXT` for designs with that text in their name.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { option, record, smoke, tablePage } from "./harness.ts";
import { design } from "./validity/designs.ts";
import type { Design } from "./validity/model.ts";
import { certifyShares, type ShareSummary } from "./validity/shares.ts";

const repeat = (n: number, v: number) => Array.from({ length: n }, () => v);

/** Fields of every class, dose of the neighbors, and what is other than in the standard design. */
const DESIGNS: Readonly<
  Record<string, readonly [fields: readonly number[], lambda: number, more?: Partial<Design>]>
> = {
  "3 fields, dose 0": [repeat(4, 3), 0],
  "3 fields, dose 1": [repeat(4, 3), 1],
  "6 fields, dose 0": [repeat(4, 6), 0],
  "6 fields, dose 1": [repeat(4, 6), 1],
  "10 fields, dose 1": [repeat(4, 10), 1],
  "3 classes": [repeat(3, 6), 1],
  "10 classes, 3 backgrounds": [repeat(10, 6), 1, { lending: 3, cells: 36 }],
  "donors reused": [repeat(4, 6), 1, { cellsOf: [24, 36, 72, 120] }],
  "unequal numbers of fields": [[3, 4, 6, 8], 1],
  "uneven fields": [repeat(4, 6), 1, { uneven: 4 }],
  "weak fields": [repeat(4, 6), 0, { ownField: 0.1, donorField: 0.1 }],
  "strong fields": [repeat(4, 6), 1, { ownField: 0.8, donorField: 0.6 }],
  "strong fields, 3 of them": [repeat(4, 3), 1, { ownField: 0.8, donorField: 0.6 }],
  "30 features": [repeat(4, 6), 1, { dimension: 30, signal: 0.26 }],
  "proteins as clusters": [repeat(4, 12), 1, { protein: 0.3 }],
  "donors from anywhere": [repeat(4, 6), 1, { open: true }],
  "heavy-tailed fields": [repeat(4, 6), 1, { heavy: true }],
};

const one = (v: number) => v.toFixed(1);

function report(found: readonly ShareSummary[]): string {
  const head = [
    "design",
    "F",
    "share",
    "replicates",
    "truth",
    "bias",
    "R",
    "coverage",
    "below",
    "above",
    "half width",
  ];
  const rows = found.map((s) => [
    s.design,
    `${s.clusters}`,
    s.statement.replace("variance/", ""),
    `${s.replicates}`,
    one(s.truth),
    `${s.bias.toFixed(2)} ± ${s.biasError.toFixed(2)}`,
    ...(s.replicates === 0
      ? ["", "", "", "", ""]
      : [
          s.ratio.toFixed(2),
          `${one(s.coverage)} ± ${one(s.error)}`,
          one(s.below),
          one(s.above),
          one(s.half),
        ]),
  ]);
  return tablePage(
    "Validity of the shares of variance",
    [
      "Written by `bench/shares.ts`; [docs/validity.md](../../docs/validity.md) says what is simulated and why. In percent, with",
      "Monte Carlo standard errors. R: mean squared standard error over the true variance of the estimate. Below, above: share of",
      "the studies in which the truth lies below or above the interval. `own-class` and `paste` are measured against the whole.",
    ],
    head,
    rows,
  );
}

const replicates = smoke ? 3 : Number(option("replicates", "400"));
const only = option("only", "");
const found: ShareSummary[] = [];
for (const [name, [fields, lambda, more = {}]] of Object.entries(DESIGNS)) {
  if (smoke ? name !== "3 fields, dose 1" : !name.includes(only)) continue;
  const started = performance.now();
  found.push(...certifyShares(design(name, fields, lambda, more), replicates));
  console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
if (smoke || only !== "") console.log(report(found));
else {
  record("shares", found);
  writeFileSync(resolve(import.meta.dirname, "results/shares.md"), report(found));
}
