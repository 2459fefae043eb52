import { existsSync, readFileSync, statSync } from "node:fs";
import type { z } from "zod";
import { DataError } from "../errors.ts";
import { type CommandFile, commandFile } from "./command/file.ts";
import { CommandDescription, OnnxDescription } from "./description.ts";
import { type OnnxFile, onnxFile } from "./onnx/file.ts";

/** An encoder on disk, told apart by `kind`; its `hash` stands for the network in keys and in the record. */
export type EncoderFile = OnnxFile | CommandFile;

/**
 * Reads an encoder's sidecar (`NAME.json`; the path of its `NAME.onnx` is taken as well).
 * @throws DataError naming the key that is wrong, the missing model or a hash that does not match.
 */
export function readEncoder(given: string): EncoderFile {
  const path = given.endsWith(".onnx") ? given.replace(/\.onnx$/, ".json") : given;
  if (!existsSync(path))
    throw new DataError(
      given === path
        ? "there is no such encoder description; give the .json that stands beside the ONNX file"
        : `has no description ${path} beside it; write one (docs/study.md) or import the encoder with \`cellswap encoder import\``,
      { path: given },
    );
  if (statSync(path).isDirectory())
    throw new DataError("is a folder; give the encoder description in it (NAME.json)", { path });
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new DataError(
      `is not JSON (${oneLine((cause as Error).message)}); correct it there, or give the .json beside the ONNX file`,
      { path, cause },
    );
  }
  const has = (key: string) => typeof json === "object" && json !== null && key in json;
  if (has("command")) {
    if (has("model"))
      throw new DataError(
        'has both "model" (an ONNX file) and "command" (a program); keep the one that is meant',
        { path },
      );
    return commandFile(path, parse(CommandDescription, json, path));
  }
  return onnxFile(path, parse(OnnxDescription, json, path));
}

function parse<T>(schema: z.ZodType<T>, json: unknown, path: string): T {
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

/** Of a value that fits none of several forms, what is wrong with it in the first that it is of the kind of. */
function innermost(issue: Issue): Issue {
  const forms = issue.code === "invalid_union" ? issue.errors.map((form) => form[0]) : [];
  const inner = forms.find((of) => of.code !== "invalid_type" || of.path.length > 0) ?? forms[0];
  return inner === undefined ? issue : { ...innermost(inner), path: [...issue.path, ...inner.path] };
}

function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ");
}
