import { DataError } from "../errors.ts";
import { NpyReader } from "../files/npy.ts";
import { firstNotFinite } from "./check-crop.ts";
import { CROP_TYPES, type CropType, type CropValues, convertCrop, emptyCrop } from "./crop-type.ts";

/** `crops.npy` of a cell store: crops in the type of their source, read as float32. */
export class CropArray {
  readonly path: string;
  readonly type: CropType;
  readonly shape: readonly number[];
  readonly #array: NpyReader;
  readonly #size: number;
  /** One crop in its own type. */
  #stored: CropValues;

  /** @throws DataError where it is no such array */
  constructor(path: string) {
    this.path = path;
    this.#array = new NpyReader(path);
    const { type, shape } = this.#array;
    const known = CROP_TYPES.find((t) => t === type);
    if (known === undefined || shape.length !== 4) {
      this.close();
      throw new DataError(
        `holds ${type} of ${shape.join(" x ")}, and no crops (cells x channels x height x width; ${CROP_TYPES.join(", ")}); import the cells again`,
        { path },
      );
    }
    this.type = known;
    this.shape = shape;
    this.#size = shape[1] * shape[2] * shape[3];
    this.#stored = emptyCrop(known, 0);
  }

  /**
   * Copies a crop (channels x height x width) into `out`.
   * @returns position of the first value that is not finite; -1 where all are
   */
  read(cell: number, out: Float32Array): number {
    const size = this.#size;
    if (this.type === "float32") {
      const crop = out.length === size ? out : out.subarray(0, size);
      this.#array.read(cell, 1, crop);
      return firstNotFinite(crop);
    }
    if (this.#stored.length === 0) this.#stored = emptyCrop(this.type, size);
    this.#array.read(cell, 1, this.#stored);
    convertCrop(this.#stored, this.type, "float32", out);
    return firstNotFinite(this.#stored, this.type === "float16");
  }

  close(): void {
    this.#array.close();
  }
}
