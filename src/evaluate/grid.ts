import { share } from "../core/share.ts";
import { StudyError } from "../errors.ts";
import { usableCores } from "../files/machine.ts";
import { Pool } from "../files/pool.ts";
import type { PairFit } from "./crossvalidate.ts";
import type { PairSplits, Split } from "./split.ts";

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
  readonly splits: readonly [Split, Split];
}

/**
 * Evaluates all pairs of classes of a block on worker threads, one per core. Each class is held once, in memory that
 * the workers share; a worker holds one pair at a time, so memory is that of one block and a few training sets.
 * Results do not depend on the number of workers. Call {@link dispose} when done: the workers keep the process alive.
 */
export class PairGrid {
  readonly #pool: Pool<GridTask, PairFit>;
  readonly #splits = new WeakMap<Split, Split>();

  /** @param workers number of threads; one per usable core by default */
  constructor(workers: number = usableCores()) {
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
   * Cross-validated accuracy of pairs of classes, in the order in which they are given.
   *
   * @param classes two or more classes
   * @param dimension features per row
   * @param splits splits of the classes at two positions of `classes`
   * @param pairs positions of the two classes; by default all pairs, (0,1), (0,2), ..., (1,2), ...
   * @param onFit called after every pair
   * @throws StudyError for fewer than two classes; what `splits` throws; DataError as {@link crossValidatePair}
   */
  async evaluate(
    classes: readonly ClassBlock[],
    dimension: number,
    splits: PairSplits,
    pairs: readonly (readonly [number, number])[] = allPairs(classes.length),
    onFit?: () => void,
  ): Promise<PairFit[]> {
    if (classes.length < 2)
      throw new StudyError(
        `pairs need two or more classes, and there ${classes.length === 1 ? `is one (${classes[0].name})` : "are none"}; add cells of another class`,
      );
    const shared = classes.map((c) => ({ name: c.name, features: share(c.features) }));
    const tasks = pairs.map(([i, j]): GridTask => {
      const [first, second] = splits(i, j);
      return {
        a: shared[i].features,
        b: shared[j].features,
        names: [shared[i].name, shared[j].name],
        dimension,
        splits: [this.#share(first), this.#share(second)],
      };
    });
    const fits: PairFit[] = [];
    await this.#pool.each(tasks, (fit, pair) => {
      fits[pair] = fit;
      onFit?.();
    });
    return fits;
  }

  /** The split in shared memory, which all pairs and blocks that have it use. */
  #share(split: Split): Split {
    const known = this.#splits.get(split);
    if (known !== undefined) return known;
    const shared = split.map(({ train, test }) => ({ train: share(train), test: share(test) }));
    this.#splits.set(split, shared);
    return shared;
  }

  /** Ends the workers; pairs under way are given up. */
  async dispose(): Promise<void> {
    await this.#pool.dispose();
  }
}

function allPairs(count: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => i).flatMap((i) =>
    Array.from({ length: count - i - 1 }, (_, k): [number, number] => [i, i + 1 + k]),
  );
}
