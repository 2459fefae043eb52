import { lstatSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { canonicalJson, sha256 } from "../files/hash.ts";
import { type FileState, fileState, type HashOptions, hashFile } from "../files/state.ts";
import { isOfMasks, type StoreHeader, storeFile } from "./header.ts";

/** File in a cell store that remembers in which state its files were found to be right; it may be deleted. */
export const INDEX = "checked.json";

const LARGEST = 1 << 20;

/** State of every file of a store when its hash was right. */
export type States = Readonly<Record<string, FileState>>;

export interface CheckOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that were read of those that have to be. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Bytes that have to be read for it to be worth remembering; 64 MiB, a twentieth of a second, by default. */
  readonly worth?: number | undefined;
}

/** Standard of {@link CheckOptions.worth}. */
const WORTH = 1 << 26;

interface Index {
  readonly format: "cellswap-checked";
  readonly version: 1;
  /** Check sum of the header that the hashes stand in. */
  readonly header: string;
  readonly files: States;
  readonly sum: string;
}

/**
 * Holds the files `names` of the store at `path` to the hashes of its header. What was found to be right before, and is
 * in the same state, is not read again; what is read and right is remembered in the store, where that can be written.
 * @returns the states in which they are right
 * @throws DataError naming the first file that is damaged; InterruptedError after `signal`
 */
export async function checkFiles(
  path: string,
  header: StoreHeader,
  names: readonly string[],
  options: CheckOptions = {},
): Promise<States> {
  const known = readIndex(path, header);
  const states: Record<string, FileState> = {};
  const unread = names.filter((name) => {
    const now = fileState(storeFile(path, header, name));
    if (now === null || known[name] !== now) return true;
    states[name] = now;
    return false;
  });
  if (unread.length === 0) return states;
  const settled: Record<string, FileState> = { ...states };
  const total = unread.reduce((sum, name) => sum + sizeOf(storeFile(path, header, name)), 0);
  let done = 0;
  const onBytes = (bytes: number) => options.onProgress?.((done += bytes), total);
  for (const name of unread) {
    const found = await checkFile(path, header, name, { onBytes, signal: options.signal });
    states[name] = found.state;
    if (found.settled) settled[name] = found.state;
  }
  if (total >= (options.worth ?? WORTH)) writeIndex(path, header, { ...known, ...settled });
  return states;
}

/** Holds one file to its hash, read whatever is remembered. @throws DataError with what is wrong and the remedy */
export async function checkFile(path: string, header: StoreHeader, name: string, options: HashOptions) {
  const file = storeFile(path, header, name);
  const remedy = remedyFor(path, header, name);
  const found = await hashFile(file, options).catch((error: unknown) => {
    if (!(error instanceof DataError) || error.reason.includes("; ")) throw error;
    throw new DataError(`${error.reason}; ${remedy}`, { path: file, cause: error });
  });
  const wanted = header.hashes[name];
  if (found.sha256 !== wanted)
    throw new DataError(
      `is damaged or was changed (its SHA-256 is ${found.sha256.slice(0, 12)}..., cells.json says ${wanted.slice(0, 12)}...); ${remedy}`,
      { path: file },
    );
  return found;
}

/** What mends a file of a store. */
export function remedyFor(path: string, { maskSource }: StoreHeader, name: string): string {
  const again =
    isOfMasks(name) && maskSource?.startsWith("cellswap segment") === true
      ? `make the masks again with \`cellswap segment ${path} --force\``
      : "import the cells again";
  return `restore it from a copy, or ${again}`;
}

/** Bytes of a file; 0 where there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** What is remembered under this header; nothing where the index is missing, damaged or of another header. */
function readIndex(path: string, header: StoreHeader): States {
  const file = join(path, INDEX);
  try {
    const status = lstatSync(file);
    if (!status.isFile() || status.size > LARGEST) return {};
    const { sum, ...index } = JSON.parse(readFileSync(file, "utf8")) as Index;
    if (index.format !== "cellswap-checked" || index.version !== 1 || index.header !== header.sum) return {};
    return sum === sha256(canonicalJson(index)) ? index.files : {};
  } catch {
    return {};
  }
}

/** Remembers under a new header what was remembered of the files that have the same hash in it. */
export function renewIndex(path: string, before: StoreHeader, after: StoreHeader): void {
  const same = Object.entries(readIndex(path, before)).filter(
    ([name]) => before.hashes[name] === after.hashes[name],
  );
  writeIndex(path, after, Object.fromEntries(same));
}

/** Remembers states of files under a header; where that cannot be written, they are read again the next time. */
export function writeIndex(path: string, header: StoreHeader, files: States): void {
  if (Object.keys(files).length === 0) return;
  const index = { format: "cellswap-checked", version: 1, header: header.sum, files } as const;
  const whole: Index = { ...index, sum: sha256(canonicalJson(index)) };
  const file = join(path, INDEX);
  try {
    if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true) return;
    writeFileAtomic(file, `${JSON.stringify(whole, null, 2)}\n`);
  } catch {
    // A store on a disk that cannot be written to.
  }
}
