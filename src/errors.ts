import { oneLine, visiblePath, withoutSecrets } from "./visible.ts";

/**
 * What a user can mend: one line that names the file, the value and the remedy. Exit code 1. Names and values of files
 * are shown without hidden characters and secrets of `s3://` paths, and cut where they are long.
 */
export class CellswapError extends Error {
  override readonly name: string = "CellswapError";
  /** File or folder the problem is in, as the user gave it. */
  readonly path: string | undefined;
  /** The message without the path. */
  readonly reason: string;
  constructor(message: string, options: { path?: string; cause?: unknown } = {}) {
    const path = options.path === undefined ? "" : `${visiblePath(options.path)}: `;
    const reason = oneLine(message, 1000 - path.length);
    super(`${path}${reason}`, { cause: options.cause });
    this.path = options.path === undefined ? undefined : withoutSecrets(options.path);
    this.reason = reason;
  }
}

/** A file that is missing, truncated, of another format or holds values that cannot be used. */
export class DataError extends CellswapError {
  override readonly name = "DataError";
}

/** A study file, option or argument value that is not accepted. */
export class StudyError extends CellswapError {
  override readonly name = "StudyError";
}

/** A setting cannot be run on these data (no neighbor labels, no donor, ...). */
export class SettingError extends CellswapError {
  override readonly name = "SettingError";
}

/** The run was stopped on purpose (Ctrl-C); what is on disk is valid and resumes. */
export class InterruptedError extends CellswapError {
  override readonly name = "InterruptedError";
}

/** Networks cannot run where they are asked to: this machine or this build has no such device. */
export class DeviceError extends CellswapError {
  override readonly name = "DeviceError";
}

/** The machine, or the container or job, allows no more processes or threads: a higher limit or fewer workers help. */
export class LimitError extends CellswapError {
  override readonly name = "LimitError";
}

/** Another run holds what this one needs; waiting helps. */
export class InUseError extends CellswapError {
  override readonly name = "InUseError";
}

/** What a run says that was stopped and can be taken up again. */
export const STOPPED = "stopped; run the same command again to go on from here";

/** True for every error whose message alone tells a user what to do. */
export function isCellswapError(error: unknown): error is CellswapError {
  return error instanceof CellswapError;
}
