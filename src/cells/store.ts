import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import { writeError, writeFileAtomic } from "../files/atomic.ts";
import { sha256, sha256File } from "../files/hash.ts";
import { NpyReader, NpyWriter } from "../files/npy.ts";
import { readCsv, readParquet, table, writeCsv, writeParquet } from "../files/table.ts";
import type { Cells, Column, CropShape, CropSource, MaskKind, Table } from "../types.ts";

/** Version of the cell store's layout; a store of another version is refused. */
export const STORE_VERSION = 1;

/** `cells.json` of a cell store. */
export interface StoreManifest extends CropShape {
  readonly format: "cellswap-cells";
  readonly version: number;
  readonly count: number;
  readonly masks: MaskKind;
  /** Where the masks come from: the source's name, or the segmentation with its options. */
  readonly maskSource: string | null;
  /** Name of the importer that read the cells. */
  readonly source: string;
  /** SHA-256 of the store's files by file name. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** Quality of every cell's mask, in store order. */
export interface Quality {
  /** `ok`, or why the cell is left out, `;` between reasons. */
  readonly verdict: string[];
  /** Further columns (areas in px, ...). */
  readonly measures: ReadonlyMap<string, Column>;
}

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
    this.#crops.read(cell, 1, out);
  }

  readMask(cell: number, out: Uint8Array): void {
    if (this.#masks === undefined)
      throw new DataError("has no masks; make them with `cellswap segment`", { path: this.path });
    this.#masks.read(cell, 1, out);
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

/** Reads and checks `cells.json`. */
export function readManifest(path: string): StoreManifest {
  const file = join(path, "cells.json");
  let manifest: StoreManifest;
  try {
    manifest = JSON.parse(readFileSync(file, "utf8")) as StoreManifest;
  } catch (cause) {
    throw new DataError(
      "is not a cell store (no readable cells.json in it); make one with `cellswap import`",
      { path, cause },
    );
  }
  if (manifest.format !== "cellswap-cells")
    throw new DataError("is not the manifest of a cell store", { path: file });
  if (manifest.version !== STORE_VERSION)
    throw new DataError(
      `has version ${manifest.version}, this cellswap reads ${STORE_VERSION}; import the cells again`,
      { path: file },
    );
  return manifest;
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

/** What an importer says of one cell: `Metadata_` columns by name; Cell, Protein, Field and Localization are required. */
export type CellRecord = Readonly<Record<string, string | number | null>>;

/**
 * Writes a cell store, one cell at a time; nothing stands at `path` until {@link finish}, and what stood there
 * before is replaced only then.
 */
export class CellStoreWriter {
  readonly #path: string;
  readonly #partial: string;
  readonly #shape: CropShape;
  readonly #crops: NpyWriter;
  readonly #masks: NpyWriter | undefined;
  readonly #metadata = new Map<string, (string | number | null)[]>();
  readonly #maskKind: MaskKind;
  readonly #source: string;

  constructor(path: string, shape: CropShape, masks: MaskKind, source: string) {
    this.#path = path;
    this.#partial = `${path}.part-${process.pid}`;
    this.#shape = shape;
    this.#maskKind = masks;
    this.#source = source;
    rmSync(this.#partial, { recursive: true, force: true });
    try {
      mkdirSync(this.#partial, { recursive: true });
    } catch (cause) {
      throw writeError(path, cause);
    }
    const { channels, height, width } = shape;
    this.#crops = new NpyWriter(join(this.#partial, "crops.npy"), "float32", [
      channels.length,
      height,
      width,
    ]);
    if (masks !== "none")
      this.#masks = new NpyWriter(join(this.#partial, "masks.npy"), "uint8", [height, width]);
  }

  /** Appends a cell: crop (channels x height x width), label mask (height x width) where the store has masks. */
  append(crop: Float32Array, mask: Uint8Array | null, record: CellRecord): void {
    const row = this.#crops.rows;
    this.#crops.append(crop);
    if (mask !== null) this.#masks?.append(mask);
    for (const [name, value] of Object.entries(record)) {
      let column = this.#metadata.get(name);
      if (column === undefined) this.#metadata.set(name, (column = new Array(row).fill(null)));
      column.push(value);
    }
    for (const column of this.#metadata.values()) if (column.length === row) column.push(null);
  }

  /**
   * Closes the files, writes metadata, quality and manifest and puts the store in its place. `masks` says what the
   * masks turned out to know, where that was not known at the start.
   */
  finish(quality: Quality | null = null, masks: MaskKind = this.#maskKind): StoreManifest {
    this.#crops.close();
    this.#masks?.close();
    const columns = new Map<string, Column>();
    for (const [name, values] of this.#metadata)
      columns.set(
        name,
        values.every((v) => typeof v === "number") && !TEXT_COLUMNS.has(name)
          ? Float64Array.from(values as number[])
          : values.map((v) => (v === null ? null : String(v))),
      );
    writeParquet(join(this.#partial, "metadata.parquet"), table(columns));
    const { channels, height, width } = this.#shape;
    const count = this.#crops.rows;
    const manifest = {
      format: "cellswap-cells",
      version: STORE_VERSION,
      count,
      channels,
      height,
      width,
    } as const;
    if (this.#maskKind !== "none" && quality === null)
      throw new RangeError("a store with masks needs their quality");
    if (quality !== null) writeQuality(this.#partial, quality);
    const files = [
      "crops.npy",
      "metadata.parquet",
      ...(this.#maskKind === "none" ? [] : ["masks.npy", "quality.csv"]),
    ];
    const whole: StoreManifest = {
      ...manifest,
      masks,
      maskSource: this.#maskKind === "none" ? null : this.#source,
      source: this.#source,
      hashes: Object.fromEntries(files.map((f) => [f, sha256File(join(this.#partial, f))])),
    };
    writeFileAtomic(join(this.#partial, "cells.json"), `${JSON.stringify(whole, null, 2)}\n`);
    rmSync(this.#path, { recursive: true, force: true });
    renameSync(this.#partial, this.#path);
    return whole;
  }

  /** Leaves no trace: for an import that failed. */
  abandon(): void {
    rmSync(this.#partial, { recursive: true, force: true });
  }
}

const TEXT_COLUMNS = new Set([
  "Metadata_Cell",
  "Metadata_Protein",
  "Metadata_Field",
  "Metadata_Localization",
]);

/** Writes `quality.csv` (`Quality_Verdict` first). */
export function writeQuality(path: string, quality: Quality): void {
  writeCsv(
    join(path, "quality.csv"),
    table(new Map<string, Column>([["Quality_Verdict", quality.verdict], ...quality.measures])),
  );
}

/** Puts new masks and their quality into a store; `masksFile` is a finished .npy on the same disk and is moved. */
export function replaceMasks(
  path: string,
  masksFile: string,
  quality: Quality,
  kind: MaskKind,
  maskSource: string,
): StoreManifest {
  const manifest = readManifest(path);
  const masks = join(path, "masks.npy");
  // The manifest goes first and comes back last, so that a store cut off in between is refused instead of misread.
  const old = readFileSync(join(path, "cells.json"));
  writeFileAtomic(join(path, "cells.json"), JSON.stringify({ ...manifest, masks: "none", maskSource: null }));
  try {
    renameSync(masksFile, masks);
    writeQuality(path, quality);
  } catch (cause) {
    writeFileAtomic(join(path, "cells.json"), old);
    throw cause;
  }
  const hashes = {
    ...manifest.hashes,
    "masks.npy": sha256File(masks),
    "quality.csv": sha256File(join(path, "quality.csv")),
  };
  const whole: StoreManifest = { ...manifest, masks: kind, maskSource, hashes };
  writeFileAtomic(join(path, "cells.json"), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

/** One hash that stands for everything in the store. */
export function storeHash(manifest: StoreManifest): string {
  return sha256(Object.entries(manifest.hashes).sort().join("\n"));
}
