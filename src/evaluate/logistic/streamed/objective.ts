import { type Shape, weightLayout } from "./block.ts";
import { nextVersion, type ProbePool } from "./pool.ts";
import type { Slices } from "./slices.ts";
import type { LossTask } from "./worker.ts";

/** Gradients of slices that wait for an earlier one, at most. */
export const MOST_WAITING = 64;

/** What {@link StreamedLoss} is the loss of. */
export interface LossRequest {
  readonly pool: ProbePool;
  readonly slices: Slices;
  readonly shape: Shape;
  /** Features are taken as (x - center) / scale. */
  readonly center: Float64Array;
  readonly scale: Float64Array;
  /** Class and weight of every row. */
  readonly labels: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Weighted cross-entropy of all rows and its gradient, slice by slice on all threads. Slices are added up in their order,
 * so that the number of threads changes no bit.
 */
export class StreamedLoss {
  readonly #request: LossRequest;
  readonly #task: Omit<LossTask, "features" | "labels" | "weights" | "gradient" | "version">;
  readonly #labels: Int32Array;
  readonly #weights: Float64Array;
  readonly #free: Float64Array[] = [];

  constructor(request: LossRequest) {
    this.#request = request;
    const { shape, labels, weights } = request;
    const theta = shared(weightLayout(shape).length);
    const [center, scale] = [request.center, request.scale].map((v) => {
      const copy = shared(v.length);
      copy.set(v);
      return copy;
    });
    this.#labels = new Int32Array(new SharedArrayBuffer(4 * labels.length));
    this.#labels.set(labels);
    this.#weights = shared(weights.length);
    this.#weights.set(weights);
    this.#task = { what: "loss", shape, theta, center, scale };
  }

  /** @param gradient is overwritten; as {@link weightLayout} has it, as is `theta` */
  async evaluate(theta: Float64Array, gradient: Float64Array): Promise<number> {
    const { pool, slices } = this.#request;
    this.#task.theta.set(theta);
    gradient.fill(0);
    const version = nextVersion();
    const tasks: LossTask[] = new Array(slices.count);
    const losses = new Map<number, number>();
    let [next, added, loss] = [0, 0, 0];
    const take = (thread: number) => {
      if (next >= slices.count || thread >= slices.lanes || next - added >= MOST_WAITING) return -1;
      const [from, to] = slices.range(next);
      tasks[next] = {
        ...this.#task,
        version,
        features: slices.read(next, thread),
        labels: this.#labels.subarray(from, to),
        weights: this.#weights.subarray(from, to),
        gradient: this.#free.pop() ?? shared(theta.length),
      };
      return next++;
    };
    const done = (value: unknown, slice: number) => {
      losses.set(slice, value as number);
      for (; losses.has(added); added++) {
        loss += losses.get(added)!;
        const part = tasks[added].gradient;
        for (let i = 0; i < part.length; i++) gradient[i] += part[i];
        this.#free.push(part);
      }
    };
    await pool.each(tasks, done, { take });
    return loss;
  }
}

function shared(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * length));
}
