import { existsSync, realpathSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isCellswapError } from "../errors.ts";
import {
  makeFolder,
  partName,
  removeLeftParts,
  unmakeFolder,
  writeError,
  writeFileAtomic,
} from "../files/atomic.ts";
import { sha256File } from "../files/hash.ts";
import { NpyWriter } from "../files/npy.ts";
import { writeCsv, writeParquetPieces } from "../files/table.ts";
import type { CropShape, MaskKind, Table } from "../types.ts";
import { type CropType, type CropValues, convertCrop, cropTypeOf } from "./crop-type.ts";
import { headerText, STORE_VERSION, type StoreHeader, sealed, unusualDiameter } from "./header.ts";
import { type Quality, writeQuality } from "./quality.ts";
import { RecordColumns } from "./record-columns.ts";
import { checkReplaceable, commitStore } from "./replace.ts";

/** What an importer says of one cell: `Metadata_` columns by name; Cell, Protein (null where there is none), Field and Localization are required. */
export type CellRecord = Readonly<Record<string, string | number | null>>;

/** Where the pixels of a store go while it is written, one cell after the other. */
export interface StoreRows {
  /** Folder of the store until it is whole. */
  readonly folder: string;
  /** Type of the crops, which grows with what is appended. */
  readonly type: CropType;
  append(crop: CropValues, mask: Uint8Array | null, type: CropType): void;
  /** Closes `crops.npy` and `masks.npy`, which are whole then. */
  close(): void;
  /** Called when the store stands in its place. */
  done(): void;
  /** Leaves no trace. */
  abandon(): void;
}

/**
 * Writes a cell store, one cell at a time; nothing stands at `path` until {@link finish}, and what stood there
 * before is replaced only then. Only another cell store or an empty folder is ever replaced.
 */
export class CellStoreWriter {
  readonly #path: string;
  /** The same as it was given, for messages. */
  readonly #given: string;
  readonly #shape: CropShape;
  readonly #rows: StoreRows;
  readonly #metadata = new RecordColumns(LEADING);
  readonly #maskKind: MaskKind;
  readonly #source: string;
  /** Names of files besides those of every store. */
  readonly #others: string[] = [];
  #count = 0;

  /**
   * @param pixels where they go until the store is whole, or the type, which holds all of their values, in which a folder
   * of this process beside it keeps them
   * @throws DataError where something else stands at `path` or nothing can be written there.
   */
  constructor(
    path: string,
    shape: CropShape,
    masks: MaskKind,
    source: string,
    pixels: StoreRows | CropType = "float32",
  ) {
    checkReplaceable(path);
    this.#path = existsSync(path) ? realpathSync(path) : resolve(path);
    this.#given = path;
    this.#shape = shape;
    this.#maskKind = masks;
    this.#source = source;
    this.#rows = typeof pixels === "string" ? new PlainRows(this.#path, shape, masks, path, pixels) : pixels;
  }

  /**
   * Appends a cell: crop (channels x height x width), label mask (height x width) where the store has masks.
   * @param type of the crop's values, where the array does not say it: float16
   */
  append(
    crop: CropValues,
    mask: Uint8Array | null,
    record: CellRecord,
    type: CropType = cropTypeOf(crop),
  ): void {
    this.#count++;
    this.#named(() => this.#rows.append(crop, mask, type));
    this.#metadata.add(record);
  }

  /** What was said of a cell that was appended; null where nothing was. */
  said(name: string, cell: number): string | null {
    return this.#metadata.text(name, cell);
  }

  /** Adds a further file to the store, which `write` makes under the path it is given. */
  add(name: string, write: (path: string) => void): void {
    this.#named(() => write(join(this.#rows.folder, name)));
    this.#others.push(name);
  }

  /** Writes the list of cells that were not taken. */
  writeLeftOut(cells: Table): void {
    this.add("left-out.csv", (path) => writeCsv(path, cells));
  }

  /**
   * Closes the files, writes metadata, quality and header and puts the store in its place. `masks` says what the
   * masks turned out to know, where that was not known at the start, `diameter` how large the cells are, px, and
   * `maskSource` where the masks come from, if that is not the source of the cells.
   */
  finish(
    quality: Quality | null = null,
    masks: MaskKind = this.#maskKind,
    diameter: number | undefined = this.#shape.diameter,
    maskSource: string = this.#source,
  ): StoreHeader {
    if (this.#maskKind !== "none" && quality === null)
      throw new RangeError("a store with masks needs their quality");
    return this.#named(() => {
      this.#rows.close();
      writeParquetPieces(join(this.#rows.folder, "metadata.parquet"), this.#metadata.tables(), {
        missing: this.#metadata.withMissing,
      });
      if (quality !== null) writeQuality(join(this.#rows.folder, "quality.csv"), quality);
      const own = this.#maskKind === "none" ? [] : ["masks.npy", "quality.csv"];
      const names = ["crops.npy", "metadata.parquet", ...own, ...this.#others];
      const header = sealed({
        format: "cellswap-cells",
        version: STORE_VERSION,
        count: this.#count,
        type: this.#rows.type,
        channels: this.#shape.channels,
        height: this.#shape.height,
        width: this.#shape.width,
        ...unusualDiameter(this.#shape, diameter),
        masks,
        maskSource: masks === "none" ? null : maskSource,
        source: this.#source,
        hashes: Object.fromEntries(names.map((f) => [f, sha256File(join(this.#rows.folder, f))])),
      });
      writeFileAtomic(join(this.#rows.folder, "cells.json"), headerText(header));
      commitStore(this.#rows.folder, this.#path, header);
      this.#rows.done();
      return header;
    });
  }

  /** Leaves no trace: for an import that failed. */
  abandon(): void {
    this.#rows.abandon();
  }

  /** Errors name the store that was asked for, not the unfinished folder beside it. */
  #named<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const unfinished = isCellswapError(error) && error.path?.startsWith(this.#rows.folder) === true;
      throw unfinished && error.cause !== undefined ? writeError(this.#given, error.cause) : error;
    }
  }
}

/** Pixels of a store as they come, in one type, in a folder of this process. */
class PlainRows implements StoreRows {
  readonly folder: string;
  readonly type: CropType;
  /** First folder above the store that had to be made. */
  readonly #made: string | undefined;
  readonly #crops: NpyWriter;
  readonly #masks: NpyWriter | undefined;
  #open = true;

  constructor(
    path: string,
    { channels, height, width }: CropShape,
    masks: MaskKind,
    given: string,
    type: CropType,
  ) {
    this.folder = partName(path);
    this.type = type;
    try {
      removeLeftParts(dirname(path));
      rmSync(this.folder, { recursive: true, force: true });
      this.#made = makeFolder(this.folder);
    } catch (cause) {
      throw writeError(given, cause);
    }
    this.#crops = new NpyWriter(join(this.folder, "crops.npy"), type, [channels.length, height, width]);
    if (masks !== "none")
      this.#masks = new NpyWriter(join(this.folder, "masks.npy"), "uint8", [height, width]);
  }

  append(crop: CropValues, mask: Uint8Array | null, type: CropType): void {
    this.#crops.append(convertCrop(crop, type, this.type));
    if (mask !== null) this.#masks?.append(mask);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#crops.close();
    this.#masks?.close();
  }

  done(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  abandon(): void {
    try {
      this.close();
    } catch {
      // The disk is full: the files go anyway.
    }
    this.done();
    unmakeFolder(dirname(this.folder), this.#made);
  }
}

/** Columns that every store has, in their order. */
const LEADING = ["Metadata_Cell", "Metadata_Protein", "Metadata_Field", "Metadata_Localization"];
