import { DataError } from "../errors.ts";
import { isObjectPath } from "../files/objects/place.ts";
import { readCsvColumn, readParquet } from "../files/table.ts";
import { type Liftable, passes } from "../masks/verdict.ts";
import type { Cells, Table } from "../types.ts";
import { type CheckOptions, checkFiles } from "./checked.ts";
import { type CheckedStore, CropFiles } from "./crops.ts";
import { isOfMasks, readHeader, storeFile } from "./header.ts";
import { storeFolder } from "./remote/fetch.ts";
import { isPixels, RemoteRows, type WantedCells } from "./remote/rows.ts";

export { isCellStore, readHeader, STORE_VERSION, type StoreHeader, storeHash } from "./header.ts";
export type { Quality } from "./quality.ts";
export { checkReplaceable } from "./replace.ts";
export { type CellRecord, CellStoreWriter } from "./writer.ts";

export interface OpenOptions extends CheckOptions {
  /** Whether masks and their verdicts are wanted; without them they are neither checked nor read. */
  readonly masks?: boolean;
  /** False for who reads some of the crops, and whose work is used only after all of them were checked. */
  readonly crops?: boolean;
  /**
   * For who works on some cells: of a store in an object store pixels are not fetched until {@link CellStore.hold} says of
   * which cells.
   */
  readonly some?: boolean;
}

/**
 * A folder of cells: `cells.json`, `crops.npy` (count x channels x height x width, float32), `metadata.parquet`,
 * and with masks `masks.npy` (count x height x width, uint8) and `quality.csv`. Crops stay on disk; only the
 * metadata are held in memory.
 */
export class CellStore extends CropFiles {
  /** Where it was opened: its folder, or `s3://BUCKET/KEY`. */
  readonly place: string;
  readonly cells: Cells;
  /** Verdict on every cell's mask, `ok` or why it is left out; null without masks. */
  readonly verdicts: readonly string[] | null;
  /** Reasons that leave no cell out, sorted. */
  readonly allowed: readonly Liftable[];

  readonly #rows: RemoteRows | null;

  private constructor(
    checked: CheckedStore,
    metadata: Table,
    allowed: readonly Liftable[],
    { place, rows }: { readonly place: string; readonly rows: RemoteRows | null },
  ) {
    super(checked);
    const { path } = checked;
    this.place = place;
    this.#rows = rows;
    this.verdicts =
      "quality.csv" in checked.states
        ? readVerdicts(storeFile(path, this.header, "quality.csv"), this.header.count)
        : null;
    this.allowed = [...new Set(allowed)].sort();
    const usable = new Uint8Array(this.header.count).fill(1);
    this.verdicts?.forEach((v, row) => {
      if (!passes(v, allowed)) usable[row] = 0;
    });
    this.cells = cellsFromMetadata(metadata, usable, path, this.header.count);
  }

  /**
   * Opens a store with its metadata, after its files were held to their hashes; those that were before, and are as
   * they were, are not read again ({@link checkFiles}).
   * @param allowed reasons of verdicts that leave no cell out
   * @throws DataError naming the file that is missing, damaged or of another version; InterruptedError after `signal`
   */
  static async open(
    place: string,
    allowed: readonly Liftable[] = [],
    { masks = true, crops = true, some = false, ...options }: OpenOptions = {},
  ): Promise<CellStore> {
    const rows = some && isObjectPath(place) ? await RemoteRows.open(place, options) : null;
    const path = rows?.folder ?? (await storeFolder(place, { masks, ...options }));
    const header = readHeader(path);
    const names = Object.keys(header.hashes).filter(
      (name) =>
        (masks || !isOfMasks(name)) && (crops || name !== "crops.npy") && (rows === null || !isPixels(name)),
    );
    const states = await checkFiles(path, header, names, options);
    const metadata = await readParquet(storeFile(path, header, "metadata.parquet"));
    const checked = { path, sum: header.sum, states, held: rows?.held };
    const store = new CellStore(checked, metadata, allowed, { place, rows });
    store.checkUnchanged();
    return store;
  }

  /**
   * Sees to it that crops and masks of some cells can be read, where the store was opened for `some`.
   * @returns the store to read them of: this one, or, where most cells are wanted, one that has all, and this is closed
   * @throws DataError where it was replaced since, or as {@link open}; InterruptedError as it
   */
  async hold(wanted: WantedCells, options: CheckOptions = {}): Promise<CellStore> {
    if (this.#rows === null || (await this.#rows.hold(wanted, options))) return this;
    const whole = await CellStore.open(this.place, this.allowed, options);
    if (whole.header.sum !== this.header.sum) {
      whole.close();
      throw new DataError("was changed while it was in use; run the same command again", {
        path: this.place,
      });
    }
    this.close();
    return whole;
  }
}

function readVerdicts(file: string, count: number): string[] {
  const verdicts = readCsvColumn(file, "Quality_Verdict");
  if (verdicts.length !== count)
    throw new DataError(
      `has ${verdicts.length} verdicts for ${count} cells; run \`cellswap segment\` again`,
      { path: file },
    );
  return verdicts;
}

/** The columns every store has, from its metadata table. */
function cellsFromMetadata(metadata: Table, usable: Uint8Array, path: string, count: number): Cells {
  const text = (name: string): (string | null)[] => {
    const column = metadata.columns.get(name);
    if (column === undefined)
      throw new DataError(`has no column ${name} in metadata.parquet; import the cells again`, { path });
    return ArrayBuffer.isView(column) ? Array.from(column as ArrayLike<number>, String) : column;
  };
  if (metadata.rows !== count)
    throw new DataError(`has ${metadata.rows} rows of metadata for ${count} cells; import the cells again`, {
      path,
    });
  return {
    count,
    id: text("Metadata_Cell") as string[],
    protein: proteins(text("Metadata_Protein")),
    field: text("Metadata_Field") as string[],
    localization: text("Metadata_Localization"),
    usable,
    metadata,
  };
}

/** The proteins of all cells; null where no cell has one. */
function proteins(values: (string | null)[]): string[] | null {
  return values.length > 0 && values.every((v) => v === null) ? null : (values as string[]);
}
