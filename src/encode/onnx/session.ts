import "./telemetry.ts";
import { dirname } from "node:path";
import * as ort from "onnxruntime-node";
import { DataError, DeviceError } from "../../errors.ts";
import { checkUnchanged } from "../../files/state.ts";
import { checkProvider, DEVICE_TOLERANCE, unusableDevice } from "../device.ts";
import { type Given, oneLine } from "../network.ts";
import { checkGraph, type OnnxFile, readModel } from "./file.ts";
import { addOutputs } from "./graph.ts";
import type { InputType } from "./inputs.ts";
import { type OpenModel, RuntimeNetwork } from "./runtime-network.ts";

/**
 * Inputs that the network sees at a time: the activations of more leave the second-level cache (docs/performance.md,
 * Batch size).
 */
const INPUTS = 16;

/** The same on a graphics processor, which has more memory and works side by side. */
const DEVICE_INPUTS = 64;

/** The network of an encoder in ONNX Runtime for Node. */
export class Session extends RuntimeNetwork {
  readonly #file: OnnxFile;
  readonly #large: boolean;

  private constructor(file: OnnxFile, session: ort.InferenceSession) {
    super(
      file,
      opened(session),
      file.device === "cpu"
        ? { half: file.half, inputs: INPUTS }
        : { half: file.half, inputs: DEVICE_INPUTS, tolerance: DEVICE_TOLERANCE },
    );
    this.#file = file;
    this.#large = Object.keys(file.states).length > 1;
  }

  /**
   * Opens the network; unless it was `tried` before, its graph is looked at first.
   * @throws DataError where it is none, lacks an input or output of its description, or is no encoder; DeviceError where
   * it cannot run on its device
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
    const create = (where: Partial<ort.InferenceSession.SessionOptions>) =>
      file.inner.length === 0
        ? ort.InferenceSession.create(path, { ...options, ...where })
        : ort.InferenceSession.create(addOutputs(readModel(path).bytes, file.inner), {
            ...options,
            ...where,
            extra: { session: { model_external_initializers_file_folder_path: dirname(path) } },
          });
    let session: ort.InferenceSession;
    try {
      if (file.device === "cpu") session = await create({});
      else {
        checkProvider(
          file.device,
          ort.listSupportedBackends().map(({ name }) => name),
        );
        session = await create({ executionProviders: [file.device] });
      }
    } catch (cause) {
      if (cause instanceof DeviceError) throw cause;
      const sound =
        file.device !== "cpu" &&
        (await create({}).then(
          (s) => s.release().then(() => true),
          () => false,
        ));
      if (sound) throw unusableDevice(file.device, cause);
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

  override async run(
    inputs: Float32Array,
    count: number,
    center: Float32Array,
  ): Promise<Record<string, Given>> {
    const result = await super.run(inputs, count, center);
    // The runtime reads weights in files beside the model when it needs them.
    if (this.#large) checkUnchanged(this.#file.states);
    return result;
  }
}

function opened(session: ort.InferenceSession): OpenModel {
  return {
    inputs: session.inputMetadata.map(inputType),
    tensor: (type, data, dims) => new ort.Tensor(type as "float32", data as Float32Array, dims),
    run: (feeds, wanted) => session.run(feeds as Record<string, ort.Tensor>, wanted),
    release: () => session.release(),
  };
}

function inputType(value: ort.InferenceSession.ValueMetadata): InputType {
  return value.isTensor ? value : { name: value.name, type: "no tensor", shape: [] };
}
