import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StudyError } from "../errors.ts";
import { writeError } from "../files/atomic.ts";

const ATTEMPTS = 20;

/** Locks that this very process holds. */
const held = new Set<string>();

/**
 * Takes the lock of a study folder, `run.lock`: one run at a time. The file holds the process and, where the system
 * tells it, when that process started, so that a lock whose process is gone is taken over even after its number was
 * given to another process.
 * @returns a function that gives the lock back.
 * @throws StudyError where another run holds it, DataError where nothing can be written.
 */
export function takeLock(folder: string): () => void {
  const file = join(folder, "run.lock");
  const own = `${file}.${process.pid}`;
  const mine = `${process.pid} ${startOf(process.pid)}`;
  try {
    for (let attempt = 0; ; attempt++) {
      writeFileSync(own, mine);
      // A link appears with its content or not at all, so no lock is ever seen empty.
      if (linked(own, file)) break;
      const holder = read(file);
      if (holder === undefined && attempt < ATTEMPTS) continue;
      if (attempt === ATTEMPTS || (holder === mine ? held.has(file) : alive(holder!)))
        throw new StudyError(
          `is in use by another run (process ${holder?.split(" ")[0]}); wait for it or stop it`,
          { path: folder },
        );
      putAside(file, holder!);
    }
  } catch (cause) {
    throw cause instanceof StudyError ? cause : writeError(folder, cause);
  } finally {
    rmSync(own, { force: true });
  }
  held.add(file);
  return () => {
    held.delete(file);
    if (read(file) === mine) rmSync(file, { force: true });
  };
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
  const aside = `${file}.stale-${process.pid}`;
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

function alive(holder: string): boolean {
  const [id, start = ""] = holder.split(" ");
  const pid = Number(id);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = startOf(pid);
  return start === "" || now === "" || start === now;
}

/**
 * When a process started, in clock ticks since boot (field 22 of proc(5) stat), `ended` for one that is only not yet
 * waited for; empty on other systems.
 */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "ended" : (fields[19] ?? "");
  } catch {
    return "";
  }
}
