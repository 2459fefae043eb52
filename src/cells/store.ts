import { join } from "node:path";
import { DataError } from "../errors.ts";
import { readCsvColumn, readParquet } from "../files/table.ts";
import { type Liftable, passes } from "../masks/verdict.ts";
import type { Cells, Table } from "../types.ts";
import { CropFiles } from "./crops.ts";
import { readHeader, type StoreHeader } from "./header.ts";

export { isCellStore, readHeader, STORE_VERSION, type StoreHeader, storeHash } from "./header.ts";
export {
  type CellRecord,
  CellStoreWriter,
  checkReplaceable,
  type Quality,
  replaceMasks,
  writeQuality,
} from "./writer.ts";

/**
 * A folder of cells: `cells.json`, `crops.npy` (count x channels x height x width, float32), `metadata.parquet`,
 * and with masks `masks.npy` (count x height x width, uint8) and `quality.csv`. Crops stay on disk; only the
 * metadata are held in memory.
 */
export class CellStore extends CropFiles {
  readonly cells: Cells;
  /** Verdict on every cell's mask, `ok` or why it is left out; null without masks. */
  readonly verdicts: readonly string[] | null;
  /** Reasons that leave no cell out, sorted. */
  readonly allowed: readonly Liftable[];

  private constructor(path: string, metadata: Table, allowed: readonly Liftable[]) {
    super(path);
    this.verdicts = readVerdicts(path, this.header);
    this.allowed = [...new Set(allowed)].sort();
    const usable = new Uint8Array(this.header.count).fill(1);
    this.verdicts?.forEach((v, row) => {
      if (!passes(v, allowed)) usable[row] = 0;
    });
    this.cells = cellsFromMetadata(metadata, usable, path, this.header.count);
  }

  /**
   * Opens a store with its metadata. @throws DataError as {@link CropFiles}.
   * @param allowed reasons of verdicts that leave no cell out
   */
  static async open(path: string, allowed: readonly Liftable[] = []): Promise<CellStore> {
    readHeader(path);
    return new CellStore(path, await readParquet(join(path, "metadata.parquet")), allowed);
  }
}

function readVerdicts(path: string, header: StoreHeader): string[] | null {
  if (header.masks === "none") return null;
  const file = join(path, "quality.csv");
  const texts = new Map<string, string>();
  const verdicts = readCsvColumn(file, "Quality_Verdict").map((v) => {
    if (!texts.has(v)) texts.set(v, v);
    return texts.get(v)!;
  });
  if (verdicts.length !== header.count)
    throw new DataError(
      `has ${verdicts.length} verdicts for ${header.count} cells; run \`cellswap segment\` again`,
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
