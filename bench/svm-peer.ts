import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { peerPython } from "./harness.ts";

/** What one contender made of some pairs. */
export interface Run {
  readonly cpu: number;
  readonly wall: number;
  /** Right out-of-fold predictions per pair, as 0 and 1. */
  readonly correct: string[];
  readonly capped: number;
}

/** The Python side (bench/peers/svm.py), one request at a time. */
export class Peer {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  intelex = false;

  constructor() {
    this.#process = spawn(peerPython("svm.txt"), [resolve(import.meta.dirname, "peers/svm.py")], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
    });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }
  async start(): Promise<void> {
    this.intelex = (JSON.parse((await this.#lines.next()).value) as { intelex: boolean }).intelex;
  }
  async run(request: object): Promise<Run> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    return JSON.parse((await this.#lines.next()).value) as Run;
  }
  /** Its pools end with its input; killed, it would leave them behind. */
  stop(): void {
    this.#process.stdin!.end();
  }
}
