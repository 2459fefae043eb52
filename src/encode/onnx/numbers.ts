import { decodeFloat16, encodeFloat16 } from "../../core/float16.ts";

type Numbers =
  | Float32Array
  | Float64Array
  | Uint16Array
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

const WHOLE = {
  uint8: [Uint8Array, 0, 255],
  int8: [Int8Array, -128, 127],
  uint16: [Uint16Array, 0, 65535],
  int16: [Int16Array, -32768, 32767],
  int32: [Int32Array, -(2 ** 31), 2 ** 31 - 1],
  uint32: [Uint32Array, 0, 2 ** 32 - 1],
} as const;

/** Limits of integers of 64 bits. */
const LONG = {
  int64: [BigInt64Array, -(2n ** 63n), 2n ** 63n - 1n],
  uint64: [BigUint64Array, 0n, 2n ** 64n - 1n],
} as const;

/**
 * Values as a network takes them: float16 by the nearest number, integers rounded and held within their range, bool
 * from a half on. @returns null for a type that no numbers are made of
 */
export function toType(type: string, values: Float32Array): Numbers | null {
  if (type === "float32") return values;
  if (type === "float64") return Float64Array.from(values);
  if (type === "float16") {
    const bits = new Uint16Array(values.length);
    encodeFloat16(values, bits);
    return bits;
  }
  if (type === "bool") return Uint8Array.from(values, (v) => (v >= 0.5 ? 1 : 0));
  if (Object.hasOwn(LONG, type)) {
    const [make, low, high] = LONG[type as keyof typeof LONG];
    const out = new make(values.length);
    values.forEach((v, i) => {
      const whole = BigInt(Math.round(v));
      out[i] = whole < low ? low : whole > high ? high : whole;
    });
    return out;
  }
  if (!Object.hasOwn(WHOLE, type)) return null;
  const [make, low, high] = WHOLE[type as keyof typeof WHOLE];
  // Not by way of float32, in which the limits of 32 bits are rounded to numbers beyond them.
  const out = new make(values.length);
  values.forEach((v, i) => void (out[i] = Math.min(high, Math.max(low, Math.round(v)))));
  return out;
}

/** What a network gave, as float32; null for a type that is no floating-point number. */
export function fromType(type: string, data: unknown): Float32Array | null {
  if (type === "float32") return data as Float32Array;
  if (type === "float64") return Float32Array.from(data as Float64Array);
  if (type !== "float16") return null;
  const out = new Float32Array((data as Uint16Array).length);
  decodeFloat16(data as Uint16Array, out);
  return out;
}
