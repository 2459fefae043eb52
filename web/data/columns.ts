import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead } from "hyparquet";
import { RangeFile } from "./fetch.ts";

/** A Parquet file of the server; columns are read when they are asked for, row group by row group. */
export class ParquetColumns {
  readonly #file: Promise<AsyncBuffer>;
  readonly #metadata: Promise<FileMetaData>;

  constructor(url: string) {
    const file = new RangeFile(url);
    this.#file = file.length.then((byteLength) => ({
      byteLength,
      slice: (start, end = byteLength) => file.slice(start, Math.min(end, byteLength)),
    }));
    this.#metadata = this.#file.then((buffer) => parquetMetadataAsync(buffer));
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
