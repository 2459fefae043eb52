import { closeSync, openSync, readSync, statSync } from "node:fs";
import type { Dataset, File } from "h5wasm/node";
import { DataError } from "../../errors.ts";

/** Type classes of HDF5 that are read. */
const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;
/** Most bytes that one read or one chunk may take in memory. */
const MAX_BYTES = 1 << 26;
/** Deflate makes at most 1,032 bytes of one; a set that says more than its file can hold is refused. */
const MAX_RATIO = 1100;
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** A two-dimensional data set of numbers or text that is read by rows. */
export interface RowTable {
  readonly rows: number;
  readonly columns: number;
  readonly text: boolean;
  /** Rows that are best read together. */
  readonly batch: number;
  /** Values of rows `from` to `to` (not included), row-major. */
  read(from: number, to: number): ArrayLike<number | string | bigint>;
}

/** Opens an HDF5 file. @throws DataError where it is missing, not HDF5 or damaged. */
export async function openHdf5(path: string): Promise<{ file: File; bytes: number }> {
  const bytes = checkSignature(path);
  const h5 = await import("h5wasm/node");
  const module = await h5.ready;
  // Errors are thrown, not printed by the library.
  module.activate_throwing_error_handler();
  let file: File | undefined;
  try {
    file = new h5.File(path, "r");
    file.keys();
    return { file, bytes };
  } catch (cause) {
    if (file !== undefined) closeQuietly(file);
    throw damaged(path, cause);
  }
}

/** Closes a file that may be too damaged to be closed. */
export function closeQuietly(file: File): void {
  try {
    file.close();
  } catch {
    // It was read only: nothing is lost.
  }
}

function checkSignature(path: string): number {
  let file: number;
  let bytes: number;
  const head = new Uint8Array(8);
  try {
    bytes = statSync(path).size;
    file = openSync(path, "r");
    readSync(file, head);
    closeSync(file);
  } catch (cause) {
    const folder = (cause as NodeJS.ErrnoException).code === "EISDIR";
    throw new DataError(
      folder
        ? "is a folder; give the .hdf5 file"
        : "cannot be read; check that the file is there and readable",
      { path, cause },
    );
  }
  if (SIGNATURE.some((b, i) => head[i] !== b))
    throw new DataError("is not an HDF5 file; give the .hdf5 file of the data set", { path });
  return bytes;
}

/** The one line for a file that HDF5 cannot read: the innermost of the library's stacked messages. */
export function damaged(path: string, cause: unknown): DataError {
  const text = String((cause as Error).message ?? cause);
  const stack = [...text.matchAll(/^\s*#\d+: .*\(\): (.*)$/gm)];
  const why = stack.at(-1)?.[1] ?? text.split("\n")[0];
  return new DataError(`is truncated or damaged (${why}); copy it again`, { path, cause });
}

/**
 * The data set `name` of a file, null where it is not there; one dimension counts as one column.
 * @throws DataError where it holds neither numbers nor text, or says that it is larger than its file can make it.
 */
export function openTable(file: File, name: string, fileBytes: number, path: string): RowTable | null {
  const entity = file.keys().includes(name) ? file.get(name) : null;
  if (entity === null || !("slice" in entity)) return null;
  const set = entity as Dataset;
  const { metadata } = set;
  const shape = metadata.shape ?? [];
  const at = `data set ${name}`;
  if (shape.length !== 1 && shape.length !== 2)
    throw new DataError(`${at} has ${shape.length} dimensions, rows and columns are expected`, { path });
  if (![INTEGER, FLOAT, STRING].includes(metadata.type))
    throw new DataError(`${at} holds neither numbers nor text; write it again with h5py`, { path });
  const rows = shape[0];
  const columns = shape[1] ?? 1;
  const rowBytes = columns * metadata.size;
  const chunk = (metadata.chunks ?? []).reduce((a, b) => a * b, metadata.size);
  if (rows * rowBytes > MAX_RATIO * fileBytes || rowBytes > MAX_BYTES || chunk > MAX_BYTES)
    throw new DataError(
      `${at} says that it has ${shape.join(" x ")} values${chunk > MAX_BYTES ? ` in pieces of ${chunk} bytes` : ""}, more than ${fileBytes} bytes can hold; copy the file again`,
      { path },
    );
  const wanted = Math.max(64, metadata.chunks?.[0] ?? 0);
  return {
    rows,
    columns,
    text: metadata.type === STRING,
    batch: Math.max(1, Math.min(wanted, Math.floor(MAX_BYTES / 4 / rowBytes))),
    read: (from, to) => {
      try {
        const values = set.slice(shape.length === 1 ? [[from, to]] : [[from, to], []]);
        if (values === null || typeof values !== "object" || !("length" in values))
          throw new Error(`${at} cannot be read`);
        if (values.length !== (to - from) * columns) throw new Error(`${at} ends early`);
        return values as ArrayLike<number | string | bigint>;
      } catch (cause) {
        throw damaged(path, cause);
      }
    },
  };
}
