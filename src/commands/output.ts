import { visibleLines } from "../visible.ts";
import { appendLog } from "./log.ts";
import type { ProgressOptions } from "./progress.ts";
import { messageLine } from "./progress-line.ts";

/** Prints what a command found on standard output; what is hidden in names of files is shown escaped. */
export function print(text: string): void {
  console.log(visibleLines(text));
}

/** As {@link print}, of a value as JSON. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Says what went wrong, on standard error and in the log, as the command line asks for it. */
export function tellErrors(lines: readonly string[], { progress, log }: ProgressOptions): void {
  for (const line of lines)
    if (progress === "json") process.stderr.write(messageLine(line, "error"));
    else console.error(line);
  try {
    if (log !== undefined) for (const line of lines) appendLog(log, line);
  } catch {
    // That the log cannot be written may be what was told.
  }
}

/** Says a line on standard error: a note, a warning, how far something is. */
export function say(line: string): void {
  process.stderr.write(`${visibleLines(line)}\n`);
}
