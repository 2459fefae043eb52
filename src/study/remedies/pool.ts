import { onDevice } from "../../encode/device.ts";
import type { EncoderFile } from "../../encode/encoder-file.ts";
import { pooledEncoder } from "../../encode/pooled.ts";
import { isCellswapError } from "../../errors.ts";
import {
  type EncoderTarget,
  type Extraction,
  type ExtractOptions,
  extract,
  tryEncoder,
} from "../../features/extract.ts";
import type { PixelRequest } from "./pixels.ts";

/** One output of an encoder that is to be pooled under the center mask, and the name of the result. */
export interface PoolOutput {
  readonly encoder: EncoderFile;
  /** Position among the encoder's outputs. */
  readonly output: number;
  readonly name: string;
}

/** Encoders that pool, or why there is none, by the name of the result. */
export async function poolTargets(
  outputs: readonly PoolOutput[],
  store: PixelRequest["store"],
  options: Pick<ExtractOptions, "signal">,
): Promise<{ targets: EncoderTarget[]; refused: Map<string, string> }> {
  const targets: EncoderTarget[] = [];
  const refused = new Map<string, string>();
  for (const { encoder, output, name } of outputs)
    try {
      const made = await pooledEncoder(withOutput(encoder, output));
      const pooled = encoder.kind === "onnx" ? onDevice(made, encoder.device) : made;
      targets.push({
        encoder: pooled,
        names: [name],
        dimensions: await tryEncoder(pooled, store, undefined, options),
      });
    } catch (error) {
      if (!isCellswapError(error)) throw error;
      refused.set(name, error.message);
    }
  return { targets, refused };
}

/** Encodes the study's composites with encoders that pool; sets are in the order of `targets`, to be closed. */
export function pooledFeatures(
  request: Omit<PixelRequest, "lenders" | "lending" | "seed">,
  encoders: readonly EncoderTarget[],
  options: ExtractOptions,
): Promise<Extraction> {
  const { crops, ...rest } = request;
  return extract({ ...rest, plan: crops.plan, encoders }, options);
}

function withOutput<E extends EncoderFile>(encoder: E, output: number): E {
  const { description } = encoder;
  return { ...encoder, description: { ...description, outputs: [description.outputs[output]] } };
}
