/**
 * Validity of what is stated of remedies: simulated studies through the product's groups, plan, donors and evidence.
 * Coverage, bias and width of the intervals of cost, and of the neighbor and medium effects that are left.
 * `--replicates N` (200).
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { option, record, smoke } from "./harness.ts";
import { design } from "./validity/designs.ts";
import type { Design } from "./validity/model.ts";
import { type Certified, certify } from "./validity/remedies.ts";

/** Dose of the neighbors, and what is other than in the standard design. */
const KINDS: Readonly<Record<string, readonly [lambda: number, more: Partial<Design>]>> = {
  "dose 0": [0, {}],
  "dose 1": [1, {}],
  "dose 1, strong fields": [1, { ownField: 0.8, donorField: 0.6 }],
};

const one = (v: number) => v.toFixed(1);
const two = (v: number) => v.toFixed(2);

function report(found: readonly Certified[]): string {
  const head = [
    "design",
    "F",
    "remedy",
    "statement",
    "studies",
    "truth",
    "bias",
    "coverage",
    "intervals",
    "without 0",
    "half width",
  ];
  const rows = found.flatMap(({ rows }) =>
    rows.map((s) => [
      s.design,
      `${s.clusters}`,
      s.remedy,
      s.statement,
      `${s.replicates}`,
      one(s.truth),
      `${two(s.bias)} ± ${two(s.biasError)}`,
      `${one(s.coverage)} ± ${one(s.error)}`,
      `${s.given}`,
      s.statement === "cost" ? "" : one(s.claimed),
      one(s.half),
    ]),
  );
  const together = found.map(({ rows: [first], atOnce }) => [
    first.design,
    `${first.clusters}`,
    ...["cost", "neighbor", "medium"].map((s) => one(atOnce[s])),
  ]);
  const table = (head: string[], rows: string[][]) => [
    `| ${head.join(" | ")} |`,
    `|${head.map(() => "---|").join("")}`,
    ...rows.map((r) => `| ${r.join(" | ")} |`),
  ];
  return [
    "# Validity of what is stated of remedies",
    "",
    "Written by `bench/remedy-validity.ts`; [docs/validity.md](../../docs/validity.md) says what is simulated. Shares in",
    "percent with their Monte Carlo standard errors, effects and half widths in points; intervals of 95 % for one remedy.",
    "",
    ...table(head, rows),
    "",
    "Studies, percent, in which the intervals of all three remedies hold at once, as the results state them:",
    "",
    ...table(["design", "F", "cost", "neighbor", "medium"], together),
    "",
  ].join("\n");
}

const replicates = smoke ? 3 : Number(option("replicates", "200"));
const found: Certified[] = [];
for (const [name, [lambda, more]] of Object.entries(smoke ? { "dose 1": KINDS["dose 1"] } : KINDS))
  for (const fields of smoke ? [3] : [3, 6]) {
    const started = process.cpuUsage();
    found.push(
      certify(
        design(`${name}, ${fields} fields`, [fields, fields, fields, fields], lambda, more),
        replicates,
      ),
    );
    const { user, system } = process.cpuUsage(started);
    console.log(`${name}, ${fields} fields: ${((user + system) / 1e6).toFixed(0)} s of processor time`);
  }
if (smoke) console.log(report(found).split("\n").slice(0, 14).join("\n"));
else {
  record("remedy-validity", found);
  writeFileSync(resolve(import.meta.dirname, "results/remedy-validity.md"), report(found));
}
