import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { DataError } from "../../errors.ts";
import { npyHeader } from "../../files/npy.ts";
import type { ErrorLog } from "./error-log.ts";
import type { CommandFile } from "./file.ts";
import { type Frame, FrameReader, quote } from "./frames.ts";
import { endGroup, onOwnEnd } from "./group.ts";

/** A batch as the program gets it; masks (1: center cell) only where the description asks for them. */
export interface ProgramBatch {
  /** Inputs. */
  readonly count: number;
  /** Count x channels x height x width, or with the channels last; not to be changed before the answer. */
  readonly images: Float32Array;
  /** Count x height x width. */
  readonly masks: Uint8Array | null;
}

/** What a program gave for a batch: an array per output, in the order in which the description names them. */
export interface ProgramAnswer {
  readonly frames: readonly Frame[];
  /** Milliseconds that it took, not counting the batches before it. */
  readonly ms: number;
}

interface Pending {
  readonly count: number;
  readonly frames: Frame[];
  written: boolean;
  /** When the program could begin with it. */
  since: number;
  readonly resolve: (answer: ProgramAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** Milliseconds that a program may take to end once its input has, or to be heard of once it is gone. */
const GRACE = 3000;

/**
 * One process of an encoder that is another program. Batches are written as they come, so that the next one waits in
 * its input while it computes, and are answered in their order. Whatever goes wrong ends the process, and with it all
 * that waits.
 */
export class Program {
  readonly #file: CommandFile;
  readonly #log: ErrorLog;
  readonly #outputs: readonly string[];
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #reader = new FrameReader((frame) => this.#take(frame));
  readonly #pending: Pending[] = [];
  readonly #forget: () => void;
  readonly #shapes: string[];
  #answered = 0;
  #timer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #gone = false;

  /** @param shapes of the outputs, filled with the first batch of any process of the encoder */
  constructor(file: CommandFile, log: ErrorLog, shapes: string[]) {
    this.#file = file;
    this.#log = log;
    this.#shapes = shapes;
    this.#outputs = outputsOf(file);
    const [program, ...args] = file.description.command;
    // A program that is given by its path is one of the description's folder.
    const command = /[/\\]/.test(program) ? resolve(file.folder, program) : program;
    try {
      this.#child = spawn(command, args, {
        cwd: file.folder,
        stdio: ["pipe", "pipe", "pipe"],
        // A group of its own: Ctrl-C on the terminal is for cellswap, which then ends the whole group.
        detached: process.platform !== "win32",
        windowsHide: true,
      });
    } catch (cause) {
      throw this.#error(notStarted(command, cause as NodeJS.ErrnoException), cause);
    }
    const child = this.#child;
    this.#forget = onOwnEnd(child);
    child.on("error", (error: NodeJS.ErrnoException) => this.#fail(notStarted(command, error), error));
    child.on("close", (code, signal) => this.#ended(code, signal));
    // What a process that it left behind holds open is not waited for.
    child.on("exit", (code, signal) => void setTimeout(() => this.#ended(code, signal), GRACE / 6).unref());
    child.stdout.on("data", (chunk: Buffer) => this.#read(chunk));
    child.stdout.on("end", () => this.#hungUp("output"));
    child.stderr.on("data", (chunk: Buffer) => this.#log.push(chunk));
    for (const stream of [child.stdout, child.stderr]) stream.on("error", () => {});
    child.stdin.on("error", () => this.#hungUp("input"));
  }

  /** Batches that are under way. */
  get load(): number {
    return this.#pending.length;
  }

  /** Sends a batch. @throws DataError saying what the program did instead of giving its features */
  exchange({ count, images, masks }: ProgramBatch): Promise<ProgramAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        count,
        frames: [],
        written: false,
        since: performance.now(),
        resolve,
        reject,
      };
      this.#pending.push(pending);
      if (this.#pending.length === 1) this.#watch();
      const { channels, height, width, layout } = this.#file.description.input;
      const image = layout === "NCHW" ? [channels.length, height, width] : [height, width, channels.length];
      const { stdin } = this.#child;
      const written = (error?: Error | null) => {
        pending.written = !error;
        this.#answer();
      };
      stdin.write(npyHeader("float32", [count, ...image]));
      const bytes = new Uint8Array(images.buffer, images.byteOffset, images.byteLength);
      if (masks === null) stdin.write(bytes, written);
      else {
        stdin.write(bytes);
        stdin.write(npyHeader("uint8", [count, height, width]));
        stdin.write(masks, written);
      }
    });
  }

  /** Ends its input and waits until it is gone; one that does not go is ended. */
  async end(): Promise<void> {
    if (!this.#gone) {
      const child = this.#child;
      child.stdin.end();
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, GRACE);
        // What it leaves behind would keep its outputs open, which are read to their ends.
        child.once("exit", () => endGroup(child));
        child.once("close", () => {
          clearTimeout(late);
          resolve();
        });
      });
    }
    this.stop(new Error("the program was ended"));
  }

  /** Ends it at once; what waits for it fails with `error`. */
  stop(error: Error): void {
    clearTimeout(this.#timer);
    this.#failure ??= error;
    this.#gone = true;
    for (const { reject } of this.#pending.splice(0)) reject(this.#failure);
    endGroup(this.#child);
    this.#forget();
    // One that left its group may hold its outputs open, and with them this process.
    const { stdin, stdout, stderr } = this.#child;
    const release = () => [stdin, stdout, stderr].forEach((stream) => void stream.destroy());
    setTimeout(release, GRACE / 6).unref();
  }

  #read(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  #take(frame: Frame): void {
    const [pending] = this.#pending;
    const names = this.#outputs;
    if (pending === undefined || pending.frames.length === names.length)
      throw new Error(
        `writes more arrays than it is asked for; write one per output (${names.join(", ")}) and batch`,
      );
    const output = pending.frames.length;
    const { shape } = frame;
    const shown = shape.length === 0 ? "a single value" : shape.join(" x ");
    if (shape[0] !== pending.count)
      throw new Error(
        `gives ${shown} in output ${names[output]} for a batch of ${pending.count}; give one row per input, in their order, those of empty inputs as well`,
      );
    const known = (this.#shapes[output] ??= shown);
    if (known !== shown)
      throw new Error(
        `gives ${shown} in output ${names[output]}, where it gave ${known} before; give every batch features of one size`,
      );
    pending.frames.push(frame);
    this.#answer();
  }

  /** Answers the first batch once it is written whole and all outputs are there. */
  #answer(): void {
    const [pending] = this.#pending;
    if (pending === undefined || !pending.written || pending.frames.length < this.#outputs.length) return;
    this.#pending.shift();
    this.#answered++;
    const now = performance.now();
    pending.resolve({ frames: pending.frames, ms: now - pending.since });
    if (this.#pending.length > 0) this.#pending[0].since = now;
    this.#watch();
  }

  /** Sets the time until which the first batch that waits must be answered. */
  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#pending.length === 0) return;
    const { seconds } = this.#file.description;
    const which = this.#answered === 0 ? "start" : "batch";
    const limit = seconds[which];
    this.#timer = setTimeout(() => {
      const { lastLine } = this.#log;
      const said = lastLine === "" ? "" : ` (it last printed ${quote(lastLine)})`;
      const gave = this.#pending[0]?.frames.length ?? 0;
      const all = `one array per output (${this.#outputs.join(", ")})`;
      const given =
        gave > 0
          ? `gave ${gave} of ${this.#outputs.length} arrays for a batch`
          : this.#reader.idle
            ? "gave no features for a batch"
            : "gave a part of an array for a batch";
      this.#fail(
        `${given} within ${limit} s and was ended${said}; write ${all} and flush, or give it longer ("seconds": { "${which}": ${2 * limit} })`,
      );
    }, limit * 1000);
  }

  /** A program that closes one of its ends mostly ends with it, which says more. */
  #hungUp(end: "input" | "output"): void {
    setTimeout(() => {
      if (this.#pending.length > 0)
        this.#fail(
          `closed its standard ${end} before all was done${this.#said()}; read batches and write features until the end of the input`,
        );
    }, GRACE).unref();
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#gone) return;
    const how = code === null ? `was ended by signal ${signal}` : `ended with exit code ${code}`;
    const when =
      this.#answered === 0
        ? "before it gave any features"
        : `after ${this.#answered} batch${this.#answered === 1 ? "" : "es"}`;
    const remedy =
      signal === "SIGKILL" || code === 137
        ? 'the system ends programs so that take too much memory: make "batch" smaller'
        : code === 0
          ? "read batches and write features until the end of the input"
          : /out of memory/i.test(this.#log.lastLine)
            ? 'make "batch" smaller'
            : "mend that";
    this.#fail(`${how} ${when}${this.#said()}; ${remedy}, then start again`);
  }

  /** What it printed last on its standard error. */
  #said(): string {
    const line = this.#log.lastLine;
    if (line === "") return " and printed nothing on its standard error";
    return `: "${line.length > 200 ? `${line.slice(0, 197)}...` : line}"`;
  }

  #fail(what: string, cause?: unknown): void {
    if (this.#failure === undefined) this.stop(this.#error(what, cause));
  }

  #error(what: string, cause: unknown): DataError {
    const { path, description } = this.#file;
    const line = commandLine(description.command);
    const shown = line.length > 80 ? `${line.slice(0, 77)}...` : line;
    return new DataError(`the program of encoder ${description.name} (${shown}) ${what}`, { path, cause });
  }
}

function notStarted(command: string, { code, message }: NodeJS.ErrnoException): string {
  const isPath = /[/\\]/.test(command);
  if (code === "ENOENT" && !isPath)
    return `cannot be started: there is no program ${command} in the PATH; ${command === "python" ? 'name "python3"' : "install it"}, or give its whole path in "command"`;
  if (code === "ENOENT" && existsSync(command))
    return `cannot be started: what its first line names is not there; give the interpreter first in "command"`;
  if (code === "ENOENT") return `cannot be started: there is no ${command}; correct "command"`;
  if (code === "EACCES" || code === "ENOEXEC" || code === "EINVAL" || code === "UNKNOWN")
    return `cannot be started: ${command} is not an executable program; give its interpreter first in "command" ("python", "serve.py")`;
  return `cannot be started (${message}); correct "command"`;
}

/** Names of the arrays that a program writes for a batch, in their order: each output once. */
export function outputsOf({ description }: CommandFile): string[] {
  return [...new Set(description.outputs.map((o) => o.output))];
}

/** A command line for people: parts with spaces or quotes in quotes. */
export function commandLine(command: readonly string[]): string {
  return command.map((part) => (/^[\w@%+=:,./\\-]+$/.test(part) ? part : JSON.stringify(part))).join(" ");
}
