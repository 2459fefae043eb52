import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFault, type Outcome, type Verdict } from "./reader.ts";
import type { Task } from "./worker.ts";

/** Own seconds of a worker, for an input, after which it is ended: more than any reader may take. */
const PATIENCE = 20;
/** Seconds after which one is ended that waits for something, or whose own time is not known; for busy machines. */
const STILL = 240;
/** Inputs after which a worker is replaced, so that what stays behind in one does not add up. */
const MOST = 4000;

/** A process that reads inputs; one that hangs or dies is replaced. */
export class FuzzWorker {
  readonly #root = mkdtempSync(join(tmpdir(), "cellswap-fuzz-"));
  #child: ChildProcess | undefined;
  #done = 0;

  readonly #arguments: readonly string[];
  readonly #built: string;

  /**
   * @param built folder of the compiled fuzzers
   * @param made folder of what was prepared for seeds
   */
  constructor(built: string, made: string) {
    this.#arguments = [this.#root, made];
    this.#built = built;
  }

  /** Reads an input. A fault is looked at again in a fresh process: only what shows there too counts. */
  async run(task: Task): Promise<Outcome> {
    if (++this.#done % MOST === 0) this.#end();
    const first = await this.#try(task);
    if (!isFault(first.verdict)) return first;
    this.#end();
    const again = await this.#try(task);
    if (isFault(again.verdict)) this.#end();
    return again;
  }

  close(): void {
    this.#end();
    rmSync(this.#root, { recursive: true, force: true });
  }

  #end(): void {
    this.#child?.removeAllListeners();
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  async #try(task: Task): Promise<Outcome> {
    this.#child ??= await this.#start();
    const child = this.#child;
    const failed = (verdict: Verdict, detail: string): Outcome => {
      this.#end();
      return { verdict, detail, file: "", mutators: [], seconds: 0, memory: 0 };
    };
    return new Promise((done, broken) => {
      const [began, used] = [performance.now(), ownSeconds(child)];
      const clock = setInterval(() => {
        const own = ownSeconds(child) - used;
        const all = (performance.now() - began) / 1000;
        if (own < PATIENCE && all < STILL) return;
        clearInterval(clock);
        done(failed("hang", `no answer within ${own.toFixed(0)} s of its own and ${all.toFixed(0)} s`));
      }, 500);
      child.removeAllListeners();
      child.once("exit", (code, signal) => {
        clearInterval(clock);
        this.#child = undefined;
        done(failed("crash", `the process ended (${signal ?? code})`));
      });
      child.once("message", (outcome: Outcome | { broken: string }) => {
        clearInterval(clock);
        if ("broken" in outcome) broken(new Error(outcome.broken));
        else done(outcome);
      });
      child.send(task);
    });
  }

  #start(): Promise<ChildProcess> {
    const child = fork(join(this.#built, "scripts/fuzz/worker.js"), [...this.#arguments], {
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    return new Promise((done, fail) => {
      child.once("message", () => done(child));
      child.once("exit", (code) =>
        fail(new Error(`a worker did not start (${code}); run worker.ts by hand`)),
      );
    });
  }
}

/** Seconds that a process has calculated, where the system tells; 0 elsewhere. */
function ownSeconds({ pid }: ChildProcess): number {
  try {
    const words = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(words[11]) + Number(words[12])) / 100;
  } catch {
    return 0;
  }
}
