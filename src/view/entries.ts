import { lstatSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { DataError } from "../errors.ts";
import type { FileState } from "../files/state.ts";

/** A file of the layout, as it was when the server started. */
export interface FileEntry {
  readonly path: string;
  /** What the file must hold; null for files of the page, which nothing vouches for. */
  readonly sha256: string | null;
  /** State in which it was found to hold that. */
  state: FileState | null;
}

/** What is answered at one URL: a file, or text that was made for it. */
export type Entry = FileEntry | { readonly text: string };

/** Everything that is served: URL paths from the root, without the slash before them, each to one entry. */
export type Entries = ReadonlyMap<string, Entry>;

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".npy": "application/octet-stream",
  ".onnx": "application/octet-stream",
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
export function pageEntries(folder: string): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  const index = join(folder, "index.html");
  if (lstatSync(index, { throwIfNoEntry: false })?.isFile() !== true)
    throw new DataError("the page of the explorer is not there; build it with `npm run build`", {
      path: folder,
    });
  for (const found of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!found.isFile()) continue;
    const path = join(found.parentPath, found.name);
    const name = path.slice(folder.length + 1).replaceAll("\\", "/");
    entries.set(encodePath(name), { path, sha256: null, state: null });
  }
  entries.set("", { path: index, sha256: null, state: null });
  return entries;
}

/** A path of names as the page asks for it. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
