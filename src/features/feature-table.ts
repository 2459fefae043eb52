import { type AnnData, type Matrix, type Unstructured, writeH5ad } from "../files/h5ad.ts";
import { table, writeParquetPieces } from "../files/table.ts";
import type { Cells, Column, Table } from "../types.ts";
import type { FeatureSet } from "./features.ts";

/** What is known of some cells, and the features of their crops. */
export interface CellTable {
  readonly cells: Pick<Cells, "id" | "metadata">;
  /** Rows of the cell store. */
  readonly rows: Int32Array;
  /** Features of the same cells in their order, one per output of the encoder. */
  readonly sets: readonly Pick<FeatureSet, "name" | "dimension" | "read">[];
  /** Further columns, one entry for each of `rows`. */
  readonly columns?: ReadonlyMap<string, Column>;
  readonly uns: Unstructured;
  /** What a Parquet file says of itself under the key `cellswap`, as JSON; by default nothing. */
  readonly about?: string;
}

/** Bytes of features that are held at a time. */
const HELD = 1 << 25;

/** Writes a column for every column of the metadata and every feature (`NAME_0001`, ...), a group of rows at a time. */
export function writeFeatureParquet(path: string, { cells, rows, sets, columns, about }: CellTable): void {
  const dimension = sets.reduce((sum, set) => sum + set.dimension, 0);
  const step = Math.max(1, Math.floor(HELD / (4 * dimension)));
  const metadata = new Map([...metadataOf(cells, rows), ...(columns ?? [])]);
  const pieces = function* (): Generator<Table> {
    for (let from = 0; from < rows.length; from += step) {
      const to = Math.min(rows.length, from + step);
      const piece = new Map<string, Column>();
      for (const [name, column] of metadata) piece.set(name, column.slice(from, to) as Column);
      for (const set of sets) {
        const names = featureNames(set);
        const features = new Float32Array((to - from) * set.dimension);
        set.read(
          Int32Array.from({ length: to - from }, (_, i) => from + i),
          features,
        );
        names.forEach((name, j) => {
          piece.set(
            name,
            Float32Array.from({ length: to - from }, (_, i) => features[i * set.dimension + j]),
          );
        });
      }
      yield table(piece);
    }
  };
  writeParquetPieces(path, pieces(), about === undefined ? {} : { about: { cellswap: about } });
}

/** Writes X (all outputs side by side), obs (the metadata), var (output and number of every feature), obsm and uns. */
export async function writeFeatureH5ad(
  path: string,
  { cells, rows, sets, columns, uns }: CellTable,
): Promise<void> {
  const obs = new Map([...metadataOf(cells, rows), ...(columns ?? [])]);
  await writeH5ad(path, {
    x: sideBySide(sets),
    obs: { index: Array.from(rows, (row) => cells.id[row]), columns: obs },
    var: features(sets),
    obsm: spatial(obs),
    uns,
  });
}

/** Names of the features of an output, from 1. */
function featureNames({ name, dimension }: Pick<FeatureSet, "name" | "dimension">): string[] {
  const digits = Math.max(4, String(dimension).length);
  return Array.from({ length: dimension }, (_, j) => `${name}_${String(j + 1).padStart(digits, "0")}`);
}

/** What var says of features: the output that they are of, and their number in it, from 1. */
export function features(sets: readonly Pick<FeatureSet, "name" | "dimension">[]): AnnData["var"] {
  const of = <T>(value: (set: (typeof sets)[number], j: number) => T) =>
    sets.flatMap((set) => Array.from({ length: set.dimension }, (_, j) => value(set, j)));
  return {
    index: sets.flatMap(featureNames),
    columns: new Map<string, Column>([
      ["output", of((set) => set.name)],
      ["feature", Int32Array.from(of((_, j) => j + 1))],
    ]),
  };
}

function sideBySide(sets: readonly Pick<FeatureSet, "dimension" | "read">[]): Matrix {
  const columns = sets.reduce((sum, set) => sum + set.dimension, 0);
  return {
    columns,
    read(from, to, out) {
      const rows = Int32Array.from({ length: to - from }, (_, i) => from + i);
      if (sets.length === 1) return sets[0].read(rows, out);
      let at = 0;
      for (const { dimension, read } of sets.map((set) => ({
        dimension: set.dimension,
        read: set.read.bind(set),
      }))) {
        const own = new Float32Array(rows.length * dimension);
        read(rows, own);
        for (let i = 0; i < rows.length; i++)
          out.set(own.subarray(i * dimension, (i + 1) * dimension), i * columns + at);
        at += dimension;
      }
    },
  };
}

/** Columns of the metadata for some rows; whole numbers as such, so that they join with those of other tables. */
export function metadataOf({ metadata }: Pick<Cells, "metadata">, rows: Int32Array): Map<string, Column> {
  const columns = new Map<string, Column>();
  for (const [name, column] of metadata.columns) {
    if (!ArrayBuffer.isView(column))
      columns.set(
        name,
        Array.from(rows, (row) => column[row]),
      );
    else {
      const values = Float64Array.from(rows, (row) => column[row]);
      columns.set(name, values.every((v) => v === (v | 0)) ? Int32Array.from(values) : values);
    }
  }
  return columns;
}

/** Positions of the cells in their fields, x before y, px, where they are known: what scanpy and squidpy call spatial. */
export function spatial(obs: ReadonlyMap<string, Column>): Map<string, Matrix> {
  const [x, y] = [obs.get("Metadata_X"), obs.get("Metadata_Y")];
  if (!ArrayBuffer.isView(x) || !ArrayBuffer.isView(y)) return new Map();
  return new Map([
    [
      "spatial",
      {
        columns: 2,
        read: (from, to, out) => {
          for (let row = from; row < to; row++) out.set([x[row], y[row]], 2 * (row - from));
        },
      },
    ],
  ]);
}
