import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";

export const root = resolve(import.meta.dirname, "../..");

/**
 * Makes a project that has the package, built from the sources as they are and packed, beside its dependencies in
 * node_modules. Removed after the tests of the file.
 */
export function makeConsumer(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-consumer-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const build = join(folder, "build");
  mkdirSync(build);
  for (const name of ["LICENSE", "README.md", "package.json"])
    writeFileSync(join(build, name), readFileSync(join(root, name)));
  tsc(root, "-p", "tsconfig.json", "--outDir", join(build, "dist"));
  run(build, "npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", folder);
  const installed = join(folder, "node_modules/cellswap");
  mkdirSync(installed, { recursive: true });
  const [archive] = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
  run(folder, "tar", "xzf", archive, "-C", installed, "--strip-components", "1");
  for (const name of readdirSync(join(root, "node_modules")))
    if (!name.startsWith("."))
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Runs the TypeScript compiler and returns what it says; throws where it fails. */
export function tsc(folder: string, ...args: string[]): string {
  return run(folder, process.execPath, join(root, "node_modules/typescript/bin/tsc"), ...args);
}

function run(folder: string, program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}
