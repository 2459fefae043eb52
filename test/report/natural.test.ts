import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import type { StatedNumber } from "../../src/evidence/further.ts";
import type { Natural } from "../../src/evidence/natural.ts";
import { doseResponseFigure, doseResponseReach } from "../../src/report/figures/dose-response.ts";
import { drawPlot } from "../../src/report/figures/draw.ts";
import { makeContext } from "../../src/report/section.ts";
import { naturalSection } from "../../src/report/section-natural.ts";
import { sampleReport } from "./sample.ts";
import { xmlProblem } from "./xml.ts";

function number(statement: string, values: Partial<StatedNumber> = {}): StatedNumber {
  return {
    statement,
    kind: statement.endsWith("ratio") ? "ratio" : "slope",
    class: null,
    estimate: 0.034,
    low: 0.012,
    high: 0.056,
    se: 0.011,
    df: 20,
    p: 0.002,
    q: null,
    cells: 59,
    clusters: 6,
    unit: "field",
    groups: 3,
    classes: 15,
    level: 0.95,
    method: "least squares",
    refused: null,
    ...values,
  };
}

const natural = (numbers: StatedNumber[], more: Partial<Natural> = {}): Natural => ({
  id: "natural",
  encoder: "deeploc",
  numbers,
  diameter: 32,
  curves: [
    {
      dose: "natural/area",
      points: [
        { dose: 1, outcome: 0.7, low: 0.65, high: 0.75, cells: 30 },
        { dose: 3, outcome: 0.8, low: null, high: null, cells: 31 },
      ],
    },
  ],
  ...more,
});

function section(further: Natural[]) {
  const found = naturalSection.render(makeContext(sampleReport({ further })));
  if (found === null) return null;
  return parseHTML(
    `<!doctype html><html><body><main>${found.body}</main></body></html>`,
  ).document.querySelector("main")!;
}

test("the section says what it is not, and gives every number with its interval and sample", () => {
  const found = section([
    natural([
      number("natural/area"),
      number("natural/area/log-odds", { kind: "log-odds", estimate: 0.136, low: -0.082, high: 0.355 }),
      number("natural/area/seen", { estimate: 0.038 }),
      number("natural/swap-own", { estimate: 0.04, low: 0.016, high: 0.064 }),
      number("natural/area/ratio", { estimate: 0.952, low: 0.1, high: 2.66 }),
      number("natural/nearest", { estimate: null, low: null, high: null, refused: "no cell has a neighbor" }),
      number("natural/brightness/GFP"),
      number("natural/area", { class: "actin" }),
    ]),
  ])!;
  const text = found.textContent!;
  expect(text).toContain("An association; not by itself the encoder's leaning");
  expect(text).toContain(
    "deeploc: +3.4 points [+1.2, +5.6] per tenth of the crop that real neighbors cover (p = 0.002 by shuffles within fields)",
  );
  expect(text).toContain("donors of the own class: +4.0 points [+1.6, +6.4], the same sign.");
  expect(text).toContain("0.136 (−0.082 to 0.355)");
  expect(text).toContain("0.952 (0.100 to 2.660)");
  expect(text).toContain("3.2 px to the nearest");
  expect(text).toContain("twice as bright, GFP");
  expect(text).toContain("no interval: no cell has a neighbor");
  expect(text).toContain("59 cells and 6 fields per class, 3 groups");
  expect(found.querySelectorAll("figure svg")).toHaveLength(1);
  expect([...found.querySelectorAll("a[download]")].map((a) => a.getAttribute("download"))).toEqual([
    "cellswap-dose-response.csv",
    "cellswap-dose-response-deeploc.svg",
    "cellswap-natural.csv",
  ]);
});

test.each([
  [{ estimate: -0.02, low: -0.04, high: -0.01 }, "the other sign."],
  [{ estimate: 0.02, low: -0.01, high: 0.05 }, "the same sign, but not both are told from 0."],
  [{ estimate: -0.02, low: -0.05, high: 0.01 }, "the other sign, but not both are told from 0."],
  [{ estimate: 0.02, low: null, high: null }, "the same sign, but not both are told from 0."],
] as const)("a swap effect of %o has %s", (swap, said) => {
  const text = section([natural([number("natural/area"), number("natural/swap-own", swap)])])!.textContent!;
  expect(text).toContain(`, ${said}`);
});

test("without a number it says why, without curves there is no figure, without evidence no section", () => {
  const none = { estimate: null, low: null, high: null, p: null, refused: "no cell has a neighbor" };
  const found = section([natural([number("natural/area", none)], { curves: [] })])!;
  expect(found.textContent).toContain("deeploc: no number; no cell has a neighbor.");
  expect(found.querySelectorAll("figure")).toHaveLength(0);
  expect(section([])).toBeNull();
});

test("the figure is XML, says its numbers, and keeps bands within its axis", () => {
  const [curve] = natural([]).curves;
  const domain = doseResponseReach([curve]);
  expect(domain[0]).toBeLessThan(0.65);
  expect(domain[1]).toBeGreaterThan(0.8);
  const svg = drawPlot(
    doseResponseFigure(
      { encoder: "a<b", index: 0, curve, label: "crop covered by neighbors, %", factor: 10 },
      domain,
    ),
  );
  expect(xmlProblem(svg)).toBeNull();
  expect(svg).toContain("0.700 at 10.0 (30 cells); 0.800 at 30.0 (31 cells)");
});
