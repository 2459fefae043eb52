import { crc32c, unmaskCrc } from "../../files/crc32c.ts";
import { ByteReader, damaged } from "../../files/protobuf.ts";

const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
const FOOTER = 48;
const TRAILER = 5;
const LONGEST_KEY = 4096;
/** All keys together; far more than any checkpoint has, far less than hurts. */
const MOST_KEY_BYTES = 1 << 26;

/**
 * Reads a sorted string table (LevelDB's table format, as TensorFlow writes its checkpoint index) into key and value.
 * Every block's CRC-32C is checked. Values are views of `bytes`.
 * @throws DataError where it is not such a table, is truncated, compressed or damaged.
 */
export function readTable(bytes: Uint8Array, path: string): Map<string, Uint8Array> {
  if (bytes.length < FOOTER) throw damaged(path, `${bytes.length} bytes are too few for a checkpoint index`);
  const footer = bytes.subarray(bytes.length - FOOTER);
  if (MAGIC.some((b, i) => footer[FOOTER - 8 + i] !== b))
    throw damaged(
      path,
      "it does not end as a TensorFlow checkpoint index does: truncated, or another format",
    );
  const handles = new ByteReader(footer, path);
  handles.varint();
  handles.varint();
  const index = block(bytes, handles.varint(), handles.varint(), path);
  const table = new Map<string, Uint8Array>();
  let budget = MOST_KEY_BYTES;
  let end = 0;
  let last: Uint8Array | undefined;
  for (const entry of entries(index, path)) {
    const handle = new ByteReader(entry.value, path);
    const [at, size] = [handle.varint(), handle.varint()];
    if (at < end) throw damaged(path, "its blocks overlap");
    end = at + size + TRAILER;
    for (const { key, value } of entries(block(bytes, at, size, path), path)) {
      if (last !== undefined && compare(last, key) >= 0) throw damaged(path, "its keys are out of order");
      if ((budget -= key.length + 16) < 0) throw damaged(path, "its keys are absurdly long");
      last = key;
      table.set(new TextDecoder("latin1").decode(key), value);
    }
  }
  return table;
}

function block(bytes: Uint8Array, at: number, size: number, path: string): Uint8Array {
  if (!(at + size + TRAILER <= bytes.length - FOOTER))
    throw damaged(path, `a block at ${at} of ${size} bytes runs past the end (${bytes.length} bytes)`);
  const whole = bytes.subarray(at, at + size + 1);
  const stored = new ByteReader(bytes, path, at + size + 1).uint32();
  if (crc32c(whole) !== unmaskCrc(stored)) throw damaged(path, `wrong checksum of the block at ${at}`);
  if (whole[size] !== 0)
    throw damaged(
      path,
      `the block at ${at} is compressed, which checkpoint indexes are not; save it again with TensorFlow`,
    );
  return whole.subarray(0, size);
}

function* entries(content: Uint8Array, path: string): Generator<{ key: Uint8Array; value: Uint8Array }> {
  if (content.length < 4) throw damaged(path);
  const restarts = new ByteReader(content, path, content.length - 4).uint32();
  const end = content.length - 4 - 4 * restarts;
  const reader = new ByteReader(content, path, 0, end);
  let key = new Uint8Array(0);
  while (reader.left > 0) {
    const [shared, own, size] = [reader.varint(), reader.varint(), reader.varint()];
    if (!(shared <= key.length && shared + own <= LONGEST_KEY)) throw damaged(path, "a key is inconsistent");
    const next = new Uint8Array(shared + own);
    next.set(key.subarray(0, shared));
    next.set(reader.take(own), shared);
    key = next;
    yield { key, value: reader.take(size) };
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
