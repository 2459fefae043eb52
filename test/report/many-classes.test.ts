import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { resultTable } from "../../src/evidence/tables.ts";
import { renderReport } from "../../src/report/html.ts";
import { summaryOf } from "../../src/report/summary.ts";
import { drawScores, sampleReport } from "./sample.ts";
import { drawStatistics } from "./sample-statistics.ts";

/** Each class against the next three, on two backgrounds. */
function report(count: number) {
  const classes = Array.from({ length: count }, (_, c) => `protein ${c}`);
  const all = drawScores("pci", classes, { original: 0.9, "cell-free": 0.88, different: 0.8 }, 1);
  const scores = all.filter(({ class1, class2, background }) => {
    const apart = classes.indexOf(class2) - classes.indexOf(class1);
    return apart <= 3 && (background === null || background === classes[0] || background === classes[1]);
  });
  const base = sampleReport();
  const { estimates, heat, answers } = drawStatistics(scores, classes, base.gallery);
  const { encoders } = base;
  return {
    ...base,
    ...{
      classes,
      scores,
      estimates,
      heat,
      answers,
      comparisons: [],
      claims: [],
      proportions: [],
      remedies: [],
    },
    encoders: encoders.filter((e) => e.name === "pci"),
    curve: [],
    flips: [],
    flags: [],
  } as unknown as ReturnType<typeof sampleReport>;
}

test("of many classes the report and the explorer's summary show those that lose most, and say so", () => {
  const data = report(80);
  const [{ drops }] = resultTable(data.scores, "even").encoders;
  const neighbor = drops.find((d) => d.effect === "neighbor")!;
  const worst = [...neighbor.classes].sort((a, b) => b.drop - a.drop).slice(0, 40);
  const { document } = parseHTML(renderReport(data));
  const rows = [...document.querySelectorAll("#estimates details tbody th")].map((e) => e.textContent);
  expect(new Set(rows)).toEqual(new Set(worst.map((c) => c.class)));
  const note =
    /Of 80 classes, the 40 with the largest neighbor effect are shown\. They were picked by the numbers .* All are in results\/effects\.csv/;
  for (const section of ["estimates", "backgrounds", "all-backgrounds", "figures"]) {
    const shown = document.querySelector(`#${section}`)!;
    expect(shown.textContent, section).toMatch(note);
    expect(shown.querySelector('a[href="results/effects.csv"]'), section).not.toBeNull();
  }
  const summary = summaryOf(data);
  expect(new Set(summary.estimates.flatMap((e) => e.class ?? []))).toEqual(new Set(rows));
  // Means stay those of all classes.
  const mean = summary.table.encoders[0].drops.find((d) => d.effect === "neighbor")!;
  expect(mean.mean).toBe(neighbor.mean);
  expect(mean.classes).toHaveLength(40);
});

test("of up to sixty classes all are shown, and nothing is said", () => {
  const data = report(60);
  const page = renderReport(data);
  expect(page).not.toContain("classes, the 40");
  const { document } = parseHTML(page);
  expect(document.querySelectorAll("#estimates details tbody tr")).toHaveLength(60);
});
