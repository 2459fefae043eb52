import { rmSync } from "node:fs";
import { demoFolder } from "./browser.ts";

/** Runs in the main process after all tests: removes the demo that the tests of the page shared. */
export function teardown(): void {
  rmSync(demoFolder(process.pid), { recursive: true, force: true });
}
