import { availableParallelism } from "node:os";
import { StudyError } from "../errors.ts";
import { Pool } from "../files/pool.ts";
import type { PairFit } from "./crossvalidate.ts";

/** Features of one class in one block (one setting, one background). */
export interface ClassBlock {
  readonly name: string;
  /** Rows x dimension, row-major. */
  readonly features: Float32Array;
}

/** What a worker of the grid is asked. */
export interface GridTask {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly names: readonly [string, string];
  readonly dimension: number;
  readonly folds: number;
}

/**
 * Evaluates all pairs of classes of a block on worker threads, one per core. Each class is held once, in memory that
 * the workers share; a worker holds one pair at a time, so memory is that of one block and a few training sets.
 * Results do not depend on the number of workers. Call {@link dispose} when done: the workers keep the process alive.
 */
export class PairGrid {
  readonly #pool: Pool<GridTask, PairFit>;

  /** @param workers number of threads; one per core by default */
  constructor(workers: number = availableParallelism()) {
    if (!Number.isInteger(workers) || workers < 1)
      throw new StudyError(`cannot evaluate on ${workers} workers; ask for 1 or more`);
    this.#pool = new Pool({
      base: import.meta.url,
      module: "grid-worker",
      threads: workers,
      work: "evaluation",
    });
  }

  /**
   * Cross-validated accuracy of every pair, in the order (0,1), (0,2), ..., (1,2), ...
   *
   * @param classes two or more classes
   * @param dimension features per row
   * @param folds number of folds
   * @param onPair called after every finished pair with the number of finished pairs (for progress)
   * @throws StudyError, DataError as {@link crossValidatePair}
   */
  async evaluate(
    classes: readonly ClassBlock[],
    dimension: number,
    folds = 5,
    onPair?: (done: number) => void,
  ): Promise<PairFit[]> {
    if (classes.length < 2)
      throw new StudyError(
        `pairs need two or more classes, and there ${classes.length === 1 ? `is one (${classes[0].name})` : "are none"}; add cells of another class`,
      );
    const shared = classes.map((c) => ({ name: c.name, features: share(c.features) }));
    const tasks = shared.flatMap((a, i) =>
      shared.slice(i + 1).map(
        (b): GridTask => ({
          a: a.features,
          b: b.features,
          names: [a.name, b.name],
          dimension,
          folds,
        }),
      ),
    );
    const fits: PairFit[] = [];
    let done = 0;
    await this.#pool.each(tasks, (fit, pair) => {
      fits[pair] = fit;
      onPair?.(++done);
    });
    return fits;
  }

  /** Ends the workers; pairs under way are given up. */
  async dispose(): Promise<void> {
    await this.#pool.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/** The same values in memory that threads can share; the array itself where it already is. */
function share(features: Float32Array): Float32Array {
  if (features.buffer instanceof SharedArrayBuffer) return features;
  const copy = new Float32Array(new SharedArrayBuffer(features.byteLength));
  copy.set(features);
  return copy;
}
