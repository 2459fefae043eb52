import type { Components } from "./components.ts";

/** The variances that a statement's interval is made from; see docs/validity.md for their derivation. */
export interface Variances {
  /** Between own clusters: what other cells' clusters of the same class would have changed. */
  readonly own: number;
  /** Own and donor clusters, crossed. */
  readonly crossed: number;
  /** Every cluster in both of its roles at once. */
  readonly node: number;
  /** Satterthwaite degrees of freedom of `own`. */
  readonly df: number;
}

/**
 * Cluster variances of the average over classes (Cameron, Gelbach and Miller 2011 for crossed clusters), with
 * F / (F - 1) for the F clusters of every class. Classes that share clusters count as one for the degrees of freedom,
 * with the smallest F among them, and so do the two of a statement about two classes: all their judgments come from the
 * same machines.
 */
export function variances(of: Components): Variances {
  const { present, own, donor, names, pairs } = of;
  const classes = present.length;
  const total = new Map<number, number>();
  const both = new Map<number, number>();
  const averaged = new Set(present);
  let lent = 0;
  for (let c = 0; c < own.length; c++) {
    if (!averaged.has(c) && donor[c].every((v) => v === 0)) continue;
    const size = own[c].length;
    const scale = Math.sqrt(size / (size - 1));
    names[c].forEach((name, f) => {
      const mine = averaged.has(c) ? (scale * own[c][f]) / classes : 0;
      const given = scale * donor[c][f];
      lent += given * given;
      total.set(name, (total.get(name) ?? 0) + mine);
      both.set(name, (both.get(name) ?? 0) + mine + given);
    });
  }
  const ownVariance = squares(total.values());
  return {
    own: ownVariance,
    crossed: ownVariance + lent - pairs,
    node: squares(both.values()) - pairs,
    df: satterthwaite(of, total),
  };
}

/**
 * The one variance of a statement: the larger of the crossed and the node variance. Both are differences of sums of
 * squares and can come out near zero or below by chance; half of the variance between own clusters is their floor.
 */
export function clusterVariance({ own, crossed, node }: Variances): number {
  return Math.max(crossed, node, own / 2);
}

function squares(values: Iterable<number>): number {
  let sum = 0;
  for (const v of values) sum += v * v;
  return sum;
}

/** (sum of v)^2 / sum of v^2 / (F - 1) over classes, those that share a cluster and those of a single pair joined. */
function satterthwaite({ present, names }: Components, total: ReadonlyMap<number, number>): number {
  const part = new Map<number, number>();
  const parent = names.map((_, c) => c);
  const root = (c: number): number => (parent[c] === c ? c : (parent[c] = root(parent[c])));
  for (const c of present)
    for (const name of names[c]) {
      const other = part.get(name);
      if (other === undefined) part.set(name, c);
      else parent[root(c)] = root(other);
    }
  if (present.length === 2) parent[root(present[0])] = root(present[1]);
  const variance = new Map<number, number>();
  const smallest = new Map<number, number>();
  for (const [name, c] of part) {
    const r = root(c);
    variance.set(r, (variance.get(r) ?? 0) + total.get(name)! ** 2);
  }
  for (const c of present) {
    const r = root(c);
    smallest.set(r, Math.min(smallest.get(r) ?? Infinity, names[c].length));
  }
  let sum = 0;
  let parts = 0;
  for (const [r, v] of variance) {
    sum += v;
    parts += (v * v) / (smallest.get(r)! - 1);
  }
  return sum > 0 ? (sum * sum) / parts : Number.NaN;
}
