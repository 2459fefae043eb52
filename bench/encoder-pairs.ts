/**
 * Validity of the differences of two encoders on the same cells: simulated studies through the product's groups, plan,
 * probes and evidence; four encoders that see other features of the same composites. `--replicates N`.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { option, record, smoke, tablePage } from "./harness.ts";
import { design } from "./validity/designs.ts";
import { type PairSummary, simulatePairs } from "./validity/encoder-pairs.ts";
import type { Design } from "./validity/model.ts";

/** Dose of the neighbors, and what is other than in the standard design. */
const KINDS: Readonly<Record<string, readonly [lambda: number, more: Partial<Design>]>> = {
  "dose 1": [1, {}],
  "strong fields": [0.5, { ownField: 0.8, donorField: 0.6 }],
  "weak classes": [0, { medium: 0, signal: 0.25, ownField: 0.6, donorField: 0.5 }],
};

const one = (v: number) => (Number.isFinite(v) ? v.toFixed(1) : "");

function report(found: readonly PairSummary[]): string {
  return tablePage(
    "Validity of the differences of two encoders",
    [
      "Written by `bench/encoder-pairs.ts`; [docs/validity.md](../../docs/validity.md) says what is simulated and why. Six",
      "pairs of four encoders. Coverage in percent: of every pair's own 95 % interval (all pairs; the pair with least), of",
      "the six that are to hold at once, and of single classes (all; class and pair with least). Largest true difference",
      "and the bias of the pair that is farthest off in its Monte Carlo errors, in points. Intervals refused, percent.",
    ],
    [
      "design",
      "F",
      "statement",
      "replicates",
      "largest",
      "bias",
      "each",
      "least",
      "at once",
      "class",
      "least",
      "refused",
    ],
    found.map((s) => [
      s.design,
      `${s.fields}`,
      s.statement,
      `${s.replicates}`,
      one(s.largest),
      `${s.bias.toFixed(2)} ± ${s.biasError.toFixed(2)}`,
      one(s.each),
      one(s.least),
      one(s.atOnce),
      one(s.single),
      one(s.leastSingle),
      one(s.refused),
    ]),
  );
}

const replicates = smoke ? 3 : Number(option("replicates", "300"));
const found: PairSummary[] = [];
for (const [name, [lambda, more]] of Object.entries(smoke ? { "dose 1": KINDS["dose 1"] } : KINDS))
  for (const fields of smoke ? [6] : [3, 6, 12])
    for (const what of ["pairs", "transfer"] as const) {
      const started = performance.now();
      const drawn = design(`${name}, ${fields} fields`, [fields, fields, fields], lambda, more);
      found.push(...simulatePairs(drawn, replicates, what));
      console.log(`${drawn.name}, ${what}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
    }
if (smoke) console.log(report(found).split("\n").slice(0, 24).join("\n"));
else {
  record("encoder-pairs", found);
  writeFileSync(resolve(import.meta.dirname, "results/encoder-pairs.md"), report(found));
}
