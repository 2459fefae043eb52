import { DataError } from "../errors.ts";

/** One field of a protobuf message: `value` is the varint or fixed number, `bytes` the length-delimited content. */
export interface ProtoField {
  readonly field: number;
  readonly wire: 0 | 1 | 2 | 5;
  /** Wire types 0, 1 and 5; exact to 2^53, NaN beyond. */
  readonly value: number;
  /** Wire type 2, a view of the message. */
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** Fields of a message at most, each of which takes far more memory than in the file. */
const MOST = 2 ** 18;

/**
 * Fields of a protobuf message in file order, without copying.
 * @throws DataError (for `path`) where the message runs past its end or has a wire type that is not in use.
 */
export function protoFields(message: Uint8Array, path: string): ProtoField[] {
  const fields: ProtoField[] = [];
  const reader = new ByteReader(message, path);
  while (reader.left > 0) {
    if (fields.length === MOST) throw damaged(path, `a message has more than ${MOST} fields`);
    const key = reader.varint();
    const field = Math.floor(key / 8);
    const wire = key % 8;
    if (!(field >= 1 && key < 2 ** 32)) throw damaged(path);
    if (wire === 0) fields.push({ field, wire, value: reader.varint(), bytes: NOTHING });
    else if (wire === 5) fields.push({ field, wire, value: reader.uint32(), bytes: NOTHING });
    else if (wire === 1) {
      const low = reader.uint32();
      fields.push({ field, wire, value: low + reader.uint32() * 2 ** 32, bytes: NOTHING });
    } else if (wire === 2) fields.push({ field, wire, value: 0, bytes: reader.take(reader.varint()) });
    else throw damaged(path);
  }
  return fields;
}

/** Reads numbers and pieces of a byte array one after the other; every read is checked against the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, path: string, at = 0, end = bytes.length) {
    if (at < 0 || at > end || end > bytes.length) throw damaged(path);
    this.#bytes = bytes;
    this.#path = path;
    this.at = at;
    this.#end = end;
  }
  get left(): number {
    return this.#end - this.at;
  }
  take(count: number): Uint8Array {
    if (!(count >= 0 && count <= this.left)) throw damaged(this.#path);
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }
  /** Varint of up to 64 bits; NaN where it does not fit a double exactly (no length or offset does that honestly). */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.left < 1) throw damaged(this.#path);
      const byte = this.#bytes[this.at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
    }
    throw damaged(this.#path);
  }
  byte(): number {
    return this.take(1)[0];
  }
  /** Text up to the next line feed, as latin1; at most `longest` bytes. */
  line(longest: number): string {
    const end = this.#bytes.indexOf(10, this.at);
    if (end < 0 || end >= this.#end || end - this.at > longest)
      throw damaged(this.#path, "a line does not end");
    const text = new TextDecoder("latin1").decode(this.#bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }
  /** NaN, which no length passes, where a double does not hold it exactly. */
  uint64(): number {
    const value = this.uint32() + this.uint32() * 2 ** 32;
    return Number.isSafeInteger(value) ? value : Number.NaN;
  }
  uint32(): number {
    const b = this.take(4);
    return (b[0] | (b[1] << 8) | (b[2] << 16)) + b[3] * 2 ** 24;
  }
}

/** The one line for content that cannot be what it claims to be. */
export function damaged(path: string, what = "its content is inconsistent"): DataError {
  return new DataError(`is damaged (${what}); fetch the file again`, { path });
}
