import * as Plot from "@observablehq/plot";
import type { Change, ProteinClaim } from "../../proportions/claim.ts";
import { axisName, COLORS, type FigureOptions, type LegendItem } from "./svg.ts";

/** A protein and how its shares change. */
export interface Changed {
  readonly protein: ProteinClaim;
  readonly change: Change;
}

const ROW = 22;

/** Ways to see a protein, in the order of the figure. */
const WAYS = ["original", "masked", "recomposed"] as const;
const MARKS = {
  original: { symbol: "circle", color: COLORS[0], hollow: false },
  masked: { symbol: "square", color: COLORS[1], hollow: true },
  recomposed: { symbol: "triangle", color: COLORS[2], hollow: true },
} as const;

/** What the marks of {@link shareFigure} say. */
export function shareLegend(proteins: readonly Changed[]): LegendItem[] {
  return WAYS.filter((way) =>
    proteins.some(({ protein }) => protein.seen.some((s) => s.representation === way)),
  ).map((way) => ({ group: "crops", label: way, ...MARKS[way] }));
}

/** Total variation of each protein with its interval, before the band of the null. */
export function changeFigure(
  encoder: string,
  to: Change["to"],
  proteins: readonly Changed[],
  color: string,
): FigureOptions {
  const rows = proteins.map(({ protein, change }) => ({
    name: `${axisName(protein.protein)} (${protein.cells})`,
    value: 100 * change.variation,
    low: change.low === null ? null : 100 * change.low,
    high: change.high === null ? null : 100 * change.high,
    limit: change.null === null ? null : 100 * change.null.limit,
    refit: change.refit === null ? null : 150 * change.refit,
    claimed: change.verdict === "changes",
  }));
  const most = Math.max(10, ...rows.flatMap((r) => [r.value, r.high ?? 0, r.limit ?? 0, r.refit ?? 0]));
  const said = proteins.map(
    ({ protein, change }) =>
      `${protein.protein} ${(100 * change.variation).toFixed(1)} (null up to ${change.null === null ? "unknown" : (100 * change.null.limit).toFixed(1)}; ${change.verdict})`,
  );
  return {
    title: `Proportions from original to ${to}, ${encoder}`,
    description: `total variation in points: ${said.join("; ")}`,
    width: 440,
    height: 64 + ROW * rows.length,
    marginLeft: 150,
    marginTop: 20,
    marginBottom: 44,
    marginRight: 16,
    x: {
      domain: [0, most],
      label: `total variation, original to ${to}, points`,
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      ticks: 5,
    },
    y: {
      domain: rows.map((r) => r.name),
      label: "protein (cells)",
      labelAnchor: "top",
      labelArrow: "none",
      padding: 0.35,
    },
    marks: [
      Plot.rect(
        rows.filter((r) => r.limit !== null),
        {
          x1: 0,
          x2: "limit",
          y: "name",
          fill: "currentColor",
          fillOpacity: 0.14,
        },
      ),
      Plot.tickX(
        rows.filter((r) => r.refit !== null),
        {
          x: "refit",
          y: "name",
          stroke: "currentColor",
          strokeDasharray: "2 2",
        },
      ),
      Plot.ruleY(
        rows.filter((r) => r.low !== null),
        { x1: "low", x2: "high", y: "name", stroke: color, strokeWidth: 1.5 },
      ),
      Plot.dot(rows, {
        x: "value",
        y: "name",
        r: 4.5,
        stroke: color,
        fill: (r) => (r.claimed ? color : "none"),
        symbol: "circle",
      }),
      Plot.ruleX([0]),
    ],
  };
}

/** Shares of every class in every way to see a few proteins: classes by rows, ways by marks. */
export function shareFigure(
  encoder: string,
  proteins: readonly Changed[],
  classes: readonly string[],
): FigureOptions {
  const rows = proteins.flatMap(({ protein }) => {
    const seen = WAYS.flatMap((way) => protein.seen.filter((s) => s.representation === way));
    return classes.flatMap((name, c) =>
      seen.some((s) => s.shares[c] >= 0.02)
        ? seen.map((s) => ({
            row: `${axisName(protein.protein)}: ${axisName(name)}`,
            way: s.representation as (typeof WAYS)[number],
            share: 100 * s.shares[c],
          }))
        : [],
    );
  });
  const names = [...new Set(rows.map((r) => r.row))];
  const shown = WAYS.filter((way) => rows.some((r) => r.way === way));
  return {
    title: `Shares before and after, ${encoder}`,
    description: `shares in %: ${rows.map((r) => `${r.row} ${r.way} ${r.share.toFixed(0)}`).join("; ")}`,
    width: 440,
    height: 62 + 18 * names.length,
    marginLeft: 190,
    marginTop: 18,
    marginBottom: 44,
    marginRight: 16,
    x: {
      domain: [0, 100],
      label: "share of the protein's cells, %",
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      ticks: 5,
    },
    y: { domain: names, label: null, padding: 0.3 },
    marks: [
      Plot.ruleY(names, { y: (name) => name, stroke: "currentColor", strokeOpacity: 0.12 }),
      ...shown.map((way) =>
        Plot.dot(
          rows.filter((r) => r.way === way),
          {
            x: "share",
            y: "row",
            symbol: MARKS[way].symbol,
            stroke: MARKS[way].color,
            fill: MARKS[way].hollow ? "none" : MARKS[way].color,
            r: 4,
          },
        ),
      ),
    ],
  };
}
