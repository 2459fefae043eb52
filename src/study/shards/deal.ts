/**
 * Deals things that stand in a row to shards: runs of neighbors, so that the largest sum of their costs is as small as
 * runs allow, about; a thing is in the shard that its middle falls into when costs are laid end to end.
 * @param costs at least 0 each
 * @returns the shard of each, ascending
 */
export function deal(costs: readonly number[], shards: number): number[] {
  const total = costs.reduce((a, b) => a + b, 0);
  let before = 0;
  return costs.map((cost, i) => {
    // Things that cost nothing are dealt by their number.
    const middle = total > 0 ? (before + cost / 2) / total : (i + 0.5) / costs.length;
    before += cost;
    return Math.min(shards - 1, Math.floor(middle * shards));
  });
}

/** Sums of the costs of every shard. */
export function costsOf(costs: readonly number[], of: readonly number[], shards: number): number[] {
  const sums = new Array<number>(shards).fill(0);
  of.forEach((shard, i) => {
    sums[shard] += costs[i];
  });
  return sums;
}
