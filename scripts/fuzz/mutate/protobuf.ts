import type { Random } from "../../../src/core/rng.ts";
import type { Mutator } from "../reader.ts";
import { draw, otherNumber, pick } from "./draw.ts";
import { varintOf } from "./thrift.ts";

/** A field of a message; `inner` where its bytes are a message themselves. */
interface Field {
  id: number;
  wire: number;
  value: bigint;
  bytes: Buffer;
  inner: Field[] | null;
}

/** The fields of a message; null where the bytes are none. */
export function protobufFields(bytes: Buffer, depth = 0): Field[] | null {
  const out: Field[] = [];
  let at = 0;
  const varint = (): bigint | null => {
    let value = 0n;
    for (let shift = 0n; shift < 70n && at < bytes.length; shift += 7n) {
      const b = bytes[at++];
      value |= BigInt(b & 127) << shift;
      if (b < 128) return value;
    }
    return null;
  };
  while (at < bytes.length) {
    const key = varint();
    if (key === null || key >> 3n < 1n || key >> 3n > 1000n) return null;
    const field: Field = {
      id: Number(key >> 3n),
      wire: Number(key & 7n),
      value: 0n,
      bytes: Buffer.alloc(0),
      inner: null,
    };
    if (field.wire === 0 || field.wire === 2) {
      const value = varint();
      if (value === null) return null;
      field.value = value;
    }
    const length = field.wire === 2 ? Number(field.value) : field.wire === 1 ? 8 : field.wire === 5 ? 4 : 0;
    if (![0, 1, 2, 5].includes(field.wire) || at + length > bytes.length) return null;
    field.bytes = Buffer.from(bytes.subarray(at, at + length));
    at += length;
    if (field.wire === 2 && length > 1 && length < 100_000 && depth < 8)
      field.inner = protobufFields(field.bytes, depth + 1);
    out.push(field);
  }
  return out;
}

/** A message of these fields, its lengths written right. */
export function protobufOf(fields: readonly Field[]): Buffer {
  const parts: Buffer[] = [];
  for (const { id, wire, value, bytes, inner } of fields) {
    parts.push(varintOf(BigInt(id * 8 + wire)));
    const content = inner === null ? bytes : protobufOf(inner);
    if (wire === 0) parts.push(varintOf(value));
    else if (wire === 2) parts.push(varintOf(BigInt(content.length)), content);
    else parts.push(bytes);
  }
  return Buffer.concat(parts);
}

/** All lists of fields, the outer first. */
function lists(fields: Field[], out: Field[][] = []): Field[][] {
  if (fields.length > 0) out.push(fields);
  for (const { inner } of fields) if (inner !== null) lists(inner, out);
  return out;
}

const onFields = (name: string, change: (list: Field[], random: Random) => boolean): Mutator => ({
  name,
  apply: (bytes, random) => {
    const fields = protobufFields(bytes);
    if (fields === null || fields.length === 0) return null;
    const all = lists(fields);
    for (let tries = 0; tries < 5; tries++) if (change(pick(random, all), random)) return protobufOf(fields);
    return null;
  },
});

/** Changes of a message's fields. */
export const PROTOBUF: readonly Mutator[] = [
  onFields("protobuf number", (list, random) => {
    const numbers = list.filter((f) => f.wire === 0);
    if (numbers.length === 0) return false;
    const field = pick(random, numbers);
    field.value = BigInt.asUintN(64, otherNumber(random, field.value));
    return true;
  }),
  onFields("protobuf bytes", (list, random) => {
    const texts = list.filter((f) => f.wire === 2 && f.bytes.length > 0);
    if (texts.length === 0) return false;
    const field = pick(random, texts);
    field.inner = null;
    const kind = draw(random, 4);
    if (kind === 0) field.bytes = field.bytes.subarray(0, draw(random, field.bytes.length));
    else if (kind === 1) field.bytes = Buffer.concat([field.bytes, field.bytes]);
    else field.bytes[draw(random, field.bytes.length)] = draw(random, 256);
    return true;
  }),
  onFields("protobuf text", (list, random) => {
    const texts = list.filter(
      (f) => f.wire === 2 && f.inner === null && /^[\x20-\x7e]+$/.test(f.bytes.toString("latin1")),
    );
    if (texts.length === 0) return false;
    pick(random, texts).bytes = Buffer.from(
      pick(random, [
        "",
        "\u001b[2J\n",
        "/etc/passwd",
        "../x",
        "Loop",
        "If",
        "ConstantOfShape",
        "a".repeat(5000),
        "location",
      ]),
    );
    return true;
  }),
  onFields("protobuf field away", (list, random) => list.splice(draw(random, list.length), 1).length > 0),
  onFields("protobuf field again", (list, random) => {
    const field = pick(random, list);
    const times = random() < 0.1 ? 2000 : 1;
    list.splice(draw(random, list.length + 1), 0, ...new Array<Field>(times).fill(field));
    return list.length < 100_000;
  }),
  onFields("protobuf field elsewhere", (list, random) => {
    pick(random, list).id = 1 + draw(random, 25);
    return true;
  }),
  onFields("protobuf nested", (list, random) => {
    const field = pick(
      random,
      list.filter((f) => f.wire === 2),
    );
    if (field === undefined) return false;
    let bytes = protobufOf([field]);
    for (let depth = pick(random, [1, 20, 500]); depth > 0; depth--)
      bytes = Buffer.concat([varintOf(BigInt(field.id * 8 + 2)), varintOf(BigInt(bytes.length)), bytes]);
    field.bytes = bytes;
    field.inner = null;
    return true;
  }),
];
