import { callRow, emptyCalls } from "../calls.ts";
import { BlockKernels, blockBytes, type Shape, weightLayout } from "./block.ts";
import { REMEMBERED, rememberedSteps } from "./fit.ts";
import { HELD_BYTES, MOST_SLICES } from "./slices.ts";

/** Looks at all rows that a fit takes, about: 60 to 250 were seen. */
const LOOKS = 130;
/** Seconds that adding two weights takes, in the optimizer. */
const ADDITION = 1e-9;

/** Seconds that a probe takes, and the rows that it was measured on. */
export interface StreamedSpeed {
  /** Of all threads together. */
  readonly seconds: number;
  readonly rows: number;
}

/**
 * How long a probe takes that is fitted in pieces, by some of its rows.
 *
 * @param features some rows x dimension, of all classes in turn
 * @param of rows that it is trained on, and rows that it is asked about afterwards
 * @param clock begins to count seconds of the processor
 */
export function streamedSpeed(
  features: Float32Array,
  shape: Shape,
  of: { readonly trained: number; readonly called: number },
  clock: () => () => number,
): StreamedSpeed {
  const rows = features.length / shape.dimension;
  const { length } = weightLayout(shape);
  const kernels = new BlockKernels(shape);
  // Weights that tell classes apart about as well as such a probe does.
  kernels.setWeights(Float64Array.from({ length }, (_, i) => Math.sin(i)));
  kernels.standardize(new Float64Array(shape.dimension), new Float64Array(shape.dimension).fill(1));
  const labels = Int32Array.from({ length: rows }, (_, i) => i % shape.classes);
  const weights = new Float64Array(rows).fill(1 / rows);
  kernels.clear();
  const looked = clock();
  kernels.add({ features, labels, weights });
  const look = looked();
  const [out, room] = [emptyCalls(rows, false), new Float64Array(shape.classes)];
  const calling = clock();
  kernels.scores(features, (scores, row) =>
    callRow(scores, { own: labels[row], background: -1 }, room, out, row),
  );
  const call = calling();
  const optimizer = 4 * REMEMBERED.most * length * ADDITION;
  return {
    seconds: LOOKS * ((look * of.trained) / rows + optimizer) + (call * of.called) / rows,
    rows,
  };
}

/** Bytes of memory that a fit in pieces takes at most: features that are held, steps that are remembered, and threads. */
export function streamedBytes(shape: Shape, rows: number, threads: number): number {
  const vector = 8 * weightLayout(shape).length;
  // Gradients of slices that wait for an earlier one, at most.
  const vectors = 2 * rememberedSteps(shape) + 8 + threads + MOST_SLICES;
  return Math.min(4 * rows * shape.dimension, HELD_BYTES) + vectors * vector + threads * blockBytes(shape);
}
