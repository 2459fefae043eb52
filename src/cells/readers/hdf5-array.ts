import type { Dataset } from "h5wasm/node";
import { DataError } from "../../errors.ts";
import { type Decoded, decodeNumbers, type NumberType, numberType } from "../../files/numbers.ts";
import { checkClaims, damaged } from "./hdf5.ts";
import { type H5Module, loadHdf5 } from "./hdf5-library.ts";
import { batchRows, type RowArray } from "./row-array.ts";

/** Type classes of HDF5 that hold numbers; h5py writes bool as an enumeration. */
const KINDS: Readonly<Record<number, "i" | "f" | "b">> = { 0: "i", 1: "f", 8: "b" };

/**
 * A data set of numbers of any number of dimensions, to be read by rows. Values are decoded here, half-precision floats
 * as well. `name` says where it is in the file; closing it leaves the file open. With `planes` the second axis is no longer
 * than these, the last one not among them.
 * @throws DataError where it does not hold numbers or says that it is larger than its file can make it.
 */
export async function openHdf5Array(
  set: Dataset,
  name: string,
  fileBytes: number,
  path: string,
  planes?: { readonly from: number; readonly to: number },
): Promise<RowArray> {
  const { module } = await loadHdf5();
  const type = hdf5Type(set);
  if (type === null)
    throw new DataError(`data set ${name} does not hold numbers; write it again with h5py`, { path });
  checkClaims(set, name, fileBytes, path);
  const whole = set.metadata.shape ?? [];
  const shape = planes === undefined ? whole : whole.with(1, planes.to - planes.from);
  const rowBytes = shape.slice(1).reduce((a, b) => a * b, type.bytes);
  const places = shape.map((_, axis) => (axis === 1 ? BigInt(planes?.from ?? 0) : 0n));
  return {
    path: `${path}: ${name}`,
    shape,
    type,
    batch: batchRows(rowBytes, set.metadata.chunks?.[0] ?? 1),
    read: (from, count, out) => {
      try {
        const size = [count, ...shape.slice(1)].map(BigInt);
        const start = [BigInt(from), ...places.slice(1)];
        readHdf5(module, set, { size, start, bytes: rowBytes * count, type }, out);
      } catch (cause) {
        throw cause instanceof DataError ? cause : damaged(path, cause);
      }
    },
    close: () => {},
  };
}

/** The type of a data set's numbers, null where it holds none; the library hands bytes over in this machine's order. */
export function hdf5Type({ metadata }: Dataset): NumberType | null {
  const kind = KINDS[metadata.type];
  if (kind === undefined || metadata.vlen) return null;
  if (kind === "b") return metadata.size === 1 ? numberType("|b1") : null;
  return numberType(`<${kind === "i" && !metadata.signed ? "u" : kind}${metadata.size}`);
}

/** A part of a data set: numbers from `start`, as many as `size` says along each axis, `bytes` bytes in all. */
interface Part {
  readonly size: bigint[];
  readonly start: bigint[];
  readonly bytes: number;
  readonly type: NumberType;
}

/** Reads a part of a data set of numbers into `out`. @throws Error where the library cannot read it. */
export function readHdf5(
  module: H5Module,
  set: Dataset,
  { size, start, bytes, type }: Part,
  out: Decoded,
): void {
  const at = module._malloc(bytes);
  if (at === 0) throw new Error("out of memory");
  try {
    const steps = size.map(() => 1n);
    const status = module.get_dataset_data(set.file_id, set.path, size, start, steps, BigInt(at));
    if (status < 0) throw new Error(`${set.path} cannot be read`);
    // The library's memory may have moved while it grew.
    decodeNumbers(module.HEAPU8.subarray(at, at + bytes), type, out);
  } finally {
    module._free(at);
  }
}
