import type { Encoder } from "../../encode/encoder.ts";
import type { Samples } from "../../encode/try.ts";
import type { OpenGiven } from "../given.ts";

/** What a short look at an encoder, or at features made elsewhere, gave. */
export interface Trial {
  /** Name of the encoder. */
  readonly name: string;
  /** Seconds of one thread per crop; null for features that were made elsewhere. */
  readonly seconds: number | null;
  /** Crops that it was measured on. */
  readonly crops: number;
  /** By output: features of cells of two classes in turn, rows x dimension. */
  readonly outputs: readonly {
    readonly name: string;
    readonly dimension: number;
    readonly features: Float32Array;
  }[];
}

/** An encoder whose runs are timed; the first one, in which code is compiled, does not count. */
export class TimedEncoder implements Encoder {
  readonly #encoder: Encoder;
  readonly #clock: boolean;
  #calls = 0;
  /** Crops and seconds after the first call. */
  crops = 0;
  seconds = 0;

  /** @param clock whether time by the clock counts, and not that of this machine's processors: programs, other devices */
  constructor(encoder: Encoder, clock: boolean) {
    this.#encoder = encoder;
    this.#clock = clock;
  }

  get dimensions(): readonly number[] {
    return this.#encoder.dimensions;
  }
  get usesMask(): boolean {
    return this.#encoder.usesMask;
  }
  get runMs(): number {
    return this.#encoder.runMs;
  }
  get tolerance(): number {
    return this.#encoder.tolerance;
  }

  async encode(...args: Parameters<Encoder["encode"]>): Promise<void> {
    const [start, before] = [performance.now(), this.#encoder.cpuMs];
    await this.#encoder.encode(...args);
    const clock = performance.now() - start;
    const cpu = before === undefined ? clock : this.#encoder.cpuMs! - before;
    if (this.#calls++ === 0) return;
    this.crops += args[2];
    this.seconds += (this.#clock ? clock : cpu) / 1000;
  }

  release(): Promise<void> {
    return this.#encoder.release();
  }
}

/** Cells of each of two classes whose features, where they were made elsewhere, are looked at. */
const LOOKED_AT = 8;

/**
 * As {@link trialOf}, of features that were made elsewhere.
 * @param rows of the plan, of two classes
 */
export async function trialOfGiven(
  { given: { name }, file, order }: OpenGiven,
  rows: readonly [Int32Array, Int32Array],
): Promise<Trial> {
  const { dimension } = file;
  const place = order === null ? null : new Map(Array.from(order, (row, at) => [row, at]));
  const count = Math.min(LOOKED_AT, ...rows.map((own) => own.length));
  const features = new Float32Array(2 * count * dimension);
  for (let i = 0; i < 2 * count; i++) {
    const row = rows[i % 2][i >> 1];
    const at = place?.get(row) ?? row;
    await file.read(at, at + 1, features.subarray(i * dimension, (i + 1) * dimension));
  }
  return { name, seconds: null, crops: 0, outputs: [{ name, dimension, features }] };
}

/** Encodes crops of two classes in turn, and says how long that and what was encoded before took. */
export async function trialOf(
  encoder: TimedEncoder,
  name: string,
  outputs: readonly string[],
  { count, crops, masks }: Samples,
): Promise<Trial> {
  const features = encoder.dimensions.map((dimension) => new Float32Array(count * dimension));
  await encoder.encode(crops, masks, count, features);
  return {
    name,
    seconds: encoder.seconds / encoder.crops,
    crops: encoder.crops,
    outputs: outputs.map((output, o) => ({
      name: output,
      dimension: encoder.dimensions[o],
      features: features[o],
    })),
  };
}
