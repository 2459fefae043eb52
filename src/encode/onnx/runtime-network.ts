import { DataError } from "../../errors.ts";
import { type Given, type Network, oneLine } from "../network.ts";
import { type Feed, type InputType, type OnnxPlace, planFeeds } from "./inputs.ts";
import { fromType, toType } from "./numbers.ts";

/** What to do about a network that takes too much. */
export const CHECK = "check where the model comes from, or export it again";
export const ABSURD = "it makes tensors of an absurd size or is too large for this machine";

/**
 * An input of a batch of one size goes through the same sums whatever stands beside it, so that networks in evaluation
 * mode give the same bytes; batch statistics and dropout change the second or third digit. What lies between is room for
 * runtimes that split sums otherwise.
 */
const SAME = 1e-6;

/** A tensor of ONNX Runtime. */
export interface RuntimeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
  dispose(): void;
}

/** A model that is open in ONNX Runtime, whichever it is: that of Node or that of browsers. */
export interface OpenModel {
  readonly inputs: readonly InputType[];
  tensor(type: string, data: unknown, dims: readonly number[]): unknown;
  run(
    feeds: Readonly<Record<string, unknown>>,
    wanted: readonly string[],
  ): Promise<Readonly<Record<string, RuntimeTensor>>>;
  release(): Promise<void>;
}

/** The network of an encoder in ONNX Runtime. */
export class RuntimeNetwork implements Network {
  readonly inputs: number;
  /** Whether the network takes batches of this size only. */
  readonly fixed: boolean;
  readonly alone: boolean;
  readonly tolerance: number;
  readonly path: string;
  /** Milliseconds spent in the network so far. */
  runMs = 0;
  readonly #place: OnnxPlace;
  readonly #model: OpenModel;
  readonly #feeds: readonly Feed[];
  readonly #wanted: readonly string[];

  /**
   * @param half whether it calculates in half precision, so that inputs go in alone
   * @param inputs that it sees at a time, where it leaves that open
   * @param tolerance as an encoder has it
   * @throws DataError where description and network do not fit each other
   */
  constructor(
    place: OnnxPlace,
    model: OpenModel,
    {
      half,
      inputs,
      tolerance = SAME,
    }: { readonly half: boolean; readonly inputs: number; readonly tolerance?: number },
  ) {
    const { feeds, batch } = planFeeds(place, model.inputs);
    this.inputs = batch ?? (half ? 1 : inputs);
    this.alone = half;
    this.tolerance = tolerance;
    this.fixed = batch !== null;
    this.path = place.modelPath;
    this.#place = place;
    this.#model = model;
    this.#feeds = feeds;
    this.#wanted = [...new Set(place.description.outputs.map((o) => o.output))];
  }

  /**
   * Runs the network on `count` inputs (count x channels x height x width, or with the channels last, as described);
   * `center` holds the share of the center cell in their pixels, where it is asked for.
   * @returns every output of the description by its name; dispose of each
   * @throws DataError where the network does not take them
   */
  async run(inputs: Float32Array, count: number, center: Float32Array): Promise<Record<string, Given>> {
    try {
      const tensors = Object.fromEntries(
        this.#feeds.map((feed) => {
          const values =
            feed.values === "crops" ? inputs : feed.values === "center-mask" ? center : feed.values(count);
          return [feed.name, this.#tensor(feed, values, count)];
        }),
      );
      const start = performance.now();
      const result = await this.#model.run(tensors, this.#wanted);
      this.runMs += performance.now() - start;
      return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, given(value)]));
    } catch (cause) {
      if (cause instanceof DataError) throw cause;
      if (/bad_alloc|allocat|overflow/i.test((cause as Error).message))
        throw new DataError(`asks for more memory than there is: ${ABSURD}; ${CHECK}`, { path: this.path });
      const { input } = this.#place.description;
      throw new DataError(
        `does not take ${this.#feeds[0].dims(count).join(" x ")} (${input.layout}: ${input.channels.join(", ")}) as its description says (${oneLine(cause)}); correct the channels or size in ${this.#place.path}`,
        { path: this.path, cause },
      );
    }
  }

  async release(): Promise<void> {
    await this.#model.release();
  }

  #tensor({ type, dims }: Feed, values: Float32Array, count: number): unknown {
    const data = toType(type, values);
    if (data === null) throw new TypeError(`${type} is fed`);
    return this.#model.tensor(type, data, dims(count));
  }
}

/** Floating-point numbers of any width come as float32. */
function given(value: RuntimeTensor): Given {
  const data = fromType(value.type, value.data);
  return {
    type: data === null ? value.type : "float32",
    dims: value.dims,
    data,
    dispose: () => void value.dispose(),
  };
}
