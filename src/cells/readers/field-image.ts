import { dirname, join } from "node:path";
import { DataError } from "../../errors.ts";
import { readInput } from "../../files/input.ts";
import { FIELD, type PlaneValues } from "../../image/planes.ts";
import { FileBytes, unreadable } from "./bytes.ts";
import { readImagej } from "./imagej.ts";
import { isOmeXml, readOmeXml, type StackLayout } from "./ome-xml.ts";
import { isZarr, openOmeZarr } from "./ome-zarr.ts";
import { decodePng, isPng } from "./png.ts";
import { isTiff, readPage } from "./tiff.ts";
import { tiffPages } from "./tiff-layout.ts";
import { pageValues, type TiffPage } from "./tiff-page.ts";

/** An image file of a field, opened; a plane is read when it is asked for. */
export interface FieldImage {
  readonly path: string;
  /** Pixels. */
  readonly height: number;
  readonly width: number;
  /** Name per channel, null where the file has none. */
  readonly channels: readonly (string | null)[];
  /** Channels whose planes are in this very file; of a set of OME-TIFFs every file names all channels. */
  readonly here: readonly number[];
  readonly slices: number;
  readonly times: number;
  /** False for pages of which no one says whether they are channels, slices or times; they are counted as channels. */
  readonly axesKnown: boolean;
  /** Micrometers per pixel, null where it is not said. */
  readonly pixelSize: number | null;
  /** Values of a plane as stored (height x width). */
  read(channel: number, slice: number, time: number): Promise<PlaneValues>;
  close(): void;
}

/**
 * Opens a TIFF (OME-TIFF with its XML, ImageJ stacks, plain pages; pyramids at full resolution) a PNG, or an
 * OME-Zarr image.
 * @throws DataError where it is missing, no image, damaged, of a kind that is not read or larger than a field can be.
 */
export async function openFieldImage(path: string): Promise<FieldImage> {
  if (isZarr(path)) return openOmeZarr(path);
  const file = new FileBytes(path);
  let png: boolean;
  try {
    const head = file.bytes(0, Math.min(8, file.length));
    if (isTiff(head)) return openTiff(file, path);
    png = isPng(head);
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  if (png) return openPng(path);
  throw new DataError("is neither a TIFF nor a PNG image nor OME-Zarr; export the field as TIFF", { path });
}

function openPng(path: string): FieldImage {
  const read = () => {
    try {
      return decodePng(readInput(path), path, Float32Array, FIELD);
    } catch (cause) {
      throw unreadable(path, cause, "field");
    }
  };
  let held: ReturnType<typeof read> | undefined = read();
  const { height, width, planes } = held;
  return {
    ...{ path, height, width, slices: 1, times: 1, axesKnown: planes > 1, pixelSize: null },
    channels: new Array(planes).fill(null),
    here: [...new Array(planes).keys()],
    read: async (channel) => {
      held ??= read();
      return held.data.slice(channel * height * width, (channel + 1) * height * width);
    },
    close: () => {
      held = undefined;
    },
  };
}

function openTiff(file: FileBytes, path: string): FieldImage {
  const stack = new Pages(file, path);
  const { height, width } = stack.pages[0];
  const description = stack.pages[0].description;
  const samples = stack.pages[0].samples;
  const known: StackLayout | null = isOmeXml(description)
    ? readOmeXml(description, path)
    : readImagej(description, stack.pages.length, path);
  const planes = stack.pages.length * samples;
  const layout: StackLayout = known ?? {
    channels: new Array(planes).fill(null),
    slices: 1,
    times: 1,
    pixelSize: null,
    place: (channel) => ({ file: null, page: Math.floor(channel / samples), sample: channel % samples }),
  };
  const others = new Map<string, Pages>();
  const beside = (name: string): Pages => {
    let other = others.get(name);
    if (other === undefined) {
      const place = join(dirname(path), name);
      try {
        other = new Pages(new FileBytes(place), place);
      } catch (cause) {
        if (!(cause instanceof DataError) || (cause.cause as NodeJS.ErrnoException)?.code !== "ENOENT")
          throw cause;
        throw new DataError(
          `keeps planes in ${name}, which is not beside it; put the files of the set together, or export one file per field`,
          { path, cause },
        );
      }
      others.set(name, other);
    }
    return other;
  };
  return {
    ...{ path, height, width, channels: layout.channels, slices: layout.slices, times: layout.times },
    here: [...layout.channels.keys()].filter((c) => known === null || layout.place(c, 0, 0).file === null),
    axesKnown: known !== null || planes === 1 || stack.pages.length === 1,
    pixelSize: layout.pixelSize,
    read: async (channel, slice, time) => {
      const place = layout.place(channel, slice, time);
      const from = place.file === null ? stack : beside(place.file);
      return from.plane(place.page, place.sample, height, width);
    },
    close: () => {
      for (const pages of [stack, ...others.values()]) pages.file.close();
    },
  };
}

/** The pages of a TIFF file at full resolution. */
class Pages {
  readonly file: FileBytes;
  readonly path: string;
  readonly pages: readonly TiffPage[];
  /** The page that was read last, with all its samples: they are mostly asked for one after the other. */
  #held: { readonly page: number; readonly values: PlaneValues } | undefined;

  constructor(file: FileBytes, path: string) {
    this.file = file;
    this.path = path;
    this.pages = tiffPages(file, path, FIELD).filter((page) => !page.reduced);
    if (this.pages.length === 0) throw new DataError("holds nothing but previews; export it again", { path });
  }

  plane(number: number, sample: number, height: number, width: number): PlaneValues {
    const page = this.pages[number];
    if (page === undefined || sample >= page.samples)
      throw new DataError(
        `has ${this.pages.length} pages of ${this.pages[0].samples} sample(s), but its description needs page ${number + 1}, sample ${sample + 1}; export it again`,
        { path: this.path },
      );
    if (page.height !== height || page.width !== width)
      throw new DataError(
        `has pages of different sizes (page 1: ${height} x ${width} px, page ${number + 1}: ${page.height} x ${page.width} px); export the field's planes at one size`,
        { path: this.path },
      );
    if (page.samples === 1) return this.#read(page);
    if (this.#held?.page !== number) {
      this.#held = undefined;
      this.#held = { page: number, values: this.#read(page) };
    }
    return this.#held.values.slice(sample * height * width, (sample + 1) * height * width);
  }

  #read(page: TiffPage): PlaneValues {
    const out = pageValues(page, page.samples * page.height * page.width);
    readPage(this.file, page, this.path, out);
    return out;
  }
}
