import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DataError, StudyError } from "../errors.ts";
import { writeError, writeFileAtomic } from "../files/atomic.ts";
import { canonicalJson } from "../files/hash.ts";
import { version } from "../version.ts";

/** Version of the study folder's layout. */
export const FOLDER_VERSION = 1;

/** `manifest.json` of a study folder: what its results were made from. */
export interface StudyManifest {
  readonly format: "cellswap-study";
  readonly version: number;
  readonly cellswap: string;
  /** Everything that composites and their classification depend on, by name. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Encoder descriptions and model hashes by encoder name. */
  readonly encoders: Readonly<Record<string, unknown>>;
}

/**
 * Opens or makes the study folder and takes its lock. Results that are there stay valid only for the same inputs, so
 * a folder of other inputs, another version or of something else is refused, saying what differs. Encoders may be
 * added.
 * @returns a function that gives the lock back.
 */
export function openStudyFolder(
  path: string,
  inputs: StudyManifest["inputs"],
  encoders: StudyManifest["encoders"],
): () => void {
  const file = join(path, "manifest.json");
  const fresh: StudyManifest = {
    format: "cellswap-study",
    version: FOLDER_VERSION,
    cellswap: version,
    inputs,
    encoders,
  };
  let known = fresh;
  if (existsSync(file)) {
    const old = readStudyManifest(path);
    known = { ...fresh, encoders: { ...old.encoders, ...encoders } };
    const differences = [
      ...changes("", old.inputs, inputs),
      ...Object.keys(encoders)
        .filter((e) => e in old.encoders)
        .flatMap((e) => changes(`encoder ${e} `, old.encoders[e] as object, encoders[e] as object)),
    ];
    if (differences.length > 0)
      throw new StudyError(
        `holds a study of other inputs (${differences.slice(0, 3).join("; ")}${differences.length > 3 ? `; and ${differences.length - 3} more` : ""}); choose another --out, or --fresh to replace it`,
        { path },
      );
  } else if (existsSync(path) && readdirSync(path).length > 0)
    throw new StudyError("is not empty and holds no study; choose another --out", { path });
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw writeError(path, cause);
  }
  const release = lock(path);
  writeFileAtomic(file, `${JSON.stringify(known, null, 2)}\n`);
  return release;
}

/** Reads and checks `manifest.json`. */
export function readStudyManifest(path: string): StudyManifest {
  const file = join(path, "manifest.json");
  let manifest: StudyManifest;
  try {
    manifest = JSON.parse(readFileSync(file, "utf8")) as StudyManifest;
  } catch (cause) {
    throw new DataError("is not a study folder (no readable manifest.json); make one with `cellswap run`", {
      path,
      cause,
    });
  }
  if (manifest.format !== "cellswap-study")
    throw new DataError("is not the manifest of a study", { path: file });
  if (manifest.version !== FOLDER_VERSION || manifest.cellswap !== version)
    throw new StudyError(
      `was made by cellswap ${manifest.cellswap} (layout ${manifest.version}), this is ${version} (layout ${FOLDER_VERSION}); choose another --out, or --fresh to replace it`,
      { path },
    );
  return manifest;
}

function changes(prefix: string, before: object, after: object): string[] {
  const [a, b] = [before as Record<string, unknown>, after as Record<string, unknown>];
  const short = (v: unknown) => {
    const text = v === undefined ? "nothing" : canonicalJson(v);
    return text.length > 60 ? `${text.slice(0, 57)}...` : text;
  };
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((k) => canonicalJson(a[k] ?? null) !== canonicalJson(b[k] ?? null))
    .map((k) => `${prefix}${k} was ${short(a[k])}, now ${short(b[k])}`);
}

/** One run at a time: a lock file with the process id; a lock whose process is gone is taken over. */
function lock(path: string): () => void {
  const file = join(path, "run.lock");
  for (let attempt = 0; ; attempt++) {
    try {
      const handle = openSync(file, "wx");
      writeSync(handle, String(process.pid));
      closeSync(handle);
      return () => rmSync(file, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw writeError(file, cause);
      const holder = Number(readFileSync(file, "utf8"));
      if (attempt > 0 || alive(holder))
        throw new StudyError(`is in use by another run (process ${holder}); wait for it or stop it`, {
          path,
          cause,
        });
      rmSync(file, { force: true });
    }
  }
}

function alive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
