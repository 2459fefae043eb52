import { isCellswapError } from "../../src/errors.ts";

/** Most characters of a message, its path taken out. */
const LONGEST = 1000;

/** What is wrong with an error as a line for a user, or null; `folder` is where the input lies. */
export function wrongMessage(error: Error, folder: string): string | null {
  const said = error.message;
  if (/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(said)) return "control characters";
  const short = said.replaceAll(folder, "");
  if (short.length === said.length) return "no file named";
  if (short.length > LONGEST) return `${short.length} characters`;
  if (!/[;,.]|\bis\b|\bhas\b/.test(short)) return "no remedy";
  return null;
}

/** How an error is told: the place taken out of it, in a line. */
export function told(error: unknown, folder: string): string {
  const said = error instanceof Error ? error.message : String(error);
  const text = JSON.stringify(said.replaceAll(folder, "FOLDER")).slice(1, -1);
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}

/** Where an unexpected error arose: the first frame of the product. */
export function whereFrom(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const own = frames.find((line) => /\/src\//.test(line)) ?? frames[0] ?? "";
  const first = /\(?([^()\s]*:\d+:\d+)\)?$/.exec(own)?.[1] ?? own.trim();
  return first.replace(/^.*\/(src|node_modules)\//, "$1/");
}

export { isCellswapError };
