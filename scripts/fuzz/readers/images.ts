import { openFieldImage } from "../../../src/cells/readers/field-image.ts";
import { readImage, readLabelImage } from "../../../src/cells/readers/image.ts";
import { isOmeXml, readOmeXml } from "../../../src/cells/readers/ome-xml.ts";
import { hashArray } from "../../../src/cells/zarr/array.ts";
import { isBlind } from "../mutate/generic.ts";
import { JSON_CHANGES } from "../mutate/json.ts";
import { PNG } from "../mutate/png.ts";
import { XML } from "../mutate/text.ts";
import { TIFF } from "../mutate/tiff.ts";
import type { Reader } from "../reader.ts";
import { fileSeeds, fixture, folderSeed, oneFile } from "../seeds.ts";

/** Values of the first planes of a field's image; it is opened as a whole. */
async function field(path: string) {
  const image = await openFieldImage(path);
  try {
    const { height, width, channels, slices, times, pixelSize } = image;
    const planes = [];
    for (const channel of image.here.slice(0, 4))
      for (let slice = 0; slice < Math.min(slices, 2); slice++)
        planes.push(await image.read(channel, slice, 0));
    return { height, width, channels, slices, times, pixelSize, planes };
  } finally {
    image.close();
  }
}

const TEXTS = /<\?xml[\s\S]*<\/OME>/;

export const IMAGES: readonly Reader[] = [
  {
    name: "tiff",
    weight: 4,
    seconds: 5,
    seeds: () => fileSeeds("cells/images", /\.tif$/).filter(({ name }) => !/refused/.test(name)),
    mutators: () => TIFF,
    // Deflate ends with a check sum.
    checked: ({ origin, mutators }) =>
      /deflate/.test(origin.name) && mutators.every((name) => name === "tiff pixels"),
    read: (path) => readImage(path),
  },
  {
    name: "tiff-labels",
    seconds: 5,
    seeds: () => fileSeeds("fields/labels", /\.tif$/),
    mutators: () => TIFF,
    read: (path) => readLabelImage(path),
  },
  {
    name: "tiff-field",
    weight: 2,
    seconds: 5,
    seeds: () => [
      ...fileSeeds("fields", /^(ome\/(?!A_set)|other|plain).*\.tif$/),
      ...fileSeeds("cells/images", /(ome|imagej|pages|planar|tiled|zstd|lzw).*\.tif$/),
    ],
    mutators: () => TIFF,
    read: field,
  },
  {
    name: "png",
    weight: 2,
    seconds: 5,
    seeds: () => [...fileSeeds("cells/images", /\.png$/), ...fileSeeds("cells/stored/hpa", /\.png$/)],
    mutators: () => PNG,
    checked: ({ mutators }) => isBlind(mutators),
    read: async (path) => [await readImage(path), await field(path)],
  },
  {
    name: "ome-xml",
    seeds: () =>
      fileSeeds("fields/ome", /\.tif$/).flatMap(({ name, files }) => {
        const [text] = TEXTS.exec([...files.values()][0].toString("utf8")) ?? [];
        return text === undefined ? [] : [oneFile("ome.xml", Buffer.from(text), name)];
      }),
    mutators: () => XML,
    read: (path, { files }) => {
      const text = files.get("ome.xml")!.toString("utf8");
      if (!isOmeXml(text)) return null;
      const { channels, slices, times, pixelSize, place } = readOmeXml(text, path);
      return { channels, slices, times, pixelSize, first: place(0, 0, 0) };
    },
  },
  {
    name: "zarr",
    weight: 2,
    seconds: 5,
    seeds: () =>
      ["A_v04", "A_turned", "A_bool", "A_shards", "A_v05", "A_stack-v04", "A_old"].map((name) =>
        folderSeed(fixture(`fields/zarr/${name}.zarr`)),
      ),
    mutators: (file) => (/(json|\.z\w+)$/.test(file) ? JSON_CHANGES : []),
    read: field,
  },
  {
    name: "shards",
    seconds: 5,
    seeds: () =>
      ["uint8-gzip", "uint16-zstd", "float16-raw", "float32-gzip"].map((name) =>
        folderSeed(fixture(`cells/shards/${name}.zarr`)),
      ),
    mutators: (file) => (file.endsWith("json") ? JSON_CHANGES : []),
    read: (path) => hashArray(path),
  },
];
