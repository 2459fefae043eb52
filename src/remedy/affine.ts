/** A map of feature vectors: y = W x + c. */
export interface AffineMap {
  /** Features that it takes. */
  readonly inputs: number;
  /** Features that it gives. */
  readonly outputs: number;
  /** W, outputs x inputs, row-major. */
  readonly weights: Float64Array;
  /** c, one number per output. */
  readonly offset: Float64Array;
}

/** The map that leaves features as they are. */
export function identityMap(dimension: number): AffineMap {
  const weights = new Float64Array(dimension * dimension);
  for (let i = 0; i < dimension; i++) weights[i * dimension + i] = 1;
  return { inputs: dimension, outputs: dimension, weights, offset: new Float64Array(dimension) };
}

/**
 * Maps every row; sums are in float64.
 *
 * @param features rows x inputs
 * @param out rows x outputs; may be `features` where the map takes as many as it gives
 * @throws RangeError for arrays that are not of these shapes
 */
export function applyAffine(
  map: AffineMap,
  features: Float32Array,
  out: Float32Array = new Float32Array((features.length / map.inputs) * map.outputs),
): Float32Array {
  const { inputs, outputs, weights, offset } = map;
  const rows = features.length / inputs;
  if (!Number.isInteger(rows) || out.length !== rows * outputs)
    throw new RangeError(
      `${features.length} values do not map to ${out.length} by ${outputs} x ${inputs} weights`,
    );
  const row = new Float64Array(inputs);
  for (let r = 0; r < rows; r++) {
    for (let j = 0, at = r * inputs; j < inputs; j++, at++) row[j] = features[at];
    for (let i = 0, w = 0; i < outputs; i++) {
      let sum = offset[i];
      for (let j = 0; j < inputs; j++, w++) sum += weights[w] * row[j];
      out[r * outputs + i] = sum;
    }
  }
  return out;
}

/** The map that does `first`, then `second`. @throws RangeError where the second does not take what the first gives */
export function composeAffine(first: AffineMap, second: AffineMap): AffineMap {
  const { inputs, outputs: inner } = first;
  const { outputs } = second;
  if (second.inputs !== inner)
    throw new RangeError(`a map of ${second.inputs} features cannot follow one that gives ${inner}`);
  const weights = new Float64Array(outputs * inputs);
  const offset = second.offset.slice();
  for (let i = 0; i < outputs; i++)
    for (let k = 0; k < inner; k++) {
      const w = second.weights[i * inner + k];
      offset[i] += w * first.offset[k];
      for (let j = 0; j < inputs; j++) weights[i * inputs + j] += w * first.weights[k * inputs + j];
    }
  return { inputs, outputs, weights, offset };
}

/** The map with these weights that leaves `fixed` where it is: y = fixed + W (x - fixed). */
export function mapAround(weights: Float64Array, fixed: Float64Array): AffineMap {
  const d = fixed.length;
  const offset = fixed.slice();
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) offset[i] -= weights[i * d + j] * fixed[j];
  return { inputs: d, outputs: d, weights, offset };
}
