import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { CheckOptions } from "../cells/checked.ts";
import type { Verification, VerifiedFile } from "../cells/verify.ts";
import { InterruptedError, isCellswapError, STOPPED } from "../errors.ts";
import { type PartDamage, readPart } from "../features/part.ts";
import { isKept } from "./kept.ts";
import { StudyLayout } from "./layout.ts";
import { isFile } from "./open-folder.ts";
import { type OwnFile, ownFiles } from "./own-files.ts";
import { AGAIN, readRecord, type StudyRecord } from "./record.ts";

/** Endings of the files of a part of the features. */
const PART = /\.(?:npy|rows\.npy|sums\.npy)$/;

/** One file that is to be looked at. */
interface Task {
  readonly path: string;
  /** What is wrong with it; null where nothing is. */
  readonly look: () => string | null;
}

/**
 * Reads every file that runs left in a study folder and holds it to what was noted when it was written: the record, what
 * stages keep, every row of the features, plan, scales, results and report. Nothing is changed.
 * @throws InterruptedError after `signal`; what is wrong with a file is told of it
 */
export async function verifyStudy(path: string, options: CheckOptions = {}): Promise<Verification> {
  const kind = "study";
  const verified = (file: string, fault: string | null): VerifiedFile => ({
    path: file,
    bytes: statSync(file, { throwIfNoEntry: false })?.size ?? 0,
    fault,
  });
  const layout = new StudyLayout(path);
  let tasks: Task[];
  try {
    tasks = tasksOf(path, recordOf(layout));
  } catch (error) {
    if (!isCellswapError(error)) throw error;
    const file = error.path ?? layout.record;
    return { path, kind, files: [verified(file, said(error, file))] };
  }
  const sizes = tasks.map((task) => statSync(task.path, { throwIfNoEntry: false })?.size ?? 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  const files: VerifiedFile[] = [];
  for (const [i, task] of tasks.entries()) {
    await new Promise(setImmediate);
    if (options.signal?.aborted) throw new InterruptedError(STOPPED);
    files.push(verified(task.path, task.look()));
    options.onProgress?.((done += sizes[i]), total);
  }
  return { path, kind, files };
}

/** The record, or what is wrong with it. */
function recordOf({ path }: StudyLayout): StudyRecord | Error {
  try {
    return readRecord(path);
  } catch (error) {
    if (!isCellswapError(error)) throw error;
    return error;
  }
}

function tasksOf(path: string, record: StudyRecord | Error): Task[] {
  const layout = new StudyLayout(path);
  const own = ownFiles(path);
  const stages = own.filter(({ name }) => name.startsWith("stages/"));
  const known = record instanceof Error ? {} : record.files;
  return [
    {
      path: layout.record,
      look: () => (record instanceof Error ? said(record, layout.record) : null),
    },
    ...Object.entries(known).map(([name, hash]) => ({
      path: join(path, name),
      look: () => lookAt(join(path, name), hash, name.startsWith("stages/")),
    })),
    // Of a run that is not finished: nothing but their own check sums tells of them.
    ...stages
      .filter(({ name }) => !Object.hasOwn(known, name))
      .map((file) => ({ path: file.path, look: () => (isKept(file.path) ? null : DAMAGED) })),
    ...featureTasks(path, own, record),
  ];
}

/** Parts in the study folder, and those that its results are of, wherever they are. */
function featureTasks(study: string, own: readonly OwnFile[], record: StudyRecord | Error): Task[] {
  const features = record instanceof Error ? null : record.features;
  const hashes = new Map(
    Object.entries(features?.parts ?? {}).map(([name, hash]) => [join(study, features!.folder, name), hash]),
  );
  const there = own.filter(({ name }) => name.startsWith("features/") && PART.test(name));
  const bases = new Set([...there.map(({ path }) => path.replace(PART, "")), ...hashes.keys()]);
  return [...bases].sort().flatMap((base) => partTasks(base, hashes.get(base)));
}

/** One task for each of the three files of a part, which is read once; `hash`: what its check sums must be. */
function partTasks(base: string, hash: string | undefined): Task[] {
  let found: PartDamage | null | undefined;
  const damage = () => (found === undefined ? (found = readPart(base, null).damage) : found);
  return [".npy", ".rows.npy", ".sums.npy"].map((ending) => {
    const path = `${base}${ending}`;
    const look = () => {
      if (!existsSync(path)) return `is missing; ${AGAIN}`;
      if (damage()?.path === path) return `${damage()?.what}; ${AGAIN}`;
      const known = ending !== ".sums.npy" || hash === undefined || isFile(path, hash);
      return known ? null : `is of other features than the results; ${AGAIN}`;
    };
    return { path, look };
  });
}

const DAMAGED = `is damaged; ${AGAIN}`;

/** What is wrong with a file of this SHA-256. @param kept whether it carries a check sum of its own as well */
function lookAt(path: string, hash: string, kept: boolean): string | null {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return `is missing; ${AGAIN}`;
  if (isFile(path, hash)) return null;
  return kept && isKept(path) ? `is of another run than the results; ${AGAIN}` : DAMAGED;
}

/** What an error says of a file, without its name. */
function said(error: Error, path: string): string {
  return error.message.startsWith(`${path}: `) ? error.message.slice(path.length + 2) : error.message;
}
