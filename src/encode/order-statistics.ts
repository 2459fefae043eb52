import { partition } from "../core/statistics.ts";

/** Order statistics so near one end are kept in a short sorted list while the values pass by once. */
const TAIL = 48;
const tail = new Float64Array(TAIL);
const otherTail = new Float64Array(TAIL);
let scratch = new Float64Array(0);

/**
 * Two quantiles, low <= high in 0..1, of at least one value, by linear interpolation (numpy's default): equals sorting
 * and interpolating, but finds only the two to four order statistics that are needed. `values` are left as they are.
 */
export function quantilesOf(values: Float64Array, low: number, high: number): [number, number] {
  const last = values.length - 1;
  const below = Math.floor(low * last);
  const above = Math.floor(high * last);
  if (below + 1 >= TAIL || last - above >= TAIL || last < TAIL)
    return [quantileOf(values, low), quantileOf(values, high)];
  const highest = Math.min(above + 1, last);
  outermost(values, below + 2, last - above + 1);
  const [a, b] = [otherTail[last - above], otherTail[last - highest]];
  return [
    tail[below] + (low * last - below) * (tail[below + 1] - tail[below]),
    a + (high * last - above) * (b - a),
  ];
}

/** The `few` smallest values, ascending, in `tail` and the `many` largest, descending, in `otherTail`, in one pass. */
function outermost(values: Float64Array, few: number, many: number): void {
  tail.fill(Infinity, 0, few);
  otherTail.fill(-Infinity, 0, many);
  let small = Infinity;
  let large = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (v < small) {
      let k = few - 1;
      for (; k > 0 && tail[k - 1] > v; k--) tail[k] = tail[k - 1];
      tail[k] = v;
      small = tail[few - 1];
    }
    if (v > large) {
      let k = many - 1;
      for (; k > 0 && otherTail[k - 1] < v; k--) otherTail[k] = otherTail[k - 1];
      otherTail[k] = v;
      large = otherTail[many - 1];
    }
  }
}

function quantileOf(values: Float64Array, q: number): number {
  const n = values.length;
  const at = q * (n - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, n - 1);
  let a: number;
  let b: number;
  if (above < TAIL) {
    smallest(values, above + 1);
    [a, b] = [tail[below], tail[above]];
  } else if (n - below <= TAIL) {
    largest(values, n - below);
    [a, b] = [tail[n - 1 - below], tail[n - 1 - above]];
  } else {
    if (scratch.length !== n) scratch = new Float64Array(n);
    scratch.set(values);
    partition(scratch, below);
    a = scratch[below];
    b = Infinity;
    for (let i = above; i < n; i++) if (scratch[i] < b) b = scratch[i];
  }
  return a + (at - below) * (b - a);
}

/** The `count` smallest values, ascending, in `tail`. */
function smallest(values: Float64Array, count: number): void {
  tail.fill(Infinity, 0, count);
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (v >= tail[count - 1]) continue;
    let k = count - 1;
    for (; k > 0 && tail[k - 1] > v; k--) tail[k] = tail[k - 1];
    tail[k] = v;
  }
}

/** The `count` largest values, descending, in `tail`. */
function largest(values: Float64Array, count: number): void {
  tail.fill(-Infinity, 0, count);
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (v <= tail[count - 1]) continue;
    let k = count - 1;
    for (; k > 0 && tail[k - 1] < v; k--) tail[k] = tail[k - 1];
    tail[k] = v;
  }
}
