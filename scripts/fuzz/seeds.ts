import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Seed } from "./reader.ts";

const fixtures = resolve(import.meta.dirname, "../../test/fixtures");

/** Largest file that is a seed: small ones are read fast and mutations hit their structure. */
const LARGEST = 60_000;

export const fixture = (path: string) => join(fixtures, path);

/** A seed per file of a folder of test/fixtures whose name matches. */
export function fileSeeds(folder: string, name: RegExp): Seed[] {
  return readdirSync(join(fixtures, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => name.test(file) && statSync(join(fixtures, folder, file)).isFile())
    .filter((file) => statSync(join(fixtures, folder, file)).size <= LARGEST)
    .sort()
    .map((file) => oneFile(basename(file), readFileSync(join(fixtures, folder, file)), join(folder, file)));
}

/** A seed of one file. */
export function oneFile(name: string, bytes: Buffer, title = name): Seed {
  return { name: title, files: new Map([[name, bytes]]), given: name };
}

/** All files below a folder, as one seed; `given` is the path in it that the reader gets. */
export function folderSeed(folder: string, given = "", prefix = basename(folder)): Seed {
  const files = new Map<string, Buffer>();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort())
    if (statSync(join(folder, file)).isFile())
      files.set(join(prefix, file), readFileSync(join(folder, file)));
  return { name: basename(folder) || basename(dirname(folder)), files, given: join(prefix, given) };
}
