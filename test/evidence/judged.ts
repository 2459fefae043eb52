import { mulberry32 } from "../../src/core/rng.ts";
import { hitsByPartner, type JudgedBlock, type Judgments } from "../../src/evidence/judgments.ts";
import type { Setting } from "../../src/settings.ts";

/** The hits of a block, changed pair by pair. */
export function changedHits(
  { right }: JudgedBlock,
  change: (hits: Uint8Array, a: number, b: number) => Uint8Array,
): ReadonlyMap<number, Uint8Array>[] {
  return right.map((row, a) => new Map([...row].map(([b, hits]) => [b, change(hits, a, b)])));
}

/** Judgments drawn at random: clusters of unequal sizes that differ in quality, donors of any cluster of the lender. */
export function drawnJudgments(
  seed: number,
  sizes: readonly (readonly number[])[] = [
    [4, 3, 5],
    [6, 2, 4, 3],
    [5, 5, 5],
  ],
  quality = 0.7,
): Judgments {
  const random = mulberry32(seed);
  let next = 0;
  const cluster = sizes.map((fields) => {
    const of = fields.flatMap((n) => {
      const name = next++;
      return Array.from({ length: n }, () => name);
    });
    return Int32Array.from(of);
  });
  const better = Float64Array.from({ length: next }, () => 0.3 * (random() - 0.5));
  const classes = sizes.map((_, c) => `class${c}`);
  const block = (setting: Setting, background: number): JudgedBlock => {
    const lender = (a: number) => (setting === "same" ? a : background);
    const donor = cluster.map((rows, a) =>
      lender(a) < 0
        ? null
        : rows.map(() => cluster[lender(a)][Math.floor(random() * cluster[lender(a)].length)]),
    );
    const right = classes.map((_, a) =>
      classes.map((_, b) =>
        a === b
          ? null
          : Uint8Array.from(cluster[a], (own, i) => {
              const lent = donor[a] === null ? 0 : better[donor[a][i]];
              return random() < quality + better[own] + lent ? 1 : 0;
            }),
      ),
    );
    return { setting, background, donor, right: hitsByPartner(right) };
  };
  const blocks = [block("original", -1), block("self", -1), block("same", -1)];
  classes.forEach((_, g) => {
    blocks.push(block("cell-free", g), block("different", g));
  });
  return { classes, cluster, blocks };
}
