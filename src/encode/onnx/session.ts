import "./telemetry.ts";
import { dirname } from "node:path";
import * as ort from "onnxruntime-node";
import { DataError } from "../../errors.ts";
import { checkUnchanged } from "../../files/state.ts";
import { type Given, type Network, oneLine } from "../network.ts";
import { ABSURD, CHECK } from "./apart.ts";
import { checkGraph, type OnnxFile, readModel } from "./file.ts";
import { addOutputs } from "./graph.ts";
import { type Feed, type InputType, planFeeds } from "./inputs.ts";
import { fromType, toType } from "./numbers.ts";

/**
 * Inputs that the network sees at a time: the activations of more leave the second-level cache (docs/performance.md,
 * Batch size).
 */
const INPUTS = 16;

/**
 * An input of a batch of one size goes through the same sums whatever stands beside it, so that networks in evaluation
 * mode give the same bytes; batch statistics and dropout change the second or third digit. What lies between is room for
 * runtimes that split sums otherwise.
 */
const SAME = 1e-6;

/** The network of an encoder in ONNX Runtime. */
export class Session implements Network {
  readonly inputs: number;
  /** Whether the network takes batches of this size only. */
  readonly fixed: boolean;
  readonly alone: boolean;
  readonly tolerance = SAME;
  readonly path: string;
  /** Milliseconds spent in the network so far. */
  runMs = 0;
  readonly #file: OnnxFile;
  readonly #large: boolean;
  readonly #session: ort.InferenceSession;
  readonly #feeds: readonly Feed[];
  readonly #wanted: readonly string[];

  private constructor(file: OnnxFile, session: ort.InferenceSession) {
    const { feeds, batch } = planFeeds(file, session.inputMetadata.map(inputType));
    this.inputs = batch ?? (file.half ? 1 : INPUTS);
    this.alone = file.half;
    this.fixed = batch !== null;
    this.path = file.modelPath;
    this.#file = file;
    this.#large = Object.keys(file.states).length > 1;
    this.#session = session;
    this.#feeds = feeds;
    this.#wanted = [...new Set(file.description.outputs.map((o) => o.output))];
  }

  /**
   * Opens the network; unless it was `tried` before, its graph is looked at first.
   * @throws DataError where it is none, lacks an input or output of its description, or is no encoder
   */
  static async open(file: OnnxFile, threads: number, tried: boolean): Promise<Session> {
    const path = file.modelPath;
    if (!tried) checkGraph(file);
    checkUnchanged(file.states);
    const options: ort.InferenceSession.SessionOptions = {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
      graphOptimizationLevel: "all",
    };
    let session: ort.InferenceSession;
    try {
      session = await (file.inner.length === 0
        ? ort.InferenceSession.create(path, options)
        : ort.InferenceSession.create(addOutputs(readModel(path).bytes, file.inner), {
            ...options,
            extra: { session: { model_external_initializers_file_folder_path: dirname(path) } },
          }));
    } catch (cause) {
      throw new DataError(
        `cannot be opened as an ONNX model (${oneLine(cause)}); export it again or check the file`,
        { path, cause },
      );
    }
    try {
      // What was read is what the hash was taken of.
      checkUnchanged(file.states);
      return new Session(file, session);
    } catch (error) {
      await session.release();
      throw error;
    }
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
          return [feed.name, tensor(feed, values, count)];
        }),
      );
      const start = performance.now();
      const result = await this.#session.run(tensors, this.#wanted);
      this.runMs += performance.now() - start;
      // The runtime reads weights in files beside the model when it needs them.
      if (this.#large) checkUnchanged(this.#file.states);
      return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, given(value)]));
    } catch (cause) {
      if (cause instanceof DataError) throw cause;
      if (/bad_alloc|allocat|overflow/i.test((cause as Error).message))
        throw new DataError(`asks for more memory than there is: ${ABSURD}; ${CHECK}`, { path: this.path });
      const { input } = this.#file.description;
      throw new DataError(
        `does not take ${this.#feeds[0].dims(count).join(" x ")} (${input.layout}: ${input.channels.join(", ")}) as its description says (${oneLine(cause)}); correct the channels or size in ${this.#file.path}`,
        { path: this.path, cause },
      );
    }
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function inputType(value: ort.InferenceSession.ValueMetadata): InputType {
  return value.isTensor ? value : { name: value.name, type: "no tensor", shape: [] };
}

function tensor({ type, dims }: Feed, values: Float32Array, count: number): ort.Tensor {
  const data = toType(type, values);
  if (data === null) throw new TypeError(`${type} is fed`);
  return new ort.Tensor(type as "float32", data as Float32Array, dims(count));
}

/** Floating-point numbers of any width come as float32. */
function given(value: ort.Tensor): Given {
  const data = fromType(value.type, value.data);
  return {
    type: data === null ? value.type : "float32",
    dims: value.dims,
    data,
    dispose: () => void value.dispose(),
  };
}
