import { lstatSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sha256 } from "./hash.ts";
import { runs, thisProcess } from "./process.ts";

/** Without a sign of life for so long, milliseconds, what a process elsewhere writes or holds counts as left behind. */
export const STALE = 300_000;

/** Names of the process at the end of what it writes: where it runs, its number, its start. */
const OWNED = /\.(part|new)-([0-9a-f]{8})-(\d{1,10})-(\d{1,20})$/;

let tag: string | undefined;

/** What tells the files of this process from those of others: `HOST-PROCESS-START`. */
export function processTag(): string {
  const { process: pid, started } = thisProcess();
  return (tag ??= `${place()}-${pid}-${/^\d+$/.test(started) ? started : "0"}`);
}

/** The host, boot and container of this process, as 8 hex digits. */
function place(): string {
  const { host, namespace } = thisProcess();
  return sha256(`${host}\n${namespace}`).slice(0, 8);
}

/** Name under which `path` is written until it is whole; it says of which process it is, and no user would choose it. */
export function partName(path: string): string {
  return partOf(path, processTag());
}

/** As {@link partName}, of the process with a tag. */
export function partOf(path: string, tag: string): string {
  return `${path}.part-${tag}`;
}

/** True for a name that {@link partName} gave to a process that is gone: the file can be removed. */
export function isLeftPart(path: string): boolean {
  return OWNED.exec(path)?.[1] === "part" && isLeft(path);
}

/**
 * Whether the process that a file or folder is named after is gone. Of one of another host, container or boot that
 * cannot be seen: it counts as gone five minutes after its last sign of life, by the clock of the disk.
 */
export function isLeft(path: string): boolean {
  const [, , where, pid, started] = OWNED.exec(path) ?? [];
  if (where === undefined) return false;
  if (where === place()) return !runs({ process: Number(pid), started: started === "0" ? "" : started });
  const last = lastWritten(path);
  return last !== null && diskTime(dirname(path)) - last > STALE;
}

/** What time it is for the disk of a folder, milliseconds; 0 where nothing can be written there. */
function diskTime(folder: string): number {
  const probe = partName(join(folder, "clock"));
  try {
    writeFileSync(probe, "");
    return lstatSync(probe).mtimeMs;
  } catch {
    return 0;
  } finally {
    rmSync(probe, { force: true });
  }
}

/** When a file, or anything in a folder, was last written, milliseconds; null where nothing is there. */
function lastWritten(path: string): number | null {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return null;
  if (!there.isDirectory()) return there.mtimeMs;
  return Math.max(there.mtimeMs, ...readdirSync(path).map((name) => lastWritten(join(path, name)) ?? 0));
}

/** Removes from a folder what dead processes left half-written there; where that fails, it stays. */
export function removeLeftParts(folder: string): void {
  removeLeft(folder, isLeftPart);
}

/** Removes the entries of a folder that are `left`, in no case what a link among them leads to. */
export function removeLeft(folder: string, left: (path: string) => boolean): void {
  let names: string[] = [];
  try {
    names = readdirSync(folder).filter((name) => OWNED.test(name));
  } catch {
    // No folder, or none that may be read: nothing of ours can be told there.
  }
  for (const name of names)
    try {
      if (left(join(folder, name))) rmSync(join(folder, name), { recursive: true, force: true });
    } catch {
      // Of another user, or gone by now.
    }
}
