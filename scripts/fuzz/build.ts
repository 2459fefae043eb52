import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/**
 * Compiles product and fuzzers, so that time and memory are those of the product as it is shipped; returns the folder.
 * Call {@link removeBuild} when done.
 */
export function build(): string {
  const folder = join(root, "node_modules/.cache", `cellswap-fuzz-${process.pid}`);
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", join(import.meta.dirname, "tsconfig.json"), "--outDir", folder];
  mkdirSync(folder, { recursive: true });
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (!existsSync(join(folder, "scripts/fuzz/worker.js"))) throw new Error(`does not compile: ${stdout}`);
  // What is found from where the sources are.
  mkdirSync(join(folder, "test"), { recursive: true });
  for (const name of ["test/fixtures", "encoders", "schema"])
    symlinkSync(join(root, name), join(folder, name));
  return folder;
}

export function removeBuild(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
