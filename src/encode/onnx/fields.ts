import { ByteReader, type ProtoField } from "../../files/protobuf.ts";
import { Message } from "./message.ts";

/** Bytes of packed numbers at most: shapes and what nodes are told need few. */
const MOST = 2 ** 16;

/** Numbers of a repeated field, one by one or packed; packed ones that are many are left out. */
export function numbers(fields: readonly ProtoField[], field: number, path: string): number[] {
  return fields
    .filter((f) => f.field === field)
    .flatMap((f) => (f.wire === 2 ? unpacked(f.bytes, path) : [f.value]));
}

function unpacked(bytes: Uint8Array, path: string): number[] {
  if (bytes.length > MOST) return [];
  const reader = new ByteReader(bytes, path);
  const out: number[] = [];
  while (reader.left > 0) out.push(reader.varint());
  return out;
}

export function contents(fields: readonly ProtoField[], field: number): Uint8Array[] {
  return fields.filter((f) => f.field === field && f.wire === 2).map((f) => f.bytes);
}

/** A message that is given in pieces is the sum of them; null where it is not given. */
export function merged(fields: readonly ProtoField[], field: number): Uint8Array | null {
  const pieces = contents(fields, field);
  return pieces.length === 0 ? null : pieces.length === 1 ? pieces[0] : joined(pieces);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Message();
  for (const piece of pieces) whole.bare(piece);
  return whole.bytes();
}

// Of a field that is given several times, the last counts.
export function integer(fields: readonly ProtoField[], field: number, otherwise: number): number {
  return fields.findLast((f) => f.field === field && f.wire === 0)?.value ?? otherwise;
}

export function text(fields: readonly ProtoField[], field: number): string {
  const found = fields.findLast((f) => f.field === field && f.wire === 2);
  return found === undefined ? "" : decode(found.bytes);
}

export function decode(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  // No exporter writes them, and they would write to the terminal what the model wants.
  if (/\p{Cc}/u.test(text)) throw new UnfitName("a name holds control characters");
  return text;
}

export class UnfitName extends Error {}
