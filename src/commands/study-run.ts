import { basename } from "node:path";
import type { Device } from "../encode/device.ts";
import { SettingError, StudyError } from "../errors.ts";
import { readStudyFile, type Study } from "../study/schema.ts";
import { runStudy, type StudyRun } from "../study.ts";
import { programLines } from "./program.ts";
import { monitored, type ProgressOptions, stages } from "./progress.ts";
import { placeOfStudy } from "./study-place.ts";

export interface StudyRunOptions extends ProgressOptions {
  readonly out?: string;
  readonly workers?: number;
  readonly device?: Device;
  readonly force?: boolean;
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
  const { out, workers, device = "cpu", force } = options;
  const { file, folder } = placeOfStudy(path, out);
  const study = change(readStudyFile(file));
  const done = await monitored(options, (monitor, signal) =>
    runStudy(study, {
      out: folder,
      signal,
      command: `${command} ${basename(file)}`,
      date: today(),
      ...(workers === undefined ? {} : { workers }),
      ...(device === "cpu" ? {} : { device }),
      ...(force === undefined ? {} : { force }),
      onProgress: stages(monitor),
      onProgram: (encoder) => monitor.tell(programLines(encoder).join("\n")),
      onDamage: (path, what) => monitor.tell(`${path}: ${what}`, "note"),
      onFlag: ({ severity, text }) => {
        if (severity !== "refuse") monitor.say(text, severity);
      },
    }).catch((error: unknown) => {
      throw ofStudy(error, file);
    }),
  );
  return { done, folder };
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
