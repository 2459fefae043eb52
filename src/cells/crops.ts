import { DataError } from "../errors.ts";
import { sha256File } from "../files/hash.ts";
import { NpyReader } from "../files/npy.ts";
import { fileState } from "../files/state.ts";
import { type CropSource, type MaskKind, NEIGHBOR } from "../types.ts";
import type { States } from "./checked.ts";
import { CropArray } from "./crop-array.ts";
import { readHeader, type StoreHeader, storeFile } from "./header.ts";
import type { HeldCells } from "./remote/rows.ts";

/** A store whose files were held to their hashes, for other threads to open: where it is, and what it was then. */
export interface CheckedStore {
  readonly path: string;
  /** Check sum of its header. */
  readonly sum: string;
  readonly states: States;
  /** Cells whose pixels are there, of a store that a machine has in part; all where not said. */
  readonly held?: HeldCells | undefined;
}

/** Crops and masks of a cell store, left on disk; all that a worker needs. */
export class CropFiles implements CropSource {
  readonly path: string;
  readonly header: StoreHeader;
  readonly checked: CheckedStore;
  readonly #crops: CropArray;
  readonly #masks: NpyReader | undefined;

  /**
   * Opens the arrays of a store that was checked.
   * @throws DataError where it was changed since, or its files do not fit together.
   */
  constructor(checked: CheckedStore) {
    const { path } = checked;
    this.path = path;
    this.checked = checked;
    this.header = readHeader(path);
    const { count, height, width, masks } = this.header;
    this.#crops = openCrops(storeFile(path, this.header, "crops.npy"), this.header);
    if (masks !== "none" && (checked.held ?? checked.states["masks.npy"]) !== undefined)
      this.#masks = openMasks(storeFile(path, this.header, "masks.npy"), [count, height, width]);
    this.checkUnchanged();
  }

  /** @throws DataError naming a file of the store that is not what it was when it was checked */
  checkUnchanged(): void {
    const { path, sum, states } = this.checked;
    const check = (name: string, same: (file: string) => boolean) => {
      const file = storeFile(path, this.header, name);
      if (!same(file))
        throw new DataError("was changed while it was in use; run the same command again", { path: file });
    };
    check("cells.json", () => readHeader(path).sum === sum);
    // A copy by hard links, or other permissions, are a change of the file's state and none of its content.
    for (const [name, state] of Object.entries(states))
      check(name, (file) => fileState(file) === state || sha256File(file) === this.header.hashes[name]);
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

  /** @throws DataError for a value that is not finite, which no import of ours writes */
  readCrop(cell: number, out: Float32Array): void {
    this.#check(cell, "crops");
    const i = this.#crops.read(cell, out);
    if (i < 0) return;
    const { height, width, channels } = this.header;
    const at = i % (height * width);
    throw this.#foreign(
      this.#crops,
      `crop ${cell} has ${out[i]} in channel ${channels[Math.floor(i / (height * width))]} (row ${Math.floor(at / width)}, column ${at % width})`,
    );
  }

  /** @throws DataError for a label that is none, and where there are no masks */
  readMask(cell: number, out: Uint8Array): void {
    this.#check(cell, "masks");
    if (this.#masks === undefined)
      throw new DataError("has no masks; make them with `cellswap segment`", { path: this.path });
    this.#masks.read(cell, 1, out);
    const pixels = this.header.height * this.header.width;
    for (let p = 0; p < pixels; p++)
      if (out[p] > NEIGHBOR)
        throw this.#foreign(this.#masks, `mask ${cell} has the label ${out[p]}; labels are 0, 1 and 2`);
  }

  #foreign({ path }: { readonly path: string }, what: string): DataError {
    return new DataError(`${what}; mend the source and import the cells again`, { path });
  }

  #check(cell: number, kind: keyof HeldCells): void {
    if (!(cell >= 0 && cell < this.header.count))
      throw new RangeError(`cell ${cell} of a store with ${this.header.count}`);
    if (this.checked.held?.[kind][cell] === 0)
      throw new RangeError(`the ${kind} of cell ${cell} were not fetched`);
  }

  close(): void {
    this.#crops.close();
    this.#masks?.close();
  }
}

function openCrops(path: string, header: StoreHeader): CropArray {
  const { type = "float32", count, channels, height, width } = header;
  const crops = new CropArray(path);
  if (crops.type === type && crops.shape.join() === [count, channels.length, height, width].join())
    return crops;
  crops.close();
  throw unlike(crops, type, [count, channels.length, height, width]);
}

function openMasks(path: string, shape: readonly number[]): NpyReader {
  const masks = new NpyReader(path);
  if (masks.type === "uint8" && masks.shape.join() === shape.join()) return masks;
  masks.close();
  throw unlike(masks, "uint8", shape);
}

function unlike(
  { path, type, shape }: Pick<NpyReader, "path" | "type" | "shape">,
  wanted: string,
  of: readonly number[],
): DataError {
  return new DataError(
    `holds ${type} of ${shape.join(" x ")}, but cells.json says ${wanted} of ${of.join(" x ")}; import the cells again`,
    { path },
  );
}
