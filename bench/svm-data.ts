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
