import { visibleLines } from "../visible.ts";

/** Prints what a command found on standard output; what is hidden in names of files is shown escaped. */
export function print(text: string): void {
  console.log(visibleLines(text));
}

/** As {@link print}, of a value as JSON. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Says a line on standard error: a note, a warning, how far something is. */
export function say(line: string): void {
  process.stderr.write(`${visibleLines(line)}\n`);
}
