import { XMLParser } from "fast-xml-parser";
import { DataError } from "../../errors.ts";

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
  // OME-XML has no document type, and one may define entities that expand without end.
  if (description.includes("<!DOCTYPE")) throw damaged("it has a document type");
  let root: Element;
  try {
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: "@",
      removeNSPrefix: true,
      isArray: (name) => ["Image", "Channel", "TiffData"].includes(name),
    });
    root = child(parser.parse(description), "OME");
  } catch (cause) {
    throw damaged("it is no well-formed OME-XML", cause);
  }
  if (root.BinaryOnly !== undefined)
    throw new DataError(
      `keeps its OME-XML in another file (${text(child(root, "BinaryOnly"), "@MetadataFile") ?? "a companion file"}); export it as OME-TIFF with its own`,
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
  const size = (name: string) => {
    const value = Number(text(pixels, `@Size${name}`) ?? "1");
    if (!(Number.isSafeInteger(value) && value >= 1)) throw damaged(`Size${name} is ${value}`);
    return value;
  };
  const [sizeC, slices, times] = [size("C"), size("Z"), size("T")];
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
  for (const data of list(pixels.TiffData)) {
    const first = (name: string) => Number(text(data, `@First${name}`) ?? "0");
    const from = number({ C: first("C"), Z: first("Z"), T: first("T") });
    const ifd = text(data, "@IFD");
    const count = Number(text(data, "@PlaneCount") ?? (ifd === undefined ? total - from : 1));
    const named = fileOf(data);
    const file =
      named.name === undefined || named.name === own || (uuid !== undefined && named.uuid === uuid)
        ? null
        : named.name;
    for (let n = 0; n < Math.min(count, total - from); n++)
      pages.set(from + n, { file, page: Number(ifd ?? "0") + n });
  }
  return {
    channels: Array.from({ length: sizeC }, (_, c) => channelName(listed, c, samples)),
    slices,
    times,
    pixelSize: micrometers(pixels),
    place: (channel, slice, time) => {
      const plane = number({ C: Math.floor(channel / samples), Z: slice, T: time });
      const found = pages.size === 0 ? { file: null, page: plane } : pages.get(plane);
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

function child(parent: Element, name: string): Element {
  const found = parent[name];
  if (found === "") return {};
  if (typeof found !== "object" || found === null) throw new Error(`no element ${name}`);
  return found as Element;
}

function list(found: unknown): Element[] {
  return Array.isArray(found) ? found.map((e) => (typeof e === "object" && e !== null ? e : {})) : [];
}

function text(element: Element, name: string): string | undefined {
  const value = element[name];
  return value === undefined ? undefined : String(value);
}
