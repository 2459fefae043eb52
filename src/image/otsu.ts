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
  for (let i = 0; i < values.length; i++) counts[Math.min(bins - 1, Math.floor((values[i] - low) * scale))]++;
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
