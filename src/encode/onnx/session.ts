import * as ort from "onnxruntime-node";
import { DataError } from "../../errors.ts";
import { type Network, oneLine } from "../network.ts";
import type { OnnxFile } from "./file.ts";

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
  readonly inputs = INPUTS;
  readonly fixed = false;
  readonly tolerance = SAME;
  readonly path: string;
  /** Milliseconds spent in the network so far. */
  runMs = 0;
  readonly #file: OnnxFile;
  readonly #session: ort.InferenceSession;

  private constructor(file: OnnxFile, session: ort.InferenceSession) {
    this.#file = file;
    this.path = file.modelPath;
    this.#session = session;
  }

  /** Opens the network. @throws DataError where it is none, or lacks the input or an output of its description */
  static async open(file: OnnxFile, threads: number): Promise<Session> {
    const path = file.modelPath;
    let session: ort.InferenceSession;
    try {
      session = await ort.InferenceSession.create(path, {
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        logSeverityLevel: 4,
        graphOptimizationLevel: "all",
      });
    } catch (cause) {
      throw new DataError(
        `cannot be opened as an ONNX model (${oneLine(cause)}); export it again or check the file`,
        { path, cause },
      );
    }
    const { input, outputs } = file.description;
    if (!session.inputNames.includes(input.name))
      throw new DataError(
        `has no input ${input.name}; it has ${session.inputNames.join(", ")}; correct input.name in ${file.path}`,
        { path },
      );
    for (const { output } of outputs)
      if (!session.outputNames.includes(output))
        throw new DataError(
          `has no output ${output}; it has ${session.outputNames.join(", ")}; correct outputs in ${file.path}`,
          { path },
        );
    return new Session(file, session);
  }

  /**
   * Runs the network on `count` inputs (count x channels x height x width, or with the channels last, as described).
   * @returns every output of the description by its name; dispose of each
   * @throws DataError where the network does not take them
   */
  async run(inputs: Float32Array, count: number): Promise<Record<string, ort.Tensor>> {
    const { input, outputs } = this.#file.description;
    const { height, width } = input;
    const channels = input.channels.length;
    const dims =
      input.layout === "NCHW" ? [count, channels, height, width] : [count, height, width, channels];
    try {
      const feeds = { [input.name]: new ort.Tensor("float32", inputs, dims) };
      const wanted = [...new Set(outputs.map((o) => o.output))];
      const start = performance.now();
      const result = await this.#session.run(feeds, wanted);
      this.runMs += performance.now() - start;
      return result as Record<string, ort.Tensor>;
    } catch (cause) {
      throw new DataError(
        `does not take ${dims.join(" x ")} (${input.layout}: ${input.channels.join(", ")}) as its description says (${oneLine(cause)}); correct the channels or size in ${this.#file.path}`,
        { path: this.#file.modelPath, cause },
      );
    }
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}
