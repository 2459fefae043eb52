import { existsSync, readdirSync, rmSync, type Stats, statSync } from "node:fs";
import { join, relative } from "node:path";
import { StudyError } from "../errors.ts";
import { isLeftPart, makeFolder, writeError } from "../files/atomic.ts";
import { sha256File } from "../files/hash.ts";
import { readInput } from "../files/input.ts";
import { type Lock, takeLock } from "../files/lock.ts";
import { version } from "../version.ts";
import { isKept } from "./kept.ts";
import { LAYOUT, StudyLayout } from "./layout.ts";
import { type OwnFile, ownFiles, removeOwn, tidyOwn } from "./own-files.ts";
import {
  FORCE,
  isStudyLike,
  lookAtRecord,
  RECORD_SIZE,
  type RecordState,
  type StudyRecord,
  writeRecord,
} from "./record.ts";

/** Called with a file of an earlier run that is not as it was left, and what is done about it. */
export type OnDamage = (path: string, what: string) => void;

const ANEW = "is damaged and is made again";

/** A study folder whose lock this process holds. */
export class OpenFolder {
  readonly layout: StudyLayout;
  #record: StudyRecord;
  readonly #lock: Lock;
  readonly #onDamage: OnDamage;

  private constructor(layout: StudyLayout, record: StudyRecord, lock: Lock, onDamage: OnDamage) {
    this.layout = layout;
    this.#record = record;
    this.#lock = lock;
    this.#onDamage = onDamage;
  }

  /** Aborted when another run took the folder over. */
  get lost(): AbortSignal {
    return this.#lock.lost;
  }

  /**
   * Opens or makes the study folder and takes its lock. What stages left there is used where their keys still fit and
   * it is as they left it; a record that is damaged is made again. A folder of other crops, of another layout or of
   * something else is refused. With `force` what is there of an earlier study is removed first.
   * @throws StudyError, DataError, InUseError; the folder is then as it was.
   */
  static open(
    path: string,
    contents: Pick<StudyRecord, "crops" | "study" | "encoders" | "date">,
    force: boolean,
    onDamage: OnDamage = () => {},
  ): OpenFolder {
    const layout = new StudyLayout(path);
    checkKind(path, force);
    try {
      makeFolder(path);
    } catch (cause) {
      throw writeError(path, cause);
    }
    const lock = takeLock(path);
    try {
      checkKind(path, force);
      if (force) removeOwn(path);
      removeDamaged(tidyOwn(path), onDamage);
      const found = lookAtRecord(path);
      const old = found.record;
      const crops = old === null ? found.crops : old.crops;
      if (crops !== undefined && crops !== contents.crops)
        throw new StudyError(`holds a study of other cells; ${FORCE}`, { path });
      if (old === null && !isNew(path, found))
        onDamage(layout.record, `is ${found.state} and is made again; the day of the first run is now today`);
      const record: StudyRecord = {
        format: "cellswap-study",
        layout: LAYOUT,
        cellswap: version,
        ...contents,
        date: old?.date ?? contents.date,
        stages: old?.stages ?? {},
        files: old?.files ?? {},
        features: old?.features ?? null,
      };
      writeRecord(path, record);
      return new OpenFolder(layout, record, lock, onDamage);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /**
   * Runs `make`, which writes `files` (`NAME.ENDING` in the folder), unless an earlier run did under the same key and
   * they are still as it left them.
   */
  stage(name: string, key: string, files: readonly string[], make: () => void): void {
    const names = files.map((file) => this.#name(file));
    const { stages, files: hashes } = this.#record;
    if (stages[name] === key) {
      const changed = files.filter((file, i) => !isFile(file, hashes[names[i]]));
      if (changed.length === 0) return;
      for (const file of changed) this.#onDamage(file, ANEW);
    }
    // Cut off in between, the stage counts as not made.
    const { [name]: _, ...others } = stages;
    const kept = Object.entries(hashes).filter(([file]) => !file.startsWith(`${name}.`));
    this.#write({ stages: others });
    make();
    for (const file of Object.keys(hashes))
      if (file.startsWith(`${name}.`) && !names.includes(file))
        rmSync(join(this.layout.path, file), { force: true });
    this.#write({
      stages: sorted({ ...others, [name]: key }),
      files: sorted({ ...Object.fromEntries(kept), ...hashesOf(files, names) }),
    });
  }

  /**
   * Notes what the results, the report and the outputs of stages that they are of are, once they are on the disk, and the
   * features.
   */
  finish(files: readonly string[], features: StudyRecord["features"]): void {
    const names = files.map((file) => this.#name(file));
    const before = Object.entries(this.#record.files).filter(
      ([name]) => !/^(results\/|stages\/|view\/|report\.)/.test(name),
    );
    this.#write({
      files: sorted({ ...Object.fromEntries(before), ...hashesOf(files, names) }),
      features,
    });
  }

  /** Day of the folder's first run. */
  get date(): string | null {
    return this.#record.date;
  }

  /** Gives the lock back. */
  close(): void {
    this.#lock.release();
  }

  #name(file: string): string {
    return nameIn(this.layout.path, file);
  }

  #write(changed: Partial<StudyRecord>): void {
    this.#record = { ...this.#record, ...changed };
    writeRecord(this.layout.path, this.#record);
  }
}

/** What a file of a study folder is called in the record. */
export function nameIn(study: string, file: string): string {
  return relative(study, file).replaceAll("\\", "/");
}

/** Whether a file has the SHA-256 that a record says of it. */
export function isFile(path: string, hash: string | undefined): boolean {
  try {
    return hash !== undefined && sha256File(path) === hash;
  } catch {
    return false;
  }
}

function hashesOf(files: readonly string[], names: readonly string[]): StudyRecord["files"] {
  return Object.fromEntries(files.map((file, i) => [names[i], sha256File(file)]));
}

function sorted(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Outputs of stages that are not as they were left: they count as not there. */
function removeDamaged(files: readonly OwnFile[], onDamage: OnDamage): void {
  for (const { path, name } of files)
    if (name.startsWith("stages/") && !isKept(path)) {
      onDamage(path, ANEW);
      rmSync(path);
    }
}

/** Whether no run has left anything yet; one that was killed at its very start leaves only its lock. */
function isNew(path: string, { state }: RecordState): boolean {
  return state === "missing" && ownFiles(path).length === 0;
}

/**
 * Says early of a folder what would keep a study from being run in it. @throws StudyError, DataError where it is not one
 * of a study, or something stands in it that nothing is written through
 */
export function checkFolder(path: string, force: boolean): void {
  checkKind(path, force);
  ownFiles(path);
}

/** Refuses a folder with things that no run made. */
function checkKind(path: string, force: boolean): void {
  let there: Stats | undefined;
  try {
    there = statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw writeError(path, cause);
  }
  if (there === undefined) return;
  if (!there.isDirectory()) throw new StudyError("is a file; choose another --out", { path });
  const state = force ? stateOf(path) : lookAtRecord(path).state;
  if (state === "whole" || state === "damaged" || isStudyLike(path)) return;
  if (state === "other")
    throw new StudyError(
      "holds a record.json that is not of a study; choose another --out, or remove that file",
      {
        path,
      },
    );
  // Before layout 2 the record was called manifest.json.
  if (isFirstLayout(join(path, "manifest.json")))
    throw new StudyError(
      `holds a study that an earlier cellswap made (layout 1, this one reads ${LAYOUT}); choose another --out, or remove the folder`,
      { path },
    );
  if (readdirSync(path).some((name) => !name.startsWith("run.lock") && !isLeftPart(join(path, name))))
    throw new StudyError("is not empty and holds no study; choose another --out", { path });
}

/** Of what another layout wrote, only that it is a study's. */
function stateOf(path: string): RecordState["state"] {
  try {
    return lookAtRecord(path).state;
  } catch {
    return "damaged";
  }
}

function isFirstLayout(file: string): boolean {
  try {
    return (
      existsSync(file) &&
      (JSON.parse(readInput(file, RECORD_SIZE).toString()) as { format?: unknown } | null)?.format ===
        "cellswap-study"
    );
  } catch {
    return false;
  }
}
