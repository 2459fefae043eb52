import type { ChildProcess } from "node:child_process";
import { relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { MessagePort, Worker } from "node:worker_threads";
import * as worker from "../src/files/worker.ts";
import { built } from "./built.ts";

export * from "../src/files/worker.ts";

const sources = resolve(import.meta.dirname, "../src");

/**
 * In the place of `src/files/worker.ts` in tests (vitest.config.ts): threads and processes of the product run the package
 * as it is shipped, which starts in a third of the time that sources take.
 */
export function startWorker(
  base: string,
  name: string,
  workerData?: unknown,
  packages: readonly string[] = [],
  transferList: readonly MessagePort[] = [],
): Worker {
  return worker.startWorker(inBuilt(base), name, workerData, packages, transferList);
}

export function startProcess(base: string, name: string): ChildProcess {
  return worker.startProcess(inBuilt(base), name);
}

/** The URL of a module of the sources in the built package; that of a module of the tests as it is. */
function inBuilt(base: string): string {
  const path = relative(sources, fileURLToPath(base));
  return path.startsWith("..") ? base : pathToFileURL(resolve(built(), path.replace(/\.ts$/, ".js"))).href;
}
