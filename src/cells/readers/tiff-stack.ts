import { DataError } from "../../errors.ts";
import { FIELD, type PlaneValues } from "../../image/planes.ts";
import type { FileBytes } from "./bytes.ts";
import type { Rows } from "./field-image.ts";
import type { PlanePlace } from "./ome-xml.ts";
import { readPage } from "./tiff.ts";
import { tiffPages } from "./tiff-layout.ts";
import { pageValues, type TiffPage } from "./tiff-page.ts";

/** Largest page that is held with all its samples, bytes. */
const HELD = 1 << 26;

/** The pages of a TIFF file at full resolution. */
export class TiffStack {
  readonly file: FileBytes;
  readonly path: string;
  readonly pages: readonly TiffPage[];
  /** The page that was read last, with all its samples: they are mostly asked for one after the other. */
  #held: { readonly page: number; readonly values: PlaneValues } | undefined;

  /** @throws DataError where the file is damaged or of a kind that is not read */
  constructor(file: FileBytes, path: string) {
    this.file = file;
    this.path = path;
    this.pages = tiffPages(file, path, FIELD).filter((page) => !page.reduced);
    if (this.pages.length === 0) throw new DataError("holds nothing but previews; export it again", { path });
  }

  /** Rows of one sample of a page, which must have the size of the field. */
  async plane(
    { page: number, sample }: Pick<PlanePlace, "page" | "sample">,
    { height, width }: { readonly height: number; readonly width: number },
    { from, to }: Rows,
  ): Promise<PlaneValues> {
    const page = this.pages[number];
    const { path } = this;
    if (page === undefined || sample >= page.samples)
      throw new DataError(
        `has ${this.pages.length} pages of ${this.pages[0].samples} sample(s), but its description needs page ${number + 1}, sample ${sample + 1}; export it again`,
        { path },
      );
    if (page.height !== height || page.width !== width)
      throw new DataError(
        `has pages of different sizes (page 1: ${height} x ${width} px, page ${number + 1}: ${page.height} x ${page.width} px); export the field's planes at one size`,
        { path },
      );
    const { samples } = page;
    const whole = samples * height * width;
    if (samples > 1 && whole * Math.ceil(page.bits / 8) <= HELD) {
      if (this.#held?.page !== number) {
        this.#held = undefined;
        const values = pageValues(page, whole);
        await readPage(this.file, page, path, values);
        this.#held = { page: number, values };
      }
      const start = sample * height;
      return this.#held.values.slice((start + from) * width, (start + to) * width);
    }
    const out = pageValues(page, (to - from) * width);
    await readPage(this.file, page, path, out, { from, to, sample: samples === 1 ? null : sample });
    return out;
  }
}
