import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import type { Batch } from "../../src/evidence/batch.ts";
import type { StatedNumber } from "../../src/evidence/further.ts";
import { parseReport } from "../../src/report/data.ts";
import { captureFigure, capturePoints } from "../../src/report/figures/captures.ts";
import { drawPlot } from "../../src/report/figures/draw.ts";
import { renderReport } from "../../src/report/html.ts";
import { makeContext } from "../../src/report/section.ts";
import { sampleReport } from "./sample.ts";

const number = (statement: string, estimate: number | null, low: number | null = null): StatedNumber => ({
  statement,
  kind: /effect|medium|neighbor/.test(statement) ? "difference" : "share",
  class: null,
  estimate,
  low,
  high: low === null || estimate === null ? null : 2 * estimate - low,
  se: null,
  df: null,
  p: null,
  q: null,
  cells: 40,
  clusters: 6,
  unit: "field",
  groups: 2,
  classes: 3,
  level: 0.95,
  method: "some method",
  refused: low === null ? "some reason" : null,
});
const batch = (encoder: string, more: Partial<Batch> = {}): Batch => ({
  id: "batch",
  encoder,
  numbers: [
    number("background-batch", 0.9, 0.8),
    number("capture-batch-effect/cell-free", 0.3, 0.2),
    number("medium-batch", 0.1, 0.05),
  ],
  column: `<Plate & "dish">`,
  chance: { "background-batch": 0.25 },
  beside: [number("capture-effect/cell-free", 0.02)],
  otherBatch: 0.4,
  confounded: false,
  notes: ["A note."],
  ...more,
});
const context = makeContext(sampleReport());
const ROWS = [
  { statement: "capture-batch-effect/cell-free", name: "cell-free: Plate" },
  { statement: "capture-effect/cell-free", name: "cell-free: class" },
];

test("captures are drawn in points, encoders one below the other, without a line where there is no interval", () => {
  const found = ["one", "two"].map((encoder) => {
    const { numbers, beside } = batch(encoder);
    return { encoder, numbers: [...numbers, ...beside] };
  });
  const points = capturePoints(context, ROWS, found);
  expect(points.map(({ y, points: of }) => [Number(y.toFixed(6)), of])).toEqual([
    [-0.33, 30],
    [0.33, 30],
    [0.67, 2],
    [1.33, 2],
  ]);
  expect(points.map(({ low }) => low)).toEqual([20, 20, null, null]);
  expect(drawPlot(captureFigure(context, ROWS, found)!)).toMatch(
    /^<svg .*role="img".*one, cell-free: Plate 30.0/,
  );
  expect(
    captureFigure(context, ROWS, [{ encoder: "one", numbers: [number(ROWS[0].statement, null)] }]),
  ).toBeNull();
});

test("the section names the column, chance, the split and what cannot be told", () => {
  const page = (of: Batch) =>
    parseHTML(renderReport(parseReport({ ...sampleReport(), further: [of] }))).document.querySelector(
      "#batch",
    )!;
  const { textContent } = page(batch("one"));
  for (const text of [
    `<Plate & "dish"> told from the surroundings alone, within a class (by chance 25.0 %)`,
    `40 % of the donors in cell-free are of another <Plate & "dish"> than their cell.`,
    `what of it comes with another <Plate & "dish">`,
    "+10.0 (+5.0 to +15.0)",
    "A note.",
  ])
    expect(textContent).toContain(text);
  const bare = page(
    batch("one", {
      column: null,
      numbers: [number("background-field", 0.5, 0.4)],
      beside: [],
      otherBatch: null,
    }),
  );
  expect(bare.querySelector("figure")).toBeNull();
  expect(bare.textContent).not.toContain("donors in cell-free are of another");
});
