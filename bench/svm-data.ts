import { mulberry32, namedSeed, normal } from "../src/core/rng.ts";

/**
 * Drawn stand-ins for pooled activations of a network: `classes` blocks of `rows` x `dimension` numbers, non-negative,
 * correlated, on unequal scales, with a class mean `shift` away (4 makes pairs nearly separable; one number for all
 * classes, or one for each).
 */
export function activations(
  classes: number,
  rows: number,
  dimension: number,
  shift: number | readonly number[],
  seed: number,
): Float32Array[] {
  const random = mulberry32(namedSeed(seed, "activations", dimension, String(shift)));
  const draws = (count: number, scale: number) =>
    Float64Array.from({ length: count }, () => normal(random) * scale);
  const mix = draws(dimension * dimension, 1 / Math.sqrt(dimension));
  const scale = draws(dimension, 0.7).map((v) => 0.5 * Math.exp(v));
  return Array.from({ length: classes }, (_, c) => {
    const away = typeof shift === "number" ? shift : shift[c];
    const mean = draws(dimension, away / Math.sqrt(dimension));
    const out = new Float32Array(rows * dimension);
    for (let r = 0; r < rows; r++) {
      const hidden = draws(dimension, 1);
      for (let k = 0; k < dimension; k++) {
        let sum = 0.3;
        for (let j = 0; j < dimension; j++) sum += (hidden[j] + mean[j]) * mix[k * dimension + j];
        out[r * dimension + k] = Math.max(0, sum) * scale[k];
      }
    }
    return out;
  });
}

/** As layer-normed features of a transformer: a few dozen directions with falling weights, and noise. */
export function layerNormed(
  classes: number,
  rows: number,
  dimension: number,
  shift: number,
  seed: number,
): Float32Array[] {
  const random = mulberry32(namedSeed(seed, "layer-normed", dimension, String(shift)));
  const hidden = 64;
  const mix = Float64Array.from({ length: hidden * dimension }, () => normal(random));
  return Array.from({ length: classes }, () => {
    const mean = Float64Array.from(
      { length: hidden },
      () => (0.3 * shift * normal(random)) / Math.sqrt(hidden),
    );
    const out = new Float32Array(rows * dimension);
    for (let r = 0; r < rows; r++) {
      const row = Float64Array.from({ length: dimension }, () => 0.5 * normal(random));
      for (let k = 0; k < hidden; k++) {
        const along = normal(random) * Math.exp(-k / 20) + mean[k];
        for (let j = 0; j < dimension; j++) row[j] += along * mix[k * dimension + j];
      }
      const middle = row.reduce((a, b) => a + b) / dimension;
      const sd = Math.sqrt(row.reduce((a, b) => a + (b - middle) ** 2, 0) / dimension);
      for (let j = 0; j < dimension; j++) out[r * dimension + j] = (row[j] - middle) / sd;
    }
    return out;
  });
}

/** Independent rectified features: a flattened map, of which only the inner products count where rows are few. */
export function flattened(classes: number, rows: number, dimension: number, seed: number): Float32Array[] {
  const random = mulberry32(namedSeed(seed, "flattened", dimension));
  return Array.from({ length: classes }, (_, c) =>
    Float32Array.from({ length: rows * dimension }, () => Math.max(0, normal(random)) + (c > 0 ? 0.02 : 0)),
  );
}
