import { join } from "node:path";
import { InterruptedError, STOPPED } from "../../errors.ts";
import { refuseLink } from "../../files/atomic.ts";
import { checkUnchanged } from "../../files/state.ts";
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
  readonly #onPrint: ((chunk: Uint8Array) => void) | undefined;
  #logs: string | undefined;
  #stopped: Error | undefined;

  /** @param onPrint called with what programs print on their standard error */
  constructor(onPrint?: (chunk: Uint8Array) => void) {
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

  /**
   * From now on, what programs print on their standard error goes to `NAME.log` in `folder`.
   * @throws DataError where the folder or a file in it is a symbolic link, or the file a device or a pipe
   */
  logTo(folder: string): void {
    refuseLink(folder);
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
      checkUnchanged(file.states);
      const { name } = file.description;
      entry = { processes: [], shapes: [], log: new ErrorLog(this.#onPrint), name };
      if (this.#logs !== undefined) entry.log.open(join(this.#logs, `${name}.log`));
      this.#entries.set(file.path, entry);
    }
    return entry;
  }
}
