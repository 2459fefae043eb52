import { OnnxDescription } from "../../encode/description.ts";
import { NetworkEncoder, oneLine } from "../../encode/network.ts";
import { addOutputs } from "../../encode/onnx/graph.ts";
import { calculatesHalf } from "../../encode/onnx/half.ts";
import { parseOnnx } from "../../encode/onnx/model.ts";
import { innerOf } from "../../encode/onnx/outline.ts";
import { type OpenModel, RuntimeNetwork } from "../../encode/onnx/runtime-network.ts";
import { DataError } from "../../errors.ts";
import type { CropShape } from "../../types.ts";

/** An encoder as the page has it: its description and its model, read from where `path` says. */
export interface ReadEncoder {
  readonly path: string;
  readonly description: unknown;
  readonly modelPath: string;
  readonly model: Uint8Array;
  /** Position of the output among those of the description; no other is computed. */
  readonly output: number;
}

/**
 * Opens one output of an encoder for crops of `shape`, a crop at a time, by the product's own preprocessing, padding and
 * pooling. A model that the study ran is not tried again.
 * @param start opens a model (bytes of an ONNX file) in ONNX Runtime
 * @throws DataError / StudyError with what does not fit
 */
export async function openForPage(
  { path, description: json, modelPath, model: bytes, output }: ReadEncoder,
  shape: CropShape,
  start: (model: Uint8Array) => Promise<OpenModel>,
): Promise<NetworkEncoder> {
  const described = OnnxDescription.safeParse(json);
  if (!described.success || described.data.outputs[output] === undefined)
    throw new DataError("is no description of this encoder that the page reads", { path });
  const description = { ...described.data, outputs: [described.data.outputs[output]] };
  const place = { kind: "onnx" as const, path, modelPath, description };
  const model = parseOnnx(bytes, modelPath);
  const inner = innerOf(model, [description.outputs[0].output]);
  const network = async () => {
    let opened: OpenModel;
    try {
      opened = await start(inner.length === 0 ? bytes : addOutputs(bytes, inner));
    } catch (cause) {
      throw new DataError(`cannot be opened by the page's ONNX Runtime (${oneLine(cause)})`, {
        path: modelPath,
        cause,
      });
    }
    return new RuntimeNetwork(place, opened, { half: calculatesHalf(model), inputs: 1 });
  };
  const encoder = await NetworkEncoder.open(place, shape, network, true);
  // How many features there are is known after the first crop.
  const pixels = shape.height * shape.width;
  await encoder.encode(new Float32Array(shape.channels.length * pixels), new Uint8Array(pixels), 1, []);
  return encoder;
}
