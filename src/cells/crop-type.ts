import { decodeFloat16, encodeFloat16 } from "../core/float16.ts";
import type { NumberType } from "../files/numbers.ts";
import type { PlaneValues } from "../image/planes.ts";

/** Types of numbers in which a store keeps crops, as numpy names them; float32 holds every value of the others. */
export const CROP_TYPES = ["uint8", "uint16", "float16", "float32"] as const;
export type CropType = (typeof CROP_TYPES)[number];

/** Values of crops as they are stored; of half-precision floats the bits, in a Uint16Array. */
export type CropValues = Uint8Array | Uint16Array | Float32Array;

/** Bytes of a value. */
export const CROP_BYTES: Readonly<Record<CropType, number>> = {
  uint8: 1,
  uint16: 2,
  float16: 2,
  float32: 4,
};

/** The type of an array of values; `half`: it holds the bits of half-precision floats. */
export function cropTypeOf(values: CropValues, half = false): CropType {
  if (half) return "float16";
  return values instanceof Float32Array ? "float32" : values instanceof Uint8Array ? "uint8" : "uint16";
}

/** The smallest type that holds the values of both. */
export function widerType(a: CropType, b: CropType): CropType {
  if (a === b) return a;
  const whole = (type: CropType) => type === "uint8" || type === "uint16";
  return whole(a) && whole(b) ? "uint16" : "float32";
}

/** The smallest type that holds all values of arrays of these kinds; float32 where none does exactly. */
export function cropTypeFor(...values: readonly PlaneValues[]): CropType {
  const own = (of: PlaneValues): CropType =>
    of instanceof Uint8Array ? "uint8" : of instanceof Uint16Array ? "uint16" : "float32";
  return values.map(own).reduce(widerType);
}

/** The type in which numbers of a stored type are kept. */
export function cropTypeOfNumbers({ kind, bytes }: NumberType): CropType {
  if (kind === "b" || (kind === "u" && bytes === 1)) return "uint8";
  if (kind === "u" && bytes === 2) return "uint16";
  return kind === "f" && bytes === 2 ? "float16" : "float32";
}

/** Planes one behind the other, in the smallest type that holds all of them. */
export function joinPlanes(planes: readonly PlaneValues[]): CropValues {
  const length = planes.reduce((sum, plane) => sum + plane.length, 0);
  const out = emptyCrop(cropTypeFor(...planes), length);
  let at = 0;
  for (const plane of planes) {
    out.set(plane, at);
    at += plane.length;
  }
  return out;
}

/** Zeros of a type. */
export function emptyCrop(type: CropType, length: number): CropValues {
  if (type === "float32") return new Float32Array(length);
  return type === "uint8" ? new Uint8Array(length) : new Uint16Array(length);
}

/** The same values in a type that holds them, in `out` where it is given. */
export function convertCrop(
  values: CropValues,
  from: CropType,
  to: CropType,
  out: CropValues = from === to ? values : emptyCrop(to, values.length),
): CropValues {
  if (from === "float16" && to === "float32") decodeFloat16(values as Uint16Array, out as Float32Array);
  else if (from === "float32" && to === "float16") encodeFloat16(values as Float32Array, out as Uint16Array);
  else if (out !== values) out.set(values);
  return out;
}

/** The bytes of values, in the order of this machine. */
export function bytesOfCrop(values: CropValues): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
