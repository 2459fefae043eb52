/** Structs and lists within each other that Parquet's metadata have at most. */
const DEPTH = 24;
/** Highest number of a field that is taken for one; Parquet's have at most two digits. */
const FIELD = 99;
/** Structs and texts that a footer of any size may hold, and bytes that each further one takes at least. */
const FREE = 1 << 16;
const BYTES_EACH = 4;

/** What is wrong with the bytes of a Parquet file; becomes a DataError where the path is known. */
export class Damage extends Error {}

/**
 * Walks a struct of Thrift's compact protocol without making anything of it, so that what decodes it afterwards cannot
 * be sent out of the bytes, into endless depth or into lists that the bytes do not hold.
 *
 * @param at position of the struct in `bytes`; returns the position behind it
 * @throws Damage
 */
export function checkStruct(bytes: Uint8Array, at: number): number {
  const walk = new Walk(bytes, at);
  walk.struct(0);
  return walk.at;
}

class Walk {
  readonly #bytes: Uint8Array;
  readonly #most: number;
  #held = 0;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#most = FREE + (bytes.length - at) / BYTES_EACH;
    this.at = at;
  }

  struct(depth: number): void {
    this.#hold();
    if (depth > DEPTH) throw new Damage(`its metadata are nested deeper than ${DEPTH} levels`);
    let field = 0;
    for (;;) {
      const byte = this.#byte();
      const type = byte & 15;
      if (type === 0) return;
      const step = byte >> 4;
      field = step > 0 ? field + step : this.#zigzag();
      if (field < 1 || field > FIELD) throw new Damage(`its metadata have a field ${field}`);
      this.#value(type, depth, false);
    }
  }

  #value(type: number, depth: number, listed: boolean): void {
    switch (type) {
      case 1:
      case 2:
        if (listed) this.#skip(1);
        return;
      case 3:
        this.#skip(1);
        return;
      case 4:
      case 5:
      case 6:
        this.#varint();
        return;
      case 7:
        this.#skip(8);
        return;
      case 8:
        this.#hold();
        this.#skip(this.#varint());
        return;
      case 9:
        this.#list(depth + 1);
        return;
      case 12:
        this.struct(depth + 1);
        return;
      default:
        throw new Damage(`its metadata have a value of type ${type}`);
    }
  }

  #list(depth: number): void {
    if (depth > DEPTH) throw new Damage(`its metadata are nested deeper than ${DEPTH} levels`);
    this.#hold();
    const byte = this.#byte();
    const size = byte >> 4 === 15 ? this.#varint() : byte >> 4;
    // Every element takes a byte at least.
    if (size > this.#bytes.length - this.at)
      throw new Damage(`a list of ${size} values goes beyond its metadata`);
    for (let i = 0; i < size; i++) this.#value(byte & 15, depth, true);
  }

  #hold(): void {
    if (++this.#held > this.#most) throw new Damage("its metadata hold more parts than their bytes allow");
  }

  #byte(): number {
    if (this.at >= this.#bytes.length) throw new Damage("its metadata break off");
    return this.#bytes[this.at++];
  }

  #skip(count: number): void {
    if (count > this.#bytes.length - this.at) throw new Damage("its metadata break off");
    this.at += count;
  }

  #varint(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value;
    }
    throw new Damage("its metadata hold a number of more than 64 bits");
  }

  #zigzag(): number {
    const n = this.#varint();
    return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
  }
}
