import { callRow, emptyCalls } from "../calls.ts";
import { BlockKernels, blockBytes, type Shape, weightLayout } from "./block.ts";
import { REMEMBERED, rememberedSteps } from "./fit.ts";
import { MOST_WAITING } from "./objective.ts";
import { HELD_BYTES, sliceLanes, sliceRows } from "./slices.ts";

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
export function streamedBytes(shape: Shape, rows: number, threads: number, held = HELD_BYTES): number {
  const { dimension } = shape;
  const features = 4 * rows * dimension;
  const slices =
    Math.min(threads, sliceLanes(rows, dimension, held)) * 4 * sliceRows(rows, dimension) * dimension;
  return (features > held ? slices : features) + weightBytes(shape, threads);
}

/**
 * Bytes of features that a fit in pieces holds at most: half of the memory that its weights leave, and never more than
 * {@link HELD_BYTES}. What is held changes no bit.
 * @param left bytes of memory that the process may still take
 */
export function heldBytes(shape: Shape, threads: number, left: number): number {
  return Math.min(HELD_BYTES, Math.max(0, (left - weightBytes(shape, threads)) / 2));
}

/** Steps that are remembered, the weights and gradients of threads, and those of slices that wait for an earlier one, at most. */
function weightBytes(shape: Shape, threads: number): number {
  const vector = 8 * weightLayout(shape).length;
  const vectors = 2 * rememberedSteps(shape) + 8 + threads + MOST_WAITING;
  return vectors * vector + threads * blockBytes(shape);
}
