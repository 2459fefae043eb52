import { expect, test } from "vitest";
import { drawPlot } from "../../src/report/figures/draw.ts";
import { type ForestEntry, forestFigure, forestLegend } from "../../web/figures/forest.ts";
import { type Square, squaresFigure } from "../../web/figures/squares.ts";
import { xmlProblem } from "../report/xml.ts";

const HOSTILE = '"><script>alert(1)</script> & ‮';

const request = (squares: readonly Square[], diverging = false) => ({
  title: "Squares",
  description: "some",
  rows: ["a", HOSTILE],
  columns: ["a", HOSTILE],
  rowLabel: "class of the cell",
  columnLabel: "called",
  squares,
  diverging,
});

test("squares say whole percents, and nothing where it rounds to nothing", () => {
  const svg = drawPlot(
    squaresFigure(
      request([
        { row: "a", column: "a", value: 0.996 },
        { row: "a", column: HOSTILE, value: 0.004 },
        { row: HOSTILE, column: "a", value: 0.25, bar: 0.5, framed: true },
      ]),
    ),
  );
  expect(xmlProblem(svg)).toBeNull();
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((m) => m[1]);
  expect(texts).toContain("100");
  expect(texts).toContain("25");
  expect(texts).not.toContain("0");
});

test("a bar takes its part of the square", () => {
  const widths = (bar: number) => {
    const svg = drawPlot(squaresFigure(request([{ row: "a", column: "a", value: 0.5, bar }])));
    return [...svg.matchAll(/<rect[^>]*width="([\d.]+)"/g)].map((m) => Number(m[1]));
  };
  const [square, half] = widths(0.5);
  expect(half / square).toBeCloseTo(0.5, 2);
  expect(widths(0)).toHaveLength(1);
  expect(widths(1)[1]).toBeCloseTo(square, 1);
});

test("where classes are many, squares have no numbers and names are thinned out, and all still fits", () => {
  const names = Array.from({ length: 100 }, (_, i) => `class ${i}`);
  const squares = names.map((name) => ({ row: name, column: name, value: 1 }));
  const figure = squaresFigure({ ...request(squares), rows: names, columns: names });
  expect(figure.width).toBeLessThan(900);
  const texts = [...drawPlot(figure).matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((m) => m[1]);
  expect(texts).not.toContain("100");
  const shown = texts.filter((t) => names.includes(t));
  expect(shown.length).toBeGreaterThan(40);
  expect(shown.length).toBeLessThan(150);
});

test("differences have a true minus, and more and less differ in color", () => {
  const svg = drawPlot(
    squaresFigure(
      request(
        [
          { row: "a", column: "a", value: -0.3 },
          { row: "a", column: HOSTILE, value: 0.3 },
        ],
        true,
      ),
    ),
  );
  expect(svg).toContain(">−30<");
  const fills = [...svg.matchAll(/<rect[^>]*fill="([^"]+)"/g)].map((m) => m[1]);
  expect(new Set(fills).size).toBe(2);
});

const entry = (
  row: string,
  encoder: string,
  index: number,
  value: number,
  half: number | null,
): ForestEntry => ({
  row,
  encoder,
  index,
  number: { value, low: half === null ? null : value - half, high: half === null ? null : value + half },
});

test("a forest says every number, holds its intervals, and shows what has none as hollow", () => {
  const entries = [
    entry("neighbor effect", "one", 0, 0.04, 0.01),
    entry("neighbor effect", HOSTILE, 1, -0.2, null),
    entry("paste effect", "one", 0, 0, 0.5),
  ];
  const figure = forestFigure("Effects", entries, 0.02);
  expect(figure.description).toContain("neighbor effect, one 4.0 (3.0 to 5.0)");
  expect(figure.description).toContain("-20.0 without interval");
  const { domain } = figure.x as { domain: [number, number] };
  expect(domain[0]).toBeLessThan(-50);
  expect(domain[1]).toBeGreaterThan(50);
  expect(xmlProblem(drawPlot(figure))).toBeNull();
  expect(forestLegend(entries).map((i) => i.hollow === true)).toEqual([false, false, true]);
  expect(forestLegend(entries.slice(0, 1))).toHaveLength(1);
});
