import { describe, expect, test } from "vitest";
import { answer } from "../../src/evidence/answer.ts";
import type { Stated } from "../../src/evidence/statements.ts";

/** A statement in points: value and interval; without interval and why. */
function stated(id: string, value: number, interval: readonly [number, number] | string): Stated {
  const bounds = typeof interval === "string" ? null : interval;
  return {
    statement: id,
    estimate: value / 100,
    low: bounds === null ? null : bounds[0] / 100,
    high: bounds === null ? null : bounds[1] / 100,
    se: null,
    df: null,
    p: null,
    cells: 60,
    clusters: 6,
    unit: "field",
    groups: 3,
    classes: 4,
    level: 0.95,
    method: "m",
    ...(typeof interval === "string" ? { refused: interval } : {}),
  };
}

type Interval = readonly [number, number];
function judged(neighbor: Interval, medium: Interval, more: readonly Stated[] = []) {
  const middle = ([low, high]: Interval) => (low + high) / 2;
  return answer({
    encoder: "net",
    zone: 0.02,
    undecided: null,
    notes: ["What is said holds for Mondays."],
    stated: [
      stated("neighbor", middle(neighbor), neighbor),
      stated("medium", middle(medium), medium),
      stated("paste", 0.2, [-0.3, 0.7]),
      stated("total", middle(neighbor) + middle(medium) + 0.2, [-9, 20]),
      ...more,
    ],
  });
}

describe("badges follow where the intervals lie", () => {
  test.each([
    [
      "neighbors",
      [2.1, 6],
      [-1, 1],
      "net looks at the neighbors: foreign neighbors alone cost it more than 2.0 points.",
    ],
    ["neighbors", [2.1, 6], [5, 9], "net looks at the neighbors"],
    ["medium", [-1, 1], [2.5, 6], "foreign neighbors change no more than that."],
    [
      "medium",
      [0.5, 3],
      [2.5, 6],
      "foreign neighbors cost something as well, but whether more or less than 2.0 points",
    ],
    ["medium", [-0.5, 3], [2.5, 6], "whether foreign neighbors cost more than 2.0 points as well"],
    [
      "medium",
      [-0.5, 1],
      [2.5, 6],
      "net looks at what is around the cell: another image's medium in its place costs it more than 2.0 points",
    ],
    [
      "cell",
      [-1.9, 2],
      [-2, 1.9],
      "net looks at the cell: neither foreign neighbors nor another image's medium",
    ],
    ["cell", [0.3, 1.2], [-0.5, 0.5], "change its accuracy by more than 2.0 points."],
    ["undecided", [-1, 2.1], [-1, 1], "the neighbor effect may be more or less than 2.0 points"],
    [
      "undecided",
      [0.5, 2.1],
      [-1, 1],
      "foreign neighbors cost something, but whether more or less than 2.0 points",
    ],
    [
      "undecided",
      [-1, 1],
      [-1, 3],
      "foreign neighbors change less than 2.0 points, but the medium effect may be more",
    ],
    ["undecided", [-6, -2.1], [-1, 1], "accuracy is higher with foreign neighbors"],
    ["undecided", [-1, 1], [-6, -2.1], "accuracy is higher on another image's medium"],
  ] as const)("%s: neighbor %j, medium %j", (badge, neighbor, medium, words) => {
    const found = judged(neighbor, medium);
    expect(found.badge).toBe(badge);
    expect(found.sentence).toContain(words);
    expect(found.caveats).toContain("What is said holds for Mondays.");
  });
});

test("an interval that includes zero is no proof of nothing, and one that excludes it none of much", () => {
  expect(judged([-5, 5], [-1, 1]).badge).toBe("undecided");
  expect(judged([0.1, 1.9], [-1, 1]).badge).toBe("cell");
});

test("the sentence names each part, with sample sizes", () => {
  expect(judged([2.1, 6.1], [-1, 1]).sentence).toContain(
    "Of 4.3 points [−9.0, 20.0] lost on a foreign background, 0.0 points [−1.0, 1.0] come with its medium and 4.1 points [2.1, 6.1] with its neighbors; pasting costs 0.2 points [−0.3, 0.7] (60 cells per class, 6 fields per class, 3 groups).",
  );
  expect(judged([-1, 0], [-1, 0]).sentence).toContain(
    "On a foreign background nothing is lost on balance (original − different −0.8 points",
  );
});

test("where nothing can be measured nothing is decided, and the reason is the sentence", () => {
  const blind = answer({
    encoder: "blind",
    zone: 0.02,
    undecided: "the encoder does not tell these classes apart",
    notes: [],
    stated: [stated("neighbor", 0, [0, 0]), stated("medium", 0, [0, 0])],
  });
  expect(blind).toMatchObject({
    badge: "undecided",
    sentence: "blind: undecided: the encoder does not tell these classes apart.",
  });
  const none = answer({
    encoder: "net",
    zone: 0.02,
    undecided: null,
    notes: [],
    stated: [stated("neighbor", 9, "two fields a class are too few")],
  });
  expect(none.badge).toBe("undecided");
  expect(none.sentence).toContain("the neighbor effect has no interval (two fields a class are too few)");
  expect(answer({ encoder: "net", zone: 0.02, undecided: null, notes: [], stated: [] }).sentence).toContain(
    "the neighbor effect was not measured",
  );
});

test("the published drop has a line of its own and never a badge", () => {
  const drop = [
    stated("published-drop", 12, [10, 14]),
    stated("same", 90, [88, 92]),
    stated("different", 78, [75, 81]),
  ];
  const found = judged([-1, 1], [-1, 1], drop);
  expect(found.badge).toBe("cell");
  expect(found.published).toMatch(
    /^Published drop \(same − different\): 12\.0 points \[10\.0, 14\.0\], from 0\.900 to 0\.780\./,
  );
  expect(judged([-1, 1], [-1, 1]).published).toBeNull();
});

test("what pasting and the surroundings alone do is said where it is clear", () => {
  const words = (more: readonly Stated[]) => judged([-1, 1], [-1, 1], more).caveats.join(" ");
  expect(words([stated("background-only", 80, [75, 85])])).toContain(
    "probes are right on 80.0 % of pairs [75.0, 85.0]",
  );
  expect(words([stated("background-only", 52, [48, 56])])).not.toContain("surroundings alone");
  const pasted = answer({
    encoder: "net",
    zone: 0.02,
    undecided: null,
    notes: [],
    stated: [stated("neighbor", 0, [-1, 1]), stated("medium", 0, [-1, 1]), stated("paste", 5, [3, 7])],
  });
  expect(pasted.caveats.join(" ")).toContain("Pasting alone costs 5.0 points [3.0, 7.0]");
});
