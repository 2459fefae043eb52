import type { RowCalls } from "../calls.ts";
import type { LogisticModel } from "../logistic.ts";
import { spreadWeights } from "./block.ts";
import { nextVersion, type ProbePool } from "./pool.ts";
import type { CallTask } from "./worker.ts";

/** Rows that {@link callRows} is asked about at once, at most: 16 MiB of features. */
export const calledRows = (dimension: number): number =>
  Math.max(1, Math.min(1024, Math.floor(2 ** 22 / dimension)));

/** Rows on one background, which are read when a thread is free for them. */
export interface Asked {
  /** Class of every row; at most {@link calledRows}. */
  readonly labels: Int32Array;
  /** Class that the background is of, -1 for none. */
  readonly background: number;
  /** Copies the features (rows x dimension). */
  read(out: Float32Array): void;
  /** Gets what the probe makes of the rows. */
  done(calls: RowCalls): void;
}

/** What a probe makes of rows, on all threads: to the bit what `predictScores` gives. */
export async function callRows(
  pool: ProbePool,
  model: Pick<LogisticModel, "classes" | "dimension" | "theta">,
  asked: readonly Asked[],
): Promise<void> {
  const { classes, dimension } = model;
  const shape = { classes, dimension };
  const spread = spreadWeights(model.theta, shape);
  const theta = new Float64Array(new SharedArrayBuffer(spread.byteLength));
  theta.set(spread);
  const common = {
    what: "calls" as const,
    shape,
    theta,
    version: nextVersion(),
    center: new Float64Array(dimension),
    scale: new Float64Array(dimension).fill(1),
  };
  const lanes: Float32Array[] = [];
  const tasks: CallTask[] = new Array(asked.length);
  let next = 0;
  const take = (thread: number) => {
    if (next >= asked.length) return -1;
    const { labels, background, read } = asked[next];
    lanes[thread] ??= new Float32Array(new SharedArrayBuffer(4 * calledRows(dimension) * dimension));
    const features = lanes[thread].subarray(0, labels.length * dimension);
    read(features);
    tasks[next] = { ...common, features, labels, background };
    return next++;
  };
  const done = (calls: RowCalls | number, task: number) => asked[task].done(calls as RowCalls);
  await pool.each(tasks, done, { take });
}
