import { StudyError } from "../../errors.ts";
import type { Given, Network } from "../network.ts";
import type { CommandFile } from "./file.ts";
import { outputsOf } from "./program.ts";
import { type Programs, RunningPrograms } from "./programs.ts";

/**
 * Programs mostly compute on a GPU, whose libraries may choose another algorithm for the same product the next time,
 * and sum in ten bits (TF32) or half precision: differences up to the fourth digit are rounding. Dropout and batch
 * statistics change the second or third.
 */
const TOLERANCE = 1e-3;

/** Bytes of a batch at most; every thread holds one. */
const LARGEST = 2 ** 29;

/** The network of an encoder that is another program. */
export class CommandNetwork implements Network {
  readonly path: string;
  readonly inputs: number;
  readonly fixed = true;
  readonly tolerance = TOLERANCE;
  runMs = 0;
  readonly #file: CommandFile;
  readonly #programs: Programs;
  readonly #own: RunningPrograms | undefined;
  readonly #outputs: readonly string[];
  #images: Float32Array = new Float32Array(0);
  #masks: Uint8Array = new Uint8Array(0);

  /** @param programs what runs it for others as well; its own, ended with {@link release}, where not given */
  constructor(file: CommandFile, programs?: Programs) {
    const { batch, input } = file.description;
    const bytes = 4 * batch * input.channels.length * input.height * input.width;
    if (bytes > LARGEST)
      throw new StudyError(
        `asks for batches of ${batch} inputs, ${Math.round(bytes / 2 ** 20)} MiB; make "batch" smaller (${Math.floor((batch * LARGEST) / bytes)} at most)`,
        { path: file.path },
      );
    this.path = file.path;
    this.inputs = file.description.batch;
    this.#file = file;
    this.#own = programs === undefined ? new RunningPrograms() : undefined;
    this.#programs = programs ?? this.#own!;
    this.#outputs = outputsOf(file);
  }

  async run(
    inputs: Float32Array,
    count: number,
    center: Float32Array,
  ): Promise<Readonly<Record<string, Given>>> {
    const masks = this.#file.description.input.masks;
    if (this.#images.length !== inputs.length) {
      this.#images = new Float32Array(new SharedArrayBuffer(4 * inputs.length));
      this.#masks = new Uint8Array(new SharedArrayBuffer(center.length));
    }
    this.#images.set(inputs);
    if (masks) for (let p = 0; p < center.length; p++) this.#masks[p] = center[p] >= 0.5 ? 1 : 0;
    const { frames, ms } = await this.#programs.exchange(this.#file, {
      count,
      images: this.#images,
      masks: masks ? this.#masks : null,
    });
    this.runMs += ms;
    return Object.fromEntries(
      frames.map(({ shape, values }, o) => [
        this.#outputs[o],
        { type: "float32", dims: shape, data: values, dispose: () => {} },
      ]),
    );
  }

  async release(): Promise<void> {
    await this.#own?.end();
  }
}
