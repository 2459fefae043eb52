import type { File } from "h5wasm/node";
import { DataError } from "../../errors.ts";
import { checkClaims, damaged, findEntity, isDataset, MAX_BYTES } from "./hdf5.ts";

/** Type classes of HDF5 that are read. */
const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;
/** Characters of one data set: texts that many rows share are small in the file. */
const MOST_TEXT = 1 << 27;
/** The filter's number. */
const LZF = 32_000;
/** How h5py writes bool. */
const ENUM = 8;

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

/**
 * The data set of a name, or at a way of names below each other, null where it is not there; one dimension counts as one column.
 * @throws DataError where it holds neither numbers nor text, or says that it is larger than its file can make it.
 */
export function openTable(
  file: File,
  way: string | readonly string[],
  fileBytes: number,
  path: string,
): RowTable | null {
  const ways = typeof way === "string" ? [way] : way;
  const name = ways.join("/");
  const set = findEntity(file, ...ways);
  if (!isDataset(set)) return null;
  const { metadata } = set;
  const shape = metadata.shape ?? [];
  const at = `data set ${name}`;
  if (shape.length !== 1 && shape.length !== 2)
    throw new DataError(`${at} has ${shape.length} dimensions, rows and columns are expected`, { path });
  if (![INTEGER, FLOAT, STRING, ENUM].includes(metadata.type))
    throw new DataError(`${at} holds neither numbers nor text; write it again with h5py`, { path });
  const rows = shape[0];
  const columns = shape[1] ?? 1;
  checkClaims(set, name, fileBytes, path);
  const rowBytes = columns * metadata.size;
  // h5py does not tell the filter how much such a piece unpacks to, and the filter cannot ask for more memory here.
  if (metadata.vlen && set.filters.some(({ id }) => id === LZF))
    throw new DataError(
      `${at} is text packed by LZF, which is not read; write the file again with compression="gzip", or without`,
      { path },
    );
  // Text of variable length is stored unpacked, each once.
  let left = metadata.vlen ? Math.min(MOST_TEXT, fileBytes) : MOST_TEXT;
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
        if (metadata.type === STRING)
          for (const text of values as unknown as string[])
            if ((left -= text.length) < 0)
              throw new Error(`${at} holds more text than ${metadata.vlen ? "the file" : "metadata has"}`);
        return values as ArrayLike<number | string | bigint>;
      } catch (cause) {
        throw damaged(path, cause);
      }
    },
  };
}
