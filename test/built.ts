import { spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const builds = join(root, "node_modules/.cache/cellswap-built");
const DAY = 86_400_000;

let folder: string | undefined;

/**
 * Folder of the package compiled from the sources as they are, so that commands and threads start fast and run as they
 * are shipped. It is made by the first test that asks for it, and again once the sources have changed.
 */
export function built(): string {
  folder ??= build(join(builds, hashOfSources()));
  return folder;
}

function build(place: string): string {
  const done = join(place, "dist");
  if (existsSync(done)) return done;
  const making = `${place}-${randomUUID()}`;
  const dist = join(making, "dist");
  mkdirSync(dist, { recursive: true });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.json"), "--outDir", dist]);
  if (!existsSync(join(dist, "cli.js"))) throw new Error("the build has no cli.js");
  // What the package finds from where it lies.
  for (const name of ["encoders", "schema", "dist/web"]) symlinkSync(join(root, name), join(making, name));
  try {
    renameSync(making, place);
  } catch (error) {
    // Another process was first.
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(done)) throw error;
  }
  for (const name of readdirSync(builds)) {
    const other = join(builds, name);
    const made = statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (made < Date.now() - DAY) rmSync(other, { recursive: true, force: true });
  }
  return done;
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .sort()
    .map((name) => join("src", name));
  for (const name of ["tsconfig.json", "package-lock.json", ...sources])
    hash.update(`${name}\0`).update(readFileSync(join(root, name)));
  return hash.digest("hex").slice(0, 16);
}
