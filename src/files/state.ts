import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { DataError, InterruptedError } from "../errors.ts";
import { sha256File } from "./hash.ts";

/**
 * Inode, size, time of the last writing and time of the last change of a file, as one text: the same on every machine
 * that shares the disk, whose number is each machine's own. Whoever writes to a file can set all but the last back, which
 * only the system sets.
 */
export type FileState = string;

/** A file that was read to its end. */
export interface HashedFile {
  readonly sha256: string;
  readonly state: FileState;
  /** Whether every later change of the file gives it another {@link FileState}. */
  readonly settled: boolean;
}

export interface HashOptions {
  /** Called with the bytes that were read since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file that a user gives, as it was when it was hashed. */
export interface GivenFile extends HashedFile {
  readonly path: string;
}

const PIECE = 1 << 22;

/**
 * What a file system's clock may not tell apart, milliseconds: a file that is written again within this time of its last
 * change may keep the time of it (2 s on FAT).
 */
const TICK = 2000;

/** State of the file at `path`, links followed; null where there is none. */
export function fileState(path: string): FileState | null {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status === undefined ? null : stateOf(status);
}

/** What a {@link FileState} is made of, as the system gives it in whole numbers. */
type Status = Readonly<Record<"ino" | "size" | "mtimeNs" | "ctimeNs", bigint>>;

/** State of an open file, from its status. */
export function stateOf({ ino, size, mtimeNs, ctimeNs }: Status): FileState {
  return [ino, size, mtimeNs, ctimeNs].join(" ");
}

/** Hashes a file that is to be read afterwards; {@link checkSame} says whether it was read as it was hashed. */
export function hashGiven(path: string): GivenFile {
  const began = Date.now();
  const before = statSync(path, { bigint: true, throwIfNoEntry: false });
  const sha256 = sha256File(path);
  const state = before === undefined ? "" : stateOf(before);
  return { path, sha256, state, settled: before !== undefined && isSettled(before, began) };
}

/** @throws DataError where a file is not any more what was hashed: what was read of it may be neither */
export function checkSame({ path, sha256, state, settled }: GivenFile): void {
  const now = fileState(path);
  if (settled && now === state) return;
  if (now === null || sha256File(path) !== sha256)
    throw new DataError("was changed while it was in use; run the same command again", { path });
}

/** @throws DataError where a file is in another state than when it was read and hashed; `states` by path */
export function checkUnchanged(states: Readonly<Record<string, FileState | null>>): void {
  for (const [path, before] of Object.entries(states))
    if (fileState(path) !== before)
      throw new DataError("was changed while it was in use; start again, and leave it as it is", { path });
}

/** Whether a file of this status, read from the time `began` on, gets another state by any later change. */
function isSettled({ ctimeNs }: Status, began: number): boolean {
  return ctimeNs / 1_000_000n + BigInt(TICK) <= BigInt(began);
}

/**
 * SHA-256 (hex) of a file and the state that it had meanwhile. A piece is read while the one before it is hashed.
 * @throws DataError where it is no file, cannot be read or is written to meanwhile; InterruptedError after `signal`
 */
export async function hashFile(path: string, { onBytes, signal }: HashOptions = {}): Promise<HashedFile> {
  const began = Date.now();
  const hash = createHash("sha256");
  let file: FileHandle | undefined;
  try {
    // Opening a pipe would wait for whoever writes to it.
    if (!statSync(path).isFile()) throw new DataError("is not a file", { path });
    file = await open(path);
    const before = await file.stat({ bigint: true });
    let [piece, next] = [Buffer.allocUnsafe(PIECE), Buffer.allocUnsafe(PIECE)];
    let reading = file.read(piece, 0, PIECE, null);
    for (;;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) break;
      reading = file.read(next, 0, PIECE, null);
      // Where this fails, the piece under way is waited for before the file is closed.
      reading.catch(() => {});
      hash.update(piece.subarray(0, bytesRead));
      onBytes?.(bytesRead);
      if (signal?.aborted) {
        await reading.catch(() => {});
        throw new InterruptedError("stopped while files were checked");
      }
      [piece, next] = [next, piece];
    }
    const state = stateOf(before);
    if (stateOf(await file.stat({ bigint: true })) !== state || fileState(path) !== state)
      throw new DataError("was written to while it was read; run the same command again", { path });
    return {
      sha256: hash.digest("hex"),
      state,
      settled: isSettled(before, began),
    };
  } catch (cause) {
    if (cause instanceof DataError || cause instanceof InterruptedError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new DataError(
      missing ? "is not there" : `cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`,
      { path, cause },
    );
  } finally {
    await file?.close();
  }
}
