import { type Dirent, existsSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import { removeLeftParts } from "../files/atomic.ts";
import { readError } from "../files/input.ts";
import { SETTINGS } from "../settings.ts";
import { VIEW_FILES } from "./layout.ts";
import { PUBLISHED_FILES } from "./published-csv.ts";

/** Names of encoders and their outputs, and of remedied ones (`NAME+REMEDY`). */
const NAME = "[A-Za-z0-9._-]+(?:\\+[a-z0-9-]+)?";
const BLOCK = `(?:${SETTINGS.join("|")})(?:\\.[a-z0-9_~+-]+)?\\.json`;
const names = (files: readonly string[]) => files.map((file) => file.replaceAll(".", "\\.")).join("|");
const TABLE = names(PUBLISHED_FILES.map(({ file }) => file));

const RECORD = "record.json";

/** Folders that runs make, by their path in the study folder. */
const FOLDER =
  /^(?:features|results|view|logs|stages(?:\/(?:blocks|curve|evidence|remedies|sensitivity|transfer|proportions|view))?)$/;

/** The same, of one encoder or one number of cells. */
const NAMED = new RegExp(
  `^(?:(?:features|results|view|stages/(?:blocks|evidence|remedies|sensitivity))/${NAME}|stages/curve/\\d+(?:/${NAME})?)$`,
);

/** Files that runs leave, in the same way. */
const FILE = new RegExp(
  `^(?:${[
    "record\\.json|shards\\.json|plan\\.csv|plan\\.parquet|scales\\.csv|report\\.json|report\\.html",
    "results/(?:(?:pairs|effects|remedies|sensitivity|proportions|proportion-changes)\\.(?:csv|parquet)|cells\\.parquet)",
    `results/${NAME}/(?:${TABLE})`,
    `stages/survey\\.json|stages/(?:sensitivity|transfer|proportions|view)/${NAME}\\.json`,
    `stages/evidence/${NAME}/[a-z-]+\\.json`,
    `stages/(?:blocks|remedies|sensitivity)/${NAME}/${BLOCK}|stages/curve/\\d+/${NAME}/${BLOCK}`,
    `view/(?:${names(VIEW_FILES.study)})|view/${NAME}/(?:${names(VIEW_FILES.encoder)})`,
    `logs/${NAME}\\.log`,
    `features/${NAME}/(?:${SETTINGS.join("|")})(?:\\.[A-Za-z0-9 _+-]*)?\\.[0-9a-f]{12}-[0-9a-f]{12}\\.(?:npy|rows\\.npy|sums\\.npy|filling)`,
  ].join("|")})$`,
);

/** Whether runs leave a file of this path in a study folder. */
export function isOwnFile(name: string): boolean {
  return FILE.test(name);
}

/** As {@link isOwnFile}, of a path in the folder of the features. */
export function isOwnFeature(name: string): boolean {
  return isOwnFile(`features/${name}`);
}

/** A file that a run left. */
export interface OwnFile {
  readonly path: string;
  /** Path in the study folder, with `/` between its parts. */
  readonly name: string;
}

/**
 * What runs left in a study folder, known by name; what else lies there is the user's. @param within only below this
 * folder of the study folder; "": all
 * @throws DataError where a symbolic link stands at a name of a run's, as nothing is written, read or removed through
 * one, or a folder in the place of a file, or the other way round
 */
export function ownFiles(study: string, within = ""): OwnFile[] {
  return filesIn(within === "" ? study : join(study, within), within);
}

/** As {@link ownFiles}, of a folder of features that may lie elsewhere. */
export function ownFeatures(folder: string): OwnFile[] {
  return filesIn(folder, "features");
}

/** As {@link ownFiles}, and removes what killed runs left half-written. @throws the same */
export function tidyOwn(study: string): OwnFile[] {
  return filesIn(study, "", removeLeftParts);
}

/** Removes what runs left in a study folder, the record last, so that a removal that is cut off can be repeated. */
export function removeOwn(study: string): void {
  const folders: string[] = [];
  const files = filesIn(study, "", (folder) => folders.push(folder));
  const [others, record] = [files.filter((f) => f.name !== RECORD), files.filter((f) => f.name === RECORD)];
  for (const { path } of others) rmSync(path);
  // The study folder itself stays.
  for (const folder of folders.slice(1).reverse()) if (readdirSync(folder).length === 0) rmdirSync(folder);
  for (const { path } of record) rmSync(path);
}

function filesIn(folder: string, name: string, onFolder: (path: string) => void = () => {}): OwnFile[] {
  if (!existsSync(folder)) return [];
  onFolder(folder);
  return entriesOf(folder).flatMap((entry) => {
    const own = name === "" ? entry.name : `${name}/${entry.name}`;
    const path = join(folder, entry.name);
    const isFile = FILE.test(own);
    const isFolder = FOLDER.test(own) || (!isFile && NAMED.test(own) && leadsToFolder(entry, path));
    if (!isFolder && !isFile) return [];
    if (entry.isSymbolicLink())
      throw new DataError(
        `is a symbolic link, and a study folder writes and removes nothing through links; remove it${own.startsWith("features") ? ', and name another folder for features as "features" in the study file' : ""}`,
        { path },
      );
    if (isFolder && !entry.isDirectory())
      throw new DataError("stands where a run makes a folder; move it away", { path });
    if (isFile && !entry.isFile())
      throw new DataError("stands where a run writes a file; move it away", { path });
    return isFolder ? filesIn(path, own, onFolder) : [{ path, name: own }];
  });
}

function leadsToFolder(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    throw readError(folder, cause);
  }
}
