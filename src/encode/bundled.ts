import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { StudyError } from "../errors.ts";

const FOLDER = resolve(import.meta.dirname, "../../encoders");

/** The encoders that come with the package, by name: the paths of their descriptions. */
export function bundledEncoders(): ReadonlyMap<string, string> {
  const names = readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json") && existsSync(join(FOLDER, file.replace(/\.json$/, ".onnx"))))
    .map((file) => file.replace(/\.json$/, ""));
  return new Map(names.sort().map((name) => [name, join(FOLDER, `${name}.json`)]));
}

/** Name of the bundled encoder whose description a path is; null for others. */
export function bundledName(path: string): string | null {
  for (const [name, own] of bundledEncoders()) if (own === resolve(path)) return name;
  return null;
}

/**
 * Path of the encoder that a study file names: a path, relative to `where`, or the name of a bundled encoder where
 * nothing of that name is there.
 * @throws StudyError (of the study file `path`) for a plain name that is neither.
 */
export function encoderPath(given: string, where: string, path?: string): string {
  const file = resolve(where, given);
  if (/[/\\]|\.(json|onnx)$/.test(given) || existsSync(file)) return file;
  const bundled = bundledEncoders();
  const found = bundled.get(given);
  if (found === undefined)
    throw new StudyError(
      `${path === undefined ? given : `"encoders" names ${given}, which`} is neither a file nor an encoder that comes with cellswap (${[...bundled.keys()].join(", ")}); give one of them or the path of a description (NAME.json)`,
      path === undefined ? {} : { path },
    );
  return found;
}
