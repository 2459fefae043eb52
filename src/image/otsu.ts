/**
 * Otsu's threshold: the center of the histogram bin that splits `values` with the largest variance between the two
 * sides (Otsu, IEEE Trans. SMC 9, 1979); equals `skimage.filters.threshold_otsu`. `bins` equal bins from the
 * smallest to the largest value. A constant input has no split: its value is returned.
 */
export function otsuThreshold(values: Float32Array | Float64Array, bins = 256): number {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  if (!(high > low)) return low;
  const counts = new Float64Array(bins);
  const scale = bins / (high - low);
  const last = bins - 1;
  for (let i = 0; i < values.length; i++) {
    const bin = ((values[i] - low) * scale) | 0;
    counts[bin > last ? last : bin]++;
  }
  const center = (b: number) => low + ((b + 0.5) * (high - low)) / bins;
  let total = 0;
  for (let b = 0; b < bins; b++) total += counts[b] * center(b);
  let below = 0;
  let sumBelow = 0;
  let best = -1;
  let threshold = center(0);
  for (let b = 0; b < bins - 1; b++) {
    below += counts[b];
    sumBelow += counts[b] * center(b);
    const above = values.length - below;
    const gap = sumBelow / below - (total - sumBelow) / above;
    const variance = below * above * gap * gap;
    if (variance > best) {
      best = variance;
      threshold = center(b);
    }
  }
  return threshold;
}

/**
 * The lower of the two thresholds that split `values` into three classes with the largest variance between them (Liao,
 * Chen and Chung, Journal of Information Science and Engineering 17, 2001): the upper edge of the first class's last
 * bin. Where there are dim and bright cells it parts the medium from the dim ones. A constant input has no split: its
 * value is returned.
 */
export function lowerOtsuThreshold(values: Float32Array | Float64Array, bins = 256): number {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  if (!(high > low)) return low;
  // Number of values below a bin, and the sum of their bins.
  const number = new Float64Array(bins + 1);
  const sum = new Float64Array(bins + 1);
  const scale = bins / (high - low);
  for (let i = 0; i < values.length; i++) {
    const bin = ((values[i] - low) * scale) | 0;
    number[bin >= bins ? bins : bin + 1]++;
  }
  for (let b = 1; b <= bins; b++) {
    sum[b] = sum[b - 1] + number[b] * (b - 1);
    number[b] += number[b - 1];
  }
  // The variance between classes is the sum of these terms, less what no split changes.
  const term = (from: number, to: number) => {
    const n = number[to] - number[from];
    return n === 0 ? 0 : (sum[to] - sum[from]) ** 2 / n;
  };
  let best = -1;
  let split = 1;
  const upper = Float64Array.from({ length: bins }, (_, second) => term(second, bins));
  for (let first = 1; first < bins - 1; first++) {
    const lower = term(0, first);
    for (let second = first + 1; second < bins; second++) {
      const variance = lower + term(first, second) + upper[second];
      if (variance > best) {
        best = variance;
        split = first;
      }
    }
  }
  return low + (split * (high - low)) / bins;
}
