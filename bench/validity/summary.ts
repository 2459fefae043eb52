import { mean, standardDeviation } from "../../src/core/statistics.ts";
import { studentQuantile, studentTwoSided } from "../../src/core/student.ts";
import { dependence } from "../../src/evidence/dependence.ts";
import { benjaminiHochberg } from "../../src/evidence/multiplicity.ts";
import { STATEMENTS } from "../../src/evidence/statements.ts";
import { clusterVariance } from "../../src/evidence/variance.ts";
import type { Cell } from "./designs.ts";
import type { World } from "./model.ts";
import { type Kept, NUMBERS, type Numbers } from "./replicates.ts";

/** What came out of one statement's replicates; shares and their Monte Carlo standard errors in percent. */
export interface StatementSummary {
  readonly statement: string;
  /** Expected accuracy or difference of the machines on new cells, fields and donors, percent or points. */
  readonly truth: number;
  readonly bias: number;
  readonly biasError: number;
  /** Standard deviation of the estimates over replicates, points. */
  readonly sd: number;
  /** True variance over the mean estimated one, without the factor for dependence and with it. */
  readonly ratio: number;
  readonly corrected: number;
  readonly coverage: number;
  readonly error: number;
  /** Intervals without 0 where the truth is 0. */
  readonly typeOne: number | null;
  /** Mean half width, points. */
  readonly half: number;
  /** Mean half width over that of the interval from own clusters alone, without a factor. */
  readonly wider: number;
  /** Coverage of the interval from own clusters alone. */
  readonly naive: number;
  readonly bootstrap: number | null;
  readonly bootstrapHalf: number | null;
  /** Replicates in which nothing varied and no interval is given. */
  readonly refused: number;
}

export interface CellSummary {
  readonly part: Cell["part"];
  readonly name: string;
  readonly fields: readonly number[];
  readonly cells: number;
  readonly groups: number;
  readonly clusters: number;
  readonly replicates: number;
  readonly statements: readonly StatementSummary[];
  /** Per statement with class results: coverage over all classes, and, at dose 0, false discoveries in any class. */
  readonly classes: readonly {
    readonly statement: string;
    readonly coverage: number;
    readonly worst: number;
    readonly falseDiscovery: number | null;
  }[];
}

export function summarize(cell: Cell, { world, kept }: { world: World; kept: Kept }): CellSummary {
  const { groups, design } = world;
  const statements = Object.keys(kept).filter((id) => !id.includes("/"));
  const classes = [
    ...new Set(Object.keys(kept).flatMap((id) => (id.includes("/") ? [id.split("/")[0]] : []))),
  ];
  return {
    part: cell.part,
    name: design.name,
    fields: design.fields,
    cells: design.cells,
    groups: groups.count,
    clusters: groups.fewest,
    replicates: cell.replicates,
    statements: statements.map((id) => statement(id, rows(kept[id]), world)),
    classes: classes.map((id) => perClass(id, kept, world)),
  };
}

function rows(kept: readonly number[][]): Numbers[] {
  return kept.map(
    (row) => Object.fromEntries(NUMBERS.map((name, i) => [name, row[i] ?? Number.NaN])) as unknown as Numbers,
  );
}

/** Factor of the product for a statement of one encoder, about all classes or one. */
function factor(id: string, world: World, single = false): number {
  const statement = STATEMENTS.find((s) => s.id === id)!;
  const of = { classes: [], cluster: [], blocks: [] };
  return dependence(statement.terms(of), world.groups, single);
}

function given(row: Numbers): boolean {
  return row.own > 0 && row.given !== 0;
}

function statement(id: string, all: readonly Numbers[], world: World): StatementSummary {
  const found = all.filter(given);
  const estimates = all.map((r) => r.estimate);
  const known = Number.isFinite(all[0].truth);
  const truth = known ? mean(all.map((r) => r.truth)) : mean(estimates);
  const sd = standardDeviation(estimates, 1);
  const c = factor(id, world);
  const share = (of: readonly boolean[]) => (100 * of.filter(Boolean).length) / of.length;
  const t = found.map((r) => studentQuantile(0.975, r.df));
  const half = found.map((r, i) => t[i] * Math.sqrt(c * clusterVariance(r)));
  const plain = found.map((r, i) => t[i] * Math.sqrt(r.own));
  const inside = (halves: readonly number[]) =>
    share(found.map((r, i) => Math.abs(r.estimate - truth) <= halves[i]));
  const coverage = inside(half);
  const zero = id === "neighbor" && world.design.lambda === 0;
  const drawn = all.filter((r) => Number.isFinite(r.low));
  return {
    statement: id,
    truth: 100 * truth,
    bias: known ? 100 * mean(all.map((r) => r.estimate - r.truth)) : Number.NaN,
    biasError: known
      ? (100 *
          standardDeviation(
            all.map((r) => r.estimate - r.truth),
            1,
          )) /
        Math.sqrt(all.length)
      : Number.NaN,
    sd: 100 * sd,
    ratio: sd ** 2 / mean(found.map(clusterVariance)),
    corrected: sd ** 2 / mean(found.map((r) => c * clusterVariance(r))),
    coverage,
    error: Math.sqrt((coverage * (100 - coverage)) / found.length),
    typeOne: zero ? share(found.map((r, i) => Math.abs(r.estimate) > half[i])) : null,
    half: 100 * mean(half),
    wider: mean(half) / mean(plain),
    naive: inside(plain),
    bootstrap: drawn.length > 0 ? share(drawn.map((r) => r.low <= truth && truth <= r.high)) : null,
    bootstrapHalf: drawn.length > 0 ? 50 * mean(drawn.map((r) => r.high - r.low)) : null,
    refused: share(all.map((r) => !given(r))),
  };
}

function perClass(id: string, kept: Kept, world: World): CellSummary["classes"][number] {
  const c = factor(id, world, true);
  const each = Object.keys(kept)
    .filter((key) => key.startsWith(`${id}/`))
    .map((key) => rows(kept[key]));
  const coverages = each.map((all) => {
    const found = all.filter(given);
    const truth = Number.isFinite(all[0].truth)
      ? mean(all.map((r) => r.truth))
      : mean(all.map((r) => r.estimate));
    const inside = found.filter(
      (r) => Math.abs(r.estimate - truth) <= studentQuantile(0.975, r.df) * Math.sqrt(c * clusterVariance(r)),
    );
    return (100 * inside.length) / found.length;
  });
  let falseDiscovery: number | null = null;
  if (id === "neighbor" && world.design.lambda === 0) {
    const any = each[0].filter((_, r) => {
      const p = each.map((all) =>
        given(all[r])
          ? studentTwoSided(all[r].estimate / Math.sqrt(c * clusterVariance(all[r])), all[r].df)
          : null,
      );
      return benjaminiHochberg(p).some((q) => q !== null && q <= 0.05);
    });
    falseDiscovery = (100 * any.length) / each[0].length;
  }
  return { statement: id, coverage: mean(coverages), worst: Math.min(...coverages), falseDiscovery };
}

const COLUMNS = [
  "truth",
  "bias",
  "biasError",
  "sd",
  "ratio",
  "corrected",
  "coverage",
  "error",
  "typeOne",
  "half",
  "wider",
  "naive",
  "bootstrap",
  "bootstrapHalf",
  "refused",
] as const;

/** The summaries in short: one line of numbers per statement, in the order of `columns`. */
export function short(cells: readonly CellSummary[]) {
  const text = (v: number | null) =>
    v === null || !Number.isFinite(v) ? "-" : `${Number(v.toPrecision(4))}`;
  return {
    columns: COLUMNS.join(" "),
    designs: cells.map(({ fields, statements, classes, ...cell }) => ({
      ...cell,
      fields: fields.join(" "),
      statements: Object.fromEntries(
        statements.map((s) => [s.statement, COLUMNS.map((name) => text(s[name])).join(" ")]),
      ),
      classes: Object.fromEntries(
        classes.map((s) => [s.statement, [s.coverage, s.worst, s.falseDiscovery].map(text).join(" ")]),
      ),
    })),
  };
}
