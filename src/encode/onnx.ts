import * as ort from "onnxruntime-node";
import { DataError, StudyError } from "../errors.ts";
import type { CropShape, MaskKind } from "../types.ts";
import type { EncoderFile } from "./encoder-file.ts";
import { makePooling, type Pooling } from "./pool.ts";
import { makePreprocessor, type Preprocessor } from "./preprocess.ts";

/**
 * Inputs that the network sees at a time: the activations of more leave the second-level cache (docs/performance.md,
 * Batch size). Fixed, as other sizes may split sums differently and give other bytes.
 */
const INPUTS = 16;

/** An encoder ready to run on crops of one shape: preprocessing, network, pooling. One thread per encoder. */
export class OnnxEncoder {
  readonly #file: EncoderFile;
  readonly #session: ort.InferenceSession;
  readonly #preprocessor: Preprocessor;
  readonly #shape: CropShape;
  #poolings: Pooling[] | undefined;
  /** Whether an output is pooled over the center cell; only then are masks looked at. */
  readonly usesMask: boolean;
  #input = new Float32Array(0);
  #weights = new Float32Array(0);
  /** Milliseconds spent in the network so far. */
  runMs = 0;

  private constructor(file: EncoderFile, session: ort.InferenceSession, shape: CropShape) {
    this.#file = file;
    this.#session = session;
    this.#shape = shape;
    this.#preprocessor = makePreprocessor(file.description, shape);
    this.usesMask = file.description.outputs.some((o) => o.pool === "center-mean");
  }

  /**
   * Opens the network for crops of `shape` and tries it on one and on two empty crops, unless it was `tried` before.
   * @throws DataError / StudyError naming the input, channel or output that does not fit.
   */
  static async open(
    file: EncoderFile,
    shape: CropShape & { readonly masks?: MaskKind },
    { threads = 1, tried = false }: { threads?: number; tried?: boolean } = {},
  ): Promise<OnnxEncoder> {
    if (shape.masks === "none" && file.description.outputs.some((o) => o.pool === "center-mean"))
      throw new StudyError(
        "pools over the center cell (center-mean), and the cells have no masks; make them with `cellswap segment`, or use mean",
        { path: file.path },
      );
    let session: ort.InferenceSession;
    try {
      session = await ort.InferenceSession.create(file.modelPath, {
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        logSeverityLevel: 4,
        graphOptimizationLevel: "all",
      });
    } catch (cause) {
      throw new DataError(
        `cannot be opened as an ONNX model (${oneLine(cause)}); export it again or check the file`,
        {
          path: file.modelPath,
          cause,
        },
      );
    }
    const { input, outputs } = file.description;
    if (!session.inputNames.includes(input.name))
      throw new DataError(
        `has no input ${input.name}; it has ${session.inputNames.join(", ")}; correct input.name in ${file.path}`,
        {
          path: file.modelPath,
        },
      );
    for (const { output } of outputs)
      if (!session.outputNames.includes(output))
        throw new DataError(
          `has no output ${output}; it has ${session.outputNames.join(", ")}; correct outputs in ${file.path}`,
          {
            path: file.modelPath,
          },
        );
    const encoder = new OnnxEncoder(file, session, shape);
    if (tried) return encoder;
    const pixels = shape.height * shape.width;
    const size = shape.channels.length * pixels;
    const tryOn = (count: number) =>
      encoder.encode(new Float32Array(count * size), new Uint8Array(count * pixels), count, []);
    await tryOn(1);
    try {
      await tryOn(2);
    } catch (error) {
      const { cause } = error as Error;
      if (cause === undefined) throw error;
      throw new DataError(
        `takes one input at a time (${oneLine(cause)}); export the network with a free batch dimension`,
        { path: file.modelPath, cause },
      );
    }
    return encoder;
  }

  /** Length of the feature vector of each output. */
  get dimensions(): number[] {
    return this.#poolings!.map((p) => p.dimension);
  }

  /**
   * Encodes `count` crops (count x channels x height x width) with their label masks; `out[o]` receives
   * count x dimension values of output `o` (pass an empty list to only try the network).
   */
  async encode(crops: Float32Array, masks: Uint8Array, count: number, out: Float32Array[]): Promise<void> {
    const { channels, height, width } = this.#shape;
    const pixels = height * width;
    const size = channels.length * pixels;
    const step = Math.max(1, Math.floor(INPUTS / this.#preprocessor.views));
    for (let from = 0; from < count; from += step) {
      const end = Math.min(from + step, count);
      await this.#encodeFew(
        crops.subarray(from * size, end * size),
        masks.subarray(from * pixels, end * pixels),
        end - from,
        out,
        from,
      );
    }
  }

  /** Encodes crops that the network takes at once; `out` receives them from row `first` on. */
  async #encodeFew(
    crops: Float32Array,
    masks: Uint8Array,
    count: number,
    out: Float32Array[],
    first: number,
  ): Promise<void> {
    const { input, outputs } = this.#file.description;
    const { size, views } = this.#preprocessor;
    const cropSize = this.#shape.channels.length * this.#shape.height * this.#shape.width;
    if (this.#input.length !== count * views * size) this.#input = new Float32Array(count * views * size);
    for (let i = 0; i < count; i++)
      this.#preprocessor.run(crops.subarray(i * cropSize, (i + 1) * cropSize), this.#input, i * views * size);
    const channels = input.channels.length;
    const dims =
      input.layout === "NCHW"
        ? [count * views, channels, input.height, input.width]
        : [count * views, input.height, input.width, channels];
    const result = await this.#run(dims);
    this.#poolings ??= outputs.map((o) => this.#pooling(o, result[o.output]));
    const weights = this.#centerWeights(masks, count);
    for (const [o, { output }] of outputs.entries())
      if (
        result[output].dims[0] !== count * views ||
        result[output].size !== count * views * this.#poolings[o].size
      )
        throw this.#batchError(output, result[output].dims, count * views);
    const plane = input.height * input.width;
    for (let o = 0; o < out.length; o++) {
      const pooling = this.#poolings[o];
      const data = result[outputs[o].output].data as Float32Array;
      const { dimension } = pooling;
      out[o].fill(0, first * dimension, (first + count) * dimension);
      for (let i = 0; i < count; i++)
        for (let v = 0; v < views; v++)
          pooling.add(
            data,
            (i * views + v) * pooling.size,
            weights.subarray((i * views + v) * plane, (i * views + v + 1) * plane),
            out[o],
            (first + i) * dimension,
            1 / views,
          );
    }
    for (const tensor of Object.values(result)) tensor.dispose();
  }

  /** Center cell of each input after the geometry of the preprocessing; empty where no output asks for it. */
  #centerWeights(masks: Uint8Array, count: number): Float32Array {
    if (!this.usesMask) return this.#weights;
    const { input } = this.#file.description;
    const { views } = this.#preprocessor;
    const plane = input.height * input.width;
    const pixels = this.#shape.height * this.#shape.width;
    if (this.#weights.length < count * views * plane) this.#weights = new Float32Array(count * views * plane);
    for (let i = 0; i < count; i++)
      this.#preprocessor.mask(masks.subarray(i * pixels, (i + 1) * pixels), this.#weights, i * views * plane);
    return this.#weights;
  }

  async #run(dims: number[]): Promise<ort.InferenceSession.OnnxValueMapType & Record<string, ort.Tensor>> {
    const { input, outputs } = this.#file.description;
    try {
      const feeds = { [input.name]: new ort.Tensor("float32", this.#input, dims) };
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

  #pooling(output: EncoderFile["description"]["outputs"][number], tensor: ort.Tensor): Pooling {
    if (tensor.type !== "float32")
      throw new DataError(
        `gives ${tensor.type} in output ${output.output}; export the network with a float32 output`,
        {
          path: this.#file.modelPath,
        },
      );
    try {
      const { height, width } = this.#file.description.input;
      return makePooling(output, tensor.dims, height, width);
    } catch (cause) {
      throw new DataError(
        `output ${output.output} ${(cause as Error).message}; correct layout in ${this.#file.path}`,
        {
          path: this.#file.modelPath,
          cause,
        },
      );
    }
  }

  #batchError(output: string, dims: readonly number[], batch: number): Error {
    return new DataError(
      `output ${output} is ${dims.join(" x ")} for ${batch} inputs, so it does not grow with the batch; name another output or export the network with a free batch dimension`,
      {
        path: this.#file.modelPath,
      },
    );
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function oneLine(cause: unknown): string {
  return (cause as Error).message.replace(/\s+/g, " ").slice(0, 200);
}
