import { lstatSync, readdirSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { DataError } from "../errors.ts";
import type { FileState } from "../files/state.ts";

/** A file, as it was when the server started. */
export interface FileEntry {
  readonly path: string;
  /** What it must hold; null for files of the page, which nothing vouches for. */
  readonly sha256: string | null;
  /** State in which it was found to hold that. */
  state: FileState | null;
}

/**
 * What is answered at one URL: a file, text that was made for it, text that is made when it is first asked for, or bytes
 * that are made every time.
 */
export type Entry =
  | FileEntry
  | { readonly text: string }
  | { readonly make: () => Promise<string> }
  | { readonly bytes: () => Uint8Array; readonly size: number; readonly tag: string };

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".parquet": "application/vnd.apache.parquet",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

/** Media type of a file by its name. */
export function typeOf(name: string): string {
  return TYPES[extname(name).toLowerCase()] ?? "application/octet-stream";
}

/**
 * The files of the page that was built into `folder`, by URL.
 * @throws DataError where it was not built
 */
export function pageEntries(folder: string): Map<string, FileEntry> {
  if (lstatSync(join(folder, "index.html"), { throwIfNoEntry: false })?.isFile() !== true)
    throw new DataError("the page of the explorer is not there; build it with `npm run build`", {
      path: folder,
    });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      const at = relative(folder, path).replaceAll("\\", "/");
      return [encodePath(at), { path, sha256: null, state: null }];
    }),
  );
}

/** A path of names as the page asks for it. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
