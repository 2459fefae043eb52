import { expect, test } from "vitest";
import { estimate, type Grouping } from "../../src/evidence/estimate.ts";
import { difference, type Judgments } from "../../src/evidence/judgments.ts";
import {
  type RemedyEvidence,
  recommend,
  remedyEvidence,
  transferSentence,
} from "../../src/evidence/remedies.ts";
import type { TransferStated } from "../../src/evidence/transfer.ts";
import { drawnJudgments } from "./judged.ts";

const grouping: Grouping = { count: 3, unit: "field", fewest: 6, reach: "all", notes: [] };
const six = Array.from({ length: 3 }, () => [4, 3, 5, 4, 3, 4]);

/** Judgments of the same cells by machines of another quality. */
const judged = (seed: number, quality: number): Judgments => {
  const cluster = drawnJudgments(1, six).cluster;
  return { ...drawnJudgments(seed, six, quality), cluster };
};

test("the cost is what is lost on originals, its interval that of the paired difference at the level for all", () => {
  const none = judged(1, 0.8);
  const remedied = [judged(2, 0.6), judged(3, 0.7)];
  const found = remedyEvidence(
    none,
    remedied.map((judgments, i) => ({ remedy: `r${i}`, judgments })),
    grouping,
  );
  expect(found.map((e) => e.remedy)).toEqual(["none", "r0", "r1"]);
  remedied.forEach((of, i) => {
    const { cost, original, neighbor } = found[i + 1];
    expect(cost.estimate).toBeCloseTo(found[0].original.estimate - original.estimate, 12);
    const paired = estimate(
      [
        { of: none, setting: "original", weight: 1 },
        { of, setting: "original", weight: -1 },
      ],
      grouping,
      { level: 0.975 },
    );
    expect([cost.low, cost.high]).toEqual([paired.low, paired.high]);
    expect(cost).toMatchObject({ level: 0.95, method: `${paired.method}; bonferroni over 2 remedies` });
    const plain = estimate(difference(of, "cell-free", "different"), grouping);
    expect(neighbor.high! - neighbor.low!).toBeGreaterThan(plain.high! - plain.low!);
  });
  expect(found[0].neighbor).toEqual(estimate(difference(none, "cell-free", "different"), grouping));
});

/** Evidence with given numbers, in points. */
function evidence(remedy: string, neighbor: [number, number, number], cost: number): RemedyEvidence {
  const base = remedyEvidence(judged(1, 0.8), [], grouping)[0];
  const [value, low, high] = neighbor.map((v) => v / 100);
  return {
    ...base,
    remedy,
    neighbor: { ...base.neighbor, estimate: value, low, high },
    cost: { ...base.cost, estimate: cost / 100, low: (cost - 1) / 100, high: (cost + 1) / 100 },
  };
}

test("the cheapest remedy whose interval lies within the zone is recommended", () => {
  const all = [
    evidence("none", [5, 4, 6], 0),
    evidence("free", [1, -1, 2.1], 0.5),
    evidence("dear", [0, -1, 1], 4),
    evidence("cheap", [0.5, -1, 2], 3),
  ];
  expect(recommend(all, 0.02)).toEqual({
    remedy: "cheap",
    sentence:
      "cheap: the neighbor effect left is 0.5 points [−1.0, 2.0], within 2.0 points, and it costs 3.0 points [2.0, 4.0] on original crops; 2 of 3 remedies are shown to be within, and it is estimated to cost least of them.",
  });
  expect(recommend([...all, evidence("better", [0, -1, 1], -1)], 0.02).sentence).toContain(
    "gains 1.0 points [0.0, 2.0]",
  );
  const [none, free, dear] = all;
  const unsure = { ...dear, cost: { ...dear.cost, low: null, high: null } };
  expect(recommend([none, free, unsure], 0.02).sentence).toContain(
    "costs 4.0 points (no interval) on original crops; of 2 remedies it alone is shown to be within.",
  );
});

test("none is needed where the encoder is within as it is, and none is named where no interval is", () => {
  expect(recommend([evidence("none", [0, -1, 1], 0), evidence("r", [0, 0, 0], 0)], 0.02).remedy).toBe("none");
  const wide = [evidence("none", [5, 4, 6], 0), evidence("r", [0, -3, 3], 0)];
  expect(recommend(wide, 0.02)).toMatchObject({ remedy: null });
  expect(recommend([wide[0]], 0.02).remedy).toBe(null);
  expect(recommend([wide[0]], 0.02).sentence).toBe("No remedy was measured.");
  const refused = { ...wide[1], neighbor: { ...wide[1].neighbor, low: null, high: null } };
  expect(recommend([wide[0], refused], 0.02)).toEqual({
    remedy: null,
    sentence:
      "Of 1 remedy (1 without an interval) none is shown to bring the neighbor effect within 2.0 points; more cells or fields make the intervals narrower.",
  });
});

test("what a probe trained on original crops makes of foreign neighbors is said with its intervals", () => {
  const base = remedyEvidence(judged(1, 0.8), [], grouping)[0].original;
  const stated = (statement: string, value: number, low: number | null): TransferStated => ({
    ...base,
    statement,
    kind: "transfer",
    setting: "original",
    base: null,
    class: null,
    estimate: value,
    low,
    high: low === null ? null : value + 0.1,
  });
  const original = stated("transfer/original", 0.7, 0.6);
  expect(transferSentence([original, stated("transfer/different", 0.3, null)], "swapped crops")).toBe(
    "A probe of all 3 classes, trained on swapped crops, is right for 0.700 [0.600, 0.800] of original crops and for 0.300 of crops among foreign neighbors.",
  );
  expect(transferSentence([original], "")).toBe("");
});
