import type { SchemaTree } from "hyparquet";
import { parquetMetadataAsync, parquetScan, parquetSchema } from "hyparquet";
import { DataError, isCellswapError } from "../../errors.ts";
import { asyncFile } from "../../files/async-file.ts";
import { batchOf, checkShape, type FeatureFile, IDENTITY, type Identity, OF_PLAN } from "./file.ts";

/** Most columns that an error names. */
const NAMED = 5;

/** What a column of the table is. */
function kindOf({ element, children }: SchemaTree): "feature" | "list" | "whole" | "other" {
  const { type, logical_type: logical } = element;
  if (children.length > 0)
    return element.logical_type?.type === "LIST" || element.converted_type === "LIST" ? "list" : "other";
  if (type === "FLOAT" || type === "DOUBLE" || logical?.type === "FLOAT16") return "feature";
  const number = element.converted_type === undefined || /INT/.test(element.converted_type);
  return (type === "INT32" || type === "INT64") && number ? "whole" : "other";
}

/**
 * Opens a Parquet table with one column per feature (float16, float32 or float64), or one column of lists. Columns of a
 * plan, those with the prefix `Metadata_`, a pandas index and text are no features; other whole numbers are refused.
 */
export async function openParquet(path: string): Promise<FeatureFile> {
  const file = asyncFile(path);
  const fail = (what: string): never => {
    throw new DataError(what, { path });
  };
  const reading = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (isCellswapError(cause)) throw cause;
      throw new DataError(`is not a readable Parquet file (${(cause as Error).message}); write it again`, {
        path,
        cause,
      });
    }
  };
  try {
    const { compressors } = await import("hyparquet-compressors");
    const metadata = await reading(() => parquetMetadataAsync(file));
    const scan = await reading(() => parquetScan({ file, metadata, compressors, utf8: true }));
    const columns = parquetSchema(metadata).children.map((c) => ({ name: c.element.name, kind: kindOf(c) }));
    const own = columns.filter(
      ({ name }) => !OF_PLAN.has(name) && !/^Metadata_|^__index_level_\d+__$/.test(name),
    );
    const [features, lists, whole] = (["feature", "list", "whole"] as const).map((kind) =>
      own.filter((c) => c.kind === kind).map(({ name }) => name),
    );
    const some = (names: readonly string[]) =>
      `${names.slice(0, NAMED).join(", ")}${names.length > NAMED ? ", ..." : ""}`;
    if (whole.length > 0)
      fail(
        `has whole numbers in ${some(whole)}, and features are float columns; take the column out, write it as float32, or call it Metadata_${whole[0]}`,
      );
    if (lists.length > 1 || (lists.length === 1 && features.length > 0))
      fail(
        `has features in ${some([...lists, ...features])}; give one column of lists, or one float column per feature`,
      );
    if (lists.length === 0 && features.length === 0)
      fail(
        `has no features (its columns: ${some(columns.map((c) => c.name))}); give one float column per feature, or one column of lists`,
      );
    const rows = Number(metadata.num_rows);
    /** Values of a column, group of rows by group of rows. */
    const values = async (
      column: string,
      from: number,
      to: number,
      take: (value: unknown, row: number) => void,
    ) => {
      for (const { rowStart, rowEnd } of scan.ranges) {
        const [start, end] = [Math.max(from, rowStart), Math.min(to, rowEnd)];
        if (start >= end) continue;
        const data = await scan.readColumn({ column, rowStart: start, rowEnd: end });
        for (let i = 0; i < data.length; i++) take(data[i], start + i);
      }
    };
    let dimension = features.length;
    if (lists.length === 1 && rows > 0)
      await reading(() =>
        values(lists[0], 0, 1, (list) => (dimension = (list as unknown[] | null)?.length ?? 0)),
      );
    checkShape(path, rows, dimension);
    const identity = new Map<Identity, (string | null)[]>();
    for (const [what, names] of Object.entries(IDENTITY)) {
      const name = names.find((n) => columns.some((c) => c.name === n));
      if (name === undefined) continue;
      const texts: (string | null)[] = [];
      await reading(() =>
        values(name, 0, rows, (v) => texts.push(v === null || v === undefined ? null : String(v))),
      );
      identity.set(what as Identity, texts);
    }
    return {
      path,
      rows,
      dimension,
      identity,
      batch: batchOf(dimension),
      read: (from, to, out) =>
        reading(async () => {
          if (lists.length === 0) {
            for (const [j, name] of features.entries())
              await values(name, from, to, (v, row) => {
                out[(row - from) * dimension + j] = v === null ? Number.NaN : Number(v);
              });
            return;
          }
          await values(lists[0], from, to, (v, row) => {
            const list = (v ?? []) as ArrayLike<number | null>;
            if (list.length !== dimension)
              fail(
                `row ${row} (from 0) has ${list.length} features, the first has ${dimension}; give features of one layer`,
              );
            for (let j = 0; j < dimension; j++) out[(row - from) * dimension + j] = list[j] ?? Number.NaN;
          });
        }),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}
