import fc from "fast-check";
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { parseReport } from "../../src/report/data.ts";
import { drawPlot } from "../../src/report/figures/draw.ts";
import { remedyFigure, remedyLegend, remedyPoints, spread } from "../../src/report/figures/remedies.ts";
import { renderReport } from "../../src/report/html.ts";
import { formatPoints } from "../../src/report/table-format.ts";
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
    expect(xmlProblem(drawPlot(remedyFigure(with_(null), "neighbor", 0.02, "#0072B2")))).toBeNull();
  });
  test.each([3, 14])("has a label per remedy and bars in both directions, %i remedies", (count) => {
    const svg = drawPlot(remedyFigure(drawn(count), "neighbor", 0.02, "#0072B2"));
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

describe("the section", () => {
  const data = sampleReport();
  const { document } = parseHTML(renderReport(data));
  test("remedies: the sentence, two panels and a row per remedy, the recommended one named", () => {
    const cards = [...document.querySelectorAll("#remedies article")];
    expect(cards.map((c) => c.querySelector("h3")!.textContent)).toEqual(["deeploc", "pifia"]);
    for (const [i, card] of cards.entries()) {
      const { sentence, measured, recommended, refused } = data.remedies[i];
      expect(card.querySelector(".sentence")!.textContent).toBe(sentence);
      expect(card.querySelectorAll("svg[role=img]")).toHaveLength(2);
      const rows = [...card.querySelectorAll("tbody tr")];
      expect(rows).toHaveLength(measured.length);
      for (const [r, row] of rows.entries()) {
        const { remedy, numbers } = measured[r];
        expect(row.querySelector("th")!.textContent).toBe(
          remedy === recommended ? `${remedy} recommended` : remedy,
        );
        const [within, ...cells] = [...row.querySelectorAll("td")].map((td) => td.textContent);
        const { low, high } = numbers.find((n) => n.of === "neighbor")!;
        expect(within === "yes").toBe(low! >= -data.zone && high! <= data.zone);
        expect(cells).toHaveLength(7);
        for (const [c, of] of [...(r === 0 ? [] : [[1, "cost"] as const]), [2, "neighbor"] as const])
          expect(cells[c]).toContain(formatPoints(numbers.find((n) => n.of === of)!.value));
        expect(cells[6].endsWith("no interval")).toBe(numbers.at(-1)!.why !== null);
      }
      expect(card.textContent).toContain(`${refused[0].remedy}: ${refused[0].why}`);
      expect(card.textContent).toContain(
        "no interval: only 1 cell is judged differently (capture by neighbors of",
      );
    }
    expect(document.querySelector("#remedies")!.textContent).toContain(
      "Sample: 100 cells and 6 fields per class, 3 groups (folds)",
    );
  });
  test("remedies whose probes are trained among foreign neighbors are named as such, where there are any", () => {
    const text = (keep: (remedy: string) => boolean) => {
      const remedies = data.remedies.map((r) => ({
        ...r,
        measured: r.measured.filter((m) => keep(m.remedy)),
      }));
      return renderReport({ ...data, remedies });
    };
    const said = "are trained among foreign neighbors: an effect near zero can be two that cancel";
    expect(text(() => true)).toContain(`The probes of augmented and dfr ${said}`);
    expect(text((remedy) => !/augmented|dfr/.test(remedy))).not.toContain(said);
  });
  test("a report of a study without remedies, or from before there were any, has no such section", () => {
    const { remedies, ...before } = data;
    expect(remedies).toHaveLength(2);
    const text = renderReport(parseReport(before));
    expect(text).not.toContain('id="remedies"');
    expect(text).not.toContain("#remedies");
  });
});
