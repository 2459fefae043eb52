import { ZSTDDecoder } from "zstddec";

const decoder = new ZSTDDecoder();

/** Loads the decoder (the reference implementation of RFC 8878, compiled to WebAssembly); once is enough. */
export const loadZstd = (): Promise<void> => decoder.init();

/**
 * Unpacks Zstandard frames to at most `most` bytes; {@link loadZstd} must have ended.
 * @throws Error where a frame is damaged or cut off, a checksum is wrong, something else follows, or they hold more
 */
export function unpackZstd(bytes: Uint8Array, most: number): Uint8Array {
  // The decoder gives nothing where it fails.
  const out = decoder.decode(bytes, most);
  if (out.length === 0) throw new Error("a block is no whole Zstandard frame of its size");
  return out;
}
