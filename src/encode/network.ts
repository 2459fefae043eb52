import { DataError, StudyError } from "../errors.ts";
import type { CropShape, MaskKind } from "../types.ts";
import type { CommandDescription, OnnxDescription } from "./description.ts";
import type { Encoder } from "./encoder.ts";
import { makePooling, type Pooling } from "./pool.ts";
import { makePreprocessor, type Preprocessor } from "./preprocess.ts";

/** An encoder's description and where it is. */
export type DescribedNetwork =
  | { readonly kind: "onnx"; readonly path: string; readonly description: OnnxDescription }
  | { readonly kind: "command"; readonly path: string; readonly description: CommandDescription };

/** What runs a network on a batch of inputs. Its errors name a file and what to correct. */
export interface Network {
  /** File that errors about its outputs name. */
  readonly path: string;
  /** Inputs that it sees at a time; fixed, as other sizes may split sums differently and give other bytes. */
  readonly inputs: number;
  /** Whether it is given no other number of them, not even once. */
  readonly fixed: boolean;
  /** Whether the place of an input in a batch changes what it gives, so that only the first place is used. */
  readonly alone?: boolean;
  /** As an {@link Encoder} has it. */
  readonly tolerance: number;
  /** Milliseconds spent in the network so far. */
  readonly runMs: number;
  /**
   * Runs it on `count` inputs (count x channels x height x width, or with the channels last, as described); `center`
   * (count x height x width) is the share of the center cell in every pixel, empty where the encoder asks for none.
   */
  run(inputs: Float32Array, count: number, center: Float32Array): Promise<Readonly<Record<string, Given>>>;
  release(): Promise<void>;
}

/** Crops that are encoded together: `crops` is count x channels x height x width, `masks` count x height x width. */
interface Batch {
  readonly crops: Float32Array;
  readonly masks: Uint8Array;
  readonly count: number;
}

/** What the network gave for a batch: values of one output, the batch as its first dimension. */
export interface Given {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
  /** Gives the memory of `data` back. */
  dispose(): void;
}

/** An encoder made of a network: preprocessing before it, pooling behind it. */
export class NetworkEncoder implements Encoder {
  readonly #file: DescribedNetwork;
  readonly #network: Network;
  readonly #preprocessor: Preprocessor;
  readonly #shape: CropShape;
  /** Known after the first batch. */
  #poolings: readonly Pooling[] | undefined;
  readonly usesMask: boolean;
  #input = new Float32Array(0);
  #weights = new Float32Array(0);

  private constructor(file: DescribedNetwork, network: Network, shape: CropShape) {
    this.#file = file;
    this.#network = network;
    this.#shape = shape;
    this.#preprocessor = makePreprocessor(file.description, shape);
    this.usesMask = looksAtCenter(file);
  }

  /**
   * Makes an encoder for crops of `shape` of the network that `openNetwork` gives and tries it on empty crops, unless it
   * was `tried` before.
   * @throws DataError / StudyError naming the input, channel or output that does not fit.
   */
  static async open(
    file: DescribedNetwork,
    shape: CropShape & { readonly masks?: MaskKind },
    openNetwork: () => Promise<Network>,
    tried: boolean,
  ): Promise<NetworkEncoder> {
    if (shape.masks === "none" && looksAtCenter(file))
      throw new StudyError(
        takesMasks(file)
          ? `asks for center masks (${file.kind === "command" ? '"masks": true' : '"extraInputs"'}), and the cells have none; make them with \`cellswap segment\`, or do without`
          : "pools over the center cell (center-mean), and the cells have no masks; make them with `cellswap segment`, or use mean",
        { path: file.path },
      );
    checkSizes(file);
    const encoder = new NetworkEncoder(file, await openNetwork(), shape);
    if (!tried) await encoder.#try();
    return encoder;
  }

  /** Length of the feature vector of each output. */
  get dimensions(): number[] {
    return this.#poolings!.map((p) => p.dimension);
  }

  get tolerance(): number {
    return this.#network.tolerance;
  }

  /** Milliseconds spent in the network so far. */
  get runMs(): number {
    return this.#network.runMs;
  }

  /**
   * Encodes `count` crops (count x channels x height x width) with their label masks; `out[o]` receives
   * count x dimension values of output `o`. The network always sees the same number of inputs, empty ones behind the
   * last, so that the features of a crop do not depend on what it is encoded with.
   */
  async encode(
    crops: Float32Array,
    masks: Uint8Array,
    count: number,
    out: readonly Float32Array[],
  ): Promise<void> {
    await this.#encode(crops, masks, count, out, this.#step);
  }

  /** Crops that are encoded at a time. */
  get #step(): number {
    return Math.max(1, Math.floor(this.#network.inputs / this.#preprocessor.views));
  }

  /** Encodes `step` crops at a time; a network of one batch size gets whole batches, empty inputs behind the last. */
  async #encode(
    crops: Float32Array,
    masks: Uint8Array,
    count: number,
    out: readonly Float32Array[],
    step: number,
  ): Promise<void> {
    const { channels, height, width } = this.#shape;
    const pixels = height * width;
    const cropSize = channels.length * pixels;
    const { views, size } = this.#preprocessor;
    const plane = this.usesMask
      ? this.#file.description.input.height * this.#file.description.input.width
      : 0;
    const alone = this.#network.alone === true;
    const atOnce = this.#network.fixed ? this.#network.inputs : alone ? 1 : step * views;
    const taken = alone ? 1 : atOnce;
    const inputs = Math.ceil((step * views) / taken) * taken;
    for (let from = 0; from < count; from += step) {
      const end = Math.min(from + step, count);
      const batch = {
        crops: crops.subarray(from * cropSize, end * cropSize),
        masks: masks.subarray(from * pixels, end * pixels),
        count: end - from,
      };
      const input = this.#inputs(batch, inputs);
      const center = this.#centerWeights(batch, inputs);
      for (let at = 0; at < batch.count * views; at += taken) {
        const own = center.subarray(at * plane, (at + taken) * plane);
        const given = await this.#network.run(
          padded(input.subarray(at * size, (at + taken) * size), atOnce * size),
          atOnce,
          padded(own, atOnce * plane),
        );
        const poolings = this.#check(given, atOnce);
        out.forEach((features, o) => {
          const { dimension } = poolings[o];
          const rows = features.subarray(from * dimension, end * dimension);
          if (at === 0) rows.fill(0);
          const values = given[this.#file.description.outputs[o].output].data as Float32Array;
          this.#pool(poolings[o], values, own, rows, { first: at, taken });
        });
        for (const tensor of Object.values(given)) tensor.dispose();
      }
    }
  }

  async release(): Promise<void> {
    await this.#network.release();
  }

  /** Runs the network on one and on two empty crops, or on a batch of them. */
  async #try(): Promise<void> {
    const pixels = this.#shape.height * this.#shape.width;
    const size = this.#shape.channels.length * pixels;
    const tryOn = (count: number) =>
      this.#encode(new Float32Array(count * size), new Uint8Array(count * pixels), count, [], count);
    if (this.#network.fixed) return tryOn(this.#step);
    await tryOn(1);
    try {
      await tryOn(2);
    } catch (error) {
      const { cause } = error as Error;
      if (cause === undefined) throw error;
      throw new DataError(
        `takes one input at a time (${oneLine(cause)}); set "batch": 1 in "input" of ${this.#file.path}, or export the network with a free batch dimension`,
        { path: this.#network.path, cause },
      );
    }
  }

  /** The batch after preprocessing, views of a crop one after another, then zeros up to so many inputs. */
  #inputs({ crops, count }: Batch, inputs: number): Float32Array {
    const { size, views } = this.#preprocessor;
    const cropSize = crops.length / count;
    if (this.#input.length !== inputs * size) this.#input = new Float32Array(inputs * size);
    this.#input.fill(0, count * views * size);
    for (let i = 0; i < count; i++)
      this.#preprocessor.run(crops.subarray(i * cropSize, (i + 1) * cropSize), this.#input, i * views * size);
    return this.#input;
  }

  /** Center cell of each input after the geometry of the preprocessing; empty where none is asked for. */
  #centerWeights({ masks, count }: Batch, inputs: number): Float32Array {
    if (!this.usesMask) return this.#weights;
    const { input } = this.#file.description;
    const { views } = this.#preprocessor;
    const plane = input.height * input.width;
    const pixels = masks.length / count;
    if (this.#weights.length !== inputs * plane) this.#weights = new Float32Array(inputs * plane);
    this.#weights.fill(0, count * views * plane);
    for (let i = 0; i < count; i++)
      this.#preprocessor.mask(masks.subarray(i * pixels, (i + 1) * pixels), this.#weights, i * views * plane);
    return this.#weights;
  }

  /** Adds what one output gave for `taken` inputs from `first` on to the vectors of their crops: the mean over the views. */
  #pool(
    pooling: Pooling,
    values: Float32Array,
    center: Float32Array,
    out: Float32Array,
    { first, taken }: { readonly first: number; readonly taken: number },
  ): void {
    const { input } = this.#file.description;
    const { views } = this.#preprocessor;
    const { size, dimension } = pooling;
    const plane = input.height * input.width;
    const count = Math.min(taken, (out.length / dimension) * views - first);
    for (let i = 0; i < count; i++) {
      const row = Math.floor((first + i) / views) * dimension;
      pooling.add(
        values.subarray(i * size, (i + 1) * size),
        center.subarray(i * plane, (i + 1) * plane),
        1 / views,
        out.subarray(row, row + dimension),
      );
    }
  }

  /** Poolings of all outputs, made on the first batch. @throws DataError for an output that does not fit */
  #check(given: Readonly<Record<string, Given>>, inputs: number): readonly Pooling[] {
    const { outputs } = this.#file.description;
    this.#poolings ??= outputs.map((o) => this.#pooling(o, given[o.output]));
    for (const [o, { output }] of outputs.entries()) {
      const { dims } = given[output];
      if (dims[0] === inputs && dims.reduce((a, b) => a * b, 1) === inputs * this.#poolings[o].size) continue;
      throw new DataError(
        `output ${output} is ${dims.join(" x ")} for ${inputs} inputs, so it does not grow with the batch; name another output or export the network with a free batch dimension`,
        { path: this.#network.path },
      );
    }
    return this.#poolings;
  }

  #pooling(output: DescribedNetwork["description"]["outputs"][number], { type, dims }: Given): Pooling {
    const path = this.#network.path;
    if (type !== "float32")
      throw new DataError(
        `gives ${type} in output ${output.output}; export the network with a floating-point output`,
        { path },
      );
    try {
      const { height, width } = this.#file.description.input;
      return makePooling(output, dims, height, width);
    } catch (cause) {
      throw new DataError(`output ${output.output} ${(cause as Error).message} in ${this.#file.path}`, {
        path,
        cause,
      });
    }
  }
}

/** The values, with zeros behind them up to `length`. */
function padded(values: Float32Array, length: number): Float32Array {
  if (values.length === length) return values;
  const out = new Float32Array(length);
  out.set(values);
  return out;
}

/** Values of one input, at most, on its way through the preprocessing: 256 MiB. */
const MOST_VALUES = 2 ** 26;

/** @throws StudyError for inputs of a size that no machine holds many of */
function checkSizes({ path, description: { input, preprocess } }: DescribedNetwork): void {
  for (const size of [input, ...preprocess]) {
    if (!("height" in size)) continue;
    const values = input.channels.length * size.height * size.width;
    if (values > MOST_VALUES)
      throw new StudyError(
        `asks for inputs of ${input.channels.length} x ${size.height} x ${size.width} values, more than ${MOST_VALUES}; make height and width smaller`,
        { path },
      );
  }
}

/** Whether the network gets the center masks, so that all its outputs depend on them. */
export function takesMasks(file: DescribedNetwork): boolean {
  return file.kind === "command"
    ? file.description.input.masks
    : (file.description.extraInputs ?? []).some((extra) => extra.value === "center-mask");
}

function looksAtCenter(file: DescribedNetwork): boolean {
  return takesMasks(file) || file.description.outputs.some((o) => o.pool === "center-mean");
}

/** Message of an error on one line, without control characters, cut at 200 characters. */
export function oneLine(cause: unknown): string {
  return (cause as Error).message.replace(/[\s\p{Cc}]+/gu, " ").slice(0, 200);
}
