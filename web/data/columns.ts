import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead } from "hyparquet";
import { RangeFile } from "./fetch.ts";

/** Bytes that are read for what a file says of itself. */
const TAIL = 1 << 16;

/** A Parquet file of the server; columns are read when they are asked for, row group by row group. */
export class ParquetColumns {
  readonly #file: Promise<AsyncBuffer>;
  readonly #metadata: Promise<FileMetaData>;

  /** @param whole whether nearly all of the file is wanted: one request brings it */
  constructor(url: string, { whole = false }: { whole?: boolean } = {}) {
    const file = new RangeFile(url);
    this.#file = whole ? inMemory(file) : inPieces(file);
    this.#metadata = this.#file.then((buffer) =>
      parquetMetadataAsync(buffer, { initialFetchSize: Math.min(TAIL, buffer.byteLength) }),
    );
  }

  get rows(): Promise<number> {
    return this.#metadata.then((m) => Number(m.num_rows));
  }

  /** Fills one array per column, made by `make` for the number of rows. */
  async read<T extends { [index: number]: unknown }>(
    columns: Readonly<Record<string, (rows: number) => T>>,
  ): Promise<Record<string, T>> {
    const [file, metadata, rows] = await Promise.all([this.#file, this.#metadata, this.rows]);
    const out = Object.fromEntries(Object.entries(columns).map(([name, make]) => [name, make(rows)]));
    if (rows === 0) return out;
    await parquetRead({
      file,
      metadata,
      columns: Object.keys(columns),
      onChunk: ({ columnName, columnData, rowStart }) => {
        const to = out[columnName];
        if (ArrayBuffer.isView(to))
          (to as unknown as Float32Array).set(columnData as ArrayLike<number>, rowStart);
        else for (let i = 0; i < columnData.length; i++) to[rowStart + i] = columnData[i];
      },
    });
    return out;
  }
}

async function inMemory(file: RangeFile): Promise<AsyncBuffer> {
  const bytes = await file.all();
  return { byteLength: bytes.byteLength, slice: (start, end) => bytes.slice(start, end) };
}

async function inPieces(file: RangeFile): Promise<AsyncBuffer> {
  const { length, end: last } = await file.tail(TAIL);
  const from = length - last.byteLength;
  return {
    byteLength: length,
    slice: (start, end = length) =>
      start >= from
        ? last.slice(start - from, Math.min(end, length) - from)
        : file.slice(start, Math.min(end, length)),
  };
}
