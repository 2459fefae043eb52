import { describe, expect, test } from "vitest";
import { resultTable } from "../../src/evidence/tables.ts";
import { verdict } from "../../src/report/verdict.ts";
import type { Setting } from "../../src/settings.ts";
import type { PairScore } from "../../src/types.ts";

const CLASSES = ["a", "b", "c", "d"];

/** Scores whose setting means are exact; `spread` moves the pairs of each class apart in `different` and `cell-free`. */
function scores(levels: Partial<Record<Setting, number>>, spread = 0, classes = CLASSES): PairScore[] {
  return Object.entries(levels).flatMap(([setting, level]) =>
    classes.flatMap((class1, i) =>
      classes.slice(i + 1).flatMap((class2, j) =>
        (setting === "different" || setting === "cell-free" ? classes : [null]).map((background) => ({
          encoder: "net",
          setting: setting as Setting,
          background,
          class1,
          class2,
          accuracy: level + (setting === "different" ? spread * (i + j - 1) : 0),
          sd: 0,
          folds: [],
          gap: null,
          cells: null,
        })),
      ),
    ),
  );
}
const judge = (levels: Partial<Record<Setting, number>>, spread = 0, classes = CLASSES) =>
  verdict(resultTable(scores(levels, spread, classes), "even").encoders[0]);

describe("the sentence", () => {
  test("a clear drop", () => {
    const v = judge({ same: 0.869, different: 0.748 });
    expect(v.level).toBe("leans");
    expect(v.sentence).toBe(
      "net leans on the neighbors: accuracy falls by 12.1 points when their localization differs (same 0.869, different 0.748; ± 3 SE: +12.1 to +12.1 points).",
    );
  });
  test("a small but clear drop is called slight", () => {
    const v = judge({ same: 0.9, different: 0.88 });
    expect(v.level).toBe("slight");
    expect(v.sentence).toMatch(/^net leans slightly on the neighbors: accuracy falls by 2\.0 points/);
  });
  test("an interval around zero that is narrow rules a drop out", () => {
    const v = judge({ same: 0.9, different: 0.9 });
    expect(v.level).toBe("none");
    expect(v.sentence).toMatch(/does not measurably lean on the neighbors.* rules out more than 2\.0 points/);
  });
  test("an interval around zero that is wide leaves it open", () => {
    const v = judge({ same: 0.75, different: 0.74 }, 0.1);
    expect(v.level).toBe("unclear");
    expect(v.sentence).toMatch(/^Whether net leans on the neighbors is not clear: .*includes zero/);
  });
  test("a rise is said as one", () => {
    const v = judge({ same: 0.7, different: 0.8 });
    expect(v.level).toBe("inverse");
    expect(v.sentence).toMatch(/opposite of a drop: accuracy rises by 10\.0 points/);
  });
  test("one pair of classes claims no error", () => {
    const v = judge({ original: 0.9, masked: 0.8, different: 0.5 }, 0, ["a", "b"]);
    expect(v.level).toBe("unclear");
    expect(v.sentence).toMatch(
      /^Whether net leans on what is around the cell is not clear: accuracy falls by 10\.0 points when everything around the cell is removed .*no error is known/,
    );
    expect(v.caveats.join()).toContain("What the neighbors do cannot be told from pairs");
  });
  test("nothing to compare", () => {
    expect(judge({ original: 0.9 })).toMatchObject({ level: "unknown" });
  });
  test("an interval of the study goes before standard errors", () => {
    const table = resultTable(scores({ same: 0.869, different: 0.748 }), "even").encoders[0];
    const own = { statement: "published-drop", estimate: 0.121, low: -0.01, high: 0.25, level: 0.95 };
    expect(verdict(table, [{ encoder: "other", ...own }]).level).toBe("leans");
    const v = verdict(table, [{ encoder: "net", ...own }]);
    expect(v.level).toBe("unclear");
    expect(v.sentence).toContain("95 % interval −1.0 to +25.0 points); the interval includes zero");
  });
});

describe("what must be known with it", () => {
  const base = { same: 0.9, different: 0.8 };
  const caveats = (levels: Partial<Record<Setting, number>>, spread = 0) =>
    judge({ ...base, ...levels }, spread).caveats.join("\n");

  test("no placebo was run", () => {
    expect(caveats({ original: 0.9 })).toContain("No placebo was run");
  });
  test("the paste explains most of the fall", () => {
    expect(caveats({ original: 0.9, self: 0.83 })).toMatch(
      /Pasting alone costs 7\.0 points of the 10\.0 points .*artifact of the paste/,
    );
  });
  test("the paste explains a part", () => {
    expect(caveats({ original: 0.9, self: 0.88 })).toContain(
      "Pasting alone costs 2.0 points of the 10.0 points from original to different (20 %)",
    );
  });
  test("the paste changes nothing at all", () => {
    expect(caveats({ original: 0.9, self: 0.9 })).toContain("self equals original");
  });
  test("pasting helps", () => {
    expect(caveats({ original: 0.9, self: 0.95 })).toContain("Pasting alone raises accuracy by 5.0 points");
  });
  test("neighbors, not their medium", () => {
    expect(caveats({ "cell-free": 0.87 })).toMatch(/foreign neighbor cells explain is 7\.0 points/);
  });
  test("the medium, not the neighbors", () => {
    expect(caveats({ "cell-free": 0.8 })).toMatch(/no clear difference.*medium and batch/);
  });
  test("a gain in same is not a loss in different", () => {
    expect(caveats({ original: 0.85 })).toMatch(/accuracy is 5\.0 points above original/);
    expect(caveats({ original: 0.9 })).not.toContain("gain in same");
  });
  test("the capture rate", () => {
    const table = resultTable(scores(base), "even").encoders[0];
    const transfer = [{ encoder: "net", setting: "different" as const, accuracy: 0.4, capture: 0.314 }];
    expect(verdict(table, [], transfer).caveats.join()).toContain(
      "is right on 40.0 % of the cells among foreign neighbors and calls 31.4 % by the neighbors' localization",
    );
    expect(verdict(table, [], [{ ...transfer[0], capture: null }]).caveats.join()).not.toContain("capture");
  });
});
