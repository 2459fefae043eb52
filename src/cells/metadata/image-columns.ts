import { joinWritten } from "./locate.ts";

/** The columns of a table that say where the image of one channel is. */
export interface ImageColumn {
  readonly channel: string;
  /** Column that names the file, for messages. */
  readonly name: string;
  /** File of a row as it is written: the folder of a `PathName_` column before it, where there is one; empty where none. */
  written(row: number): string;
}

/**
 * Finds the image columns of a table: `File_X`, or `FileName_X` with `PathName_X` where there is one, or `URL_X`, as
 * CellProfiler writes and reads them (also with `Image_` before, as in its databases); case does not matter.
 */
export function imageColumns(
  columns: ReadonlyMap<string, readonly string[]>,
  empty: (text: string) => boolean = () => false,
): ImageColumn[] {
  const names = [...columns.keys()];
  const like = (pattern: RegExp) =>
    names.flatMap((name) => {
      const channel = pattern.exec(name)?.[1];
      return channel === undefined ? [] : [{ name, channel }];
    });
  const text = (name: string, row: number) => {
    const value = columns.get(name)?.[row] ?? "";
    return empty(value) ? "" : value;
  };
  const folders = like(/^(?:image_)?pathname_(.+)$/i);
  const files = like(/^(?:image_)?file(?:name)?_(.+)$/i).map(({ name, channel }): ImageColumn => {
    const folder = folders.find((f) => f.channel === channel)?.name;
    return {
      channel,
      name,
      written: (row) => {
        const file = text(name, row);
        return file === "" || folder === undefined ? file : joinWritten(text(folder, row), file);
      },
    };
  });
  const addresses = like(/^(?:image_)?url_(.+)$/i)
    .filter(({ channel }) => !files.some((f) => f.channel === channel))
    .map(({ name, channel }): ImageColumn => ({ channel, name, written: (row) => text(name, row) }));
  return [...files, ...addresses];
}

/** True for columns that {@link imageColumns} reads. */
export const isImageColumn = (name: string) => /^(image_)?(file|filename|pathname|url)(_|$)/i.test(name);
