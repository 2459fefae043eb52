import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join, relative } from "node:path";

/** Where a program sees what it may use. */
export interface System {
  /** Folder that `/proc` and `/sys` are in. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Cores that the process may be put on. */
  readonly cores: number;
  /** Bytes of the whole machine. */
  readonly memory: number;
}

const here = (): System => ({
  root: "/",
  env: process.env,
  cores: availableParallelism(),
  memory: totalmem(),
});

/**
 * Threads that can compute at once, 1 or more: the cores that this process may be put on, the processor time that its
 * control groups (containers, jobs) get, rounded up, and what Slurm gave the task, whichever is least.
 */
export function usableCores(system: System = here()): number {
  const { env } = system;
  const job = natural(env.SLURM_CPUS_PER_TASK) ?? natural(env.SLURM_CPUS_ON_NODE) ?? Number.POSITIVE_INFINITY;
  return Math.max(1, Math.ceil(Math.min(system.cores, job, ...limits(system, "cpu"))));
}

/**
 * Bytes of memory that this process and its threads may take: those of the machine, of its control groups (containers,
 * jobs) and those that were asked of Slurm, whichever are least.
 */
export function usableMemory(system: System = here()): number {
  const { env } = system;
  const perCore = natural(env.SLURM_MEM_PER_CPU);
  const job =
    natural(env.SLURM_MEM_PER_NODE) ?? (perCore === undefined ? undefined : perCore * usableCores(system));
  return Math.min(
    system.memory,
    job === undefined ? Number.POSITIVE_INFINITY : job * 2 ** 20,
    ...limits(system, "memory"),
  );
}

/** Bytes that this process and its threads may still take beside what they hold; below 0 where they hold more than they may. */
export const memoryLeft = (): number => usableMemory() - process.memoryUsage.rss();

/** A number as Slurm gives it in the environment; its 0 means everything. */
function natural(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined;
}

type Controller = "cpu" | "memory";

/** What a folder of a control group says of a limit: cores or bytes. */
const READERS: Readonly<Record<Controller, (folder: string) => readonly number[]>> = {
  cpu: (folder) => {
    const names = ["cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"];
    const [quota = 0, period = 0] = names.flatMap((name) => numbers(join(folder, name)));
    return quota > 0 && period > 0 ? [quota / period] : [];
  },
  memory: (folder) =>
    ["memory.max", "memory.high", "memory.limit_in_bytes"]
      .flatMap((name) => numbers(join(folder, name)))
      .filter((bytes) => bytes > 0),
};

/** Whole numbers of a file; 0 for `max` and -1, which set no limit. */
function numbers(path: string): number[] {
  const words = (read(path) ?? "").split(/\s+/).filter((word) => word !== "");
  return words.map((word) => (/^[0-9]+$/.test(word) ? Number(word) : 0));
}

/**
 * Limits of the control groups that this process is in and of all above them, as far as they are seen (cgroups(7)): both
 * versions, in a container as well, where the group of the container is the topmost.
 */
function limits({ root }: System, controller: Controller): number[] {
  const groups = (read(join(root, "proc/self/cgroup")) ?? "").split("\n").map((line) => line.split(":"));
  return mounts(root).flatMap(({ type, options, of, at }) => {
    const v2 = type === "cgroup2";
    if (!v2 && !options.includes(controller)) return [];
    const group = groups.find(([id, controllers]) =>
      v2 ? id === "0" && controllers === "" : controllers?.split(",").includes(controller),
    );
    if (group === undefined) return [];
    const below = relative(of, group.slice(2).join(":"));
    const steps = below.startsWith("..") ? [] : below.split("/").filter((step) => step !== "");
    return Array.from({ length: steps.length + 1 }, (_, n) =>
      READERS[controller](join(root, at, ...steps.slice(0, n))),
    ).flat();
  });
}

interface Mount {
  readonly type: string;
  readonly options: readonly string[];
  /** The group that is mounted, and where. */
  readonly of: string;
  readonly at: string;
}

/** Control groups in the file system (proc_pid_mountinfo(5)). */
function mounts(root: string): Mount[] {
  return (read(join(root, "proc/self/mountinfo")) ?? "").split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ").map((part) => part.split(" ").map(unescaped));
    if (after === undefined || !after[0].startsWith("cgroup")) return [];
    return [{ type: after[0], options: (after[2] ?? "").split(","), of: before[3], at: before[4] }];
  });
}

/** A path as it is: spaces and backslashes are written as octal numbers. */
const unescaped = (path: string) =>
  path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
