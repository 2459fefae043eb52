import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError, StudyError } from "../errors.ts";
import { makeFolder, writeError, writeFileAtomic } from "../files/atomic.ts";
import { canonicalJson } from "../files/hash.ts";
import { version } from "../version.ts";
import { takeLock } from "./lock.ts";

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

/** What a run may leave at the top of a study folder. */
const OWN: ReadonlySet<string> = new Set([
  "features",
  "results",
  "figures",
  "plan.csv",
  "plan.parquet",
  "scales.csv",
  "report.json",
  "report.html",
  "manifest.json",
]);
const PART = /\.part-\d+$/;

/**
 * Opens or makes the study folder and takes its lock. Results that are there stay valid only for the same inputs, so
 * a folder of other inputs, another version or of something else is refused, saying what differs. Encoders may be
 * added. With `fresh` what an earlier study left is removed first.
 * @returns a function that gives the lock back.
 * @throws StudyError, DataError; the folder is then as it was.
 */
export function openStudyFolder(
  path: string,
  inputs: StudyManifest["inputs"],
  encoders: StudyManifest["encoders"],
  fresh = false,
): () => void {
  checkKind(path);
  try {
    makeFolder(path);
  } catch (cause) {
    throw writeError(path, cause);
  }
  const release = takeLock(path);
  try {
    checkKind(path);
    if (fresh) removeStudy(path);
    removeParts(path);
    const known = existsSync(join(path, "manifest.json")) ? knownEncoders(path, inputs, encoders) : encoders;
    const manifest: StudyManifest = {
      format: "cellswap-study",
      version: FOLDER_VERSION,
      cellswap: version,
      inputs,
      encoders: Object.fromEntries(Object.entries(known).sort(([a], [b]) => (a < b ? -1 : 1))),
    };
    writeFileAtomic(join(path, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

/** The encoders of the folder's studies so far and of this one; refuses what does not fit the folder. */
function knownEncoders(
  path: string,
  inputs: StudyManifest["inputs"],
  encoders: StudyManifest["encoders"],
): StudyManifest["encoders"] {
  const old = readStudyManifest(path);
  const differences = [
    ...changes("", old.inputs, inputs),
    ...Object.keys(encoders)
      .filter((e) => e in old.encoders)
      .flatMap((e) => changes(`encoder ${e} `, old.encoders[e] as object, encoders[e] as object)),
  ];
  if (differences.length > 0)
    throw new StudyError(
      `holds a study of other inputs (${differences.slice(0, 3).join("; ")}${differences.length > 3 ? `; and ${differences.length - 3} more` : ""}); choose another --out, or --force to replace it`,
      { path },
    );
  return { ...old.encoders, ...encoders };
}

/** Refuses a folder with things that no run made; a run that was killed at its very start leaves only its lock. */
function checkKind(path: string): void {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) throw new StudyError("is a file; choose another --out", { path });
  if (existsSync(join(path, "manifest.json"))) {
    if (!isStudyManifest(join(path, "manifest.json")))
      throw new StudyError("holds a manifest.json that is not of a study; choose another --out", { path });
  } else if (readdirSync(path).some((name) => !name.startsWith("run.lock") && !PART.test(name)))
    throw new StudyError("is not empty and holds no study; choose another --out", { path });
}

function isStudyManifest(file: string): boolean {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as StudyManifest | null)?.format === "cellswap-study";
  } catch {
    return false;
  }
}

/** Removes what runs leave, the manifest last, so that a removal that is cut off can be repeated; nothing else. */
function removeStudy(path: string): void {
  for (const name of OWN) rmSync(join(path, name), { recursive: true, force: true });
}

/** Removes the unfinished files of a run that was killed while it wrote them. */
function removeParts(path: string): void {
  const left = (name: string) => PART.test(name) || name.startsWith("run.lock.");
  for (const name of readdirSync(path).filter((n) => OWN.has(n) || left(n))) {
    const top = join(path, name);
    if (left(name)) rmSync(top, { force: true });
    else if (statSync(top).isDirectory())
      for (const inner of readdirSync(top, { recursive: true, encoding: "utf8" }))
        if (PART.test(inner)) rmSync(join(top, inner), { force: true });
  }
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
  if (manifest?.format !== "cellswap-study")
    throw new DataError("is not the manifest of a study", { path: file });
  if (manifest.version !== FOLDER_VERSION || manifest.cellswap !== version)
    throw new StudyError(
      `was made by cellswap ${manifest.cellswap} (layout ${manifest.version}), this is ${version} (layout ${FOLDER_VERSION}); choose another --out, or --force to replace it`,
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
    .flatMap((k) =>
      isRecord(a[k]) && isRecord(b[k])
        ? changes(`${prefix}${k}.`, a[k], b[k])
        : [`${prefix}${k} was ${short(a[k])}, now ${short(b[k])}`],
    );
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
