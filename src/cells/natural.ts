/** Order of names in which runs of digits count as numbers (`A2` before `A10`); otherwise by code unit, in any locale. */
export function compareNatural(a: string, b: string): number {
  const x = a.match(PARTS) ?? [];
  const y = b.match(PARTS) ?? [];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const m = Number(x[i]);
    const n = Number(y[i]);
    if (!Number.isNaN(m) && !Number.isNaN(n) && m !== n) return m - n;
    if (x[i] !== y[i] && (Number.isNaN(m) || Number.isNaN(n))) return x[i] < y[i] ? -1 : 1;
  }
  if (x.length !== y.length) return x.length - y.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

const PARTS = /\d+|\D+/g;
