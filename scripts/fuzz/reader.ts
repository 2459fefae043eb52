import type { Random } from "../../src/core/rng.ts";

/** Files of one good input by their path in its folder. */
export type Files = ReadonlyMap<string, Buffer>;

/** A good input that others are made of. */
export interface Seed {
  readonly name: string;
  readonly files: Files;
  /** Path in the folder that the reader is given; "" for the folder. */
  readonly given: string;
  /** Files that are changed; all by default. */
  readonly changed?: readonly string[];
}

/** A change of bytes; null where they are not of the form that it changes. */
export interface Mutator {
  readonly name: string;
  /** @param others bytes of the same file of other seeds */
  apply(bytes: Buffer, random: Random, others: readonly Buffer[]): Buffer | null;
}

/** An entry of the product through which a file comes in. */
export interface Reader {
  readonly name: string;
  /** @param folder what {@link prepare} made */
  seeds(folder: string): readonly Seed[] | Promise<readonly Seed[]>;
  /** Makes what takes long to make for the seeds, once for all processes. */
  prepare?(folder: string): Promise<void>;
  /** Changes that know the form of a file, besides those that fit all. */
  mutators(file: string): readonly Mutator[];
  /** Reads all of it; what it returns is compared with what the seed gives. */
  read(path: string, input: Input): unknown;
  /** Own time that it may take, seconds. */
  readonly seconds?: number;
  /** Inputs of this reader among those of all, relative to the others. */
  readonly weight?: number;
  /** True where what was changed stands under a check, so that other values are damage that passed. */
  readonly checked?: (input: Input) => boolean;
}

/** A changed input, made again from its reader, seed and number. */
export interface Input {
  readonly reader: string;
  readonly seed: number;
  readonly number: number;
  readonly origin: Seed;
  /** The changed file. */
  readonly file: string;
  readonly mutators: readonly string[];
  readonly files: Files;
}

/** What came of an input; all but the first three are faults. */
export const VERDICTS = [
  "same",
  "other",
  "refused",
  "hang",
  "slow",
  "memory",
  "crash",
  "unexpected",
  "message",
  "accepted",
] as const;
export type Verdict = (typeof VERDICTS)[number];

export const isFault = (verdict: Verdict) => VERDICTS.indexOf(verdict) > 2;

/** What a worker says of an input. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly file: string;
  readonly mutators: readonly string[];
  /** What was said, or what is wrong with it. */
  readonly detail: string;
  /** Own time, seconds. */
  readonly seconds: number;
  /** Highest resident memory of the process so far, MB. */
  readonly memory: number;
}
