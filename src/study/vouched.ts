import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DataError } from "../errors.ts";
import { sha256, sha256File } from "../files/hash.ts";
import { readInput } from "../files/input.ts";
import { nameIn } from "./open-folder.ts";
import { isOwnFile } from "./own-files.ts";
import { PUBLISHED_FILES } from "./published-csv.ts";
import { AGAIN, isStudyLike, lookAtRecord, readRecord, type StudyRecord } from "./record.ts";

/** A study folder whose record says what its files are. */
export interface VouchedStudy {
  readonly path: string;
  readonly record: StudyRecord;
}

/** Folders from a study folder down to a file of its results, at most. */
const DEPTH = 3;

/**
 * The study that a folder or file is, or is part of; null for what no record vouches for (tables that were copied, or that
 * other programs wrote).
 * @throws DataError where the record of the study is missing or damaged
 */
export function studyOf(path: string): VouchedStudy | null {
  let folder = resolve(path);
  for (let level = 0; level < DEPTH; level++, folder = dirname(folder)) {
    const there = existsSync(join(folder, "record.json"));
    if (there ? lookAtRecord(folder).state === "other" : !isStudyLike(folder)) continue;
    return { path: folder, record: readRecord(folder) };
  }
  return null;
}

/** @throws DataError where a file of a run's is not as the study's last run wrote it */
export function checkFile(study: VouchedStudy, file: string): void {
  check(study, file, () => sha256File(file));
}

/** Checks the authors' tables below a folder of a study. @throws DataError as {@link checkFile} */
export function checkTables(study: VouchedStudy, folder: string): void {
  const tables = new Set<string>(PUBLISHED_FILES.map(({ file }) => file));
  for (const name of Object.keys(study.record.files)) {
    const file = join(study.path, name);
    if (tables.has(basename(file)) && file.startsWith(folder)) checkFile(study, file);
  }
}

/** Bytes of a file that are as the study's last run wrote them. @throws DataError as {@link checkFile} */
export function readChecked(study: VouchedStudy, file: string): Buffer {
  let bytes: Buffer = Buffer.alloc(0);
  check(study, file, () => {
    bytes = readInput(file);
    return sha256(bytes);
  });
  return bytes;
}

function check({ path, record }: VouchedStudy, file: string, hash: () => string): void {
  const name = nameIn(path, resolve(file));
  const expected = record.files[name];
  if (expected === undefined) {
    if (!isOwnFile(name)) return void hash();
    throw new DataError("is a study without results yet; finish it with `cellswap run`", { path });
  }
  if (!existsSync(file)) throw new DataError(`is missing; ${AGAIN}`, { path: file });
  if (hash() !== expected) throw new DataError(`is not as the study wrote it; ${AGAIN}`, { path: file });
}
