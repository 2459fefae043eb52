/** Passes after which an improvement that is still to be had is left alone. */
const MOST_PASSES = 30;

/**
 * Deals clusters that classes share anew until every class has as many in each group as single moves and exchanges can
 * bring about, in place: least sum of squares of the clusters of a class in a group. Without shared clusters, or where
 * no class has two more in one group than in another, nothing changes.
 * @param perClass clusters of every class
 * @param groupOf group of every cluster, below `count`
 */
export function evenOut(perClass: readonly (readonly number[])[], groupOf: Int32Array, count: number): void {
  const classesOf: number[][] = Array.from(groupOf, () => []);
  perClass.forEach((list, c) => {
    for (const id of list) classesOf[id].push(c);
  });
  if (classesOf.every((own) => own.length < 2)) return;
  const used = perClass.map((list) => {
    const of = new Int32Array(count);
    for (const id of list) of[groupOf[id]]++;
    return of;
  });
  if (used.every((of) => Math.max(...of) - Math.min(...of) < 2)) return;
  const put = (id: number, from: number, to: number) => {
    for (const c of classesOf[id]) {
      used[c][from]--;
      used[c][to]++;
    }
    groupOf[id] = to;
  };
  /** Half of what a move adds to the sum of squares. */
  const cost = (id: number, from: number, to: number) =>
    classesOf[id].reduce((sum, c) => sum + used[c][to] - used[c][from] + 1, 0);
  /** Moves `id`, or exchanges it with another cluster of the group that it moves to. */
  const improve = (id: number): boolean => {
    const from = groupOf[id];
    for (let to = 0; to < count; to++) {
      if (to === from) continue;
      const moved = cost(id, from, to);
      put(id, from, to);
      if (moved < 0) return true;
      for (let other = 0; other < groupOf.length; other++) {
        if (other === id || groupOf[other] !== to || moved + cost(other, to, from) >= 0) continue;
        put(other, to, from);
        return true;
      }
      put(id, to, from);
    }
    return false;
  };
  for (let pass = 0, better = true; better && pass < MOST_PASSES; pass++) {
    better = false;
    for (let id = 0; id < groupOf.length; id++) if (improve(id)) better = true;
  }
}
