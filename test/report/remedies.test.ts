import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseReport } from "../../src/report/data.ts";
import { remedyFigure, remedyLegend, remedyPoints, spread } from "../../src/report/figures/remedies.ts";
import { sampleReport } from "./sample.ts";
import { DRAWN_REMEDIES, drawRemedies } from "./sample-remedies.ts";
import { outline, xmlProblem } from "./xml.ts";

const drawn = (count: number) =>
  parseReport({ ...sampleReport(), remedies: [drawRemedies("deeploc", DRAWN_REMEDIES.slice(0, count), 5)] })
    .remedies[0];

describe("labels in a column", () => {
  const heights = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 15 });
  test("keep their order and their distance, and stay within the frame where there is room", () => {
    fc.assert(
      fc.property(heights, (at) => {
        const out = spread(at, 14, 0, 300);
        const order = [...at.keys()].sort((a, b) => at[a] - at[b] || a - b);
        for (const [rank, i] of order.entries()) {
          expect(out[i]).toBeGreaterThanOrEqual(-1e-9);
          expect(out[i]).toBeLessThanOrEqual(300 + 1e-9);
          if (rank > 0) expect(out[i] - out[order[rank - 1]]).toBeGreaterThanOrEqual(14 - 1e-9);
        }
      }),
    );
  });
  test("stand beside their points where those are far enough apart", () => {
    expect(spread([100, 20, 60], 14, 0, 300)).toEqual([100, 20, 60]);
  });
  test("two of one height part evenly", () => {
    expect(spread([50, 50], 14, 0, 300)).toEqual([43, 57]);
  });
});

describe("the figure of remedies", () => {
  test("marks say whether the neighbor effect is shown to be within the zone, in both panels alike", () => {
    const one = drawn(14);
    const marks = (effect: "neighbor" | "medium") => remedyPoints(one, effect, 0.02).map((p) => p.mark);
    expect(marks("medium")).toEqual(marks("neighbor"));
    for (const { remedy, mark, left } of remedyPoints(one, "neighbor", 0.02)) {
      const within = left.low! >= -0.02 && left.high! <= 0.02;
      const marked = { none: "none", [one.recommended!]: "recommended" }[remedy];
      expect(mark).toBe(marked ?? (within ? "within" : "open"));
    }
    expect(new Set(marks("neighbor"))).toEqual(new Set(["none", "recommended", "within", "open"]));
  });
  test("a limit of the zone is within it, and a number without interval is not", () => {
    const one = drawn(3);
    const with_ = (low: number | null) => ({
      ...one,
      recommended: null,
      measured: one.measured.map((m) => ({
        ...m,
        numbers: m.numbers.map((n) =>
          n.of === "neighbor" ? { ...n, low, high: low === null ? null : 0.02 } : n,
        ),
      })),
    });
    expect(remedyPoints(with_(-0.02), "neighbor", 0.02)[1].mark).toBe("within");
    expect(remedyPoints(with_(-0.0201), "neighbor", 0.02)[1].mark).toBe("open");
    expect(remedyPoints(with_(null), "neighbor", 0.02)[1].mark).toBe("open");
    expect(xmlProblem(remedyFigure(with_(null), "neighbor", 0.02, "#0072B2"))).toBeNull();
  });
  test.each([3, 14])("has a label per remedy and bars in both directions, %i remedies", (count) => {
    const svg = remedyFigure(drawn(count), "neighbor", 0.02, "#0072B2");
    expect(xmlProblem(svg)).toBeNull();
    expect(outline(svg)).toMatchSnapshot();
    const label = /aria-label="([^"]*)"/.exec(svg)![1];
    for (const remedy of ["none", ...DRAWN_REMEDIES.slice(0, count)]) expect(label).toContain(`${remedy} `);
    expect(label).toContain(`${DRAWN_REMEDIES[0]} (recommended)`);
  });
  test("shapes tell the marks apart, not colors", () => {
    const looks = remedyLegend("#0072B2").map(({ symbol, hollow }) => `${String(symbol)} ${hollow === true}`);
    expect(new Set(looks).size).toBe(4);
  });
});
