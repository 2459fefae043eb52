import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../errors.ts";

/** A file two levels down: `folder/name`. */
export interface TreeFile {
  readonly folder: string;
  readonly name: string;
}

/**
 * Files in the subfolders of `path`, one level deep (hidden ones are passed over), and the names of the files beside
 * those folders.
 * @throws DataError where the folder is missing or cannot be read.
 */
export function listTree(path: string): { files: TreeFile[]; top: string[] } {
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
    const code = (cause as NodeJS.ErrnoException).code;
    throw new DataError(
      code === "ENOENT"
        ? "is not there; check the path"
        : code === "ENOTDIR"
          ? "is a file; give the folder that holds the protein folders"
          : "cannot be read; check its permissions",
      { path, cause },
    );
  }
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
