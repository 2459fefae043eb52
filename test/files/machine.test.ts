import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { usableCores, usableMemory } from "../../src/files/machine.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-machine-"));
afterAll(() => rmSync(base, { recursive: true }));

const GB = 2 ** 30;
let systems = 0;

/** A machine of 64 cores and 256 GiB with these files. */
function machine(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  cores = 64,
) {
  const root = join(base, String(systems++));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { root, env, cores, memory: 256 * GB };
}

const ROOT = "22 1 0:20 / / rw - ext4 /dev/sda1 rw\n";
const mount = (of: string) => `${ROOT}30 23 0:26 ${of} /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw\n`;

/** A group of version 2, below the folder that is mounted. */
const version2 = (files: Readonly<Record<string, string>>, group = "/", of = "/") => ({
  "proc/self/cgroup": `0::${group}\n`,
  "proc/self/mountinfo": mount(of),
  ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`sys/fs/cgroup/${name}`, text])),
});

describe("without limits", () => {
  test.each([
    ["no control groups", {}],
    ["groups without limits", version2({ "cpu.max": "max 100000\n", "memory.max": "max\n" })],
    ["files that say nothing", version2({ "cpu.max": "\n", "memory.max": "none\n", "memory.high": "0\n" })],
  ])("%s: what the machine has", (_, files) => {
    expect(usableCores(machine(files))).toBe(64);
    expect(usableMemory(machine(files))).toBe(256 * GB);
  });
  test("this machine has no more than the system says", () => {
    expect(usableCores()).toBeGreaterThanOrEqual(1);
    expect(usableCores()).toBeLessThanOrEqual(availableParallelism());
    expect(usableMemory()).toBeGreaterThan(0);
    expect(usableMemory()).toBeLessThanOrEqual(totalmem());
  });
});

describe("control groups of version 2", () => {
  test("a container's, which sees its own group as the topmost", () => {
    const system = machine(version2({ "cpu.max": "150000 100000\n", "memory.max": `${2 * GB}\n` }));
    // A core and a half keep two threads busy.
    expect(usableCores(system)).toBe(2);
    expect(usableMemory(system)).toBe(2 * GB);
  });
  test("a job's, whose limits stand in a group above", () => {
    const step = "system.slice/slurmstepd.scope/job_7/step_0";
    const system = machine(
      version2(
        {
          "system.slice/slurmstepd.scope/job_7/memory.max": `${8 * GB}`,
          "system.slice/slurmstepd.scope/job_7/cpu.max": "400000 100000",
          [`${step}/memory.max`]: `${9 * GB}`,
          [`${step}/user/task_0/memory.max`]: "max",
          [`${step}/user/task_0/cpu.max`]: "max 100000",
        },
        `/${step}/user/task_0`,
      ),
    );
    expect(usableCores(system)).toBe(4);
    expect(usableMemory(system)).toBe(8 * GB);
  });
  test("where less is slowed down before more is refused", () => {
    const files = { "memory.max": `${4 * GB}`, "memory.high": `${3 * GB}` };
    expect(usableMemory(machine(version2(files)))).toBe(3 * GB);
  });
  test("less than a core is one thread", () => {
    expect(usableCores(machine(version2({ "cpu.max": "20000 100000" })))).toBe(1);
  });
  test("a group outside of what is mounted: the topmost that is seen", () => {
    const system = machine(version2({ "memory.max": `${GB}` }, "/../../other"));
    expect(usableMemory(system)).toBe(GB);
  });
  test("a mount of a group further down, and a name that is written with an escape", () => {
    const files = { "memory.max": `${5 * GB}`, "inner/memory.max": `${6 * GB}` };
    const system = machine(version2(files, "/user\\x2dslice/inner", "/user\\134x2dslice"));
    expect(usableMemory(system)).toBe(5 * GB);
  });
});

describe("control groups of version 1", () => {
  const version1 = (group: string, of: string, files: Readonly<Record<string, string>>) => ({
    "proc/self/cgroup": `9:cpu,cpuacct:${group}\n4:memory:${group}\n1:name=systemd:/\n0::/\n`,
    "proc/self/mountinfo": `${ROOT}31 23 0:29 ${of} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 23 0:30 ${of} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 23 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`,
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`sys/fs/cgroup/${name}`, text])),
  });
  test("a container's, mounted as the topmost", () => {
    const system = machine(
      version1("/docker/5f", "/docker/5f", {
        "cpu,cpuacct/cpu.cfs_quota_us": "300000\n",
        "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "memory/memory.limit_in_bytes": `${3 * GB}\n`,
      }),
    );
    expect(usableCores(system)).toBe(3);
    expect(usableMemory(system)).toBe(3 * GB);
  });
  test("without limits, as the kernel writes it", () => {
    const system = machine(
      version1("/", "/", {
        "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
      }),
    );
    expect(usableCores(system)).toBe(64);
    expect(usableMemory(system)).toBe(256 * GB);
  });
  test("a job's, above a task without any", () => {
    const system = machine(
      version1("/slurm/job_7/task_0", "/", {
        "memory/slurm/job_7/memory.limit_in_bytes": `${7 * GB}`,
        "memory/slurm/job_7/task_0/memory.limit_in_bytes": "9223372036854771712",
      }),
    );
    expect(usableMemory(system)).toBe(7 * GB);
  });
});

describe("what Slurm gave, where it does not hold a job to it", () => {
  test("cores of the task; of the job on this node where none were asked for the task", () => {
    expect(usableCores(machine({}, { SLURM_CPUS_PER_TASK: "4", SLURM_CPUS_ON_NODE: "16" }))).toBe(4);
    expect(usableCores(machine({}, { SLURM_CPUS_ON_NODE: "16" }))).toBe(16);
  });
  test("memory of the node, or of a core times its cores, in MiB", () => {
    expect(usableMemory(machine({}, { SLURM_MEM_PER_NODE: "2048" }))).toBe(2 * GB);
    expect(usableMemory(machine({}, { SLURM_MEM_PER_CPU: "1024", SLURM_CPUS_PER_TASK: "3" }))).toBe(3 * GB);
    // 0 is all memory of the node.
    expect(usableMemory(machine({}, { SLURM_MEM_PER_NODE: "0" }))).toBe(256 * GB);
  });
  test("no more than there is, whatever a variable says that was left over from another job", () => {
    expect(usableCores(machine({}, { SLURM_CPUS_PER_TASK: "500" }))).toBe(64);
    expect(usableMemory(machine({}, { SLURM_MEM_PER_NODE: "999999999" }))).toBe(256 * GB);
    expect(usableCores(machine({}, { SLURM_CPUS_PER_TASK: "many" }))).toBe(64);
    const small = version2({ "cpu.max": "200000 100000", "memory.max": `${GB}` });
    const env = { SLURM_CPUS_PER_TASK: "8", SLURM_MEM_PER_NODE: "4096" };
    expect(usableCores(machine(small, env))).toBe(2);
    expect(usableMemory(machine(small, env))).toBe(GB);
  });
});
