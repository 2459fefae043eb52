import { basename } from "node:path";
import type { Device } from "../encode/device.ts";
import { SettingError, StudyError } from "../errors.ts";
import type { PrepareOptions } from "../study/prepare.ts";
import { readStudyFile, type Study } from "../study/schema.ts";
import { planShards, type ShardPlan } from "../study/shards/plan.ts";
import { type DryRun, dryRun, runStudy, type StudyRun } from "../study.ts";
import { programLines } from "./program.ts";
import { type Monitor, monitored, type ProgressOptions, stages } from "./progress.ts";
import { placeOfStudy } from "./study-place.ts";

export interface StudyRunOptions extends ProgressOptions {
  readonly out?: string;
  readonly workers?: number;
  readonly device?: Device;
  readonly force?: boolean;
  readonly limit?: number;
  /** As of {@link runStudy}. */
  readonly encoded?: boolean;
}

/**
 * Runs the study of a file, or of the folder that it has, and tells on standard error how far it is.
 * @param command as the report names it, without the file
 * @param change of what the study file says
 */
export async function runNamed(
  command: string,
  path: string,
  options: StudyRunOptions,
  change: (study: Study) => Study = (study) => study,
): Promise<{ done: StudyRun; folder: string }> {
  const { file, folder } = placeOfStudy(path, options.out);
  const study = change(readStudyFile(file));
  const done = await monitored(options, (monitor, signal) =>
    runStudy(study, {
      ...given(options, folder, monitor, signal),
      command: `${command} ${basename(file)}`,
      ...(options.encoded === undefined ? {} : { encoded: options.encoded }),
      date: today(),
      onDamage: (path, what) => monitor.tell(`${path}: ${what}`, "note"),
    }).catch((error: unknown) => {
      throw ofStudy(error, file);
    }),
  );
  return { done, folder };
}

/** Says what a run of the study of a file, or of the folder that it has, would make and take. */
export async function dryRunNamed(path: string, options: StudyRunOptions): Promise<DryRun> {
  const { file, folder } = placeOfStudy(path, options.out);
  const study = readStudyFile(file);
  return await monitored(options, (monitor, signal) =>
    dryRun(study, given(options, folder, monitor, signal)).catch((error: unknown) => {
      throw ofStudy(error, file);
    }),
  );
}

/** Divides the study of a file, or of the folder that it has, into shards. */
export async function planNamed(
  path: string,
  options: StudyRunOptions & { readonly shards: number },
): Promise<{ plan: ShardPlan; folder: string }> {
  const { file, folder } = placeOfStudy(path, options.out);
  const study = readStudyFile(file);
  const plan = await monitored(options, (monitor, signal) =>
    planShards(study, {
      ...given(options, folder, monitor, signal),
      // Hours of this machine say nothing of many.
      limit: Number.POSITIVE_INFINITY,
      shards: options.shards,
      date: today(),
      onDamage: (damaged, what) => monitor.tell(`${damaged}: ${what}`, "note"),
    }).catch((error: unknown) => {
      throw ofStudy(error, file);
    }),
  );
  return { plan, folder };
}

/** What a run and a dry run are given alike. */
function given(
  { workers, device = "cpu", force, limit }: StudyRunOptions,
  out: string,
  monitor: Monitor,
  signal: AbortSignal,
): PrepareOptions {
  return {
    ...{ out, signal },
    ...(workers === undefined ? {} : { workers }),
    ...(device === "cpu" ? {} : { device }),
    ...(force === undefined ? {} : { force }),
    ...(limit === undefined ? {} : { limit }),
    onProgress: stages(monitor),
    onProgram: (encoder) => monitor.tell(programLines(encoder).join("\n")),
    onFlag: ({ severity, text }) => {
      if (severity !== "refuse") monitor.say(text, severity);
    },
  };
}

/** An error of a run as one of its study file, where it tells of what was asked for there and does not fit the cells. */
function ofStudy(error: unknown, path: string): unknown {
  const asked = error instanceof StudyError || error instanceof SettingError;
  return asked && error.path === undefined ? new StudyError(error.message, { path, cause: error }) : error;
}

/** The day, for the head of a report; SOURCE_DATE_EPOCH (seconds) stands in where bytes must not depend on it. */
export function today(): string {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const date = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  return Number.isNaN(date.getTime())
    ? new Date().toISOString().slice(0, 10)
    : date.toISOString().slice(0, 10);
}
