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
