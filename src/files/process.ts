import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process, told from all others that ever ran here or elsewhere. */
export interface ProcessName {
  readonly host: string;
  /** Which processes the numbers count: boot and container; empty where the system does not say. */
  readonly namespace: string;
  readonly process: number;
  /** When the process started, in the system's own units; empty where it does not say. */
  readonly started: string;
}

let me: ProcessName | undefined;

/** This process. */
export function thisProcess(): ProcessName {
  me ??= { host: hostname(), namespace: namespace(), process: process.pid, started: startOf(process.pid) };
  return me;
}

/** True where the numbers of processes mean the same here and there, so that it can be seen which of them run. */
export function seesProcess({ host, namespace }: ProcessName): boolean {
  const { host: here, namespace: own } = thisProcess();
  return host === here && namespace === own;
}

/** Whether a process that {@link seesProcess} still runs. */
export function runs({ process: pid, started }: Pick<ProcessName, "process" | "started">): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = startOf(pid);
  return started === "" || now === "" || started === now;
}

/** The boot and the process namespace that numbers of processes belong to (proc(5)); empty on other systems. */
function namespace(): string {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
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
