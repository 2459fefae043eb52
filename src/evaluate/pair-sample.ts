import { namedSeed } from "../core/rng.ts";

/** Pairs of classes that probes are fitted for: all, none, or so many of every class, drawn by the seed. */
export type PairChoice = "all" | "none" | { readonly sample: number };

/**
 * The pairs of classes that a study fits. A sample is balanced: every class is in equally many pairs, `sample` of them, or
 * one more where both it and the number of classes are odd; all pairs where that is all. The classes stand in a circle in
 * the order of a hash of seed and name, and are paired with those next to them; so the pairs do not depend on the order
 * of `names`, every pair is as likely as any other over the seeds, and a class more changes few of them.
 *
 * @param names of the classes, each once
 * @returns positions of the two classes, first < second, ascending
 */
export function chosenPairs(names: readonly string[], choice: PairChoice, seed: number): [number, number][] {
  const count = names.length;
  if (choice === "none") return [];
  const degree = choice === "all" ? count - 1 : pairsPerClass(count, choice.sample);
  if (degree === count - 1) return allPairs(count);
  const hash = names.map((name) => namedSeed(seed, "pairs", name));
  const circle = [...names.keys()].sort(
    (a, b) => hash[a] - hash[b] || (names[a] < names[b] ? -1 : Number(names[a] > names[b])),
  );
  return (degree === 2 ? shortCycles(count) : neighbors(count, degree))
    .map(([i, k]): [number, number] => {
      const [a, b] = [circle[i], circle[k]];
      return a < b ? [a, b] : [b, a];
    })
    .sort(([a, b], [c, d]) => a - c || b - d);
}

/** Pairs that every class is in: `wanted`, one more where no balanced design has as many, at most all. */
export function pairsPerClass(classes: number, wanted: number): number {
  const degree = wanted + ((wanted * classes) % 2);
  return Math.min(degree, classes - 1);
}

/** Every place of a circle with its `degree` nearest; where that is odd, with the place opposite too. */
function neighbors(count: number, degree: number): [number, number][] {
  const half = Math.floor(degree / 2);
  const pairs = Array.from({ length: count }, (_, i) => i).flatMap((i) =>
    Array.from({ length: half }, (_, d): [number, number] => [i, (i + d + 1) % count]),
  );
  if (degree % 2 === 1) for (let i = 0; i < count / 2; i++) pairs.push([i, i + count / 2]);
  return pairs;
}

/**
 * Two pairs a class, as cycles of four and one of up to seven: what pairs differ by beyond their classes shows in a cycle
 * of an even number only, one degree of freedom in each.
 */
function shortCycles(count: number): [number, number][] {
  const pairs: [number, number][] = [];
  for (let start = 0; start < count; ) {
    const size = count - start < 8 ? count - start : 4;
    for (let i = 0; i < size; i++) pairs.push([start + i, start + ((i + 1) % size)]);
    start += size;
  }
  return pairs;
}

/** Every pair of `count` classes: (0, 1), (0, 2), ..., (1, 2), ... */
export function allPairs(count: number): [number, number][] {
  return Array.from({ length: count }, (_, a) => a).flatMap((a) =>
    Array.from({ length: count - a - 1 }, (_, k): [number, number] => [a, a + k + 1]),
  );
}

/** How many pairs {@link chosenPairs} gives. */
export function pairCount(classes: number, choice: PairChoice): number {
  if (choice === "none") return 0;
  return (classes * (choice === "all" ? classes - 1 : pairsPerClass(classes, choice.sample))) / 2;
}
