import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A new folder for what a test writes; it goes when the tests of the file have ended. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-test-"));
  made.push(folder);
  return folder;
}

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});
