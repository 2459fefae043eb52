import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DataError, InterruptedError, StudyError } from "../errors.ts";
import {
  commitFolder,
  isLeftPart,
  makeFolder,
  namedAfter,
  partName,
  refuseLink,
  removeLeftParts,
  writeError,
} from "../files/atomic.ts";
import { sha256File } from "../files/hash.ts";
import { checkRoom } from "../study/composites/folder.ts";
import type { Entry, FileEntry } from "./entries.ts";
import { POLICY } from "./guard.ts";
import { layoutOf } from "./layout.ts";
import { withoutServer } from "./static.ts";
import { type OpenedStudy, type OpenViewOptions, openViewStudy } from "./study.ts";

export interface ExportViewOptions extends Omit<OpenViewOptions, "programs"> {
  /** Whether networks that a page runs are written as well; where not, nothing is predicted by hand. */
  readonly encoders?: boolean | undefined;
  /** Folder of the page; that of the package by default. */
  readonly page?: string | undefined;
  /** Called before anything is written, with the bytes that will be. */
  readonly onSize?: ((bytes: number) => void) | undefined;
  readonly onWrite?: ((done: number, total: number) => void) | undefined;
}

/** What was written. */
export interface ViewExport {
  readonly out: string;
  readonly files: number;
  readonly bytes: number;
  /** Encoders that make no predictions there, and why. */
  readonly without: readonly { readonly encoder: string; readonly why: string }[];
}

/**
 * Writes the explorer of finished studies as files that any web host serves: what {@link serveStudies} serves, crops
 * and masks in files of at most 4 MiB, and without encoders that only a server runs. Networks whose license keeps them to
 * oneself are left out. Nothing stands in `out` until all of it does.
 * @param paths study folders
 * @throws CellswapError as {@link openViewStudy}, and where `out` is not empty or cannot be written; InterruptedError after
 * `signal`
 */
export async function exportView(
  paths: readonly string[],
  out: string,
  options: ExportViewOptions = {},
): Promise<ViewExport> {
  checkPlace(out);
  const studies: OpenedStudy[] = [];
  for (const path of paths)
    studies.push(withoutServer(await openViewStudy(path, options), options.encoders ?? true));
  const files = await fileList(layoutOf(studies, options.page));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  options.onSize?.(total);
  checkRoom(out, total, "or choose another folder");
  const staging = partName(resolve(out));
  let done = 0;
  try {
    makeFolder(dirname(resolve(out)));
    removeLeftParts(dirname(resolve(out)));
    mkdirSync(staging);
    for (const { name, bytes, write } of files) {
      if (options.signal?.aborted === true)
        throw new InterruptedError("stopped before all was exported; nothing of it is left");
      const path = join(staging, name);
      mkdirSync(dirname(path), { recursive: true });
      write(path);
      options.onWrite?.((done += bytes), total);
      // Others run in between: a signal arrives.
      await new Promise(setImmediate);
    }
    checkPlace(out);
    commitFolder(staging, out);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw namedAfter(writeError(out, error), staging, out);
  }
  const without = studies.flatMap(({ about }) =>
    about.encoders.flatMap(({ name, runs }) =>
      runs.where === "page" ? [] : [{ encoder: name, why: runs.why ?? "" }],
    ),
  );
  return { out, files: files.length, bytes: total, without };
}

/** Refuses what an export would have to replace. */
function checkPlace(out: string): void {
  refuseLink(out);
  const there = lstatSync(out, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isDirectory()) throw new StudyError("is a file; export to another folder", { path: out });
  if (readdirSync(out).some((name) => !isLeftPart(join(out, name))))
    throw new StudyError("is not empty; export to another folder, or remove this one", { path: out });
}

interface Written {
  readonly name: string;
  readonly bytes: number;
  readonly write: (path: string) => void;
}

/** Files of an export by their names below its folder. */
async function fileList(layout: ReadonlyMap<string, Entry>): Promise<Written[]> {
  const files = [...layout].map(async ([url, entry]): Promise<Written> => {
    const name = decodeURIComponent(url);
    if ("path" in entry) {
      const write = (path: string) => (name === "index.html" ? writePage(path, entry) : copy(path, entry));
      return { name, bytes: statSync(entry.path).size, write };
    }
    if ("bytes" in entry)
      return { name, bytes: entry.size, write: (path) => writeFileSync(path, entry.bytes()) };
    const text = Buffer.from("text" in entry ? entry.text : await entry.make());
    return { name, bytes: text.length, write: (path) => writeFileSync(path, text) };
  });
  return Promise.all(files);
}

/** Copies a file. @throws DataError where it is not any more what it was */
function copy(path: string, { path: from, sha256 }: FileEntry): void {
  copyFileSync(from, path);
  if (sha256 !== null && sha256File(path) !== sha256)
    throw new DataError("was changed while it was exported; run the same command again", { path: from });
}

/** The page says itself what the server says in headers. */
function writePage(path: string, { path: from }: FileEntry): void {
  const policy = `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;
  const text = readFileSync(from, "utf8");
  writeFileSync(
    path,
    text.replace(/<head>/i, (head) => `${head}${policy}`),
  );
}
