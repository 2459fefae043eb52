import { join } from "node:path";
import { npyHeader } from "../../files/npy.ts";
import { createRowFiles, type RowFiles } from "../../files/row-files.ts";

/** How exported arrays are stored: NumPy files, or a Zarr version 3 array. */
export type ArrayFormat = "npy" | "zarr";

/** An array that is to be written by rows. */
export interface ArrayRequest {
  /** Name of its file, without ending. */
  readonly name: string;
  readonly type: "float32" | "uint8";
  /** Shape of a row. */
  readonly row: readonly number[];
  readonly rows: number;
  readonly format: ArrayFormat;
  /** Bytes of a .npy file at most; undefined: one file. */
  readonly partBytes: number | undefined;
}

/** An array whose files are made, and are to be filled. */
export interface PlannedArray {
  /** What the record lists: names, first row, number of rows. */
  readonly files: readonly { readonly file: string; readonly from: number; readonly rows: number }[];
  /** Where rows are written. */
  readonly rows: RowFiles;
}

/** Bytes of a chunk of a Zarr array. */
const CHUNK_BYTES = 1 << 22;

/** Makes the files of an array in `folder`, of their full sizes. */
export async function planArray(folder: string, request: ArrayRequest): Promise<PlannedArray> {
  const { type, row } = request;
  const rowBytes = row.reduce((n, axis) => n * axis, type === "float32" ? 4 : 1);
  return request.format === "npy"
    ? npyArray(folder, request, rowBytes)
    : zarrArray(folder, request, rowBytes);
}

function npyArray(
  folder: string,
  { name, type, row, rows, partBytes }: ArrayRequest,
  rowBytes: number,
): PlannedArray {
  const rowsPerFile =
    partBytes === undefined ? Math.max(1, rows) : Math.max(1, Math.floor(partBytes / rowBytes));
  const count = Math.max(1, Math.ceil(rows / rowsPerFile));
  const files = Array.from({ length: count }, (_, i) => ({
    file: partBytes === undefined ? `${name}.npy` : `${name}-${String(i).padStart(4, "0")}.npy`,
    from: i * rowsPerFile,
    rows: Math.min(rowsPerFile, rows - i * rowsPerFile),
  }));
  const headers = files.map((f) => npyHeader(type, [f.rows, ...row]));
  const target = {
    paths: files.map(({ file }) => join(folder, file)),
    rowsPerFile,
    header: headers[0].length,
    rowBytes,
  };
  createRowFiles(
    target,
    headers,
    files.map((f) => f.rows),
  );
  return { files, rows: target };
}

/**
 * A plain Zarr version 3 array, chunked along its rows and not compressed: pixels of real images hardly shrink, and rows
 * can be written into their chunks in any order.
 */
async function zarrArray(
  folder: string,
  { name, type, row, rows }: ArrayRequest,
  rowBytes: number,
): Promise<PlannedArray> {
  const { create, root } = await import("zarrita");
  const { default: FileSystemStore } = await import("@zarrita/storage/fs");
  const file = `${name}.zarr`;
  const rowsPerFile = Math.max(1, Math.min(rows, Math.floor(CHUNK_BYTES / rowBytes)));
  await create(root(new FileSystemStore(join(folder, file))), {
    shape: [rows, ...row],
    chunkShape: [rowsPerFile, ...row],
    dtype: type,
    fillValue: 0,
    codecs: [{ name: "bytes", configuration: { endian: "little" } }],
    dimensionNames: ["row", ...(row.length === 3 ? ["c"] : []), "y", "x"],
  });
  const count = Math.ceil(rows / rowsPerFile);
  const paths = Array.from({ length: count }, (_, i) =>
    join(folder, file, "c", String(i), ...row.map(() => "0")),
  );
  const target = { paths, rowsPerFile, header: 0, rowBytes };
  // Chunks are whole, the last as well.
  createRowFiles(
    target,
    paths.map(() => new Uint8Array()),
    paths.map(() => rowsPerFile),
  );
  return { files: [{ file, from: 0, rows }], rows: target };
}
