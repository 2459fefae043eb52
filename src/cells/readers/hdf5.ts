import { closeSync, fstatSync, readSync } from "node:fs";
import type { Dataset, Entity, File, Group } from "h5wasm/node";
import { DataError } from "../../errors.ts";
import { openInput, readError } from "../../files/input.ts";
import { checkHeaps } from "./hdf5-heaps.ts";
import { loadHdf5 } from "./hdf5-library.ts";
import { resolveLinks } from "./hdf5-links.ts";
import { checkStorage, shown } from "./hdf5-storage.ts";

/** Most bytes that one read or one chunk may take in memory. */
export const MAX_BYTES = 1 << 26;
/** Deflate makes at most 1,032 bytes of one; a set that says more than its file can hold is refused. */
const MAX_RATIO = 1100;
/** Filters of HDF5 that the library has, by their registered numbers: its own, and those of its plugins. */
const FILTERS = new Set([
  1, 2, 3, 4, 5, 6, 307, 32_000, 32_001, 32_004, 32_008, 32_013, 32_015, 32_019, 32_022, 32_023, 32_026,
]);
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Opens an HDF5 file. @throws DataError where it is missing, not HDF5 or damaged. */
export async function openHdf5(path: string): Promise<{ file: File; bytes: number }> {
  const bytes = checkSignature(path);
  checkHeaps(path);
  const { h5 } = await loadHdf5();
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
  const file = openInput(path);
  let bytes: number;
  const head = new Uint8Array(8);
  try {
    bytes = fstatSync(file).size;
    readSync(file, head);
  } catch (cause) {
    throw readError(path, cause);
  } finally {
    closeSync(file);
  }
  if (SIGNATURE.some((b, i) => head[i] !== b))
    throw new DataError("is not an HDF5 file; give the .hdf5 file of the data set", { path });
  return bytes;
}

/** The one line for a file that HDF5 cannot read: the innermost of the library's stacked messages. */
export function damaged(path: string, cause: unknown): DataError {
  const text = String((cause as Error).message ?? cause);
  const stack = [...text.matchAll(/^\s*#\d+: .*\(\): (.*)$/gm)];
  // A filter that fails in the middle ends with a message of its runtime's.
  const why = text.startsWith("Aborted(")
    ? "a packed piece cannot be unpacked"
    : shown(stack.at(-1)?.[1] ?? (text.split("\n")[0] || "HDF5 gives no reason"));
  return new DataError(`is truncated or damaged (${why}); copy it again`, { path, cause });
}

/**
 * The object at `way` (names below each other), null where there is none; links within the file are followed.
 * @throws DataError as {@link resolveLinks}, and for a data set that does not lie in the file as a whole
 */
export function findEntity(file: File, ...way: readonly string[]): Entity | null {
  const place = resolveLinks(file, way);
  if (place === null) return null;
  const entity = file.get(place);
  if (isDataset(entity)) checkStorage(file.filename, addressOf(entity), shown(way.join("/")));
  return entity;
}

/** The address of an object's header: what the library calls a reference to it. */
function addressOf(set: Dataset): number {
  const bytes = Buffer.from(set.create_reference().ref_data);
  return Number(bytes.readBigUInt64LE(0));
}

export const isGroup = (entity: Entity | null): entity is Group => entity !== null && "keys" in entity;
export const isDataset = (entity: Entity | null): entity is Dataset => entity !== null && "slice" in entity;

/**
 * Refuses a data set that says that it is larger than its file can make it, or whose rows or pieces are larger than what
 * is read at once, or that is packed by a filter that is not there.
 */
export function checkClaims(set: Dataset, name: string, fileBytes: number, path: string): void {
  const { shape, chunks, size, virtual_sources } = set.metadata;
  const lengths = shape ?? [];
  const rowBytes = lengths.slice(1).reduce((a, b) => a * b, size);
  const chunk = (chunks ?? []).reduce((a, b) => a * b, size);
  if (virtual_sources !== undefined)
    throw new DataError(`data set ${name} lies in other files; copy it into one`, { path });
  const filter = set.filters.find(({ id }) => !FILTERS.has(id));
  if (filter !== undefined)
    throw new DataError(
      `data set ${name} is packed by filter ${filter.id} of HDF5, which is not read; write the file again with compression="gzip", or without`,
      { path },
    );
  if ((lengths[0] ?? 1) * rowBytes > MAX_RATIO * fileBytes || rowBytes > MAX_BYTES || chunk > MAX_BYTES)
    throw new DataError(
      `data set ${name} says that it has ${lengths.join(" x ")} values${chunk > MAX_BYTES ? ` in pieces of ${chunk} bytes` : ""}, more than ${fileBytes} bytes can hold; copy the file again`,
      { path },
    );
}
