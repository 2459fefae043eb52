import { describe, expect, test } from "vitest";
import type { Badge } from "../../src/evidence/answer.ts";
import { estimate, type Grouping } from "../../src/evidence/estimate.ts";
import { difference, type Judgments } from "../../src/evidence/judgments.ts";
import {
  AS_RUN,
  maskSentence,
  numberOf,
  SENSITIVE_EFFECTS,
  SENSITIVITY,
  sensitivity,
} from "../../src/evidence/sensitivity.ts";
import { STATEMENTS } from "../../src/evidence/statements.ts";
import { changedHits, drawnJudgments } from "./judged.ts";

const groups: Grouping = { count: 3, unit: "field", fewest: 3, reach: "all", notes: [] };
const SIZES = Array.from({ length: 3 }, () => [60, 60, 60, 60, 60, 60]);

/** Judgments in which all pairs are right but for a share by setting, the same in every cluster but for noise. */
function judged(wrong: Readonly<Record<string, number>>, seed = 1): Judgments {
  const drawn = drawnJudgments(seed, SIZES, 1);
  const blocks = drawn.blocks.map((block, n) => ({
    ...block,
    right: changedHits(block, (hits, a, b) =>
      Uint8Array.from(hits, (_, i) => {
        const share = wrong[block.setting] ?? 0;
        // Evenly, in another phase for every pair: a slight spread over clusters.
        return ((i + 7 * a + 3 * b + 5 * n) * 0.618) % 1 < share ? 0 : 1;
      }),
    ),
  }));
  return { ...drawn, blocks };
}

const about = (variant: string, judgments: Judgments) => ({
  variant,
  does: `does ${variant}`,
  masks: null,
  judgments,
});
const asRun = judged({ original: 0.05, self: 0.05, "cell-free": 0.05, different: 0.2 });

function found(varied: readonly ReturnType<typeof about>[], answer: Badge = "neighbors") {
  const found = sensitivity(
    { encoder: "net", backgrounds: ["a", "b"], asRun, varied, refused: [], answer },
    groups,
    0.02,
  );
  return SENSITIVITY.parse(found);
}

describe("sensitivity", () => {
  const same = about("refill", asRun);
  const gone = about(
    "erode-5",
    judged({ original: 0.05, self: 0.05, "cell-free": 0.05, different: 0.05 }, 1),
  );
  const open = about("halo-0", judged({ original: 0.05, self: 0.05, "cell-free": 0.05, different: 0.08 }, 1));

  test("has every number by itself, as the study states it", () => {
    const all = found([same, gone]);
    for (const [name, judgments] of [
      [AS_RUN, asRun],
      ["erode-5", gone.judgments],
    ] as const)
      for (const id of [...SENSITIVE_EFFECTS, "original", "self", "cell-free", "different"]) {
        const expected = estimate(STATEMENTS.find((s) => s.id === id)!.terms(judgments), groups);
        const number = numberOf(all, name, id)!;
        expect([number.estimate, number.low, number.high]).toEqual([
          expected.estimate,
          expected.low,
          expected.high,
        ]);
        expect(number.level).toBe(0.95);
      }
    expect(numberOf(all, AS_RUN, "same")).toBeUndefined();
  });

  test("has changes as paired differences, for all variants at once", () => {
    const drawn = ["a", "b", "c"].map((name, i) => about(name, judged({ different: 0.1 + 0.05 * i }, i)));
    const all = found(drawn);
    for (const { variant, judgments } of drawn) {
      const change = numberOf(all, variant, "neighbor", "sensitivity-change")!;
      const [own, before] = [variant, AS_RUN].map((name) => numberOf(all, name, "neighbor")!.estimate!);
      expect(change.estimate).toBeCloseTo(own - before, 12);
      const terms = [
        ...difference(judgments, "cell-free", "different"),
        ...difference(asRun, "cell-free", "different").map((t) => ({ ...t, weight: -t.weight })),
      ];
      const plain = estimate(terms, groups, { level: 1 - 0.05 / 3 });
      expect([change.low, change.high]).toEqual([plain.low, plain.high]);
      expect(change.p).toBeCloseTo(Math.min(1, 3 * plain.p!), 12);
      // What the interval tells from 0 at once, p does.
      expect(change.p! <= 0.05).toBe(change.low! > 0 || change.high! < 0);
      expect(change.method).toMatch(/bonferroni over 3 variants$/);
    }
    expect(numberOf(all, AS_RUN, "neighbor", "sensitivity-change")).toBeUndefined();
    const one = found(drawn.slice(0, 1));
    expect(numberOf(one, "a", "neighbor", "sensitivity-change")!.method).not.toContain("bonferroni");
  });

  test("says that a change of nothing is 0 and has no interval", () => {
    const change = numberOf(found([same]), "refill", "neighbor", "sensitivity-change")!;
    expect(change).toMatchObject({ estimate: 0, low: null, high: null });
    expect(change.refused).toMatch(/no cell is judged differently/);
  });

  test("counts where the answer holds, and says what it becomes elsewhere", () => {
    const held = found([same]);
    expect(held).toMatchObject({ badge: "neighbors", variants: [{ badge: "neighbors" }] });
    expect(held.sentence).toBe(
      "net: The answer neighbors holds under 1 of 1 variant, by 95 % intervals of each. With intervals that hold for all variants at once it holds under 1 of 1. No change of the neighbor or medium effect has an interval.",
    );
    const some = found([same, gone, open]);
    expect(some.variants.map((v) => v.badge)).toEqual(["neighbors", "cell", "undecided"]);
    expect(some.sentence).toMatch(
      /^net: The answer neighbors holds under 1 of 3 variants, by 95 % intervals of each; under erode-5 it becomes cell; under halo-0 it becomes undecided\./,
    );
    expect(some.sentence).toMatch(/Shown to change: neighbor effect under erode-5 by −[0-9.]+ points \[−/);
  });

  test("tells where the study's answer on all backgrounds is another", () => {
    expect(found([same]).sentence).not.toContain("all backgrounds");
    expect(found([same], "medium").sentence).toMatch(
      /On all backgrounds of the study the answer is medium; variants are judged on a, b\.$/,
    );
  });

  test("decides nothing where classes are not told apart", () => {
    const chance = about(
      "cell-slice",
      judged({ original: 0.5, self: 0.5, "cell-free": 0.5, different: 0.7 }),
    );
    expect(found([chance]).variants[0].badge).toBe("undecided");
  });

  test("has no numbers where no variant could be had", () => {
    expect(found([])).toMatchObject({ numbers: [], sentence: "net: no variant could be had." });
  });
});

test("wrong masks are told with their overlap and their number of cells", () => {
  const masks = { cells: 1200, changed: 1100, stopped: 3, iou: 0.825 };
  const variants = [
    { variant: "erode-5", masks },
    { variant: "keep", masks: null },
    { variant: "cell-slice", masks: { ...masks, stopped: 0 } },
  ];
  expect(maskSentence(variants)).toBe(
    "Median overlap of wrong masks with the cells' own (intersection over union; cells whose mask differs): erode-5 0.82 (1,100 of 1,200 cells, 3 of them stopped at a tenth of the cell), cell-slice 0.82 (1,100 of 1,200 cells).",
  );
  expect(maskSentence([variants[1]])).toBe("");
});
