import { serve } from "../../../files/worker.ts";
import { callRow, emptyCalls, type RowCalls } from "../calls.ts";
import { BlockKernels, type Shape } from "./block.ts";

/** What all tasks have; arrays are in memory that threads share. */
interface Weighted {
  readonly shape: Shape;
  /** As `weightLayout` has it. */
  readonly theta: Float64Array;
  /** Another number whenever the weights are others. */
  readonly version: number;
  /** Features are taken as (x - center) / scale. */
  readonly center: Float64Array;
  readonly scale: Float64Array;
  /** Rows x dimension. */
  readonly features: Float32Array;
  /** Class of every row. */
  readonly labels: Int32Array;
}

/** Asks for the loss of some rows. */
export interface LossTask extends Weighted {
  readonly what: "loss";
  /** Weight of every row. */
  readonly weights: Float64Array;
  /** Gets the gradient of these rows. */
  readonly gradient: Float64Array;
}

/** Asks what the probe makes of some rows. */
export interface CallTask extends Weighted {
  readonly what: "calls";
  /** Class that the background is of, -1 for none. */
  readonly background: number;
}

let kernels: { readonly of: BlockKernels; readonly shape: Shape } | undefined;
let version = -1;

function kernelsFor({ shape, theta, version: wanted, center, scale }: Weighted): BlockKernels {
  if (kernels?.shape.classes !== shape.classes || kernels.shape.dimension !== shape.dimension) {
    kernels = { of: new BlockKernels(shape), shape };
    version = -1;
  }
  if (wanted !== version) {
    kernels.of.setWeights(theta);
    kernels.of.standardize(center, scale);
    version = wanted;
  }
  return kernels.of;
}

function lossOf(task: LossTask): number {
  const of = kernelsFor(task);
  of.clear();
  const loss = of.add(task);
  task.gradient.set(of.gradient);
  return loss;
}

function callsOf(task: CallTask): RowCalls {
  const { features, labels, background, shape } = task;
  const out = emptyCalls(labels.length, background >= 0);
  const room = new Float64Array(shape.classes);
  kernelsFor(task).scores(features, (scores, row) => {
    callRow(scores, { own: labels[row], background }, room, out, row);
  });
  return out;
}

serve(() => (task: LossTask | CallTask) => (task.what === "loss" ? lossOf(task) : callsOf(task)));
