import {
  CellswapError,
  DataError,
  DeviceError,
  InterruptedError,
  InUseError,
  LimitError,
  SettingError,
  StudyError,
} from "../errors.ts";

const KINDS: Record<string, typeof CellswapError> = {
  CellswapError,
  DataError,
  DeviceError,
  InterruptedError,
  InUseError,
  LimitError,
  SettingError,
  StudyError,
};

/** An error on its way between threads, which would keep of a class of ours no more than the message. */
export interface ErrorRecord {
  readonly name: string;
  /** Without the path that a {@link CellswapError} puts before it. */
  readonly message: string;
  readonly path?: string;
  readonly stack?: string;
}

/** What is left of an error (or of whatever was thrown) when it crosses to another thread. */
export function recordError(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  const rest = stack === undefined ? {} : { stack };
  if (!(error instanceof CellswapError) || error.path === undefined) return { name, message, ...rest };
  return { name, message: error.reason, path: error.path, ...rest };
}

/** The error that was recorded: of the same class of errors.ts, with the same message, path and stack. */
export function reviveError({ name, message, path, stack }: ErrorRecord): Error {
  const error = Object.hasOwn(KINDS, name)
    ? new KINDS[name](message, path === undefined ? {} : { path })
    : Object.assign(new Error(message), { name });
  if (stack !== undefined) error.stack = stack;
  return error;
}
