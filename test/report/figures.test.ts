import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { resultTable } from "../../src/evidence/tables.ts";
import {
  classDropFigure,
  classDropPoints,
  shownEffect,
  sortedClasses,
} from "../../src/report/figures/class-drops.ts";
import { curveFigure } from "../../src/report/figures/curve.ts";
import { divergenceFigure, histogram } from "../../src/report/figures/divergence.ts";
import { drawMarker, drawPlot } from "../../src/report/figures/draw.ts";
import { heatAxes, heatFigure } from "../../src/report/figures/heat.ts";
import { ladderFigure, ladderPoints } from "../../src/report/figures/ladder.ts";
import {
  accuracyDomain,
  localizationFigure,
  localizationPoints,
  localizationSvg,
} from "../../src/report/figures/localizations.ts";
import { drawStrip, drawStripAxis, stripDomain } from "../../src/report/figures/strip.ts";
import { COLORS } from "../../src/report/figures/svg.ts";
import { waterfallFigure, waterfallReach, waterfallRows } from "../../src/report/figures/waterfall.ts";
import { makeContext } from "../../src/report/section.ts";
import type { PairScore } from "../../src/types.ts";
import { drawScores, sampleReport } from "./sample.ts";
import { drawStatistics } from "./sample-statistics.ts";
import { outline, xmlProblem } from "./xml.ts";

const levels = { original: 0.8, self: 0.79, same: 0.85, "cell-free": 0.76, different: 0.7, masked: 0.75 };
const classes = ["actin", "bud neck", "ER", "nucleus"];
const scores = [
  ...drawScores("deeploc", classes, levels, 1),
  ...drawScores("pifia", classes, { ...levels, different: 0.45 }, 2),
];
const bare = { answers: [], estimates: [], comparisons: [], flags: [], heat: [], flips: [], curve: [] };
/** Context of scores with drawn statistics, or with none. */
function contextOf(own: readonly PairScore[], names: readonly string[], statistics = true) {
  return makeContext(
    sampleReport({
      scores: own,
      classes: names,
      encoders: [],
      proportions: [],
      ...(statistics ? drawStatistics(own, names, []) : bare),
    }),
  );
}
const context = contextOf(scores, classes);
const { table, data } = context;
const waterfall = (of: typeof context, encoder: string) => {
  const rows = waterfallRows(of, encoder);
  const reach = waterfallReach(rows);
  return drawPlot(waterfallFigure(of, encoder, rows, [Math.min(...reach), Math.max(...reach)]));
};
const HOSTILE = [
  `<script>alert("1")</script>`,
  `a"b'c & d`,
  "]]><b>",
  "bell\u0007 \ud800 half",
  "0.123456789 M1.23456",
];

test("every figure keeps its structure", () => {
  expect({
    ladder: outline(drawPlot(ladderFigure(context))),
    drops: outline(drawPlot(classDropFigure(context)!)),
    waterfall: outline(waterfall(context, "deeploc")),
    heat: outline(
      drawPlot(
        heatFigure(
          "deeploc",
          data.heat.filter((h) => h.encoder === "deeploc"),
          classes,
        ),
      ),
    ),
    curve: outline(drawPlot(curveFigure(context, "neighbor"))),
    localizations: localizationFigure(table).panels.map((p) => [p.heading, ...outline(p.svg)]),
    divergence: outline(drawPlot(divergenceFigure([0.1, 0.2, 0.3, 0.4, 2]))),
  }).toMatchSnapshot();
});

test("figures are strict XML and the same on every run, whatever the classes are called", () => {
  const draw = () => {
    const name = `${HOSTILE[0]}&`;
    const hostile = contextOf(drawScores(name, HOSTILE, levels, 3), HOSTILE);
    return [
      localizationSvg(hostile.table) as string,
      drawPlot(ladderFigure(hostile)),
      drawPlot(classDropFigure(hostile)!),
      drawPlot(divergenceFigure([1, 2, 3])),
      waterfall(hostile, name),
      drawPlot(heatFigure(name, hostile.data.heat, HOSTILE)),
      drawPlot(curveFigure(hostile, "original")),
    ];
  };
  const first = draw();
  for (const svg of first) {
    expect(xmlProblem(svg)).toBeNull();
    expect(svg).not.toMatch(/<script|<b>/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not be there
    expect(svg).not.toMatch(/[\u0000-\u0008]|[\ud800-\udbff](?![\udc00-\udfff])/);
  }
  expect(draw()).toEqual(first);
  expect(first[2]).toContain("0.123456789 M1.23456");
});

test("the checker itself refuses what is not XML", () => {
  for (const bad of [
    "<a>",
    "<a></b>",
    "<a b=c></a>",
    "<a>&</a>",
    '<a b="1" b="2"/>',
    "<a><</a>",
    '<a b="<"/>',
  ])
    expect(xmlProblem(bad), bad).not.toBeNull();
  expect(xmlProblem('<a b="1 &amp; 2">x &lt; y<c/></a>')).toBeNull();
});

test("Figure 2 has a marker per encoder, setting and class, with the table's numbers", () => {
  const points = localizationPoints(table, ["same", "different"]);
  expect(points).toHaveLength(2 * 2 * classes.length);
  for (const p of points) {
    const settings = table.encoders.find((e) => e.encoder === p.encoder)!.settings;
    const at = (setting: string) =>
      settings.find((s) => s.setting === setting)!.classes.find((c) => c.class === p.class)!;
    expect([p.original, p.modified]).toEqual([at("original").accuracy, at(p.setting).accuracy]);
  }
  expect(new Set(points.map((p) => p.color))).toEqual(new Set(COLORS.slice(0, 2)));
});

test("Figure 2's axes reach from 0.5 to 1, further where values lie below", () => {
  expect(accuracyDomain([0.7, 0.9])).toEqual([0.5, 1]);
  expect(accuracyDomain([0.43, 0.9])).toEqual([0.4, 1]);
  expect(accuracyDomain([])).toEqual([0.5, 1]);
  expect(accuracyDomain([0])).toEqual([0, 1]);
  const points = localizationPoints(table, ["same", "different", "masked", "cell-free"]);
  const [low] = accuracyDomain(points.map((p) => p.modified));
  expect(low).toBeLessThan(0.5);
  for (const panel of localizationFigure(table).panels)
    for (const axis of ["x", "y"]) {
      const labels = outline(panel.svg).find((l) => l.startsWith(`${axis}-axis tick label`)) as string;
      expect(labels.startsWith(`${axis}-axis tick label: ${low.toFixed(1)} |`)).toBe(true);
      expect(labels.endsWith("| 1.0")).toBe(true);
    }
});

test("Figure 2 leaves out a panel without markers, and is not there without original", () => {
  const some = resultTable(drawScores("e", classes, { original: 0.8, masked: 0.7 }, 4), "even");
  expect(localizationFigure(some).panels.map((p) => p.heading)).toEqual(["no neighbors"]);
  expect(localizationSvg(resultTable(drawScores("e", classes, { same: 0.8 }, 4), "even"))).toBeNull();
});

test("the ladder stands in causal order, with its limits", () => {
  const points = ladderPoints(context).filter((p) => p.encoder === "deeploc");
  expect(points.map((p) => p.setting)).toEqual([
    "original",
    "self",
    "same",
    "cell-free",
    "different",
    "masked",
  ]);
  expect(points.map((p) => Math.round(p.position) + 0)).toEqual([0, 1, 2, 3, 4, 5]);
  for (const [i, p] of points.entries()) {
    const s = data.estimates.find((e) => e.encoder === "deeploc" && e.of === p.setting && e.class === null)!;
    expect([p.mean, p.low, p.high]).toEqual([s.value, s.low, s.high]);
    expect(p.mean).toBe(table.encoders[0].settings[i].mean);
  }
  expect(ladderPoints(contextOf(scores, classes, false)).every((p) => p.low === null)).toBe(true);
});

test("per-class drops are sorted by their mean over encoders, and fall back to another effect", () => {
  expect(shownEffect(table)?.id).toBe("neighbor");
  expect(shownEffect({ ...table, aggregation: "published" })?.id).toBe("published-drop");
  const points = classDropPoints(context, "neighbor");
  expect(points.every((p) => p.low! < p.points && p.points < p.high!)).toBe(true);
  const order = sortedClasses(points);
  const means = order.map(
    (c) => points.filter((p) => p.class === c).reduce((sum, p) => sum + p.points, 0) / 2,
  );
  expect(means).toEqual([...means].sort((a, b) => b - a));
  const masked = resultTable(drawScores("e", classes, { original: 0.8, masked: 0.7 }, 4), "even");
  expect(shownEffect(masked)?.id).toBe("context");
  expect(classDropFigure(contextOf(drawScores("e", classes, { original: 0.8 }, 4), classes))).toBeNull();
});

test("a waterfall goes from original to different; each step carries its effect and interval", () => {
  const rows = waterfallRows(context, "deeploc");
  expect(rows.map((r) => r.setting)).toEqual(["original", "self", "cell-free", "different"]);
  for (const [i, of] of ["paste", "medium", "neighbor"].entries()) {
    const { value, low, high } = data.estimates.find(
      (e) => e.encoder === "deeploc" && e.of === of && e.class === null,
    )!;
    expect(rows[i + 1].before).toBe(rows[i].accuracy);
    expect(rows[i + 1].effect).toMatchObject({ value, low, high });
    expect(rows[i].accuracy - rows[i + 1].accuracy).toBeCloseTo(value, 12);
  }
  const short = contextOf(drawScores("e", classes, { original: 0.8, different: 0.7 }, 4), classes, false);
  expect(waterfallRows(short, "e")[1].effect).toMatchObject({ low: null, high: null });
});

test("a heat map has a square per class and background, in the order of the classes", () => {
  const cells = data.heat.filter((h) => h.encoder === "pifia");
  expect(heatAxes([...cells].reverse(), classes)).toEqual({ rows: classes, columns: classes });
  expect(heatAxes(cells.slice(0, 2), [])).toEqual({ rows: ["actin"], columns: ["bud neck", "ER"] });
  const svg = drawPlot(heatFigure("pifia", cells, classes));
  expect(outline(svg)).toContain(`cell: ${cells.length} marks`);
  const [worst] = [...cells].sort((a, b) => b.value - a.value);
  expect(svg).toContain(`most is lost by ${worst.class} on ${worst.background} (+`);
});

test("strips hold zone, zero, value and interval, and are passed over by screen readers", () => {
  const value = { value: 0.05, low: 0.04, high: 0.06 };
  const [low, high] = stripDomain([value], 0.02);
  expect(low).toBeLessThan(-2);
  expect(high).toBeGreaterThan(6);
  for (const svg of [drawStrip(value, [low, high], 0.02, COLORS[0]), drawStripAxis([low, high])]) {
    expect(xmlProblem(svg)).toBeNull();
    expect(svg).toContain('aria-hidden="true"');
  }
  const marks = (v: typeof value | { value: number; low: null; high: null }) =>
    outline(drawStrip(v, [low, high], 0.02, COLORS[0]));
  expect(marks(value)).not.toEqual(marks({ value: 0.05, low: null, high: null }));
});

test("the histogram equals numpy's", () => {
  const oracle = JSON.parse(
    readFileSync(resolve(import.meta.dirname, "../fixtures/report/histogram.json"), "utf8"),
  ) as { values: number[]; counts: number[]; limits: number[]; quartiles: number[] };
  const found = histogram(oracle.values);
  expect(found.counts).toEqual(oracle.counts);
  for (const [i, limit] of oracle.limits.entries()) expect(found.limits[i]).toBeCloseTo(limit, 12);
  for (const [i, q] of oracle.quartiles.entries()) expect(found.quartiles[i]).toBeCloseTo(q, 12);
  expect(histogram([2, 2, 2]).counts.reduce((a, b) => a + b)).toBe(3);
  expect(() => histogram([])).toThrow(RangeError);
});

test("markers of a legend are hidden from screen readers, which read the label beside them", () => {
  const marker = drawMarker({ group: "encoder", label: `x"><b>`, color: COLORS[0], symbol: "circle" });
  expect(marker).toContain('aria-hidden="true"');
  expect(marker).not.toContain("role=");
  expect(xmlProblem(marker)).toBeNull();
});
