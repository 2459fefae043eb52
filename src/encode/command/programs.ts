import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import { InterruptedError, STOPPED } from "../../errors.ts";
import { type ErrorRecord, recordError, reviveError } from "../../files/worker.ts";
import { ErrorLog } from "./error-log.ts";
import type { CommandFile } from "./file.ts";
import { Program, type ProgramAnswer, type ProgramBatch } from "./program.ts";

/** What gives batches to the program of an encoder, wherever it runs. */
export interface Programs {
  exchange(file: CommandFile, batch: ProgramBatch): Promise<ProgramAnswer>;
}

interface Entry {
  readonly processes: Program[];
  /** Of its outputs, once they are known. */
  readonly shapes: string[];
  readonly log: ErrorLog;
  readonly name: string;
}

/**
 * The programs of encoders, started with their first batch and shared by all that encode: each in as many processes as
 * its description says. Call {@link end} when done, {@link stop} in between.
 */
export class RunningPrograms implements Programs {
  readonly #entries = new Map<string, Entry>();
  readonly #onPrint: ((chunk: Buffer) => void) | undefined;
  #logs: string | undefined;
  #stopped: Error | undefined;

  /** @param onPrint called with what programs print on their standard error */
  constructor(onPrint?: (chunk: Buffer) => void) {
    this.#onPrint = onPrint;
  }

  /** Gives a batch to the process with the least to do. @throws DataError as {@link Program.exchange} */
  async exchange(file: CommandFile, batch: ProgramBatch): Promise<ProgramAnswer> {
    if (this.#stopped !== undefined) throw this.#stopped;
    const { processes, log, shapes } = this.#entry(file);
    let least = processes.reduce<Program | undefined>(
      (a, b) => (a === undefined || b.load < a.load ? b : a),
      undefined,
    );
    if (least === undefined || (least.load > 0 && processes.length < file.description.processes)) {
      least = new Program(file, log, shapes);
      processes.push(least);
    }
    return least.exchange(batch);
  }

  /** From now on, what programs print on their standard error goes to `NAME.log` in `folder`. */
  logTo(folder: string): void {
    this.#logs = folder;
    for (const { log, name } of this.#entries.values()) log.open(join(folder, `${name}.log`));
  }

  /** Ends all programs: their input ends, and those that go on are ended after seconds. */
  async end(): Promise<void> {
    this.#stopped ??= new InterruptedError("the programs were ended");
    await Promise.all([...this.#entries.values()].flatMap(({ processes }) => processes.map((p) => p.end())));
    this.#close();
  }

  /** Ends all programs at once; batches under way fail with InterruptedError. */
  stop(): void {
    this.#stopped ??= new InterruptedError(STOPPED);
    for (const { processes } of this.#entries.values()) for (const p of processes) p.stop(this.#stopped);
    this.#close();
  }

  #close(): void {
    for (const { log } of this.#entries.values()) log.close();
  }

  #entry(file: CommandFile): Entry {
    let entry = this.#entries.get(file.path);
    if (entry === undefined) {
      const { name } = file.description;
      entry = { processes: [], shapes: [], log: new ErrorLog(this.#onPrint), name };
      if (this.#logs !== undefined) entry.log.open(join(this.#logs, `${name}.log`));
      this.#entries.set(file.path, entry);
    }
    return entry;
  }
}

interface Request {
  readonly id: number;
  readonly file: CommandFile;
  readonly batch: ProgramBatch;
}

type Reply = { readonly id: number } & ({ readonly answer: ProgramAnswer } | { readonly error: ErrorRecord });

/** Answers the batches that come through `port` from {@link DistantPrograms} in another thread. */
export function servePrograms(programs: Programs, port: MessagePort): void {
  port.on("message", async ({ id, file, batch }: Request) => {
    try {
      const answer = await programs.exchange(file, batch);
      port.postMessage(
        { id, answer } satisfies Reply,
        answer.frames.map(({ values }) => values.buffer as ArrayBuffer),
      );
    } catch (error) {
      port.postMessage({ id, error: recordError(error) } satisfies Reply);
    }
  });
}

/** Programs that another thread runs, at the other end of `port`. Batches in shared memory are not copied. */
export class DistantPrograms implements Programs {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #next = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (reply: Reply) => {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
  }

  exchange(file: CommandFile, batch: ProgramBatch): Promise<ProgramAnswer> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (reply) => {
        if ("answer" in reply) resolve(reply.answer);
        else reject(reviveError(reply.error));
      });
      this.#port.postMessage({ id, file, batch } satisfies Request);
    });
  }
}
