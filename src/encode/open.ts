import type { CropShape, MaskKind } from "../types.ts";
import { CommandNetwork } from "./command/network.ts";
import type { Programs } from "./command/programs.ts";
import type { Encoder } from "./encoder.ts";
import type { EncoderFile } from "./encoder-file.ts";
import { NetworkEncoder } from "./network.ts";
import { ApartEncoder, LIMITS, type Limits } from "./onnx/apart.ts";
import { Session } from "./onnx/session.ts";

export interface OpenOptions {
  /** Threads of the network itself; one by default. */
  readonly threads?: number;
  /** Whether it was tried before, by {@link openEncoder} itself, for crops of this shape. */
  readonly tried?: boolean;
  /** What runs encoders that are other programs; without it, each opened encoder starts its own. */
  readonly programs?: Programs;
  /**
   * Limits of a process of its own in which an ONNX network runs, and which is ended where it exceeds them; null for none.
   * Without them, it does so where pixels decide its cost.
   */
  readonly apart?: Limits | null;
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
  const limits = apart === undefined && file.kind === "onnx" && file.open ? LIMITS : apart;
  if (file.kind === "onnx" && limits) return ApartEncoder.open(file, shape, limits);
  const network = async () =>
    file.kind === "command" ? new CommandNetwork(file, programs) : await Session.open(file, threads, tried);
  return NetworkEncoder.open(file, shape, network, tried);
}
