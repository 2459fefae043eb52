import { decodeFloat16 } from "../core/float16.ts";

/** Type of an array's numbers, as numpy names it: kind, bytes and byte order. */
export interface NumberType {
  /** `f` float, `i` and `u` integers, `b` bool, `bf` bfloat16. */
  readonly kind: "f" | "i" | "u" | "b" | "bf";
  readonly bytes: number;
  readonly little: boolean;
}

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

const SIZES: Readonly<Record<string, readonly number[]>> = {
  f: [2, 4, 8],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  b: [1],
};
const NAMES: Readonly<Record<NumberType["kind"], string>> = {
  f: "float",
  i: "int",
  u: "uint",
  b: "bool",
  bf: "bfloat",
};

/** The type that numpy writes as `<f4`, `|u1`, `>i2`, ...; null for one that is not of numbers or not known here. */
export function numberType(descr: string): NumberType | null {
  const found = /^([<>=|]?)([fiub])(\d{1,2})$/.exec(descr);
  if (found === null || !SIZES[found[2]].includes(Number(found[3]))) return null;
  return { kind: found[2] as NumberType["kind"], bytes: Number(found[3]), little: found[1] !== ">" };
}

/** The type's name in numpy: `float32`, `uint8`, `bool`. */
export function typeName({ kind, bytes }: NumberType): string {
  return kind === "b" ? "bool" : `${NAMES[kind]}${bytes * 8}`;
}

/** Reads the number at byte `at` of a view. */
function numberReader(view: DataView, { kind, bytes, little }: NumberType): (at: number) => number {
  switch (`${kind}${bytes}`) {
    case "bf2":
      return (at) => bfloat16(view.getUint16(at, little));
    case "f4":
      return (at) => view.getFloat32(at, little);
    case "f8":
      return (at) => view.getFloat64(at, little);
    case "i1":
      return (at) => view.getInt8(at);
    case "i2":
      return (at) => view.getInt16(at, little);
    case "i4":
      return (at) => view.getInt32(at, little);
    case "i8":
      return (at) => Number(view.getBigInt64(at, little));
    case "u2":
      return (at) => view.getUint16(at, little);
    case "u4":
      return (at) => view.getUint32(at, little);
    case "u8":
      return (at) => Number(view.getBigUint64(at, little));
    default:
      return (at) => view.getUint8(at);
  }
}

/** What numbers are decoded into: a type that holds them, or the nearest float. */
export type Decoded = Float32Array | Float64Array | Uint8Array | Uint16Array;

/**
 * Writes the numbers that `bytes` holds into `out`; as many as `out` has are there. 64-bit integers beyond 2^53 are
 * rounded to the nearest double. Half-precision floats in a Uint16Array are their bits.
 */
export function decodeNumbers(bytes: Uint8Array, type: NumberType, out: Decoded): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type.kind === "f" && type.bytes === 2) {
    const bits = halves(view, type.little, out.length);
    if (out instanceof Float32Array) decodeFloat16(bits, out);
    else if (out instanceof Uint16Array) out.set(bits);
    else {
      const values = new Float32Array(out.length);
      decodeFloat16(bits, values);
      out.set(values);
    }
    return;
  }
  const own = ownValues(bytes, type, out.length);
  if (own !== null) {
    out.set(own);
    return;
  }
  const read = numberReader(view, type);
  for (let i = 0, at = 0; i < out.length; i++, at += type.bytes) out[i] = read(at);
}

/** Numbers of at most 53 bits where they lie as this machine has them; null where they do not. */
function ownValues(bytes: Uint8Array, { kind, bytes: size, little }: NumberType, count: number) {
  if ((size > 1 && little !== LITTLE) || bytes.byteOffset % size !== 0) return null;
  const place = [bytes.buffer, bytes.byteOffset, count] as const;
  switch (`${kind}${size}`) {
    case "f4":
      return new Float32Array(...place);
    case "f8":
      return new Float64Array(...place);
    case "i1":
      return new Int8Array(...place);
    case "i2":
      return new Int16Array(...place);
    case "i4":
      return new Int32Array(...place);
    case "u1":
    case "b1":
      return new Uint8Array(...place);
    case "u2":
      return new Uint16Array(...place);
    case "u4":
      return new Uint32Array(...place);
    default:
      return null;
  }
}

/** 16-bit words of a view, in place where they lie as this machine has them. */
function halves(view: DataView, little: boolean, count: number): Uint16Array {
  if (little === LITTLE && view.byteOffset % 2 === 0)
    return new Uint16Array(view.buffer, view.byteOffset, count);
  const bits = new Uint16Array(count);
  for (let i = 0; i < count; i++) bits[i] = view.getUint16(2 * i, little);
  return bits;
}

const scratch = new DataView(new ArrayBuffer(4));

/** The value of a bfloat16 number (the upper half of a float32), given its 16 bits. */
function bfloat16(bits: number): number {
  scratch.setUint32(0, bits * 65536);
  return scratch.getFloat32(0);
}
