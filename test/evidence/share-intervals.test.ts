import { expect, test } from "vitest";
import { ClusterSums } from "../../src/evidence/share-intervals.ts";

/** Two classes with three fields each, every field's cells on those of the other class. */
function clusters() {
  const own: number[] = [];
  const cluster: number[] = [];
  const donorCluster: number[] = [];
  for (const c of [0, 1])
    for (const f of [0, 1, 2])
      for (const g of [0, 1, 2]) {
        own.push(c);
        cluster.push(3 * c + f);
        donorCluster.push(3 * (1 - c) + g);
      }
  const ints = (list: readonly number[]) => Int32Array.from(list);
  return new ClusterSums({
    own: ints(own),
    background: ints(own.map((c) => 1 - c)),
    cluster: ints(cluster),
    donorCluster: ints(donorCluster),
    classes: 2,
  });
}

test("a share has an interval, one of which next to nothing is there has none instead of one without end", () => {
  const sums = (n: number) => Float64Array.from({ length: n }, (_, i) => 0.001 * (i % 3) - 0.001);
  const by = { own: sums(6), donor: sums(6), pair: new Float64Array(18) };
  const interval = (share: number, noise: number) =>
    clusters().interval({ share, noise }, { half: by, whole: by }, Float64Array.of(1), { level: 0.95 });
  const { low, high } = interval(0.3, 0)!;
  expect(low).toBeLessThan(0.3);
  expect(high).toBeGreaterThan(0.3);
  expect(high).toBeLessThan(0.4);
  expect(interval(-0.001, 0.001 + 1e-9)).toBeNull();
  expect(interval(-0.001, 0.001)).toBeNull();
});
