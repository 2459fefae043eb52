import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const script = resolve(import.meta.dirname, "../../scripts/cluster/slurm.sh");
const preload = resolve(import.meta.dirname, "hold.cjs");

/** Why no Slurm can be started here, or undefined. */
export const noSlurm = whyNot();

export type Node = "node1" | "node2";

/** A task that stands still. */
export interface Held {
  /** Its number in the array. */
  readonly task: string;
  readonly goOn: () => Promise<string>;
}

/** A real Slurm of two nodes on this machine (`scripts/cluster/slurm.sh`). */
export class Cluster {
  readonly folder: string;
  readonly #work: string;
  readonly #env: NodeJS.ProcessEnv;
  #holds = 0;

  /** Its own files go into `folder`, which is not there yet; commands run in `work`, with `env` besides. */
  constructor(folder: string, work: string, env: NodeJS.ProcessEnv = {}) {
    this.folder = folder;
    this.#work = work;
    this.#env = { ...process.env, ...env };
  }

  up(): Promise<string> {
    return this.#do("up");
  }

  /** Runs a command on the controller and gives what it prints. @throws Error with all that it printed */
  login(...command: string[]): Promise<string> {
    return this.#do("login", ...command);
  }

  /** Runs a command on a node. */
  on(node: Node, ...command: string[]): Promise<string> {
    return this.#do("on", node, ...command);
  }

  /** `kill` and `boot` a node, `cut` and `join` its network. */
  node(what: "kill" | "boot" | "cut" | "join", node: Node): Promise<string> {
    return this.#do(what, node);
  }

  /** Variables that tasks on a node get; none of those given before. */
  setVariables(node: Node, variables: Readonly<Record<string, string>> = {}): void {
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(this.folder, `${node}.env`), lines.join(""));
  }

  /**
   * Lets the next task of a node, or only that of a number, stop at its write `at` of features (see `hold.cjs`), beside
   * other variables. Gives a function that waits until it has, and then says which it is and lets it go on.
   */
  hold(node: Node, at: string, task?: string, variables: Readonly<Record<string, string>> = {}) {
    const held = join(this.folder, `held-${this.#holds++}`);
    this.setVariables(node, {
      ...{ NODE_OPTIONS: `--require=${preload}`, HOLD: at, HELD: held, ...variables },
      ...(task === undefined ? {} : { HOLD_TASK: task }),
    });
    return async (seconds = 200): Promise<Held> => {
      await until(`a task on ${node} that is held`, seconds, () => existsSync(held));
      this.setVariables(node);
      const [number, pid] = readFileSync(held, "utf8").split(" ");
      return { task: number, goOn: () => this.on(node, "kill", "-CONT", pid) };
    };
  }

  /** Submits a job with the options, script and arguments that sbatch takes; gives its number. */
  async submit(...args: string[]): Promise<string> {
    return (await this.login("sbatch", "--parsable", ...args)).trim().split(";")[0];
  }

  /** State of every task of a job, by its number in the array (`N/A` without one), and on which node it is. */
  async tasks(job: string): Promise<Map<string, { state: string; node: string }>> {
    const lines = await this.login(
      ..."squeue --noheader --array --states all --format".split(" "),
      "%K %T %N",
      "-j",
      job,
    );
    return new Map(
      lines
        .trim()
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .map(([task, state, node = ""]) => [task, { state, node }]),
    );
  }

  /** Waits until all tasks of a job have ended; gives the states of those that were not completed. */
  async ended(job: string, seconds = 180): Promise<string[]> {
    const over =
      /^(COMPLETED|FAILED|CANCELLED|TIMEOUT|PREEMPTED|NODE_FAIL|DEADLINE|OUT_OF_MEMORY|BOOT_FAIL)$/;
    let states: string[] = [];
    await until(`the end of job ${job}`, seconds, async () => {
      states = [...(await this.tasks(job))].map(([task, { state }]) => `${task} ${state}`);
      return states.every((line) => over.test(line.split(" ")[1]));
    });
    return states.filter((line) => !line.endsWith(" COMPLETED")).sort();
  }

  /** Stops everything. */
  async down(): Promise<void> {
    await this.#do("down");
  }

  async #do(...args: string[]): Promise<string> {
    const [what, ...rest] = args;
    try {
      const options = { cwd: this.#work, env: this.#env, timeout: 240_000, maxBuffer: 1 << 26 };
      return (await run("bash", [script, what, this.folder, ...rest], options)).stdout;
    } catch (error) {
      const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number };
      throw new Error(`${args.join(" ")}: exit ${code}: ${stdout}${stderr}`);
    }
  }
}

/** Waits until a condition holds. @throws Error that names what was waited for, after so many seconds */
export async function until(
  what: string,
  seconds: number,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = Date.now() + 1000 * seconds;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await sleep(100);
  }
}

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const has = (program: string) =>
    ["/usr/sbin", "/usr/bin", "/sbin"].some((d) => existsSync(join(d, program)));
  const missing = ["slurmctld", "slurmd", "munged", "ip"].filter((program) => !has(program));
  if (missing.length > 0) return "needs Debian's slurm-wlm, munge and iproute2";
  const hosts = spawnSync("unshare", ["--net", "--uts", "--mount", "--pid", "--fork", "true"]);
  return hosts.status === 0 ? undefined : "needs namespaces";
}
