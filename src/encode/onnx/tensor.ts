import { damaged, protoFields } from "../../files/protobuf.ts";
import { contents, integer, merged, numbers, text } from "./fields.ts";

/** A tensor of constants. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  /** The file that holds its values, relative to the model's folder, and from which byte to which; null: the model does. */
  readonly external: {
    readonly location: string;
    readonly from: number;
    readonly to: number;
    /** What is wrong with the place, if anything. */
    readonly fault: string | null;
  } | null;
  /** The message. */
  readonly bytes: Uint8Array;
}

// biome-ignore format: TensorProto.DataType in order
export const TYPES = ["?", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "text", "bool", "float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4"];

/** Bytes of a value, by type; text has no fixed size. */
// biome-ignore format: as TYPES
const BYTES: Readonly<Record<string, number>> = { float32: 4, uint8: 1, int8: 1, uint16: 2, int16: 2, int32: 4, int64: 8, bool: 1, float16: 2, float64: 8, uint32: 4, uint64: 8, complex64: 8, complex128: 16, bfloat16: 2, float8e4m3fn: 1, float8e4m3fnuz: 1, float8e5m2: 1, float8e5m2fnuz: 1, uint4: 0.5, int4: 0.5 };

/** A tensor of constants, its values a view of `bytes`. @throws DataError where it is damaged */
export function parseTensor(bytes: Uint8Array, path: string): OnnxTensor {
  const fields = protoFields(bytes, path);
  const name = text(fields, 8);
  const shape = numbers(fields, 1, path);
  if (!shape.every((n) => n >= 0) || !Number.isSafeInteger(8 * size(shape)))
    throw damaged(path, `weight ${name} has an impossible shape`);
  const type = TYPES[integer(fields, 2, 0)] ?? "?";
  const wanted = Math.ceil(size(shape) * (BYTES[type] ?? 0));
  const entries = new Map(
    contents(fields, 13).map((b) => {
      const entry = protoFields(b, path);
      return [text(entry, 1), text(entry, 2)] as const;
    }),
  );
  // Any other number may be the runtime's 1, which drops bits that we cannot see.
  if (integer(fields, 14, 0) !== 0) {
    const location = entries.get("location") ?? "";
    const from = whole(entries.get("offset") ?? "0");
    // Of no length, it is as long as its shape says.
    const length = whole(entries.get("length") ?? "0") || wanted;
    const fault = !Number.isSafeInteger(from + length)
      ? `weight ${name} lies in an impossible place of ${location}`
      : length !== wanted && type in BYTES
        ? unequal(name, length, wanted)
        : null;
    return { name, type, shape, external: { location, from, to: from + length, fault }, bytes };
  }
  const raw = fields.findLast((f) => f.field === 9 && f.wire === 2)?.bytes;
  if (raw !== undefined && raw.length !== wanted && type in BYTES)
    throw damaged(path, unequal(name, raw.length, wanted));
  return { name, type, shape, external: null, bytes };
}

/** A number of bytes as text; infinite for what is none. */
function whole(text: string): number {
  return /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.POSITIVE_INFINITY;
}

function unequal(name: string, found: number, wanted: number): string {
  return `weight ${name} has ${found} bytes, and its shape takes ${wanted}`;
}

/** Number of values of a shape. */
export function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Values of a small tensor of numbers; null where it holds many or others, or they lie in another file. */
export function smallNumbers({ type, shape, external, bytes }: OnnxTensor, path: string): number[] | null {
  const count = size(shape);
  if (external !== null || count > 64) return null;
  const fields = protoFields(bytes, path);
  const raw = fields.findLast((f) => f.field === 9 && f.wire === 2)?.bytes;
  const view = raw === undefined ? null : new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const read = (field: number, get: (view: DataView, i: number) => number) =>
    view === null ? numbers(fields, field, path) : Array.from({ length: count }, (_, i) => get(view, i));
  if (type === "int64") return read(7, (v, i) => Number(v.getBigInt64(8 * i, true)));
  if (type === "int32") return read(5, (v, i) => v.getInt32(4 * i, true));
  if (type === "bool") return read(5, (v, i) => v.getUint8(i));
  if (type === "float32" && view !== null) return read(4, (v, i) => v.getFloat32(4 * i, true));
  return null;
}

/** Tensors of values and of places of a sparse one. */
export function partsOfSparse(bytes: Uint8Array, path: string): Uint8Array[] {
  const fields = protoFields(bytes, path);
  return [merged(fields, 1), merged(fields, 2)].filter((part) => part !== null);
}
