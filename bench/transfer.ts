/**
 * Validity of transfer and capture: simulated studies through the product's groups, plan, logistic probes and evidence.
 * Coverage, type I error, bias and width of every statement's interval. `--replicates N`.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { option, record, smoke, tablePage } from "./harness.ts";
import { design } from "./validity/designs.ts";
import type { Design } from "./validity/model.ts";
import { simulateTransfer, type TransferSummary } from "./validity/transfer.ts";

/** Dose of the neighbors, and what is other than in the standard design. */
const KINDS: Readonly<Record<string, readonly [lambda: number, more: Partial<Design>]>> = {
  // Neither mediums nor neighbors carry their class: every capture effect is 0.
  null: [0, { medium: 0 }],
  "dose 1": [1, {}],
  "strong fields": [0.5, { ownField: 0.8, donorField: 0.6 }],
  "weak classes": [0, { medium: 0, signal: 0.25, ownField: 0.6, donorField: 0.5, dimension: 20 }],
};

const one = (v: number) => v.toFixed(1);
const two = (v: number) => v.toFixed(2);

function report(found: readonly TransferSummary[]): string {
  const head = [
    "design",
    "F",
    "K",
    "statement",
    "replicates",
    "truth",
    "bias",
    "R",
    "coverage",
    "type I",
    "half width",
    "single classes",
  ];
  const rows = found
    .filter((s) => !s.single)
    .map((s) => {
      const single = found.find((o) => o.single && o.design === s.design && o.statement === s.statement)!;
      const isNull = /null|weak/.test(s.design) && /effect|neighbor/.test(s.statement);
      return [
        s.design,
        `${s.clusters}`,
        `${s.groups}`,
        s.statement,
        `${s.replicates}`,
        one(s.truth),
        `${two(s.bias)} ± ${two(s.biasError)}`,
        two(s.ratio),
        `${one(s.coverage)} ± ${one(s.error)}`,
        isNull ? one(s.claimed) : "",
        one(s.half),
        `${one(single.coverage)} ± ${one(single.error)}`,
      ];
    });
  return tablePage(
    "Validity of transfer and capture",
    [
      "Written by `bench/transfer.ts`; [docs/validity.md](../../docs/validity.md) says what is simulated and why. Shares in",
      "percent with their Monte Carlo standard errors, effects and half widths in points. R: true variance of the estimate",
      "over the mean estimated one, before the factor of 2 for the dependence of the folds. The last column is the coverage",
      "of single classes.",
    ],
    head,
    rows,
  );
}

const replicates = smoke ? 3 : Number(option("replicates", "600"));
const found: TransferSummary[] = [];
for (const [name, [lambda, more]] of Object.entries(smoke ? { null: KINDS.null } : KINDS))
  for (const fields of smoke ? [6] : [3, 4, 6, 10]) {
    const started = performance.now();
    found.push(
      ...simulateTransfer(
        design(`${name}, ${fields} fields`, [fields, fields, fields], lambda, more),
        replicates,
      ),
    );
    console.log(`${name}, ${fields} fields: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
if (smoke) console.log(report(found).split("\n").slice(0, 14).join("\n"));
else {
  record("transfer", found);
  writeFileSync(resolve(import.meta.dirname, "results/transfer.md"), report(found));
}
