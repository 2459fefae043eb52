import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import type { Grouping } from "../../src/evidence/estimate.ts";
import { numberOf, type Sensitivity, sensitivity } from "../../src/evidence/sensitivity.ts";
import { parseReport } from "../../src/report/data.ts";
import { drawPlot } from "../../src/report/figures/draw.ts";
import { sensitivityFigure, sensitivityRows } from "../../src/report/figures/sensitivity.ts";
import { renderReport } from "../../src/report/html.ts";
import { drawnJudgments } from "../evidence/judged.ts";
import { sampleReport } from "./sample.ts";
import { xmlProblem } from "./xml.ts";

const groups: Grouping = { count: 3, unit: "field", fewest: 3, reach: "all", notes: [] };
const masks = { cells: 38, changed: 30, stopped: 2, iou: 0.81 };

/** An encoder under variants that are drawn apart from each other. */
function drawn(variants: readonly string[], refused: Sensitivity["refused"] = []): Sensitivity {
  return sensitivity(
    {
      encoder: "deeploc",
      backgrounds: ["ER", "nucleus"],
      asRun: drawnJudgments(1),
      varied: variants.map((variant, i) => ({
        variant,
        does: `what ${variant} does`,
        masks: variant.startsWith("erode") ? masks : null,
        judgments: drawnJudgments(2 + i),
      })),
      refused,
      answer: "undecided",
    },
    groups,
    0.02,
  );
}

const VARIANTS = ["erode-5", "dilate-2", "hard", "keep<&"];
const sectionOf = (further: readonly Sensitivity[]) =>
  parseHTML(renderReport(parseReport({ ...sampleReport(), further: [...further] }))).document.querySelector(
    "#sensitivity",
  );

describe("the figure", () => {
  test("has a row for as run and for every variant, with the numbers that are stated", () => {
    const found = drawn(VARIANTS);
    const rows = sensitivityRows(found, "neighbor");
    expect(rows.map((r) => r.variant)).toEqual(["as-run", ...VARIANTS]);
    for (const row of rows) {
      const { estimate, low, high } = numberOf(found, row.variant, "neighbor")!;
      expect([row.value, row.low, row.high]).toEqual([100 * estimate!, 100 * low!, 100 * high!]);
    }
    expect(rows[0].holds).toBe(true);
    for (const { variant, badge } of found.variants)
      expect(rows.find((r) => r.variant === variant)!.holds).toBe(badge === found.badge);
  });

  test("is sound XML that says in words what it shows, whatever names are", () => {
    const svg = drawPlot(sensitivityFigure(drawn(VARIANTS), "medium", 0.02, "#0072B2"));
    expect(xmlProblem(svg)).toBeNull();
    expect(svg).toMatch(
      /aria-label="Sensitivity of deeploc: medium effect in points under every variant: as-run/,
    );
    expect(svg.match(/<circle|<path/g)!.length).toBeGreaterThan(VARIANTS.length);
    expect(drawPlot(sensitivityFigure(drawn(VARIANTS), "medium", 0.02, "#0072B2"))).toBe(svg);
  });
});

describe("the section", () => {
  test("has the sentence, both panels and a row of the table per variant", () => {
    const found = drawn(VARIANTS);
    const section = sectionOf([found])!;
    expect(section.querySelector(".sentence")!.textContent).toBe(found.sentence);
    expect(section.querySelectorAll("figure svg[role=img]")).toHaveLength(2);
    const heads = [...section.querySelectorAll("tbody th")].map((th) => th.textContent);
    expect(heads).toEqual(["as-run", ...VARIANTS]);
    expect(section.textContent).toContain("what erode-5 does");
    expect(section.textContent).toContain("(30 of 38 cells");
    expect(section.textContent).toMatch(/bonferroni over 4 variants/);
    expect(section.querySelector("a[download='cellswap-sensitivity.csv']")).not.toBeNull();
  });

  test("says what could not be had, and of an encoder without variants nothing else", () => {
    const why = "its features were made elsewhere, so that no other composites can be encoded";
    const section = sectionOf([drawn([], [{ variant: null, why }])])!;
    expect(section.textContent).toContain(`Could not be had: ${why}.`);
    expect(section.querySelector("table")).toBeNull();
    const one = sectionOf([drawn(["hard"], [{ variant: "dilate-5", why: "there is no medium" }])])!;
    expect(one.textContent).toContain("Could not be had: dilate-5: there is no medium.");
  });

  test("is not there where a study has none", () => {
    expect(sectionOf([])).toBeNull();
  });
});
