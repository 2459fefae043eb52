/** What a probe makes of rows. */
export interface RowCalls {
  /** Class with the highest probability; the lower number among equals. */
  readonly predicted: Int16Array;
  /** Its probability. */
  readonly probability: Float32Array;
  /** Probability of the row's own class. */
  readonly own: Float32Array;
  /** Probability of the background's class; null where there is no background. */
  readonly lent: Float32Array | null;
  /** Natural logarithm of the own class's probability over the most probable other's; positive: own. */
  readonly margin: Float32Array;
}

/** Room for what is made of `rows` rows. */
export function emptyCalls(rows: number, hasBackground: boolean): RowCalls {
  return {
    predicted: new Int16Array(rows),
    probability: new Float32Array(rows),
    own: new Float32Array(rows),
    lent: hasBackground ? new Float32Array(rows) : null,
    margin: new Float32Array(rows),
  };
}

/** Bytes of what is made of one row. */
export function callBytes(hasBackground: boolean): number {
  return 2 + 4 * (hasBackground ? 4 : 3);
}

/**
 * Leaves what the scores of a row (`predictScores`) say at position `row` of `out`.
 * @param background class of the background, where `out` has room for it
 * @param probability room for as many numbers as there are classes
 */
export function callRow(
  scores: Float64Array,
  { own, background }: { readonly own: number; readonly background: number },
  probability: Float64Array,
  out: RowCalls,
  row: number,
): void {
  const best = rowProbabilities(scores, probability);
  let rival = -Infinity;
  for (let k = 0; k < scores.length; k++) if (k !== own && scores[k] > rival) rival = scores[k];
  out.predicted[row] = best;
  out.probability[row] = probability[best];
  out.own[row] = probability[own];
  if (out.lent !== null) out.lent[row] = probability[background];
  out.margin[row] = scores[own] - rival;
}

/**
 * Probabilities of all classes from the scores of one row (`predictScores`), left in `out`.
 * @returns the class with the highest score; the lower number among equals
 */
export function rowProbabilities(scores: Float64Array, out: Float64Array): number {
  let best = 0;
  for (let k = 0; k < scores.length; k++) if (scores[k] > scores[best]) best = k;
  let sum = 0;
  for (let k = 0; k < scores.length; k++) sum += out[k] = Math.exp(scores[k] - scores[best]);
  for (let k = 0; k < scores.length; k++) out[k] /= sum;
  return best;
}
