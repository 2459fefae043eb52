import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import { DataError } from "../../errors.ts";
import type { NumberType } from "../../files/numbers.ts";

/** What says which composite a row is of, as text; null for none. */
export type Identity = "cell" | "setting" | "background" | "donor";

/** Names of the columns that say so, the first that a file has: those of plan.parquet and of `results/cells.parquet`. */
export const IDENTITY: Readonly<Record<Identity, readonly string[]>> = {
  cell: ["cell_id", "Metadata_Cell"],
  setting: ["setting", "Metadata_Setting"],
  background: ["background", "Metadata_Background"],
  donor: ["donor_id", "Metadata_Donor"],
};

/** Further columns of a plan and of `results/cells.parquet`; numbers in them are no features. */
export const NO_FEATURES: ReadonlySet<string> = new Set([
  ...Object.values(IDENTITY).flat(),
  ...["cell", "class", "field", "protein", "donor", "donor_class", "same_field"],
  ...["probability", "probability_own", "margin", "correct", "flipped", "group", "features_row"],
]);

/** An open file of features: one vector per row, whatever the format. */
export interface FeatureFile {
  readonly path: string;
  readonly rows: number;
  /** Features per row. */
  readonly dimension: number;
  /** Columns of the file that say which composite a row is of; none in .npy. */
  readonly identity: ReadonlyMap<Identity, readonly (string | null)[]>;
  /** Rows that are best read together: as many as a bounded number of bytes holds. */
  readonly batch: number;
  /** Copies rows `from` to `to` (not included) into `out` (rows x dimension); wider types are rounded. */
  read(from: number, to: number, out: Float32Array): Promise<void>;
  close(): void;
}

const SAVE = "save it as .npy (numpy.save), .parquet (DataFrame.to_parquet) or .h5ad (AnnData.write_h5ad)";

/**
 * Opens features that were made elsewhere: `.npy` (rows x features), `.parquet` (a column per feature, or one list
 * column) or `.h5ad` (X). Values stay on disk.
 * @throws DataError naming the file and the remedy
 */
export async function openFeatureFile(path: string): Promise<FeatureFile> {
  const open = OPENERS[checkFile(path)];
  return open(path);
}

const OPENERS: Readonly<Record<string, (path: string) => Promise<FeatureFile>>> = {
  ".npy": async (path) => (await import("./npy.ts")).openNpy(path),
  ".parquet": async (path) => (await import("./parquet.ts")).openParquet(path),
  ".pq": async (path) => (await import("./parquet.ts")).openParquet(path),
  ".h5ad": async (path) => (await import("./h5ad.ts")).openH5ad(path),
};

/** Whether a file has the ending of a known format. */
export const isFeatureFile = (name: string) => Object.hasOwn(OPENERS, extname(name).toLowerCase());

/** The ending of a file of features, where it is there and of a known format. @throws DataError where it is not */
export function checkFile(path: string): string {
  if (!existsSync(path))
    throw new DataError(
      "there is no such file of features; make it from the composites that `cellswap export composites` writes, one row per row of the plan",
      { path },
    );
  const ending = extname(path).toLowerCase();
  if (statSync(path).isDirectory()) throw new DataError(`is a folder; ${SAVE}`, { path });
  if (Object.hasOwn(OPENERS, ending)) return ending;
  throw new DataError(`ends in ${ending === "" ? "nothing" : ending}, which is not known; ${SAVE}`, { path });
}

/** Refuses features without rows or without values. */
export function checkShape(path: string, rows: number, dimension: number): void {
  if (rows > 0 && dimension > 0) return;
  throw new DataError(
    `holds ${rows} rows of ${dimension} features; one vector per row of the plan is needed`,
    {
      path,
    },
  );
}

/** Whether numbers are such as features are. */
export const isFloat = (type: NumberType) => type.kind === "f";

/** Rows of `dimension` features that so many bytes hold. */
export const batchOf = (dimension: number, bytes: number) => Math.max(1, Math.floor(bytes / (4 * dimension)));
