import { dirname, join } from "node:path";
import { DataError } from "../../errors.ts";
import { readInput } from "../../files/input.ts";
import { FIELD, type PlaneValues } from "../../image/planes.ts";
import { FileBytes, unreadable } from "./bytes.ts";
import { readImagej } from "./imagej.ts";
import { isOmeXml, readOmeXml, type StackLayout } from "./ome-xml.ts";
import { isZarr, openOmeZarr } from "./ome-zarr.ts";
import { isPng, PNG_HEADER, type PngSamples, pngHeader, readPng } from "./png.ts";
import { isTiff } from "./tiff.ts";
import { TiffStack } from "./tiff-stack.ts";

/** Largest PNG file, bytes: it can be read only at once. */
const MAX_PNG = 1 << 28;
/** Pixels of a gray PNG that are held from opening to closing, bytes; a larger one is unpacked when it is read. */
const HELD = 1 << 24;

/** Rows of an image, the last one not among them. */
export interface Rows {
  readonly from: number;
  readonly to: number;
}

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
  /** Bytes that a stored value takes in memory, of the largest type where there are several. */
  readonly valueBytes: number;
  /** Values of a plane as stored (rows x width); all rows where none are asked for. */
  read(channel: number, slice: number, time: number, rows?: Rows): Promise<PlaneValues>;
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
  let head: Buffer;
  try {
    head = Buffer.from(file.bytes(0, Math.min(PNG_HEADER, file.length)));
    if (isTiff(head)) return openTiff(file, path);
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  if (isPng(head)) return openPng(path, head);
  throw new DataError("is neither a TIFF nor a PNG image nor OME-Zarr; export the field as TIFF", { path });
}

function openPng(path: string, head: Buffer): FieldImage {
  const load = () => {
    try {
      return readPng(readInput(path, { bytes: MAX_PNG, what: "a PNG" }), path, FIELD);
    } catch (cause) {
      throw unreadable(path, cause, "field");
    }
  };
  const { samples, height, width, depth } = pngHeader(head, path, FIELD);
  const valueBytes = depth > 8 ? 2 : 1;
  const large = samples * height * width * valueBytes > HELD;
  /** Colors are asked for one after the other. */
  const keep = samples > 1 || !large;
  let held: PngSamples | undefined = large ? undefined : load();
  return {
    ...{ path, height, width, slices: 1, times: 1, axesKnown: samples > 1, pixelSize: null },
    channels: new Array(samples).fill(null),
    here: [...new Array(samples).keys()],
    valueBytes,
    read: async (channel, _slice, _time, { from, to } = { from: 0, to: height }) => {
      const image = held ?? load();
      if (keep) held = image;
      if (samples === 1) return image.data.subarray(from * width, to * width);
      const out = new (valueBytes === 1 ? Uint8Array : Uint16Array)((to - from) * width);
      for (let p = 0, at = from * width * samples + channel; p < out.length; p++, at += samples)
        out[p] = image.data[at];
      return out;
    },
    close: () => {
      held = undefined;
    },
  };
}

function openTiff(file: FileBytes, path: string): FieldImage {
  const stack = new TiffStack(file, path);
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
  const others = new Map<string, TiffStack>();
  const beside = (name: string): TiffStack => {
    let other = others.get(name);
    if (other === undefined) {
      const place = join(dirname(path), name);
      try {
        other = new TiffStack(new FileBytes(place), place);
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
    valueBytes: Math.max(...stack.pages.map(({ bits }) => Math.ceil(bits / 8))),
    read: async (channel, slice, time, rows = { from: 0, to: height }) => {
      const place = layout.place(channel, slice, time);
      const from = place.file === null ? stack : beside(place.file);
      return from.plane(place, { height, width }, rows);
    },
    close: () => {
      for (const pages of [stack, ...others.values()]) pages.file.close();
    },
  };
}
