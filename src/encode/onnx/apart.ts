import "./telemetry.ts";
import type { ChildProcess } from "node:child_process";
import { DataError, InterruptedError, STOPPED } from "../../errors.ts";
import { type ErrorRecord, reviveError } from "../../files/error-record.ts";
import { usableMemory } from "../../files/machine.ts";
import { notStarted, startProcess, tooMany } from "../../files/worker.ts";
import type { CropShape, MaskKind } from "../../types.ts";
import type { Encoder } from "../encoder.ts";
import { checkGraph, type OnnxFile } from "./file.ts";
import { ABSURD, CHECK } from "./runtime-network.ts";

/** What a network in a process of its own may take. */
export interface Limits {
  /** Milliseconds to open it and run it on one and on two inputs. */
  readonly openMs: number;
  /** Milliseconds for each 16 crops, at most: less where it was opened soon ({@link encodeTime}). */
  readonly encodeMs: number;
  /** Memory of the process, bytes. */
  readonly bytes: number;
  /** Ends it at any moment. */
  readonly signal?: AbortSignal | undefined;
}

/** Far more than any network takes that a study of thousands of composites could use. */
export const LIMITS: Limits = {
  openMs: 120_000,
  encodeMs: 300_000,
  bytes: Math.max(2 ** 31, usableMemory() / 2),
};

/** Memory of a network at most: a runtime, its weights several times over, and a batch of activations. */
function bytesOf({ bytes, batch, device, description: { input } }: OnnxFile, limits: Limits): number {
  if (device !== "cpu") return limits.bytes;
  const inputs = Math.max(16, batch ?? 0) * input.channels.length * input.height * input.width * 4;
  return Math.min(limits.bytes, RUNTIME + 8 * bytes + 1024 * inputs);
}

/**
 * Milliseconds of a processor to open a network and run it on one and on two inputs: a process, reading it, and every
 * weight at every pixel, each a hundred times slower than processors are. What takes longer calculates something else.
 */
function openTime({ bytes, batch, device, description: { input } }: OnnxFile, limits: Limits): number {
  if (device !== "cpu") return limits.openMs;
  const pixels = Math.max(3, batch ?? 0) * input.height * input.width;
  return Math.min(limits.openMs, 3500 + bytes / 1000 + (pixels * (bytes + 4000)) / 1e6);
}

/** Bytes of a process with the runtime and a small network, and as much again. */
const RUNTIME = 350e6;

/** Milliseconds for 16 crops: a hundred times what it took to start, open the network and run it on empty crops. */
function encodeTime(openedMs: number, { encodeMs }: Limits): number {
  return Math.min(encodeMs, Math.max(30_000, 100 * openedMs));
}

/** What the process may take: bytes of memory, and milliseconds of a processor to answer the first question. */
export interface May {
  readonly bytes: number;
  readonly openMs: number;
}

/** What the process is asked. */
export type Request =
  | {
      readonly open: OnnxFile;
      readonly shape: CropShape & { readonly masks?: MaskKind };
      readonly may: May;
    }
  | { readonly probe: OnnxFile; readonly may: May }
  | { readonly crops: Float32Array; readonly masks: Uint8Array; readonly count: number };

/** What it says once it runs, and answers: how the opened encoder is, or the features of every output. */
export type Reply =
  | "up"
  | Pick<Encoder, "dimensions" | "usesMask" | "tolerance">
  | { readonly outputs: readonly Probed[] }
  | { readonly features: readonly Float32Array[]; readonly runMs: number; readonly cpuMs: number }
  | { readonly error: ErrorRecord };

/** An output of a network as it came for an empty input. */
export interface Probed {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
}

/** The words of the process before it ends itself for want of memory, or of time. */
export const TOO_MUCH = "too much memory";
export const TOO_LONG = "too long";

/**
 * An ONNX encoder in a process of its own. The code of the runtime cannot be stopped from within: a graph that never
 * ends, takes all memory or crashes the runtime ends with that process, and not with this one.
 */
export class ApartEncoder implements Encoder {
  readonly dimensions: readonly number[];
  readonly usesMask: boolean;
  readonly tolerance: number;
  runMs = 0;
  cpuMs = 0;
  readonly #process: NetworkProcess;
  readonly #encodeMs: number;

  private constructor(
    process: NetworkProcess,
    encodeMs: number,
    { dimensions, usesMask, tolerance }: Pick<Encoder, "dimensions" | "usesMask" | "tolerance">,
  ) {
    this.#process = process;
    this.#encodeMs = encodeMs;
    this.dimensions = dimensions;
    this.usesMask = usesMask;
    this.tolerance = tolerance;
  }

  /** @throws as the encoder itself does; DataError where it exceeds the limits or crashes */
  static async open(
    file: OnnxFile,
    shape: CropShape & { readonly masks?: MaskKind },
    limits: Limits = LIMITS,
  ): Promise<ApartEncoder> {
    checkGraph(file);
    const may = { bytes: bytesOf(file, limits), openMs: openTime(file, limits) };
    const process = new NetworkProcess(file.modelPath, limits, may);
    const { channels, height, width, masks } = shape;
    const from = performance.now();
    try {
      const plain = { channels, height, width, ...(masks === undefined ? {} : { masks }) };
      const opened = await process.ask({ open: file, shape: plain, may }, limits.openMs);
      return new ApartEncoder(process, encodeTime(performance.now() - from, limits), opened as ApartEncoder);
    } catch (error) {
      process.end();
      throw error;
    }
  }

  /** Runs a network on an empty input. @throws as {@link open} */
  static async probe(file: OnnxFile, limits: Limits = LIMITS): Promise<readonly Probed[]> {
    checkGraph(file);
    const may = { bytes: bytesOf(file, limits), openMs: openTime(file, limits) };
    const process = new NetworkProcess(file.modelPath, limits, may);
    try {
      const reply = await process.ask({ probe: file, may }, limits.openMs);
      return (reply as Extract<Reply, { outputs: unknown }>).outputs;
    } finally {
      process.end();
    }
  }

  async encode(
    crops: Float32Array,
    masks: Uint8Array,
    count: number,
    out: readonly Float32Array[],
  ): Promise<void> {
    const ms = this.#encodeMs * Math.ceil(count / 16);
    const reply = await this.#process.ask({ crops, masks, count }, ms);
    const { features, runMs, cpuMs } = reply as Extract<Reply, { features: unknown }>;
    features.forEach((values, o) => void out[o].set(values));
    this.runMs = runMs;
    this.cpuMs += cpuMs;
  }

  async release(): Promise<void> {
    this.#process.end();
  }
}

/** The process: one question at a time. */
class NetworkProcess {
  readonly #signal: AbortSignal | undefined;
  readonly #may: May;
  readonly #path: string;
  readonly #child: ChildProcess;
  #word = "";
  #late = 0;
  /** Whether it runs: one that cannot start its threads ends before, or stands still. */
  #up = false;
  /** Why it is gone, once it is. */
  #gone: Error | undefined;
  #answer: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined;

  constructor(path: string, { signal }: Limits, may: May) {
    this.#path = path;
    this.#signal = signal;
    this.#may = may;
    this.#child = startProcess(import.meta.url, "apart-process");
    this.#child.stdout?.on("data", (text) => (this.#word += text));
    this.#child.on("message", (reply: Reply) => {
      if (reply === "up") this.#up = true;
      else if ("error" in reply) this.#answer?.reject(reviveError(reply.error));
      else this.#answer?.resolve(reply);
    });
    this.#child.on("error", (cause) => {
      this.#gone ??= notStarted(cause);
      this.#answer?.reject(this.#gone);
    });
    // Not `exit`: what it said before is read then.
    this.#child.on("close", (_, signal) => {
      this.#gone ??= this.#died(signal);
      this.#answer?.reject(this.#gone);
    });
  }

  async ask(request: Request, ms: number): Promise<Reply> {
    if (this.#gone !== undefined) throw this.#gone;
    const timer = setTimeout(() => {
      this.#late = ms;
      this.end();
    }, ms);
    const signal = this.#signal;
    const stop = () => this.end();
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted === true) this.end();
    try {
      return await new Promise<Reply>((resolve, reject) => {
        this.#answer = { resolve, reject };
        // One that takes no question has ended or is of no use: how it ends says more.
        this.#child.send(request, (error) => void (error !== null && this.end()));
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      this.#answer = undefined;
    }
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }

  #died(signal: string | null): Error {
    if (this.#signal?.aborted === true) return new InterruptedError(STOPPED);
    if (!this.#up && signal !== null) return tooMany();
    const gigabytes = `${(this.#may.bytes / 1e9).toFixed(1)} GB`;
    if (this.#word.includes(TOO_LONG)) this.#late = this.#may.openMs;
    const why =
      this.#late > 0
        ? `gives no features within ${Number((this.#late / 1000).toPrecision(2))} s: it does not come to an end (a loop in it?) or is too large for this machine`
        : this.#word.includes(TOO_MUCH)
          ? `takes more than ${gigabytes} of memory: ${ABSURD}`
          : `made the runtime crash (${signal ?? "it ended by itself"}): a fault in the model, too little memory, or too few threads (\`ulimit -u\`)`;
    return new DataError(`${why}; ${CHECK}`, {
      path: this.#path,
    });
  }
}
