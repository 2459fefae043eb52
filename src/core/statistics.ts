/** Inner product of two vectors of one length. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Arithmetic mean; NaN for none. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Standard deviation with divisor `n - ddof` (0: population, 1: sample). */
export function standardDeviation(values: ArrayLike<number>, ddof = 0): number {
  const m = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - m) ** 2;
  return Math.sqrt(sum / (values.length - ddof));
}

/** Quantile `q` in [0, 1] with linear interpolation between order statistics (Hyndman-Fan type 7, numpy's default). */
export function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(values).sort();
  return quantileSorted(sorted, q);
}

/** As {@link quantile}, for values in ascending order. */
export function quantileSorted(sorted: ArrayLike<number>, q: number): number {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

/** Median; mean of the two middle values for an even number. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/** Puts the order statistic `k` (from 0) in its place, nothing larger before it, nothing smaller behind (Hoare's FIND). */
export function partition(a: Float64Array, k: number): void {
  let left = 0;
  let right = a.length - 1;
  while (left < right) {
    const pivot = a[k];
    let i = left;
    let j = right;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (pivot < a[j]) j--;
      if (i > j) break;
      const v = a[i];
      a[i++] = a[j];
      a[j--] = v;
    }
    if (j < k) left = i;
    if (k < i) right = j;
  }
}

/** As {@link quantile}, but the values end up in another order. */
export function quantileInPlace(values: Float64Array, q: number): number {
  const at = q * (values.length - 1);
  const low = Math.floor(at);
  partition(values, low);
  let next = values[low];
  if (low + 1 < values.length) {
    next = values[low + 1];
    for (let i = low + 2; i < values.length; i++) if (values[i] < next) next = values[i];
  }
  return values[low] + (at - low) * (next - values[low]);
}

/** Buckets that values are counted in to find their quantiles. */
const BUCKETS = 4096;

/**
 * Quantiles of many finite values, as {@link quantile}, which stay as they are: the values are counted in buckets of equal
 * width, and only those of the buckets where the order statistics lie are sorted.
 */
export function quantiles(values: Float64Array, qs: readonly number[]): number[] {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  if (!(high > low)) return qs.map(() => low);
  const scale = (BUCKETS - 1) / (high - low);
  if (!Number.isFinite(scale) || !Number.isFinite(high - low)) return qs.map((q) => quantile(values, q));
  const counts = new Int32Array(BUCKETS);
  for (let i = 0; i < values.length; i++) counts[((values[i] - low) * scale) | 0]++;
  const statistic = new Map<number, number>();
  const needed = new Set(qs.flatMap((q) => ranksOf(q, values.length)));
  let before = 0;
  for (let b = 0; b < BUCKETS; b++) {
    const ranks = [...needed].filter((rank) => rank >= before && rank < before + counts[b]);
    if (ranks.length > 0) {
      const own = new Float64Array(counts[b]);
      for (let i = 0, n = 0; n < own.length; i++)
        if ((((values[i] - low) * scale) | 0) === b) own[n++] = values[i];
      own.sort();
      for (const rank of ranks) statistic.set(rank, own[rank - before]);
    }
    before += counts[b];
  }
  return qs.map((q) => {
    const [lower, upper] = ranksOf(q, values.length).map((rank) => statistic.get(rank)!);
    const at = q * (values.length - 1);
    return lower + (at - Math.floor(at)) * (upper - lower);
  });
}

function ranksOf(q: number, count: number): [number, number] {
  const rank = Math.floor(q * (count - 1));
  return [rank, Math.min(rank + 1, count - 1)];
}
