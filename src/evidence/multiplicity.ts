/**
 * Benjamini and Hochberg (1995): for every p value the smallest false discovery rate at which it is still a discovery.
 * Null entries (no p value) stay null and do not count.
 */
export function benjaminiHochberg(p: readonly (number | null)[]): (number | null)[] {
  const order = p
    .flatMap((value, i) => (value === null ? [] : [{ value, i }]))
    .sort((a, b) => b.value - a.value);
  const out: (number | null)[] = p.map(() => null);
  let least = 1;
  order.forEach(({ value, i }, k) => {
    least = Math.min(least, (value * order.length) / (order.length - k));
    out[i] = least;
  });
  return out;
}
