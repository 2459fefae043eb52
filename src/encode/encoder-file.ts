import { existsSync, realpathSync, statSync } from "node:fs";
import { basename } from "node:path";
import { DataError } from "../errors.ts";
import { checkJson, readJson } from "../files/json.ts";
import { type CommandFile, commandFile } from "./command/file.ts";
import { CommandDescription, OnnxDescription } from "./description.ts";
import { type OnnxFile, onnxFile } from "./onnx/file.ts";

/** An encoder on disk, told apart by `kind`; its `hash` stands for the network in keys and in the record. */
export type EncoderFile = OnnxFile | CommandFile;

/**
 * Reads an encoder's sidecar (`NAME.json`; the path of its `NAME.onnx` is taken as well, where it is the model that is described).
 * @throws DataError naming the key that is wrong, the model that is missing or another one, or a hash that does not match.
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
  const json = readJson(path, {
    what: "a description of an encoder",
    remedy: "correct it there, or give the .json beside the ONNX file",
  });
  const has = (key: string) => typeof json === "object" && json !== null && key in json;
  if (has("command")) {
    if (has("model"))
      throw new DataError(
        'has both "model" (an ONNX file) and "command" (a program); keep the one that is meant',
        { path },
      );
    if (given !== path) throw ofAnother(path, "a program", given);
    return commandFile(path, checkJson(CommandDescription, json, path));
  }
  const file = onnxFile(path, checkJson(OnnxDescription, json, path));
  if (given !== path && realpathSync(file.modelPath) !== realpathSync(given))
    throw ofAnother(path, file.description.model, given);
  return file;
}

/** Of a description that stands beside the model that was given and is not of it. */
function ofAnother(path: string, described: string, given: string): DataError {
  const name = basename(given);
  return new DataError(
    `describes ${described}, not ${name}, beside which it stands; give this file if ${described} is meant, or describe ${name} in a file of another name (\`cellswap encoder init\` with --out)`,
    { path },
  );
}
