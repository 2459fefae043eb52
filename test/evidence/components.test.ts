import { expect, test } from "vitest";
import { components } from "../../src/evidence/components.ts";
import { difference, hitsByPartner, type Judgments, type Term } from "../../src/evidence/judgments.ts";
import { clusterVariance, variances } from "../../src/evidence/variance.ts";
import { changedHits, drawnJudgments } from "./judged.ts";

/** Two classes of two fields; every number below can be checked by hand. */
const tiny: Judgments = {
  classes: ["a", "b"],
  cluster: [Int32Array.of(0, 0, 1, 1), Int32Array.of(2, 2, 3, 3)],
  blocks: [
    {
      setting: "original",
      background: -1,
      donor: [null, null],
      right: hitsByPartner([
        [null, Uint8Array.of(1, 1, 1, 0)],
        [Uint8Array.of(0, 0, 1, 1), null],
      ]),
    },
  ],
};

test("four cells in two fields of two classes, by hand", () => {
  const sums = components([{ of: tiny, setting: "original", weight: 1 }]);
  expect([...sums.perClass]).toEqual([0.75, 0.5]);
  expect(sums.estimate).toBe(0.625);
  expect(sums.own.map((s) => [...s])).toEqual([
    [0.125, -0.125],
    [-0.25, 0.25],
  ]);
  expect([sums.pairs, ...sums.donor.flatMap((d) => [...d])]).toEqual([0, 0, 0, 0, 0]);
  // 2 / (2 - 1) * ((1/16)^2 + (1/16)^2) + 2 / (2 - 1) * ((1/8)^2 + (1/8)^2)
  const found = variances(sums);
  expect(found.own).toBeCloseTo(1 / 64 + 1 / 16, 15);
  expect([found.crossed, found.node]).toEqual([found.own, found.own]);
  expect(found.df).toBeCloseTo(1, 12);
  expect(clusterVariance(found)).toBe(found.own);
});

test("degrees of freedom: classes by their variances, two classes of one pair as one", () => {
  const of = drawnJudgments(1);
  const sums = components([{ of, setting: "original", weight: 1 }]);
  const v = sums.own.map((s) => {
    const size = s.length;
    return (size / (size - 1)) * s.reduce((sum, e) => sum + (e / 3) ** 2, 0);
  });
  const total = v[0] + v[1] + v[2];
  // Three, four and three clusters.
  expect(variances(sums).df).toBeCloseTo(total ** 2 / (v[0] ** 2 / 2 + v[1] ** 2 / 3 + v[2] ** 2 / 2), 10);
  const two = drawnJudgments(1, [
    [4, 3, 5],
    [6, 2, 4, 3],
  ]);
  expect(variances(components([{ of: two, setting: "original", weight: 1 }])).df).toBeCloseTo(2, 12);
});

test("a field that both classes share is one cluster with one degree of freedom less than fields", () => {
  const shared = { ...tiny, cluster: [Int32Array.of(0, 0, 1, 1), Int32Array.of(0, 0, 1, 1)] };
  const found = variances(components([{ of: shared, setting: "original", weight: 1 }]));
  // Field 0: 1/16 - 1/8; field 1: the opposite.
  expect(found.own).toBeCloseTo(2 * (1 / 16) ** 2 * 2, 15);
  expect(found.df).toBeCloseTo(1, 12);
});

interface Deviation {
  readonly own: number;
  readonly donor: number;
  readonly value: number;
}

/** As the words say: every judgment's deviation from the mean of its class and block, one by one. */
function naive(terms: readonly Term[], classes: number) {
  const deviations: Deviation[] = [];
  const perClass = Array.from({ length: classes }, () => 0);
  const onBackgrounds = terms.find(({ of, setting }) =>
    of.blocks.some((b) => b.setting === setting && b.background >= 0),
  );
  /** Backgrounds on which the pair counts in the term that has backgrounds. */
  const backgrounds = (a: number, b: number) =>
    onBackgrounds!.of.blocks.filter(
      (k) => k.setting === onBackgrounds!.setting && k.background !== a && k.background !== b,
    );
  for (let a = 0; a < classes; a++)
    for (const { of, setting, weight } of terms) {
      const counting = of.blocks.flatMap((block) =>
        block.setting === setting && block.background !== a
          ? of.classes.flatMap((_, b) => (b !== a && b !== block.background ? [{ block, b }] : []))
          : [],
      );
      const plain = onBackgrounds !== undefined && counting.every(({ block }) => block.background < 0);
      // The same pairs on both sides: each as often as on a background.
      const used = plain ? counting.flatMap((u) => backgrounds(a, u.b).map(() => u)) : counting;
      for (const { block, b } of used) {
        const right = [...block.right[a].get(b)!];
        const mean = right.reduce((x, y) => x + y, 0) / right.length;
        perClass[a] += (weight * mean) / used.length;
        right.forEach((r, i) => {
          deviations.push({
            own: of.cluster[a][i],
            donor: block.donor[a]?.[i] ?? -1,
            value: (weight * (r - mean)) / (used.length * right.length * classes),
          });
        });
      }
    }
  return { deviations, perClass };
}

function byKey(deviations: readonly Deviation[], key: (d: Deviation) => string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const d of deviations) sums.set(key(d), (sums.get(key(d)) ?? 0) + d.value);
  return sums;
}

/** The same with backgrounds of the first classes only. */
const onFew = (of: Judgments, backgrounds: number): Judgments => ({
  ...of,
  blocks: of.blocks.filter((b) => b.background < backgrounds),
});

test("on few backgrounds an effect compares the same pairs on both sides", () => {
  const of = onFew(
    drawnJudgments(3, [
      [4, 3],
      [6, 2],
      [5, 5],
      [3, 3],
    ]),
    2,
  );
  // Whether a cell is found depends on the pair alone, and pairs of the classes that lend are harder.
  const found = (a: number, b: number) => (i: number) =>
    i % 4 < (a + b < 2 ? 1 : a + b < 4 ? 2 : 3) ? 1 : 0;
  const alike: Judgments = {
    ...of,
    blocks: of.blocks.map((block) => ({
      ...block,
      right: changedHits(block, (hits, a, b) => Uint8Array.from(hits, (_, i) => found(a, b)(i))),
    })),
  };
  const mean = (setting: "self" | "cell-free") => components([{ of: alike, setting, weight: 1 }]).estimate;
  expect(Math.abs(mean("self") - mean("cell-free"))).toBeGreaterThan(0.01);
  for (const [from, to] of [
    ["self", "cell-free"],
    ["original", "different"],
    ["same", "different"],
  ] as const)
    expect(components(difference(alike, from, to)).estimate).toBeCloseTo(0, 12);
});

const squares = (sums: Map<string, number>, scale: (name: string) => number) =>
  [...sums].reduce((total, [name, s]) => total + scale(name) * s * s, 0);

test.each([
  ["original", (of: Judgments) => [{ of, setting: "original", weight: 1 } as Term]],
  ["same", (of: Judgments) => [{ of, setting: "same", weight: 1 } as Term]],
  ["different", (of: Judgments) => [{ of, setting: "different", weight: 1 } as Term]],
  ["neighbor effect", (of: Judgments) => difference(of, "cell-free", "different")],
  ["published drop", (of: Judgments) => difference(of, "same", "different")],
  ["total drop", (of: Judgments) => difference(of, "original", "different")],
  ["total drop on two backgrounds", (of: Judgments) => difference(onFew(of, 2), "original", "different")],
])("sums and variances of %s are those of the naive twin", (_, make) => {
  for (let seed = 1; seed <= 5; seed++) {
    const of = drawnJudgments(seed, [
      [4, 3, 5],
      [6, 2, 4, 3],
      [5, 5, 5],
      [3, 3, 3, 3, 2],
    ]);
    const terms = make(of);
    const found = components(terms);
    const expected = naive(terms, 4);
    for (let c = 0; c < 4; c++) expect(found.perClass[c]).toBeCloseTo(expected.perClass[c], 12);
    expect(found.estimate).toBeCloseTo(expected.perClass.reduce((a, b) => a + b) / 4, 12);
    const size = new Map(of.cluster.flatMap((rows) => [...rows].map((f) => [f, new Set(rows).size])));
    const scale = (name: string) => size.get(Number(name))! / (size.get(Number(name))! - 1);
    const lent = expected.deviations.filter((d) => d.donor >= 0);
    const own = squares(
      byKey(expected.deviations, (d) => `${d.own}`),
      scale,
    );
    const pairs = squares(
      byKey(lent, (d) => `${d.own} ${d.donor}`),
      () => 1,
    );
    const crossed =
      own +
      squares(
        byKey(lent, (d) => `${d.donor}`),
        scale,
      ) -
      pairs;
    const node =
      squares(
        byKey([...expected.deviations, ...lent.map((d) => ({ ...d, own: d.donor }))], (d) => `${d.own}`),
        scale,
      ) - pairs;
    const v = variances(found);
    expect(v.own).toBeCloseTo(own, 12);
    expect(v.crossed).toBeCloseTo(crossed, 12);
    expect(v.node).toBeCloseTo(node, 12);
    expect(clusterVariance(v)).toBeCloseTo(Math.max(crossed, node, own / 2), 12);
  }
});

test("pairs of which the background is one are not counted, nor classes that lack a setting", () => {
  const of = drawnJudgments(3);
  const spoiled = {
    ...of,
    blocks: of.blocks.map((block) => ({
      ...block,
      right: changedHits(block, (hits, a, b) =>
        block.background !== a && block.background !== b ? hits : hits.map((r) => 1 - r),
      ),
    })),
  };
  const all = components(difference(of, "cell-free", "different"));
  expect(components(difference(spoiled, "cell-free", "different"))).toEqual(all);
  const missing = {
    ...of,
    blocks: of.blocks.filter((b) => b.setting !== "different" || b.background === 0),
  };
  const few = components(difference(missing, "cell-free", "different"));
  expect(few.present).toEqual([1, 2]);
  expect(few.perClass[0]).toBeNaN();
});
