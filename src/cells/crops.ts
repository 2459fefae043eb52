import { join } from "node:path";
import { DataError } from "../errors.ts";
import { NpyReader } from "../files/npy.ts";
import type { CropSource, MaskKind } from "../types.ts";
import { readHeader, type StoreHeader } from "./header.ts";

/** Crops and masks of a cell store, left on disk; all that a worker needs. */
export class CropFiles implements CropSource {
  readonly path: string;
  readonly header: StoreHeader;
  readonly #crops: NpyReader;
  readonly #masks: NpyReader | undefined;

  /** Opens the arrays of the store at `path`. @throws DataError where it is none, is of another version or its files do not fit together. */
  constructor(path: string) {
    this.path = path;
    this.header = readHeader(path);
    const { count, channels, height, width, masks } = this.header;
    this.#crops = openArray(join(path, "crops.npy"), "float32", [count, channels.length, height, width]);
    if (masks !== "none") this.#masks = openArray(join(path, "masks.npy"), "uint8", [count, height, width]);
  }

  get count(): number {
    return this.header.count;
  }
  get channels(): readonly string[] {
    return this.header.channels;
  }
  get height(): number {
    return this.header.height;
  }
  get width(): number {
    return this.header.width;
  }
  get diameter(): number | undefined {
    return this.header.diameter;
  }
  get masks(): MaskKind {
    return this.header.masks;
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
    if (!(cell >= 0 && cell < this.header.count))
      throw new RangeError(`cell ${cell} of a store with ${this.header.count}`);
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
