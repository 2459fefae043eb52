import { isUtf8 } from "node:buffer";
import type { z } from "zod";
import { DataError } from "../errors.ts";
import { readInput } from "./input.ts";

/** Bytes of a JSON file that people write: a study, a description of an encoder, a configuration. */
const MOST = 1 << 24;
/** Lists and objects within each other that a JSON file may hold. */
const DEPTH = 200;
/** Keys and values in lists that a JSON file may hold: each is looked at, and may be what is wrong. */
const VALUES = 1 << 18;

/** How a JSON file is read. */
export interface JsonOptions {
  /** What the file is, as in "a study file"; for messages. */
  readonly what?: string;
  /** What a user does about one that is damaged. */
  readonly remedy?: string;
  /** Most bytes of it. */
  readonly most?: number;
  /** Most keys and values in lists. */
  readonly values?: number;
}

/**
 * Reads a JSON file as it is; what it holds is for {@link checkJson} to say.
 * @throws DataError in one line where it is missing, too large, no UTF-8, no JSON, nested deeper than 200 levels, of
 * more than 262,144 keys and values or holds the key `__proto__`
 */
export function readJson(path: string, options: JsonOptions = {}): unknown {
  const { what = "a JSON file", most = MOST } = options;
  return parseJson(readInput(path, { bytes: most, what }), path, options);
}

/** As {@link readJson}, of bytes or text that were read already; `path` names them in errors. */
export function parseJson(
  given: Uint8Array | string,
  path: string,
  { remedy = "correct it there", values: most = VALUES }: JsonOptions = {},
): unknown {
  const bytes = typeof given === "string" ? Buffer.from(given) : given;
  const fail = (why: string, cause?: unknown): never => {
    throw new DataError(`is not JSON (${why}); ${remedy}`, { path, cause });
  };
  if (bytes.length === 0) fail("it is empty");
  if (!isUtf8(bytes)) fail("it is not UTF-8");
  const text =
    typeof given === "string" ? given : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  const bare = text.replace(/^\uFEFF/, "");
  const { depth, values } = extentOf(bytes);
  if (depth > DEPTH) fail(`lists and objects stand ${depth} deep in each other, at most ${DEPTH} are read`);
  if (values > most) fail(`it has ${values} keys and values, at most ${most} are read`);
  try {
    // A key may be written with escapes, so text that has any is looked through key by key.
    return /__proto__|\\u/i.test(bare) ? JSON.parse(bare, withoutProto) : JSON.parse(bare);
  } catch (cause) {
    return fail(oneLine((cause as Error).message), cause);
  }
}

/** Checks what a JSON file holds against its schema. @throws DataError naming the first key that is wrong */
export function checkJson<T>(schema: z.ZodType<T>, json: unknown, path: string): T {
  const parsed = schema.safeParse(json, { reportInput: true });
  if (!parsed.success) throw new DataError(firstIssue(parsed.error), { path });
  return parsed.data;
}

/** The first thing that a schema check (with `reportInput`) found, as one line: the key, its value, what is wrong. */
export function firstIssue(error: z.ZodError): string {
  const issue = innermost(error.issues[0]);
  const at = issue.path.join(".");
  if (issue.code === "unrecognized_keys")
    return `unknown key ${[...issue.path, issue.keys[0]].join(".")}; remove it or correct its spelling`;
  const allowed = "values" in issue ? issue.values : "options" in issue ? issue.options : undefined;
  const wanted = Array.isArray(allowed)
    ? `${allowed.length === 1 ? "use" : "use one of"} ${allowed.join(", ")}`
    : oneLine(issue.message.replace(/^(Invalid|Too (big|small))[^:]*: /, ""));
  if (at === "") return wanted;
  if (issue.code === "invalid_type" && issue.input === undefined)
    return `key ${at} is missing; give it (${issue.expected})`;
  const value = JSON.stringify(issue.input) ?? "missing";
  return `${at} is ${value.length > 60 ? `${value.slice(0, 57)}...` : value}; ${wanted}`;
}

type Issue = z.core.$ZodIssue;

/** What an issue of several forms says that were given no message. */
const UNSAID = "Invalid input";

/**
 * Of a value that fits none of several forms, what is wrong with it in the first that it is of the kind of; where that is
 * no key of it, what the forms themselves say is wanted, if they do.
 */
function innermost(issue: Issue): Issue {
  const forms = issue.code === "invalid_union" ? issue.errors.map((form) => form[0]) : [];
  const within = (of: Issue) => of.path.length > 0 || of.code === "unrecognized_keys";
  if (issue.message !== UNSAID && forms.length > 0 && !forms.some(within)) return issue;
  const inner = forms.find((of) => of.code !== "invalid_type" || of.path.length > 0) ?? forms[0];
  return inner === undefined ? issue : { ...innermost(inner), path: [...issue.path, ...inner.path] };
}

function withoutProto(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new Error("it has the key __proto__");
  return value;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** How deep lists and objects stand in each other, and how many keys and values in lists there are, about. */
function extentOf(bytes: Uint8Array): { readonly depth: number; readonly values: number } {
  let values = 0;
  let depth = 0;
  let most = 0;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i];
    if (c === QUOTE) {
      for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
    } else if (c === 0x5b || c === 0x7b) most = Math.max(most, ++depth);
    else if (c === 0x5d || c === 0x7d) depth--;
    else if (c === 0x2c) values++;
  }
  return { depth: most, values };
}

function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ");
}
