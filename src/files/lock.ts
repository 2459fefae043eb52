import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { InUseError } from "../errors.ts";
import { syncFile } from "./atomic.ts";
import { partName, removeLeftParts, STALE } from "./parts.ts";
import { type ProcessName, runs, seesProcess, thisProcess } from "./process.ts";
import { startCode } from "./worker.ts";
import { writeError } from "./write-error.ts";

const ATTEMPTS = 20;
/** How often a lock is renewed, milliseconds. */
const RENEWAL = 15_000;

/** A lock that is held. */
export interface Lock {
  /** Aborted when another run took the lock over, because this process did not answer for minutes. */
  readonly lost: AbortSignal;
  /** Gives the lock back. */
  release(): void;
}

/** Locks that this very process holds. */
const held = new Set<string>();

/**
 * Takes the lock of a folder, `run.lock`: one run at a time. The file names host, process and start of the process, and
 * a thread of its own writes it anew every 15 seconds. A lock whose process is gone is taken over at once where that can
 * be seen, that is on the same host among the same processes; anywhere else (another host, another container) it counts
 * as held until it has not been renewed for five minutes, by the clock of the disk it lies on.
 * @throws InUseError where another run holds it, DataError where nothing can be written.
 */
export function takeLock(folder: string): Lock {
  const file = join(folder, "run.lock");
  const own = partName(file);
  const mine = JSON.stringify(thisProcess());
  removeLeftParts(folder);
  try {
    for (let attempt = 0; ; attempt++) {
      writeFileSync(own, mine);
      // Who holds the lock shall be known after a power cut as well.
      syncFile(own);
      // A link appears with its content or not at all, so no lock is ever seen empty.
      if (linked(own, file)) break;
      const holder = read(file);
      if (holder === undefined && attempt < ATTEMPTS) continue;
      if (attempt === ATTEMPTS || (holder === mine ? held.has(file) : isHeld(holder!, file, own)))
        throw new InUseError(`is in use by another run (${describe(holder)}`, { path: folder });
      putAside(file, holder!);
    }
  } catch (cause) {
    throw cause instanceof InUseError ? cause : writeError(folder, cause);
  } finally {
    rmSync(own, { force: true });
  }
  const lost = new AbortController();
  let renewal: Worker;
  try {
    renewal = renew(file, mine, () => lost.abort());
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
  held.add(file);
  return {
    lost: lost.signal,
    release() {
      held.delete(file);
      void renewal.terminate();
      if (read(file) === mine) rmSync(file, { force: true });
    },
  };
}

/**
 * Renews the lock from a thread of its own, as long computations keep this one busy. It writes through a descriptor of
 * the file it began with, so that a lock that was taken over is never touched.
 */
function renew(file: string, mine: string, onLost: () => void): Worker {
  const code = `
    const { openSync, writeSync, fstatSync, statSync } = require("node:fs");
    const { workerData: { file, mine, every }, parentPort } = require("node:worker_threads");
    const open = openSync(file, "r+");
    setInterval(() => {
      if (statSync(file, { throwIfNoEntry: false })?.ino !== fstatSync(open).ino) parentPort.postMessage("lost");
      else writeSync(open, mine, 0);
    }, every);`;
  const worker = startCode(code, { file, mine, every: RENEWAL });
  worker.on("message", onLost);
  // A disk that does not answer for a while: others see that the lock is not renewed.
  worker.on("error", () => {});
  worker.unref();
  return worker;
}

/** Whether the holder still runs, or may. */
function isHeld(text: string, file: string, own: string): boolean {
  const holder = parse(text);
  if (holder !== undefined && seesProcess(holder)) return runs(holder);
  return age(file, own) < STALE;
}

/** Milliseconds since a lock was renewed, by the clock that also dated `now`, a file just written beside it. */
function age(file: string, now: string): number {
  const there = statSync(file, { throwIfNoEntry: false });
  return there === undefined ? Number.POSITIVE_INFINITY : statSync(now).mtimeMs - there.mtimeMs;
}

function parse(text: string): ProcessName | undefined {
  try {
    const holder = JSON.parse(text) as ProcessName | null;
    return typeof holder?.host === "string" && typeof holder.process === "number" ? holder : undefined;
  } catch {
    return undefined;
  }
}

function describe(text: string | undefined): string {
  const holder = text === undefined ? undefined : parse(text);
  if (holder === undefined) return "its lock cannot be read); wait for it or stop it";
  if (seesProcess(holder)) return `process ${holder.process}); wait for it or stop it`;
  return `process ${holder.process} on ${holder.host}); wait for it or stop it; if it is gone, its lock gives way five minutes after its end`;
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" || code === "ENOENT") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EOPNOTSUPP") throw error;
    return exclusive(from, to);
  }
}

/** For file systems without links. */
function exclusive(from: string, to: string): boolean {
  try {
    writeFileSync(to, readFileSync(from), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes the lock of a process that is gone; one that another run took meanwhile is put back. */
function putAside(file: string, stale: string): void {
  const aside = partName(`${file}.stale`);
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (read(aside) !== stale) linked(aside, file);
  rmSync(aside, { force: true });
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
