import { quantile } from "../../src/core/statistics.ts";
import type { EncoderSummary } from "./encoders.ts";
import type { CellSummary, StatementSummary } from "./summary.ts";

const SHOWN = [
  "neighbor",
  "paste",
  "medium",
  "total",
  "published-drop",
  "context",
  "original",
  "self",
  "same",
  "cell-free",
  "different",
  "masked",
];

/** The results as Markdown. */
export function report(
  ridge: readonly CellSummary[],
  svm: readonly CellSummary[],
  encoders: readonly EncoderSummary[],
): string {
  const part = (name: CellSummary["part"]) => ridge.filter((c) => c.part === name);
  return [
    "# Validity of the intervals",
    "",
    "Written by `bench/validity.ts`; [docs/validity.md](../../docs/validity.md) says what is simulated and why. Shares in",
    "percent with their Monte Carlo standard errors, effects and half widths in points. R: true variance of the estimate",
    "over the mean estimated one.",
    "",
    "## Neighbor effect",
    ...neighbor(part("grid")),
    "",
    "## All statements, by number of fields",
    "Lowest, median and highest coverage over classes and doses; in brackets the percentile bootstrap over fields.",
    "",
    ...byFields(part("grid")),
    "",
    "## One thing changed at a time",
    "Coverage; four classes unless named otherwise.",
    "",
    ...coverages(part("variant")),
    "",
    "## Designs drawn at random",
    "Drawn after the last change of the rule, with a seed of their own:",
    "",
    ...heldOut(part("held out")),
    "",
    "Drawn before; these had been looked at when the rule was last changed (docs/validity.md):",
    "",
    ...heldOut(part("drawn")),
    "",
    "## Single classes",
    ...classes([...part("grid"), ...part("variant"), ...part("drawn"), ...part("held out")]),
    "",
    "## Donors from anywhere, folds of cells",
    "The bias that closed groups remove, at dose 0, and the coverage of the percentile bootstrap.",
    "",
    ...open(part("open")),
    "",
    "## The product's own support vector machines",
    "Their truth is the mean over replicates, so that only coverage is checked.",
    "",
    ...coverages(svm),
    "",
    "## Encoders against each other",
    "Four encoders, six pairs: studies in which all six intervals hold, and intervals that hold one by one.",
    "",
    ...compared(encoders),
    "",
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [
    `| ${head.join(" | ")} |`,
    `|${head.map(() => "---|").join("")}`,
    ...rows.map((r) => `| ${r.join(" | ")} |`),
  ];
}

const one = (v: number) => (Number.isFinite(v) ? v.toFixed(1) : "");
const two = (v: number) => (Number.isFinite(v) ? v.toFixed(2) : "");

function of(cell: CellSummary, id: string): StatementSummary | undefined {
  return cell.statements.find((s) => s.statement === id);
}

function neighbor(cells: readonly CellSummary[]): string[] {
  const rows = cells.flatMap((c) => {
    const s = of(c, "neighbor");
    if (s === undefined) return [];
    return [
      [
        c.name,
        `${c.groups}`,
        `${c.replicates}`,
        two(s.truth),
        `${two(s.bias)} ± ${two(s.biasError)}`,
        `${one(s.coverage)} ± ${one(s.error)}`,
        s.typeOne === null ? "" : one(s.typeOne),
        two(s.corrected),
        two(s.half),
        two(s.wider),
        one(s.naive),
        s.bootstrap === null ? "" : `${one(s.bootstrap)} (${two(s.bootstrapHalf!)})`,
      ],
    ];
  });
  return table(
    [
      "design",
      "K",
      "replicates",
      "truth",
      "bias",
      "coverage",
      "type I",
      "R",
      "half width",
      "x own clusters'",
      "their coverage",
      "bootstrap (half width)",
    ],
    rows,
  );
}

function byFields(cells: readonly CellSummary[]): string[] {
  const fields = [...new Set(cells.map((c) => c.clusters))];
  const rows = SHOWN.map((id) => [
    id,
    ...fields.map((f) => {
      const found = cells.filter((c) => c.clusters === f).flatMap((c) => of(c, id) ?? []);
      if (found.length === 0) return "";
      const boot = found.flatMap((s) => s.bootstrap ?? []);
      return `${range(found.map((s) => s.coverage))}${boot.length > 0 ? ` (${range(boot)})` : ""}`;
    }),
  ]);
  return table(["statement", ...fields.map((f) => `F = ${f}`)], rows);
}

function range(values: readonly number[]): string {
  return `${one(Math.min(...values))} / ${one(quantile(values, 0.5))} / ${one(Math.max(...values))}`;
}

function coverages(cells: readonly CellSummary[]): string[] {
  const shown = SHOWN.filter((id) => cells.some((c) => of(c, id) !== undefined));
  const rows = cells.map((c) => [
    c.name,
    `${c.clusters}`,
    `${c.groups}`,
    `${c.replicates}`,
    ...shown.map((id) => {
      const s = of(c, id);
      return s === undefined || !Number.isFinite(s.half) ? "" : one(s.coverage);
    }),
  ]);
  return table(["design", "F", "K", "replicates", ...shown], rows);
}

function heldOut(cells: readonly CellSummary[]): string[] {
  const rows = SHOWN.flatMap((id) => {
    const found = cells.flatMap((c) => of(c, id) ?? []);
    if (found.length === 0) return [];
    const biases = found.map((s) => Math.abs(s.bias) / s.biasError);
    return [
      [
        id,
        `${found.length}`,
        range(found.map((s) => s.coverage)),
        one(found.reduce((sum, s) => sum + s.coverage, 0) / found.length),
        `${found.filter((s) => s.coverage < 93).length}`,
        `${found.filter((s) => s.coverage > 98.5).length}`,
        `${two(Math.min(...found.map((s) => s.corrected)))} to ${two(Math.max(...found.map((s) => s.corrected)))}`,
        `${biases.filter((b) => b > 2).length}`,
      ],
    ];
  });
  return table(
    [
      "statement",
      "designs",
      "coverage",
      "mean",
      "below 93",
      "above 98.5",
      "R",
      "bias beyond two standard errors",
    ],
    rows,
  );
}

function classes(cells: readonly CellSummary[]): string[] {
  const ids = [...new Set(cells.flatMap((c) => c.classes.map((s) => s.statement)))];
  const rows = ids.map((id) => {
    const found = cells.flatMap((c) =>
      c.classes.filter((s) => s.statement === id && Number.isFinite(s.coverage)),
    );
    const wrong = found.flatMap((s) => s.falseDiscovery ?? []);
    return [
      id,
      range(found.map((s) => s.coverage)),
      wrong.length === 0
        ? ""
        : `at most ${one(Math.max(...wrong))}, mean ${one(wrong.reduce((a, b) => a + b) / wrong.length)}`,
    ];
  });
  return table(
    ["statement", "coverage, mean over classes", "studies with any false discovery at 5 %, dose 0"],
    rows,
  );
}

function open(cells: readonly CellSummary[]): string[] {
  const ids = ["original", "same", "different", "published-drop", "neighbor", "total"];
  const rows = cells.map((c) => [
    c.name,
    ...ids.map((id) => {
      const s = of(c, id)!;
      return `${two(s.bias)} (${one(s.bootstrap!)})`;
    }),
  ]);
  return table(["design", ...ids], rows);
}

function compared(found: readonly EncoderSummary[]): string[] {
  const ids = found[0]?.statements.map((s) => s.statement) ?? [];
  return table(
    ["design", "replicates", "adjustment", ...ids],
    found.map((e) => [
      e.name,
      `${e.replicates}`,
      e.adjustment,
      ...e.statements.map((s) => `${one(s.all)} (${one(s.each)})`),
    ]),
  );
}
