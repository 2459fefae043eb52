import type { Worker } from "node:worker_threads";
import { type Command, Option } from "commander";
import { startWorker } from "../files/worker.ts";
import { visible, visibleLines, withoutSecrets } from "../visible.ts";
import { interruptible } from "./interruptible.ts";
import { appendLog } from "./log.ts";
import { endLine, jsonLine, messageLine } from "./progress-line.ts";
import { type PainterStart, ProgressState, type Shown, type StageNames } from "./progress-state.ts";

/** What commands that take long are asked about their progress. */
export interface ProgressOptions {
  /** By default `text`, and `none` with `json`. */
  readonly progress?: Shown;
  readonly log?: string;
  readonly json?: boolean;
}

/** Adds `--progress` and `--log`, the same for every command that has them. */
export function progressOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--progress <how>",
        "how progress is shown on standard error: text, json (an object a line) or none (default: text; none with --json)",
      ).choices(["text", "json", "none"]),
    )
    .option("--log <file>", "append what happens to a file, every line with its time");
}

/** Seconds of a stage whose end is not worth a line to people. */
const SHORT = 0.5;

/** How far one stage is. */
export interface Progress {
  /** `done` of `total` units, parts of one included; `total` 0: nobody knows how many. `note` is shown behind it. */
  update(done: number, total: number, note?: string): void;
  /** Ends the stage and says how long it took. */
  end(): void;
}

/** Shows stages and notes on standard error, and keeps them in a log. A thread shows how far a stage is while this one works. */
export class Monitor {
  readonly #state = new ProgressState();
  readonly #shown: Shown;
  readonly #quiet: boolean;
  readonly #log: string | null;
  readonly #terminal = process.stderr.isTTY === true;
  #painter: Worker | undefined;
  #names: StageNames = { serial: 0, stage: "", unit: "", note: "" };

  /** @throws DataError where the log cannot be written */
  constructor({ progress, log, json = false }: ProgressOptions) {
    this.#shown = progress ?? (json ? "none" : "text");
    this.#quiet = json && this.#shown !== "json";
    this.#log = log ?? null;
    if (log !== undefined) appendLog(log, `cellswap ${withoutSecrets(process.argv.slice(2).join(" "))}`);
    if (this.#terminal) process.stderr.on("resize", this.#resized);
    this.#resized();
  }

  /** Begins a stage; one that has not ended yet ends. */
  stage(stage: string, unit: string): Progress {
    this.#end();
    const serial = this.#names.serial + 1;
    this.#name({ serial, stage, unit, note: "" });
    this.#state.begin(serial, Date.now());
    if (this.#shown === "json") this.#write(`${jsonLine(this.#state.moment(this.#names, Date.now()))}\n`);
    return {
      update: (done, total, note = "") => {
        if (this.#names.serial !== serial) return;
        this.#state.update(done, total, Date.now());
        if (note !== this.#names.note) this.#name({ ...this.#names, note });
      },
      end: () => {
        if (this.#names.serial === serial) this.#end();
      },
    };
  }

  /** Says a line, unless results are printed as JSON. */
  say(line: string, severity: Severity = "info"): void {
    if (this.#quiet) this.#keep(said(line, severity));
    else this.tell(line, severity);
  }

  /** Says a line, whatever is printed else; among objects it is one with `severity` and `message`. */
  tell(line: string, severity: Severity = "info"): void {
    const text = said(line, severity);
    this.#keep(text);
    if (this.#shown === "json") this.#write(messageLine(line, severity));
    else this.#write(`${this.#terminal ? "\r\x1b[2K" : ""}${visibleLines(text)}\n`);
  }

  /** Ends the stage that runs, if the work was done, and the thread that shows it. */
  async close(done: boolean): Promise<void> {
    if (done) this.#end();
    else if (this.#state.serial !== 0) {
      this.#state.end();
      if (this.#shown === "text" && this.#terminal) this.#write("\n");
    }
    this.#keep(done ? "done" : "ended before it was done");
    process.stderr.off("resize", this.#resized);
    await this.#painter?.terminate();
  }

  #end(): void {
    if (this.#state.serial === 0) return;
    const moment = this.#state.moment(this.#names, Date.now());
    this.#state.end();
    const clear = this.#terminal ? "\r\x1b[2K" : "";
    if (this.#shown === "json") this.#write(`${jsonLine(moment, true)}\n`);
    else if (this.#shown === "text" && moment.seconds >= SHORT)
      this.#write(`${clear}${endLine(moment, this.#state.columns - 1)}\n`);
    else if (this.#shown === "text" && this.#terminal) this.#write(clear);
    this.#keep(endLine(moment, 500));
  }

  #name(names: StageNames): void {
    this.#names = { ...names, note: visible(names.note) };
    if (this.#shown === "none" && this.#log === null) return;
    this.#painter ??= this.#start();
    this.#painter.postMessage(this.#names);
  }

  #start(): Worker {
    const painter = startWorker(import.meta.url, "painter", {
      memory: this.#state.memory,
      shown: this.#shown,
      terminal: this.#terminal,
      log: this.#log,
    } satisfies PainterStart);
    painter.unref();
    return painter;
  }

  #keep(line: string): void {
    if (this.#log !== null) appendLog(this.#log, line);
  }

  #write(text: string): void {
    this.#state.writing(() => process.stderr.write(text));
  }

  readonly #resized = () => {
    this.#state.columns = process.stderr.columns ?? 200;
  };
}

/** What a line is: a warning should be read, a note may be. */
type Severity = "info" | "note" | "warning";

const said = (line: string, severity: Severity) => (severity === "info" ? line : `${severity}: ${line}`);

/** Runs `work` with a monitor, and with a signal as {@link interruptible} has it. */
export async function monitored<T>(
  options: ProgressOptions,
  work: (monitor: Monitor, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const monitor = new Monitor(options);
  let done = false;
  try {
    const result = await interruptible((signal) => work(monitor, signal));
    done = true;
    return result;
  } finally {
    await monitor.close(done);
  }
}

/** What each stage of a study and of the demo is called, and what it counts. */
const STAGES = {
  cells: ["simulate", "cells"],
  check: ["check cells", "MB"],
  segment: ["segment", "cells"],
  plan: ["plan", "composites"],
  scales: ["scales", "cells"],
  survey: ["look at crops", "crops"],
  encoders: ["try encoders", "encoders"],
  cost: ["measure", "encoders"],
  features: ["read features", "rows"],
  composites: ["encode", "composites"],
  pairs: ["classify", "pairs"],
  curve: ["learning curve", "pairs"],
  probes: ["probes", "parts"],
  remedies: ["remedy", "remedies"],
  sensitivity: ["sensitivity", "variants"],
  results: ["report", "parts"],
} as const;

/** Shows the stages of a study one after the other, as it reports them. */
export function stages(monitor: Monitor): (stage: keyof typeof STAGES, done: number, total: number) => void {
  let now: { stage: string; bar: Progress } | undefined;
  return (stage, done, total) => {
    if (now?.stage !== stage) now = { stage, bar: monitor.stage(STAGES[stage][0], STAGES[stage][1]) };
    now.bar.update(done, total);
    if (total > 0 && done >= total) {
      now.bar.end();
      now = undefined;
    }
  };
}
