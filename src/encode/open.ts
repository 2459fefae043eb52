import type { CropShape, MaskKind } from "../types.ts";
import { CommandNetwork } from "./command/network.ts";
import type { Programs } from "./command/programs.ts";
import type { Encoder } from "./encoder.ts";
import type { EncoderFile } from "./encoder-file.ts";
import { NetworkEncoder } from "./network.ts";
import { ApartEncoder, type Limits } from "./onnx/apart.ts";
import { Session } from "./onnx/session.ts";

export interface OpenOptions {
  /** Threads of the network itself; one by default. */
  readonly threads?: number;
  /** Whether it was tried before, by {@link openEncoder} itself, for crops of this shape. */
  readonly tried?: boolean;
  /** What runs encoders that are other programs; without it, each opened encoder starts its own. */
  readonly programs?: Programs;
  /** Whether a network runs in a process of its own, which is ended where it exceeds these limits. */
  readonly apart?: Limits;
}

/**
 * Opens an encoder for crops of `shape` and tries it on empty ones, unless it was `tried` before.
 * @throws DataError / StudyError naming the input, channel or output that does not fit.
 */
export function openEncoder(
  file: EncoderFile,
  shape: CropShape & { readonly masks?: MaskKind },
  { threads = 1, tried = false, programs, apart }: OpenOptions = {},
): Promise<Encoder> {
  if (file.kind === "onnx" && apart !== undefined) return ApartEncoder.open(file, shape, apart);
  const network = async () =>
    file.kind === "command" ? new CommandNetwork(file, programs) : await Session.open(file, threads, tried);
  return NetworkEncoder.open(file, shape, network, tried);
}
