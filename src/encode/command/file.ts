import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DataError } from "../../errors.ts";
import { canonicalJson, sha256, sha256File } from "../../files/hash.ts";
import { checkUnchanged, type FileState, fileState } from "../../files/state.ts";
import type { CommandDescription } from "../description.ts";

/** An encoder that is another program. */
export interface CommandFile {
  readonly kind: "command";
  /** Path of the description. */
  readonly path: string;
  readonly description: CommandDescription;
  /** Folder that the program runs in: the description's. */
  readonly folder: string;
  /** Files that its features depend on: arguments that name one, then those listed. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  /** States of those files then, by path. */
  readonly states: Readonly<Record<string, FileState | null>>;
  /** SHA-256 of command line, files and batch. */
  readonly hash: string;
}

/**
 * Looks up the files of a program.
 * @throws DataError for one that is not there
 */
export function commandFile(path: string, description: CommandDescription): CommandFile {
  const { command, files: listed, batch } = description;
  const folder = dirname(resolve(path));
  for (const name of listed) {
    const file = resolve(folder, name);
    if (!existsSync(file))
      throw new DataError(
        `"files" names ${name}, which is not there; correct it, or put the file in ${folder}`,
        { path },
      );
    if (!statSync(file).isFile())
      throw new DataError(
        `"files" names ${name}, which is no file; name files, those in a folder one by one`,
        { path },
      );
  }
  const names = new Set([...command.flatMap(namedFile(folder)), ...listed]);
  const states = Object.fromEntries(
    [...names].map((name) => resolve(folder, name)).map((file) => [file, fileState(file)]),
  );
  const files = [...names].map((name) => ({ name, sha256: sha256File(resolve(folder, name)) }));
  checkUnchanged(states);
  return {
    kind: "command",
    path,
    description,
    folder,
    files,
    states,
    hash: sha256(canonicalJson({ command, files, batch })),
  };
}

/** @throws DataError where a file of a program is not any more what was hashed: nobody knows which one it read */
export function checkCommand({ path, description, files }: CommandFile): void {
  const now = new Map(commandFile(path, description).files.map((file) => [file.name, file.sha256]));
  const changed = files.find(({ name, sha256 }) => now.get(name) !== sha256);
  if (changed !== undefined)
    throw new DataError(
      `"${changed.name}" was changed while the program was in use; run the same command again`,
      { path },
    );
}

/** The file that a part of the command line names, if any: `w.pt`, `--weights=w.pt`, `weights=w.pt`; of programs only own ones. */
function namedFile(folder: string): (part: string, at: number) => string[] {
  return (part, at) => {
    if (at === 0 && !isOwnProgram(part)) return [];
    const value = /^[^=]*=(.+)$/.exec(part)?.[1];
    return [part, ...(value === undefined ? [] : [value])].filter((name) => {
      const file = resolve(folder, name);
      return existsSync(file) && statSync(file).isFile();
    });
  };
}

/** Whether a program stands with its description (`./encode`), not in the system. */
function isOwnProgram(program: string): boolean {
  return /[/\\]/.test(program) && !/^([/\\]|[A-Za-z]:)/.test(program);
}
