import { expect, test } from "vitest";
import { collectJudgments } from "../../src/evidence/collect.ts";
import { components } from "../../src/evidence/components.ts";
import { difference } from "../../src/evidence/judgments.ts";

const cells = {
  classes: ["a", "b", "c"],
  rows: [Int32Array.of(4, 0), Int32Array.of(1, 5, 2), Int32Array.of(3)],
  cluster: Int32Array.of(10, 20, 21, 30, 11, 20),
};

test("pairs of a block come together, with clusters of rows and donors", () => {
  const asked: string[] = [];
  const found = collectJudgments(
    cells,
    [
      { setting: "different", background: 2, first: 0, second: 1, correct: Uint8Array.of(1, 0, 1, 1, 0) },
      { setting: "original", background: -1, first: 1, second: 2, correct: Uint8Array.of(0, 1, 1, 0) },
      { setting: "original", background: -1, first: 0, second: 1, correct: Uint8Array.of(1, 1, 0, 0, 1) },
    ],
    (setting, background, own) => {
      asked.push(`${setting} ${background} ${own}`);
      return own === 0 ? Int32Array.of(3, 3) : Int32Array.of(3, 1, 2);
    },
  );
  expect(found.cluster.map((c) => [...c])).toEqual([[11, 10], [20, 20, 21], [30]]);
  expect(found.blocks.map((b) => [b.setting, b.background])).toEqual([
    ["different", 2],
    ["original", -1],
  ]);
  expect(asked).toEqual(["different 2 0", "different 2 1"]);
  expect(found.blocks[0].donor.map((d) => d && [...d])).toEqual([[30, 30], [30, 20, 21], null]);
  expect(found.blocks[1].donor).toEqual([null, null, null]);
  expect(found.blocks[0].right[1].get(0)).toEqual(Uint8Array.of(1, 1, 0));
  expect(found.blocks[1].right[1].get(0)).toEqual(Uint8Array.of(0, 0, 1));
  expect(found.blocks[1].right[1].get(2)).toEqual(Uint8Array.of(0, 1, 1));
  expect(found.blocks[1].right[0].has(2)).toBe(false);
  // a: (1 + 0) / 2 in different, (1 + 1) / 2 in original; b: 2 / 3 and, against the same partner, 1 / 3.
  const { perClass, present } = components(difference(found, "original", "different"));
  expect(present).toEqual([0, 1]);
  expect(perClass[0]).toBeCloseTo(0.5, 12);
  expect(perClass[1]).toBeCloseTo(1 / 3 - 2 / 3, 12);
});

test("hits that are not one per row are refused", () => {
  const short = { setting: "self" as const, background: -1, first: 0, second: 2, correct: new Uint8Array(2) };
  expect(() => collectJudgments(cells, [short], () => null)).toThrow(
    /2 hits for the 3 rows of a and c in self/,
  );
});
