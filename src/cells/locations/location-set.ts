import type { RowSource } from "../../files/rows/row-source.ts";
import { bare } from "../metadata/cells.ts";
import { imageColumns } from "../metadata/image-columns.ts";
import { isPlain, maybeMissing } from "../metadata/missing.ts";
import type { CellList } from "./cell-list.ts";

/** One image of a set as its tables tell it. */
export interface ImageRow {
  /** What is known of it by column, without `Metadata_`; empty where nothing is. */
  readonly info: Map<string, string>;
  /** File by channel, as it is written. */
  readonly files: Map<string, string>;
  /** Plane of the file by channel, where the table says it. */
  readonly planes: ReadonlyMap<string, string>;
}

/** Images and the centers of their cells, as tables tell them. */
export interface LocationSet {
  /** What was read, for messages. */
  readonly path: string;
  /** Folder that the images are looked for in where they are not where the tables say. */
  readonly base: string;
  readonly images: ImageRow[];
  readonly cells: CellList;
  /** Cells whose image no table lists: their number, and the images' names. */
  readonly unknown: { readonly cells: number; readonly images: readonly string[] };
  readonly notes: readonly string[];
}

/** The columns of a table that `wanted` picks, as a whole: for tables of images. */
export async function readColumns(
  table: RowSource,
  wanted: (name: string) => boolean,
): Promise<Map<string, string[]>> {
  const names = table.columns.filter(wanted);
  const columns = new Map<string, string[]>(names.map((name) => [name, []]));
  const lists = [...columns.values()];
  await table.each(names, (values) => {
    for (let i = 0; i < lists.length; i++) lists[i].push(values[i]);
  });
  return table.comma ? decimalPoints(columns) : columns;
}

/** Columns of a table whose decimal sign may be a comma: those of numbers get a point for it. */
export function decimalPoints(columns: ReadonlyMap<string, string[]>): Map<string, string[]> {
  const numbers = (values: string[]) =>
    values.some((v) => v.includes(",")) &&
    values.every((v) => v === "" || maybeMissing(v) || isPlain(v, true));
  return new Map(
    [...columns].map(([name, values]) => [
      name,
      numbers(values) ? values.map((v) => v.replace(",", ".")) : values,
    ]),
  );
}

/** Numbers of a table and an image, which tables of objects refer to. */
export const KEYS = ["TableNumber", "ImageNumber"];

const isKey = (name: string) => KEYS.some((key) => key.toLowerCase() === bare(name).toLowerCase());
const FRAME = /^(?:image_)?frame_(.+)$/i;

/** True for the columns of a table of images that {@link imageRows} reads. */
export const ofImages = (name: string) =>
  /^(image_)?(metadata|filename|file|pathname|url|frame|height|md5digest)_/i.test(name) || isKey(name);

/**
 * Rows of a table of images. Channels that CellProfiler has saved or only corrected with (illumination functions) are no
 * channels: those that it has loaded have a height or digest, where the table says any, and are no arrays.
 */
export function imageRows(columns: ReadonlyMap<string, string[]>): ImageRow[] {
  const names = [...columns.keys()];
  const loaded = new Set(
    names.flatMap((name) => /^(?:image_)?(?:height|md5digest)_(.+)$/i.exec(name)?.[1] ?? []),
  );
  const rows = columns.get(names[0])?.length ?? 0;
  const channels = imageColumns(columns, maybeMissing)
    .filter(({ channel }) => loaded.size === 0 || loaded.has(channel))
    .filter(({ written }) => !/\.(npy|mat)$/i.test(written(0) ?? ""));
  const frames = names.filter((name) => FRAME.test(name));
  const infos = names.filter((name) => /^(image_)?metadata_/i.test(name) || isKey(name));
  return Array.from({ length: rows }, (_, row) => ({
    info: new Map(infos.map((name) => [bare(name.replace(/^image_/i, "")), columns.get(name)?.[row] ?? ""])),
    files: new Map(
      channels
        .map(({ channel, written }) => [channel, written(row)] as const)
        .filter(([, file]) => file !== ""),
    ),
    planes: new Map(
      frames.map((name) => [(FRAME.exec(name) as RegExpExecArray)[1], columns.get(name)?.[row] ?? ""]),
    ),
  }));
}

/** What stands for an image in tables of objects: its numbers. */
export function imageKey(values: readonly string[]): string {
  return values.map((v) => (/^\d+\.0+$/.test(v) ? v.slice(0, v.indexOf(".")) : v)).join("/");
}
