import { XMLParser } from "fast-xml-parser";
import { DataError } from "../../errors.ts";
import { tooLarge } from "./xml-size.ts";

/** Where a plane stands: page `page` (from 0) of a file, sample `sample` of that page. */
export interface PlanePlace {
  /** Name of the file beside this one; null: this file. */
  readonly file: string | null;
  readonly page: number;
  readonly sample: number;
}

/** What OME-XML or ImageJ say of the axes of a TIFF. */
export interface StackLayout {
  /** Name per channel, null where it has none. */
  readonly channels: readonly (string | null)[];
  readonly slices: number;
  readonly times: number;
  /** Micrometers per pixel, null where it is not said. */
  readonly pixelSize: number | null;
  place(channel: number, slice: number, time: number): PlanePlace;
}

type Element = { readonly [name: string]: unknown };

/** Micrometers of a unit of length that microscopes write. */
const MICROMETERS: Readonly<Record<string, number>> = {
  µm: 1,
  μm: 1,
  um: 1,
  nm: 1e-3,
  mm: 1e3,
  cm: 1e4,
  m: 1e6,
};

const MOST_CHANNELS = 4096;

/** True for a description that is OME-XML. */
export function isOmeXml(description: string): boolean {
  return /<(\w+:)?OME[\s>]/.test(description.slice(0, 20_000));
}

/**
 * Reads the OME-XML of a TIFF (OME model 2016-06 and before): sizes, channel names, pixel size, and for every plane the
 * file and page that holds it, by its TiffData elements, or where there are none by DimensionOrder.
 * @throws DataError where it holds several images, belongs to another file, or a plane has no page.
 */
export function readOmeXml(description: string, path: string): StackLayout {
  const own = path.replace(/^.*[\\/]/, "");
  const damaged = (why: string, cause?: unknown) =>
    new DataError(`has OME-XML that cannot be used (${why}); export it again as OME-TIFF`, { path, cause });
  const large = tooLarge(description);
  if (large !== null) throw damaged(large);
  let root: Element;
  try {
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: "@",
      removeNSPrefix: true,
      isArray: (name) => ["Image", "Channel", "TiffData"].includes(name),
    });
    root = child(parser.parse(description), "OME") as Element;
    if (root === undefined) throw new Error("no element OME");
  } catch (cause) {
    throw damaged("it is no well-formed OME-XML", cause);
  }
  if (root.BinaryOnly !== undefined)
    throw new DataError(
      `keeps its OME-XML in another file (${text(child(root, "BinaryOnly") ?? {}, "@MetadataFile") ?? "a companion file"}); export it as OME-TIFF with its own`,
      { path },
    );
  const images = list(root.Image);
  if (images.length !== 1)
    throw new DataError(
      `holds ${images.length} images${
        images.length === 0
          ? ""
          : ` (${images
              .map((i) => text(i, "@Name") ?? "?")
              .slice(0, 3)
              .join(", ")}${images.length > 3 ? ", ..." : ""})`
      }; export one file per field`,
      { path },
    );
  const pixels = child(images[0], "Pixels");
  if (pixels === undefined) throw damaged("its image has not one element Pixels");
  const size = (name: string) => {
    const value = Number(text(pixels, `@Size${name}`) ?? "1");
    if (!(Number.isSafeInteger(value) && value >= 1)) throw damaged(`Size${name} is ${value}`);
    return value;
  };
  const [sizeC, slices, times] = [size("C"), size("Z"), size("T")];
  if (sizeC > MOST_CHANNELS) throw damaged(`it claims ${sizeC} channels`);
  const order = text(pixels, "@DimensionOrder") ?? "XYZCT";
  if (!/^XY(?=.*C)(?=.*Z)(?=.*T)[CZT]{3}$/.test(order)) throw damaged(`DimensionOrder is ${order}`);
  const listed = list(pixels.Channel);
  const samples = samplesOf(listed, sizeC);
  const extent = { C: sizeC / samples, Z: slices, T: times };
  const axes = [...order.slice(2)] as ("C" | "Z" | "T")[];
  const total = extent.C * slices * times;
  if (total > 1 << 20) throw damaged(`it claims ${total} planes`);
  /** Number of a plane in DimensionOrder. */
  const number = (at: Readonly<Record<"C" | "Z" | "T", number>>) =>
    axes.reduceRight((sum, axis) => sum * extent[axis] + at[axis], 0);
  const pages = new Map<number, { file: string | null; page: number }>();
  const uuid = text(root, "@UUID");
  const places = list(pixels.TiffData);
  let named = 0;
  for (const data of places) {
    const whole = (name: string, otherwise: number, most = Number.MAX_SAFE_INTEGER) => {
      const value = Number(text(data, `@${name}`) ?? otherwise);
      if (Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
      throw damaged(`${name} of its TiffData is ${value}`);
    };
    const first = (axis: "C" | "Z" | "T") => whole(`First${axis}`, 0, extent[axis] - 1);
    const from = number({ C: first("C"), Z: first("Z"), T: first("T") });
    const count = Math.min(whole("PlaneCount", data["@IFD"] === undefined ? total : 1), total - from);
    const ifd = whole("IFD", 0);
    named += count;
    if (named > 2 * total) throw damaged(`its TiffData names ${total} planes again and again`);
    const other = fileOf(data);
    const file =
      other.name === undefined || other.name === own || (uuid !== undefined && other.uuid === uuid)
        ? null
        : other.name;
    for (let n = 0; n < count; n++) pages.set(from + n, { file, page: ifd + n });
  }
  return {
    channels: Array.from({ length: sizeC }, (_, c) => channelName(listed, c, samples)),
    slices,
    times,
    pixelSize: micrometers(pixels),
    place: (channel, slice, time) => {
      const plane = number({ C: Math.floor(channel / samples), Z: slice, T: time });
      const found = places.length === 0 ? { file: null, page: plane } : pages.get(plane);
      if (found === undefined)
        throw damaged(`no page is named for channel ${channel}, slice ${slice}, time ${time}`);
      return { ...found, sample: channel % samples };
    },
  };
}

/** Samples of a page (3 in RGB): SizeC counts them, Channel elements do not. */
function samplesOf(channels: readonly Element[], sizeC: number): number {
  const samples = Number(text(channels[0] ?? {}, "@SamplesPerPixel") ?? "1");
  return Number.isSafeInteger(samples) && samples > 1 && sizeC % samples === 0 ? samples : 1;
}

function channelName(channels: readonly Element[], channel: number, samples: number): string | null {
  const name = text(channels[Math.floor(channel / samples)] ?? {}, "@Name")?.trim();
  if (name === undefined || name === "") return null;
  return samples === 1 ? name : `${name} ${(channel % samples) + 1}`;
}

function fileOf(data: Element): { name?: string | undefined; uuid?: string | undefined } {
  const uuid = data.UUID;
  if (typeof uuid === "string") return { uuid };
  if (typeof uuid !== "object" || uuid === null) return {};
  return { name: text(uuid as Element, "@FileName"), uuid: text(uuid as Element, "#text") };
}

function micrometers(pixels: Element): number | null {
  const size = Number(text(pixels, "@PhysicalSizeX"));
  const unit = MICROMETERS[text(pixels, "@PhysicalSizeXUnit") ?? "µm"];
  return size > 0 && unit !== undefined ? size * unit : null;
}

/** The one element of this name; undefined where there is none, several, or only text. */
function child(parent: Element, name: string): Element | undefined {
  const found = parent[name];
  if (found === "") return {};
  return typeof found === "object" && found !== null && !Array.isArray(found)
    ? (found as Element)
    : undefined;
}

function list(found: unknown): Element[] {
  return Array.isArray(found) ? found.map((e) => (typeof e === "object" && e !== null ? e : {})) : [];
}

function text(element: Element, name: string): string | undefined {
  const value = element[name];
  return value === undefined ? undefined : String(value);
}
