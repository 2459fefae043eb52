import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../errors.ts";

/** A file two levels down: `folder/name`. */
interface TreeFile {
  readonly folder: string;
  readonly name: string;
}

/**
 * Files in the subfolders of `path`, one level deep (hidden ones are passed over), and the names of the files beside
 * those folders.
 * @throws DataError where the folder is missing or cannot be read.
 */
function listTree(path: string): { files: TreeFile[]; top: string[] } {
  try {
    const entries = readdirSync(path, { withFileTypes: true }).filter((e) => !e.name.startsWith("."));
    const folders = entries.filter((e) => !e.isFile()).map((e) => e.name);
    const files = folders.flatMap((folder) =>
      readdirSync(join(path, folder))
        .filter((name) => !name.startsWith("."))
        .map((name) => ({ folder, name })),
    );
    return { files, top: entries.filter((e) => e.isFile()).map((e) => e.name) };
  } catch (cause) {
    throw cannotList(path, "the folder that holds the protein folders", cause);
  }
}

/** Why the folder `path` cannot be listed; `wanted` says which folder is to be given. */
export function cannotList(path: string, wanted: string, cause: unknown): DataError {
  const { code } = cause as NodeJS.ErrnoException;
  const why =
    code === "ENOENT"
      ? "is not there; check the path"
      : code === "ENOTDIR"
        ? `is a file; give ${wanted}`
        : "cannot be read; check its permissions";
  return new DataError(why, { path, cause });
}

/** The files of one cell. */
export interface CellFiles {
  readonly folder: string;
  /** File name by channel. */
  readonly files: Record<string, string>;
}

/**
 * Gathers the files in the subfolders of `path` by cell: those of one folder whose names say the same cell. With `flat`
 * the files beside the subfolders count as well, under an empty folder name.
 * @param pattern names that count; @param identify what a name says: its cell (values that tell it from the others of
 *   its folder) and its channel
 * @returns the cells as they come, a note on other files, and the names of the files beside the folders
 * @throws DataError where the folder cannot be read or a cell has two files of one channel.
 */
export function gatherCells<Id extends object>(
  path: string,
  pattern: RegExp,
  identify: (match: RegExpExecArray) => { readonly id: Id; readonly channel: string },
  { flat = false }: { readonly flat?: boolean } = {},
): { cells: (Id & CellFiles)[]; notes: string[]; top: string[] } {
  const tree = listTree(path);
  const { top } = tree;
  const files = flat ? [...top.map((name) => ({ folder: "", name })), ...tree.files] : tree.files;
  const cells = new Map<string, Id & CellFiles>();
  let other = 0;
  for (const { folder, name } of files) {
    const match = pattern.exec(name);
    if (match === null) {
      other++;
      continue;
    }
    const { id, channel } = identify(match);
    const key = [folder, ...Object.values(id)].join("/");
    const found = cells.get(key) ?? { ...id, folder, files: {} };
    cells.set(key, found);
    if (found.files[channel] !== undefined)
      throw new DataError(`is there twice (also ${found.files[channel]}); remove one`, {
        path: join(path, folder, name),
      });
    found.files[channel] = name;
  }
  const passed = other === 1 ? "1 file with another name was" : `${other} files with other names were`;
  return { cells: [...cells.values()], notes: other === 0 ? [] : [`${passed} passed over.`], top };
}

/** The error for a folder in which no file has the looked-for name. */
export function nothingFound(
  path: string,
  pattern: string,
  top: readonly string[],
  matches: RegExp,
): DataError {
  const here = top.some((name) => matches.test(name));
  return new DataError(
    here
      ? `holds the crops of one protein; give the folder above it, whose subfolders are the proteins (looked for ${pattern})`
      : `has no files named ${pattern}; give the folder whose subfolders are the proteins`,
    { path },
  );
}
