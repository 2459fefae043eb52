import {
  bytesOfCrop,
  CROP_BYTES,
  type CropType,
  type CropValues,
  convertCrop,
  emptyCrop,
} from "../crop-type.ts";
import type { UnfinishedStore } from "../unfinished.ts";
import type { StoreRows } from "../writer.ts";

/** Bytes of crops that are written together. */
const BLOCK = 1 << 22;

/** The rows of a store of a known type, written many at once. */
export class BlockRows implements StoreRows {
  readonly #store: UnfinishedStore;
  readonly #values: number;
  readonly #pixels: number;
  readonly #crops: Uint8Array;
  readonly #masks: Uint8Array | null;
  readonly #most: number;
  /** Cells that are written, and that are held. */
  #written = 0;
  #held = 0;

  /** @param values of a crop @param pixels of a mask */
  constructor(store: UnfinishedStore, values: number, pixels: number, masked: boolean) {
    this.#store = store;
    this.#values = values;
    this.#pixels = pixels;
    const bytes = values * CROP_BYTES[store.type];
    this.#most = Math.max(1, Math.floor(BLOCK / bytes));
    this.#crops = new Uint8Array(this.#most * bytes);
    this.#masks = masked ? new Uint8Array(this.#most * pixels) : null;
  }

  get folder(): string {
    return this.#store.folder;
  }

  get type(): CropType {
    return this.#store.type;
  }

  append(crop: CropValues, mask: Uint8Array | null, type: CropType): void {
    if (this.#held === this.#most) this.#flush();
    const own = bytesOfCrop(convertCrop(crop, type, this.type));
    this.#crops.set(own, this.#held * own.length);
    if (mask !== null) this.#masks?.set(mask, this.#held * this.#pixels);
    this.#held++;
  }

  /** Values of a cell that was appended, until the next is. */
  readCrop(cell: number): CropValues {
    if (cell < this.#written) return this.#store.readCrop(cell);
    const crop = emptyCrop(this.type, this.#values);
    const bytes = bytesOfCrop(crop);
    const at = (cell - this.#written) * bytes.length;
    bytes.set(this.#crops.subarray(at, at + bytes.length));
    return crop;
  }

  close(): void {
    this.#flush();
    this.#store.close();
  }

  done(): void {
    this.#store.done();
  }

  abandon(): void {
    this.#store.abandon();
  }

  /** Writes what is held. */
  #flush(): void {
    const bytes = this.#values * CROP_BYTES[this.type];
    this.#store.appendAll(
      this.#crops.subarray(0, this.#held * bytes),
      this.#masks === null ? null : this.#masks.subarray(0, this.#held * this.#pixels),
    );
    this.#written += this.#held;
    this.#held = 0;
  }
}
