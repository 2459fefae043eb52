import { join } from "node:path";
import { DataError } from "../errors.ts";
import { NpyReader } from "../files/npy.ts";
import { readCsv, readParquet } from "../files/table.ts";
import type { Cells, CropSource, MaskKind, Table } from "../types.ts";
import { readManifest, type StoreManifest } from "./manifest.ts";

export { isCellStore, readManifest, STORE_VERSION, type StoreManifest, storeHash } from "./manifest.ts";
export { type CellRecord, CellStoreWriter, type Quality, replaceMasks, writeQuality } from "./writer.ts";

/**
 * A folder of cells: `cells.json`, `crops.npy` (count x channels x height x width, float32), `metadata.parquet`,
 * and with masks `masks.npy` (count x height x width, uint8) and `quality.csv`. Crops stay on disk; only the
 * metadata are held in memory.
 */
export class CellStore implements CropSource {
  readonly path: string;
  readonly manifest: StoreManifest;
  readonly cells: Cells;
  readonly #crops: NpyReader;
  readonly #masks: NpyReader | undefined;

  private constructor(path: string, manifest: StoreManifest, cells: Cells) {
    this.path = path;
    this.manifest = manifest;
    this.cells = cells;
    const { count, channels, height, width } = manifest;
    this.#crops = openArray(join(path, "crops.npy"), "float32", [count, channels.length, height, width]);
    if (manifest.masks !== "none")
      this.#masks = openArray(join(path, "masks.npy"), "uint8", [count, height, width]);
  }

  /** Opens a store. @throws DataError where it is not one, is of another version or its files do not fit together. */
  static async open(path: string): Promise<CellStore> {
    const manifest = readManifest(path);
    const metadata = await readParquet(join(path, "metadata.parquet"));
    return new CellStore(
      path,
      manifest,
      cellsFromMetadata(metadata, readQuality(path, manifest), path, manifest.count),
    );
  }

  get count(): number {
    return this.manifest.count;
  }
  get channels(): readonly string[] {
    return this.manifest.channels;
  }
  get height(): number {
    return this.manifest.height;
  }
  get width(): number {
    return this.manifest.width;
  }
  get masks(): MaskKind {
    return this.manifest.masks;
  }

  readCrop(cell: number, out: Float32Array): void {
    this.#check(cell);
    this.#crops.read(cell, 1, out);
  }

  readMask(cell: number, out: Uint8Array): void {
    this.#check(cell);
    if (this.#masks === undefined)
      throw new DataError("has no masks; make them with `cellswap segment`", { path: this.path });
    this.#masks.read(cell, 1, out);
  }

  #check(cell: number): void {
    if (!(cell >= 0 && cell < this.manifest.count))
      throw new RangeError(`cell ${cell} of a store with ${this.manifest.count}`);
  }

  close(): void {
    this.#crops.close();
    this.#masks?.close();
  }
}

function openArray(path: string, type: "float32" | "uint8", shape: number[]): NpyReader {
  const array = new NpyReader(path);
  if (array.type !== type || array.shape.join() !== shape.join())
    throw new DataError(
      `holds ${array.type} of ${array.shape.join(" x ")}, but cells.json says ${type} of ${shape.join(" x ")}; import the cells again`,
      { path },
    );
  return array;
}

function readQuality(path: string, manifest: StoreManifest): Uint8Array {
  if (manifest.masks === "none") return new Uint8Array(manifest.count).fill(1);
  const file = join(path, "quality.csv");
  const verdict = readCsv(file).get("Quality_Verdict");
  if (verdict?.length !== manifest.count)
    throw new DataError(
      `has ${verdict?.length ?? 0} verdicts for ${manifest.count} cells; run \`cellswap segment\` again`,
      { path: file },
    );
  return Uint8Array.from(verdict, (v) => (v === "ok" ? 1 : 0));
}

/** The columns every store has, from its metadata table. */
export function cellsFromMetadata(metadata: Table, usable: Uint8Array, path: string, count: number): Cells {
  const text = (name: string): (string | null)[] => {
    const column = metadata.columns.get(name);
    if (column === undefined)
      throw new DataError(`has no column ${name} in metadata.parquet; import the cells again`, { path });
    return Array.from(column as ArrayLike<unknown>, (v) => (v === null ? null : String(v)));
  };
  if (metadata.rows !== count)
    throw new DataError(`has ${metadata.rows} rows of metadata for ${count} cells; import the cells again`, {
      path,
    });
  return {
    count,
    id: text("Metadata_Cell") as string[],
    protein: text("Metadata_Protein") as string[],
    field: text("Metadata_Field") as string[],
    localization: text("Metadata_Localization"),
    usable,
    metadata,
  };
}
