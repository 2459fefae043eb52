import { existsSync, lstatSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { DataError } from "../errors.ts";
import { syncFolder, syncTree, writeError, writeFileAtomic } from "./atomic.ts";
import { isLeft, processTag, removeLeft } from "./parts.ts";

/**
 * What a header says of files that are committed but do not bear their names yet: the name that each has until then, or
 * null for one that is removed.
 */
export type Staged = Readonly<Record<string, string | null>>;

/** A folder of files that belong together, of which a header in JSON says what they are. */
export interface ReplacedFolder {
  readonly path: string;
  /** File name of the header. */
  readonly header: string;
  /** Whether files of this name are the format's own; others are never renamed, replaced or removed. */
  readonly owns: (name: string) => boolean;
  /** Text of a header; indented JSON where it is not given. */
  readonly text?: (header: object) => string;
}

/** Where the new `name` of a folder is written until {@link commitStaged}. */
export function stagedPath(path: string, name: string): string {
  return join(path, stagedName(name));
}

function stagedName(name: string): string {
  return `${name}.new-${processTag()}`;
}

/**
 * Replaces files of a folder all at once: at every moment, also after a kill or a power cut, the folder is the old or the
 * new one. The files `names` (or folders) stand complete at their {@link stagedPath}; `removed` are those that the new
 * header does not know. The header, which names the staged files, is the commit; then the files get their names, and
 * then the header is written without them. Readers find files by {@link fileOf}.
 * @throws DataError where something cannot be written; before the commit the folder is then the old one
 */
export function commitStaged(
  folder: ReplacedFolder,
  header: object,
  names: readonly string[],
  removed: readonly string[] = [],
): void {
  rollForward(folder);
  const { path } = folder;
  const staged: Staged = Object.fromEntries([
    ...removed.filter((name) => existsSync(join(path, name))).map((name) => [name, null]),
    ...names.map((name) => [name, stagedName(name)]),
  ]);
  try {
    for (const name of names) syncTree(stagedPath(path, name));
    syncFolder(path);
  } catch (cause) {
    throw writeError(path, cause);
  }
  writeHeader(folder, { ...header, staged });
  rollForward(folder);
}

/**
 * Ends a replacement that was committed, where an earlier process did not come to it, and removes what dead processes
 * staged but did not commit. Every writer of the folder calls it first.
 */
export function rollForward(folder: ReplacedFolder): void {
  const { path, owns } = folder;
  const header = readJson(join(path, folder.header));
  if (header === null) return;
  const { staged, ...whole } = header;
  if (staged !== undefined) {
    const entries = checkStaged(staged, join(path, folder.header));
    const foreign = entries.find(([name]) => !owns(name));
    if (foreign !== undefined) throw damaged(join(path, folder.header), foreign[0]);
    try {
      for (const [name, from] of entries) settle(path, name, from);
      syncFolder(path);
    } catch (cause) {
      throw writeError(path, cause);
    }
    writeHeader(folder, whole);
  }
  removeLeft(path, (entry) => /\.new-[^./\\]*$/.test(entry) && isLeft(entry));
}

/** Removes what this process staged and did not commit, after a failure. */
export function removeStaged({ path, header }: ReplacedFolder): void {
  const { staged } = readJson(join(path, header)) ?? {};
  const committed = new Set(staged === undefined ? [] : Object.values(staged as object));
  removeLeft(path, (entry) => entry.endsWith(`.new-${processTag()}`) && !committed.has(basename(entry)));
}

/** Gives a committed file its name. */
function settle(path: string, name: string, from: string | null): void {
  const to = join(path, name);
  if (from === null) rmSync(to, { recursive: true, force: true });
  else if (existsSync(join(path, from))) {
    if (lstatSync(to, { throwIfNoEntry: false })?.isDirectory() === true) rmSync(to, { recursive: true });
    renameSync(join(path, from), to);
  }
}

/**
 * Path of a file of a folder by what its header says: under its own name, or under the one that it was committed with.
 * @throws DataError where the header names a file that no replacement makes
 */
export function fileOf(path: string, header: object, name: string, headerName = "header"): string {
  const { staged } = header as { staged?: unknown };
  if (staged === undefined) return join(path, name);
  const from = checkStaged(staged, join(path, headerName)).find(([of]) => of === name)?.[1];
  const there = typeof from === "string" && existsSync(join(path, from));
  return join(path, there ? from : name);
}

function checkStaged(staged: unknown, file: string): (readonly [string, string | null])[] {
  if (staged === null || typeof staged !== "object") throw damaged(file, JSON.stringify(staged));
  return Object.entries(staged).map(([name, from]) => {
    const plain = name !== "" && !/[/\\\0]/.test(name) && name !== "." && name !== "..";
    const own =
      typeof from === "string" &&
      from.startsWith(`${name}.new-`) &&
      /^[0-9a-f]{8}-\d+-\d+$/.test(from.slice(name.length + 5));
    if (!plain || !(from === null || own)) throw damaged(file, name);
    return [name, from as string | null] as const;
  });
}

function damaged(file: string, what: string): DataError {
  return new DataError(
    `is damaged: it names ${JSON.stringify(what.slice(0, 60))} among its new files; make the folder again`,
    { path: file },
  );
}

function writeHeader({ path, header, text = plain }: ReplacedFolder, value: object): void {
  writeFileAtomic(join(path, header), text(value));
}

function plain(header: object): string {
  return `${JSON.stringify(header, null, 2)}\n`;
}

/** What a JSON file holds, where that is an object; null for anything else. */
function readJson(file: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
