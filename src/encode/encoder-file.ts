import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { DataError } from "../errors.ts";
import { sha256File } from "../files/hash.ts";
import { EncoderDescription } from "./description.ts";

/** An encoder on disk: its checked description and the ONNX file it names. */
export interface EncoderFile {
  readonly path: string;
  readonly description: EncoderDescription;
  readonly modelPath: string;
  /** SHA-256 of the ONNX file. */
  readonly sha256: string;
}

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
        : `has no description ${path} beside it; write one (docs/formats.md) or import the encoder with \`cellswap encoder import\``,
      { path: given },
    );
  if (statSync(path).isDirectory())
    throw new DataError("is a folder; give the encoder description in it (NAME.json)", { path });
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new DataError(
      `is not JSON (${(cause as Error).message.replace(/\s+/g, " ")}); correct it there, or give the .json beside the ONNX file`,
      { path, cause },
    );
  }
  const parsed = EncoderDescription.safeParse(json);
  if (!parsed.success) throw new DataError(firstIssue(parsed.error), { path });
  const description = parsed.data;
  const modelPath = resolve(dirname(path), description.model);
  if (!existsSync(modelPath))
    throw new DataError(`names the model ${description.model}, which is not there; put it beside this file`, {
      path,
    });
  const sha256 = sha256File(modelPath);
  if (description.sha256 !== undefined && description.sha256 !== sha256)
    throw new DataError(
      `says the model's SHA-256 is ${description.sha256}, but it is ${sha256}; fetch the model again`,
      { path },
    );
  return { path, description, modelPath, sha256 };
}

/** The first thing that a schema check found, as one line: `key: what is wrong`. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  const at = issue.path.join(".");
  if (issue.code === "unrecognized_keys")
    return `unknown key ${[...issue.path, issue.keys[0]].join(".")}; remove it or correct its spelling`;
  if (issue.code === "invalid_union" && issue.errors.length > 0 && issue.errors[0].length > 0) {
    const inner = issue.errors[0][0];
    return `${[...issue.path, ...inner.path].join(".")}: ${inner.message}`;
  }
  return at === "" ? issue.message : `${at}: ${issue.message}`;
}
