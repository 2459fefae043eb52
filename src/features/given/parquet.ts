import type { SchemaTree } from "hyparquet";
import { DataError } from "../../errors.ts";
import { textOf } from "../../files/parquet/columns.ts";
import { ParquetFile } from "../../files/parquet/file.ts";
import { batchOf, checkShape, type FeatureFile, IDENTITY, type Identity, NO_FEATURES } from "./file.ts";

/** Bytes of features that are held at a time: fewer would read the columns more often. */
const HELD = 1 << 28;
/** Values of lists that are held at a time. */
const MOST_LISTED = 1 << 24;
/** Most columns that an error names. */
const NAMED = 5;

/** What a column of the table is. */
function kindOf({ element, children }: SchemaTree): "feature" | "list" | "whole" | "other" {
  const { type, logical_type: logical, converted_type: converted } = element;
  if (children.length > 0) return logical?.type === "LIST" || converted === "LIST" ? "list" : "other";
  if (type === "FLOAT" || type === "DOUBLE" || logical?.type === "FLOAT16") return "feature";
  const number = converted === undefined || /INT/.test(converted);
  return (type === "INT32" || type === "INT64") && number ? "whole" : "other";
}

/**
 * Opens a Parquet table with one column per feature (float16, float32 or float64), or one column of lists. Columns of a
 * plan, those with the prefix `Metadata_`, a pandas index and text are no features; other whole numbers are refused.
 */
export async function openParquet(path: string): Promise<FeatureFile> {
  const file = await ParquetFile.open(path);
  const { features, list } = featureColumns(file);
  const dimension = list === undefined ? features.length : lengthOf(file, list);
  checkShape(path, file.rows, dimension);
  return {
    path,
    rows: file.rows,
    dimension,
    identity: await readIdentity(file),
    batch: batchOf(dimension, HELD),
    async read(from, to, out) {
      for (const [j, name] of features.entries())
        await file.read(name, from, to, (values, row) => {
          for (let i = 0; i < values.length; i++)
            out[(row - from + i) * dimension + j] = values[i] === null ? Number.NaN : Number(values[i]);
        });
      if (list === undefined) return;
      await file.read(list, from, to, (values, first) => {
        for (let i = 0; i < values.length; i++) {
          const vector = (values[i] ?? []) as ArrayLike<number | null>;
          const row = first + i;
          if (vector.length !== dimension)
            throw new DataError(
              `row ${row} (from 0) has ${vector.length} features, ${dimension} are expected; give features of one layer`,
              { path },
            );
          for (let j = 0; j < dimension; j++) out[(row - from) * dimension + j] = vector[j] ?? Number.NaN;
        }
      });
    },
    close: () => {},
  };
}

/** Length of the lists in a column. @throws DataError where a group of rows is too large to be held */
function lengthOf(file: ParquetFile, list: string): number {
  let values = 0;
  for (const [i, own] of file.valuesOf(list).entries()) {
    values += own;
    if (own > MOST_LISTED)
      throw new DataError(
        `has ${own} values of lists in one group of rows, more than are held at a time (${MOST_LISTED}); write it with row_group_size=${Math.max(1, Math.floor((MOST_LISTED * file.groups[i].rows) / own))}, or one column per feature`,
        { path: file.path },
      );
  }
  // All of one length, as they should be; where they are not, reading them says so.
  return Math.round(values / Math.max(1, file.rows));
}

/** The columns that hold features: one of lists, or one for each. */
function featureColumns({ path, columns }: ParquetFile): { features: string[]; list: string | undefined } {
  const own = columns.filter(
    ({ element: { name } }) => !NO_FEATURES.has(name) && !/^Metadata_|^__index_level_\d+__$/.test(name),
  );
  const of = (kind: ReturnType<typeof kindOf>) =>
    own.filter((c) => kindOf(c) === kind).map((c) => c.element.name);
  const [features, lists, whole] = [of("feature"), of("list"), of("whole")];
  const some = (names: readonly string[]) =>
    `${names.slice(0, NAMED).join(", ")}${names.length > NAMED ? ", ..." : ""}`;
  if (whole.length > 0)
    throw new DataError(
      `has whole numbers in ${some(whole)}, and features are float columns; take the column out, write it as float32, or call it Metadata_${whole[0]}`,
      { path },
    );
  if (lists.length > 1 || (lists.length === 1 && features.length > 0))
    throw new DataError(
      `has features in ${some([...lists, ...features])}; give one column of lists, or one float column per feature`,
      { path },
    );
  if (lists.length === 0 && features.length === 0)
    throw new DataError(
      `has no features (its columns: ${some(columns.map((c) => c.element.name))}); give one float column per feature, or one column of lists`,
      { path },
    );
  return { features, list: lists[0] };
}

async function readIdentity(file: ParquetFile): Promise<Map<Identity, (string | null)[]>> {
  const identity = new Map<Identity, (string | null)[]>();
  for (const [what, names] of Object.entries(IDENTITY)) {
    const column = names.flatMap((n) => file.columns.filter((c) => c.element.name === n))[0];
    if (column === undefined) continue;
    // An empty text stands for none, and so does pandas' NaN among ids that are numbers.
    const none = (v: string | null) => v === "" || (v === "NaN" && kindOf(column) === "feature");
    const values = await textOf(file, column.element.name);
    identity.set(
      what as Identity,
      values.map((v) => (none(v) ? null : v)),
    );
  }
  return identity;
}
