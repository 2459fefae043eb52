/** A protobuf message under construction: pieces, joined once at the end. */
export class Message {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  integer(field: number, value: number): void {
    this.#push(varint(field << 3));
    this.#push(varint(value));
  }
  float(field: number, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#push(varint((field << 3) | 5));
    this.#push(bytes);
  }
  text(field: number, value: string): void {
    this.raw(field, new TextEncoder().encode(value));
  }
  raw(field: number, value: Uint8Array): void {
    this.#push(varint((field << 3) | 2));
    this.#push(varint(value.length));
    this.#push(value);
  }
  message(field: number, value: Message): void {
    this.#push(varint((field << 3) | 2));
    this.#push(varint(value.#length));
    this.append(value);
  }
  /** Appends fields that are encoded already. */
  bare(fields: Uint8Array): void {
    this.#push(fields);
  }
  append(other: Message): void {
    for (const piece of other.#pieces) this.#push(piece);
  }
  bytes(): Uint8Array {
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }
  #push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }
}

/** Base-128 varint; negative numbers as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
