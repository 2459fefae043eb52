import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import type { Change, Claim } from "../../src/proportions/claim.ts";
import { changeFigure, shareFigure } from "../../src/report/figures/changes.ts";
import { drawPlot } from "../../src/report/figures/draw.ts";
import { renderReport } from "../../src/report/html.ts";
import { sampleReport } from "./sample.ts";
import { xmlProblem } from "./xml.ts";

const data = sampleReport();
const shares = (first: number) => data.classes.map((_, c) => (c === 0 ? first : c === 1 ? 1 - first : 0));

function change(more: Partial<Change>): Change {
  return {
    from: "original",
    to: "masked",
    background: null,
    variation: 0.3,
    moved: { loses: 0, lost: 0.3, gains: 1, gained: 0.3 },
    low: 0.2,
    high: 0.4,
    divergence: 0.2,
    null: { median: 0.04, limit: 0.1, divergence: 0.02, draws: 1999 },
    refit: 0.05,
    paste: 0.01,
    donors: null,
    p: 0.001,
    q: 0.003,
    verdict: "changes",
    why: null,
    ...more,
  };
}

function claim(name: string): Claim {
  const seen = (first: number) => ({ background: null, shares: shares(first), low: null, high: null });
  const protein = (protein: string, of: Change) => ({
    protein,
    cells: 60,
    fields: 4,
    seen: [
      { representation: "original" as const, ...seen(0.7) },
      { representation: "masked" as const, ...seen(0.7 - of.variation) },
    ],
    changes: [of],
  });
  return {
    encoder: name,
    method: "em",
    unit: "protein",
    folds: 2,
    proteins: [
      protein(`${name} quiet`, change({ variation: 0.02, low: 0, verdict: "not shown", p: 0.4, q: 0.4 })),
      protein(`${name} moved`, change({})),
      protein(
        `${name} odd`,
        change({
          low: null,
          high: null,
          null: null,
          p: null,
          q: null,
          verdict: "not tested",
          why: `labeled ${name}`,
        }),
      ),
    ],
  };
}

function section(name: string) {
  const html = renderReport({ ...data, claims: [claim(name)] });
  return { html, part: parseHTML(html).document.querySelector("#proportions")! };
}

test("the verdicts are counted, and the farthest protein stands first", () => {
  const { part } = section("deeploc");
  expect(part.textContent).toContain(
    "Original to masked: 1 of 2 proteins with shares that change beyond the null; of the others no change is shown; 1 not tested.",
  );
  expect(part.textContent).toContain("deeploc odd: labeled deeploc.");
  const rows = [...part.querySelectorAll("table")].at(0)!.querySelectorAll("tbody tr");
  expect([...rows].map((row) => row.querySelector("th")!.textContent)).toEqual([
    "deeploc moved",
    "deeploc odd",
    "deeploc quiet",
  ]);
  const [first, second] = [...rows].map((row) => [...row.querySelectorAll("td")].map((td) => td.textContent));
  expect(first).toEqual([
    "masked",
    "changes",
    "30.0 (20.0 to 40.0)",
    "10.0",
    "0.003",
    `${data.classes[0]} 30 %`,
    `${data.classes[1]} 30 %`,
    "60",
  ]);
  expect(second.slice(1, 5)).toEqual(["not tested", "30.0", "–", "–"]);
  // A claim is never called significant.
  expect(part.textContent).not.toMatch(/significan/i);
});

test("names of users stay text", () => {
  const evil = `<script>alert("1")</script>`;
  const { html, part } = section(evil);
  expect(html).not.toMatch(/<script/i);
  expect(part.textContent).toContain(`${evil} odd: labeled ${evil}.`);
  const { proteins } = claim(evil);
  const rows = proteins.map((protein) => ({ protein, change: protein.changes[0] }));
  for (const svg of [
    changeFigure(evil, "masked", rows, "#0072B2"),
    shareFigure(evil, rows, data.classes),
  ].map(drawPlot))
    expect(xmlProblem(svg)).toBeNull();
});

test("a report without such proteins has no such section", () => {
  const html = renderReport({ ...data, claims: [], proportions: [] });
  expect(parseHTML(html).document.querySelector("#proportions")).toBeNull();
});
