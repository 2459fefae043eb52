import { gunzipSync, inflateSync } from "node:zlib";
import type { registry } from "zarrita";
import { crc32c } from "../../files/crc32c.ts";

/** What unpacks bytes; the library's own, without its types. */
interface Unpacker {
  encode(bytes: Uint8Array): unknown;
  decode(bytes: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

interface ChunkMeta {
  readonly dataType: string;
  readonly shape: readonly number[];
}

/**
 * Unpacks within `most` bytes in the place of the library, or checks what the packed bytes claim and leaves the rest to
 * it. @throws Error where they hold or claim more, or are cut off
 */
type Unpack = (bytes: Uint8Array, most: number) => Uint8Array | undefined;

/** Bytes beyond those of a chunk's values that a packer may add. */
const SPARE = 65_536;

/**
 * Makes the library's unpackers hold what they unpack to the size of a chunk, and its checksum be checked, which it
 * leaves out.
 */
export function boundCodecs(codecs: typeof registry): void {
  if ((codecs.get("crc32c") as unknown) === checksum) return;
  for (const [name, unpack] of Object.entries(UNPACK))
    for (const key of [name, `numcodecs.${name}`]) {
      const load = codecs.get(key);
      if (load !== undefined) codecs.set(key, bounded(load as Load, unpack) as never);
    }
  codecs.set("crc32c", checksum as never);
}

type Load = () => Promise<Made> | Made;
interface Made {
  fromConfig(config: unknown, meta: ChunkMeta): Unpacker;
}

function bounded(load: Load, unpack: Unpack): Load {
  return async () => {
    const inner = await load();
    return {
      fromConfig(config, meta) {
        const own = inner.fromConfig(config, meta);
        const most = 2 * meta.shape.reduce((a, b) => a * b, 1) * bytesOf(meta.dataType) + SPARE;
        return {
          kind: "bytes_to_bytes",
          encode: (bytes: Uint8Array) => own.encode(bytes),
          decode: async (bytes: Uint8Array) => {
            const made = unpack(bytes, most) ?? (await own.decode(bytes));
            if (made.length > most) throw tooLarge(made.length, most);
            return made;
          },
        };
      },
    };
  };
}

const UNPACK: Readonly<Record<string, Unpack>> = {
  blosc: (bytes, most) => {
    const view = viewOf(bytes, 16);
    if (view.getUint32(12, true) !== bytes.length)
      throw new Error(`it says that it has ${view.getUint32(12, true)} bytes, there are ${bytes.length}`);
    return claims(view.getUint32(4, true), most);
  },
  lz4: (bytes, most) => claims(viewOf(bytes, 4).getUint32(0, true), most),
  zstd: (bytes, most) => claims(zstdSize(bytes), most),
  gzip: (bytes, most) => within(gunzipSync, bytes, most),
  zlib: (bytes, most) => within(inflateSync, bytes, most),
};

function claims(size: number, most: number): undefined {
  if (size > most) throw tooLarge(size, most);
}

function within(unpack: typeof gunzipSync, bytes: Uint8Array, most: number): Uint8Array {
  try {
    return unpack(bytes, { maxOutputLength: most });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw error;
    throw new Error(`it unpacks to more than ${most} bytes`);
  }
}

const tooLarge = (size: number, most: number) =>
  new Error(`it says that it unpacks to ${size} bytes, at most ${most} are expected`);

function viewOf(bytes: Uint8Array, least: number): DataView {
  if (bytes.length < least) throw new Error(`it has ${bytes.length} bytes`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Bytes that a Zstandard frame says it holds (RFC 8878), 0 where it does not say. */
function zstdSize(bytes: Uint8Array): number {
  const view = viewOf(bytes, 18 > bytes.length ? 9 : 18);
  const descriptor = view.getUint8(4);
  const flag = descriptor >> 6;
  const single = (descriptor >> 5) & 1;
  if (flag === 0 && single === 0) return 0;
  const at = 5 + (1 - single) + [0, 1, 2, 4][descriptor & 3];
  if (at + [1, 2, 4, 8][flag] > bytes.length) throw new Error("its frame is cut off");
  if (flag === 0) return view.getUint8(at);
  if (flag === 1) return view.getUint16(at, true) + 256;
  return flag === 2 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

/** Bytes of a value of a type; those of the largest where it is no number. */
function bytesOf(type: string): number {
  const bits = Number(/(\d+)$/.exec(type)?.[1] ?? (type === "bool" ? 8 : 64));
  return Math.max(1, bits / 8);
}

/** CRC-32C of the bytes before the last four, which hold it. */
const checksum = () => ({
  fromConfig: () => ({
    kind: "bytes_to_bytes",
    encode(bytes: Uint8Array): Uint8Array {
      const out = new Uint8Array(bytes.length + 4);
      out.set(bytes);
      viewOf(out, 4).setUint32(bytes.length, crc32c(bytes), true);
      return out;
    },
    decode(bytes: Uint8Array): Uint8Array {
      const held = bytes.subarray(0, Math.max(0, bytes.length - 4));
      if (viewOf(bytes, 4).getUint32(held.length, true) !== crc32c(held))
        throw new Error("its checksum is wrong");
      return held;
    },
    computeEncodedSize: (bytes: number) => bytes + 4,
  }),
});
