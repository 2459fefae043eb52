import type { CropShape, Flag, MaskKind } from "../types.ts";
import type { Encoder } from "./encoder.ts";
import type { EncoderFile } from "./encoder-file.ts";
import { LIMITS } from "./onnx/apart.ts";
import { openEncoder } from "./open.ts";
import { compareDevices, type Samples, tryOut } from "./try.ts";

/**
 * What is found of an encoder that is open: as {@link tryOut}, and where its network runs on a device, whether it gives
 * there what it gives on the processor.
 */
export async function tryFile(
  file: EncoderFile,
  opened: Encoder,
  shape: CropShape & { readonly masks: MaskKind },
  samples: Samples,
  signal?: AbortSignal,
): Promise<Flag[]> {
  const { name } = file.description;
  const found = await tryOut(opened, name, samples);
  if (file.kind === "command" || file.device === "cpu" || samples.count === 0) return found;
  const plain = await openEncoder({ ...file, device: "cpu" }, shape, { apart: { ...LIMITS, signal } });
  try {
    return [...found, ...(await compareDevices(opened, plain, name, samples))];
  } finally {
    await plain.release();
  }
}
