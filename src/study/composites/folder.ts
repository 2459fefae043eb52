import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DataError, StudyError } from "../../errors.ts";
import { isFeatureFile } from "../../features/given/file.ts";
import { makeFolder, partName, refuseLink, unmakeFolder, writeError } from "../../files/atomic.ts";
import { sha256File } from "../../files/hash.ts";
import { type Lock, takeLock } from "../../files/lock.ts";
import { isLeft } from "../../files/parts.ts";
import {
  commitStaged,
  type ReplacedFolder,
  removeStaged,
  rollForward,
  stagedPath,
} from "../../files/replace.ts";
import { EXPORT_RECORD, type ExportRecord, exportText, readExport } from "./record.ts";

/** What exports write into their folder. */
const OWN = /^(?:(?:composites|masks)(?:-\d+)?\.(?:npy|zarr)|plan\.(?:csv|parquet))$/;

/** A folder of exported composites while a new export is made: nothing changes in it before {@link finish}. */
export class ExportFolder {
  readonly #path: string;
  /** First folder that had to be made. */
  readonly #made: string | undefined;
  readonly #lock: Lock;
  /** What the new export is made in. */
  readonly staging: string;

  private constructor(path: string, made: string | undefined, lock: Lock) {
    this.#path = path;
    this.#made = made;
    this.#lock = lock;
    this.staging = join(path, partName(".composites"));
  }

  /** @throws StudyError where the folder holds other things, InUseError where another export has it */
  static open(path: string): ExportFolder {
    checkExportPlace(path);
    let made: string | undefined;
    try {
      made = makeFolder(resolve(path));
    } catch (cause) {
      throw writeError(path, cause);
    }
    const folder = new ExportFolder(path, made, takeLock(path));
    try {
      checkExportPlace(path);
      rollForward(folder.#replaced);
      mkdirSync(folder.staging);
      return folder;
    } catch (cause) {
      folder.close();
      throw writeError(path, cause);
    }
  }

  /** Aborted when another export took the folder over. */
  get lost(): AbortSignal {
    return this.#lock.lost;
  }

  get #replaced(): ReplacedFolder {
    return { path: this.#path, header: EXPORT_RECORD, owns: (name) => OWN.test(name), text: exportText };
  }

  /** Puts the files of the new export in the place of the old one's, all at once. */
  finish(files: readonly string[], record: ExportRecord): void {
    try {
      const old = readExport(this.#path);
      const earlier = old === null ? [] : this.#earlier(old, record);
      const before =
        old === null
          ? []
          : [...old.composites, ...(old.masks ?? []), { file: "plan.csv" }].map(({ file }) => file);
      for (const name of files) renameSync(join(this.staging, name), stagedPath(this.#path, name));
      const whole: ExportRecord = { ...record, ...(earlier.length === 0 ? {} : { earlier }) };
      const removed = before.filter((name) => !files.includes(name));
      commitStaged(this.#replaced, whole, files, removed);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  /** Features in the folder that were made of exports which are no longer there. */
  #earlier(old: ExportRecord, { plan, pixels }: ExportRecord): NonNullable<ExportRecord["earlier"]> {
    const known = new Map(old.earlier?.map((of) => [of.sha256, of]));
    const same = old.plan === plan && old.pixels === pixels;
    if (same && known.size === 0) return [];
    const own = new Set(
      [...old.composites, ...(old.masks ?? []), { file: "plan.parquet" }].map((f) => f.file),
    );
    const hashes = readdirSync(this.#path, { withFileTypes: true })
      .filter((entry) => entry.isFile() && isFeatureFile(entry.name) && !own.has(entry.name))
      .map(({ name }) => sha256File(join(this.#path, name)));
    return [...new Set(hashes)].flatMap((sha256) => {
      const before = known.get(sha256);
      if (before !== undefined) return [before];
      return same ? [] : [{ sha256, plan: old.plan, pixels: old.pixels }];
    });
  }

  /** Gives the lock back and leaves nothing of an export that was not finished. */
  close(): void {
    rmSync(this.staging, { recursive: true, force: true });
    if (!this.#lock.lost.aborted) removeStaged(this.#replaced);
    this.#lock.release();
    unmakeFolder(resolve(this.#path), this.#made);
  }
}

/** Refuses a folder with things that no export made, where its files could not be told from those. */
export function checkExportPlace(path: string): void {
  if (!existsSync(path)) {
    // A link that leads nowhere, or a place below a file.
    refuseLink(path);
    return;
  }
  if (!statSync(path).isDirectory()) throw new StudyError("is a file; choose another --out", { path });
  if (readExport(path) !== null) return;
  if (readdirSync(path).some((name) => !name.startsWith("run.lock") && !isLeft(join(path, name))))
    throw new StudyError("is not empty and holds no exported composites; choose another --out", { path });
}

/** Bytes that stay free for the plan and everything else. */
const SPARE = 1 << 26;

/** What makes an export of composites smaller. */
const FEWER =
  'choose another --out, or name fewer "settings", "backgrounds" or "cellsPerClass" in the study file';

/**
 * Bytes that are free where `path` is, or will be, null where the system does not say.
 * @throws DataError where they are fewer than `bytes`
 */
export function checkRoom(path: string, bytes: number, remedy = FEWER): number | null {
  let there = resolve(path);
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  let free: number;
  try {
    const { bavail, bsize } = statfsSync(there);
    free = bavail * bsize;
  } catch {
    return null;
  }
  if (bytes + SPARE > free)
    throw new DataError(
      `needs ${gigabytes(bytes)} and the disk has ${gigabytes(free)} free; free some space, ${remedy}`,
      { path },
    );
  return free;
}

/** A number of bytes as a person reads it. */
export function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
