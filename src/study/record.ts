import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError, StudyError } from "../errors.ts";
import { isLeftPart, makeFolder, writeError, writeFileAtomic } from "../files/atomic.ts";
import { type Lock, takeLock } from "../files/lock.ts";
import { version } from "../version.ts";
import { LAYOUT, StudyLayout, TOP } from "./layout.ts";

/** `record.json` of a study folder: what it was made from. */
export interface StudyRecord {
  readonly format: "cellswap-study";
  readonly layout: number;
  /** Version of the package that wrote it; stages are known by their keys, so others may go on with the folder. */
  readonly cellswap: string;
  /** Day of the first run; null where it was not said. */
  readonly date: string | null;
  /** SHA-256 of the crops; a folder belongs to one set of them. */
  readonly crops: string;
  /** The study's choices, as resolved. */
  readonly study: Readonly<Record<string, unknown>>;
  /** Encoder descriptions and model hashes by encoder name. */
  readonly encoders: Readonly<Record<string, unknown>>;
  /** Keys of the stages whose files hold none. */
  readonly stages: Readonly<Record<string, string>>;
}

const FORCE = "choose another --out, or --force to replace it";

/** A study folder whose lock this process holds. */
export class OpenFolder {
  readonly layout: StudyLayout;
  #record: StudyRecord;
  readonly #lock: Lock;

  private constructor(layout: StudyLayout, record: StudyRecord, lock: Lock) {
    this.layout = layout;
    this.#record = record;
    this.#lock = lock;
  }

  /** Aborted when another run took the folder over. */
  get lost(): AbortSignal {
    return this.#lock.lost;
  }

  /**
   * Opens or makes the study folder and takes its lock. What stages left there is used where their keys still fit;
   * a folder of other crops, of another layout or of something else is refused. With `force` what is there of an earlier study is
   * removed first.
   * @throws StudyError, DataError, InUseError; the folder is then as it was.
   */
  static open(
    path: string,
    contents: Pick<StudyRecord, "crops" | "study" | "encoders" | "date">,
    force: boolean,
  ): OpenFolder {
    const layout = new StudyLayout(path);
    checkKind(layout);
    try {
      makeFolder(path);
    } catch (cause) {
      throw writeError(path, cause);
    }
    const lock = takeLock(path);
    try {
      checkKind(layout);
      if (force) removeStudy(path);
      removeParts(path);
      const old = existsSync(layout.record) ? readRecord(path) : null;
      if (old !== null && old.crops !== contents.crops)
        throw new StudyError(`holds a study of other cells; ${FORCE}`, { path });
      const record: StudyRecord = {
        format: "cellswap-study",
        layout: LAYOUT,
        cellswap: version,
        ...contents,
        date: old?.date ?? contents.date,
        stages: old?.stages ?? {},
      };
      const folder = new OpenFolder(layout, record, lock);
      folder.#write();
      return folder;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Runs `make`, which writes `files`, unless an earlier run did under the same key and they are still there. */
  stage(name: string, key: string, files: readonly string[], make: () => void): void {
    if (this.#record.stages[name] === key && files.every((file) => existsSync(file))) return;
    // Cut off in between, the stage counts as not made.
    const { [name]: _, ...others } = this.#record.stages;
    this.#record = { ...this.#record, stages: others };
    this.#write();
    make();
    this.#record = { ...this.#record, stages: sorted({ ...others, [name]: key }) };
    this.#write();
  }

  /** Day of the folder's first run. */
  get date(): string | null {
    return this.#record.date;
  }

  /** Gives the lock back. */
  close(): void {
    this.#lock.release();
  }

  #write(): void {
    writeFileAtomic(this.layout.record, `${JSON.stringify(this.#record, null, 2)}\n`);
  }
}

function sorted(stages: StudyRecord["stages"]): StudyRecord["stages"] {
  return Object.fromEntries(Object.entries(stages).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Reads and checks `record.json`. @throws DataError, StudyError naming the folder and the remedy */
export function readRecord(path: string): StudyRecord {
  const file = new StudyLayout(path).record;
  let record: StudyRecord;
  try {
    record = JSON.parse(readFileSync(file, "utf8")) as StudyRecord;
  } catch (cause) {
    throw new DataError("is not a study folder (no readable record.json); make one with `cellswap run`", {
      path,
      cause,
    });
  }
  if (record?.format !== "cellswap-study")
    throw new DataError("is not the record of a study", { path: file });
  if (record.layout !== LAYOUT)
    throw new StudyError(
      `was made by cellswap ${record.cellswap} (layout ${record.layout}), this is ${version} (layout ${LAYOUT}); ${FORCE}`,
      { path },
    );
  return record;
}

/** Refuses a folder with things that no run made; a run that was killed at its very start leaves only its lock. */
function checkKind(layout: StudyLayout): void {
  const { path } = layout;
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) throw new StudyError("is a file; choose another --out", { path });
  if (existsSync(layout.record)) {
    if (!isRecord(layout.record))
      throw new StudyError("holds a record.json that is not of a study; choose another --out", { path });
    return;
  }
  // Before layout 2 the record was called manifest.json.
  if (isRecord(join(path, "manifest.json")))
    throw new StudyError(
      `holds a study that an earlier cellswap made (layout 1, this one reads ${LAYOUT}); choose another --out, or remove the folder`,
      { path },
    );
  if (readdirSync(path).some((name) => !name.startsWith("run.lock") && !isLeftPart(join(path, name))))
    throw new StudyError("is not empty and holds no study; choose another --out", { path });
}

function isRecord(file: string): boolean {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as StudyRecord | null)?.format === "cellswap-study";
  } catch {
    return false;
  }
}

/** Removes what runs leave, the record last, so that a removal that is cut off can be repeated; nothing else. */
function removeStudy(path: string): void {
  for (const name of TOP) rmSync(join(path, name), { recursive: true, force: true });
}

/** Removes the unfinished files of a run that was killed while it wrote them. */
function removeParts(path: string): void {
  const left = (name: string) => isLeftPart(join(path, name)) || name.startsWith("run.lock.");
  for (const name of readdirSync(path).filter((n) => TOP.has(n) || left(n))) {
    const top = join(path, name);
    if (left(name)) rmSync(top, { force: true });
    else if (statSync(top).isDirectory())
      for (const inner of readdirSync(top, { recursive: true, encoding: "utf8" }))
        if (isLeftPart(join(top, inner))) rmSync(join(top, inner), { force: true });
  }
}
