import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError, StudyError } from "../../errors.ts";
import { readCsvFile } from "../../files/csv.ts";
import { readJson } from "../../files/json.ts";
import { normalizeMask } from "../../masks/label-mask.ts";
import { cropTypeOf, emptyCrop, joinPlanes } from "../crop-type.ts";
import type { CellPixels, CellSource } from "../importer.ts";
import { cellMetadata, findColumn, requireValue, type TableOptions } from "../metadata/cells.ts";
import { csvOptions } from "../metadata/join.ts";
import { type Ends, locate } from "../metadata/locate.ts";
import type { Room } from "../read-ahead.ts";
import { readImage } from "../readers/image.ts";
import { checkChannels } from "./stack.ts";

export interface StripsOptions extends TableOptions {
  /** CSV with one row per crop; by default sc-metadata.csv in the folder. */
  readonly manifest?: string | undefined;
  /** Names of the channels from left to right; the mask, where there is one, stands behind them. */
  readonly channels?: readonly string[] | undefined;
  /** DeepProfiler's configuration (JSON), which names the channels. */
  readonly config?: string | undefined;
  /** `none` leaves the masks out. */
  readonly masks?: "none" | undefined;
}

/** The list that DeepProfiler writes beside the crops. */
const LIST = "sc-metadata.csv";
/** Names of the column that holds the files. */
const FILES = ["File", "Image_Name"];

/**
 * Plans the import of crops whose square channels stand side by side in one gray image (DeepProfiler's export, JUMP):
 * height x (channels * height), the mask last where there is one (0 background, anything else the center cell). A CSV
 * has one row per crop: the file in `File` or `Image_Name` (relative to `path`), and the columns of a manifest.
 * @throws DataError where files are missing or an image has another width; StudyError where nobody names the channels.
 */
export async function stripsSource(path: string, options: StripsOptions = {}): Promise<CellSource> {
  if (!existsSync(path)) throw new DataError("is not there; check the path", { path });
  const manifest = options.manifest ?? join(path, LIST);
  if (options.manifest === undefined && !existsSync(manifest))
    throw new DataError("is not there; give the list of crops with --manifest", { path: manifest });
  const csv = readCsvFile(manifest);
  const table = csv.columns;
  const files = FILES.map((name) => findColumn(table, name)).find((c) => c !== undefined);
  if (files === undefined)
    throw new DataError(
      `has no column ${FILES.join(" or ")} (its columns: ${[...table.keys()].join(", ")}); add it`,
      {
        path: manifest,
      },
    );
  if (files.length === 0)
    throw new DataError("has a header but no rows; add one row per crop", { path: manifest });
  for (const [row, file] of files.entries()) requireValue(file, `no file in row ${csv.lines[row]}`, manifest);
  const ends: Ends = new Map();
  const at = (row: number) => locate(path, files[row], ends);
  const named =
    options.channels ?? (options.config === undefined ? undefined : configChannels(options.config));
  const planes = await planesOf(at(0));
  const masked = named?.length === planes - 1;
  if (named?.length !== planes && !masked)
    throw new StudyError(
      `${at(0)}: holds ${planes} squares side by side, ${named === undefined ? "which nobody names" : `${named.length} channel(s) are named`}; give --channels (or --config) with ${planes} names, or ${planes - 1} where the last square is the mask`,
    );
  const channels = checkChannels(named, named.length, at(0));
  const kind = masked && options.masks !== "none" ? ("center" as const) : ("none" as const);
  const read = csvOptions(csv, options);
  const metadata = cellMetadata(table, {
    ...read,
    path: manifest,
    count: files.length,
    ids: (row) => files[row].replace(/\.[^./\\]+$/, ""),
    apart: (name) =>
      FILES.some((file) => file.toLowerCase() === name.toLowerCase()) || read.apart?.(name) === true,
  });
  return {
    source: "strips",
    path,
    channels,
    masks: kind,
    count: files.length,
    notes: [
      ...(options.manifest === undefined
        ? [
            "DeepProfiler's export scales each channel of each crop to 0..255: brightness cannot be compared between cells.",
          ]
        : []),
      ...metadata.notes,
    ],
    record: metadata.record,
    file: at,
    inputs: (row) => [at(row)],
    read: (row, room) => readStrip(at(row), channels, masked, kind === "center", room),
  };
}

async function planesOf(path: string): Promise<number> {
  const { height, width } = await readImage(path);
  return checkSides(height, width, path);
}

function checkSides(height: number, width: number, path: string): number {
  if (width % height !== 0)
    throw new DataError(
      `is ${height} x ${width} px; square channels side by side have a width that is a multiple of the height. Import other crops with \`cellswap import folder\``,
      { path },
    );
  return width / height;
}

async function readStrip(
  path: string,
  channels: readonly string[],
  masked: boolean,
  wanted: boolean,
  room?: Room,
): Promise<CellPixels> {
  const image = await readImage(path, room);
  if (image.planes !== 1)
    throw new DataError(
      `has ${image.planes} planes (pages or samples); channels side by side are one gray image`,
      {
        path,
      },
    );
  const { height, width, data } = image;
  const planes = checkSides(height, width, path);
  const expected = channels.length + (masked ? 1 : 0);
  if (planes !== expected)
    throw new DataError(
      `holds ${planes} squares side by side, the first crop ${expected}; export all crops alike`,
      {
        path,
      },
    );
  const size = height * height;
  const square = (plane: number) => {
    const out = emptyCrop(cropTypeOf(data), size);
    for (let y = 0; y < height; y++)
      out.set(data.subarray(y * width + plane * height, y * width + (plane + 1) * height), y * height);
    return out;
  };
  const crop = joinPlanes(channels.map((_, c) => square(c)));
  if (!wanted) return { height, width: height, crop, mask: null };
  const labels = square(channels.length);
  return {
    height,
    width: height,
    crop,
    mask: normalizeMask({ planes: 1, height, width: height, data: labels }, path),
  };
}

/** Names of the channels in DeepProfiler's configuration: `dataset.images.channels`. */
function configChannels(path: string): string[] {
  const parsed = readJson(path, { remedy: "give DeepProfiler's configuration" }) as {
    dataset?: { images?: { channels?: unknown } };
  } | null;
  const channels = parsed?.dataset?.images?.channels;
  if (!Array.isArray(channels) || channels.length === 0 || !channels.every((c) => typeof c === "string"))
    throw new StudyError(`${path}: names no channels at dataset.images.channels; give them with --channels`);
  return channels as string[];
}
