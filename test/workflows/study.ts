import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { built } from "../built.ts";
import { tree } from "../faults/harness.ts";

export const workflows = resolve(import.meta.dirname, "../../workflows");
/** Names of a study folder in which nothing of the results stands. */
const ASIDE = ["shards.json", "view/sources.json"];

/** Whether a program is there to be run. */
export function has(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

/** What `cellswap plan --json` says and workflows read: bytes of a shard, seconds of one core of each. */
export interface Planned {
  readonly memory: number;
  readonly features: { readonly seconds: readonly number[] };
}

/** Minutes that a shard of features asks for at its first attempt, with one worker and never less than 20. */
export function minutesOf({ features }: Planned, shard: number, margin: number): number {
  return Math.max(20, Math.ceil((margin * features.seconds[shard]) / 60));
}

/** How the cells of a small study are imported and segmented. */
export const CELLS = {
  import: "npy source/crops.npy --manifest manifest.csv --channels GFP,RFP --mask-file source/masks.npy",
  segment: "--force",
};

/**
 * A small study for one engine, in a folder of its own: `run` starts the engine there, `expectWhole` holds the study folder
 * to the one of `cellswap run`. Its cells lie in `cells`, or are to be made there ({@link CELLS}).
 */
export class SmallStudy {
  readonly folder = mkdtempSync(join(tmpdir(), "cellswap-workflows-"));
  /** Fails once with exit code 75, as a shard that is stopped, then is cellswap. */
  readonly stoppedOnce = join(this.folder, "stopped-once");
  readonly #environment: NodeJS.ProcessEnv;

  constructor({ withoutCells = false } = {}) {
    this.#environment = {
      ...process.env,
      SOURCE_DATE_EPOCH: "1700000000",
      XDG_CACHE_HOME: this.at("cache"),
      NXF_HOME: this.at("nextflow"),
      NXF_OFFLINE: "true",
      NXF_ANSI_LOG: "false",
    };
    const cli = `exec '${process.execPath}' '${join(built(), "cli.js")}' "$@"`;
    const stop = `case $1 in shard) if mkdir '${this.at("stopped")}' 2>/dev/null; then exit 75; fi ;; esac`;
    writeFileSync(this.stoppedOnce, `#!/bin/sh\n${stop}\n${cli}\n`, { mode: 0o755 });
    writeFileSync(this.at("cellswap"), `#!/bin/sh\n${cli}\n`, { mode: 0o755 });
    const simulated = ["--cells", "68", "--localizations", "actin,cytoplasm,nucleus", "--seed", "3"];
    this.#cellswap("simulate", ...simulated, "--out", withoutCells ? "source" : "cells");
    if (withoutCells) this.#makeCells();
    const study = { cells: "cells", encoders: ["deeploc"], allow: ["off-center"] };
    writeFileSync(this.at("study.json"), JSON.stringify(study));
    mkdirSync(this.at("alone"));
    this.#cellswap("run", "study.json", "--out", "alone/study.study");
    if (withoutCells) rmSync(this.at("cells"), { recursive: true });
  }

  #makeCells(): void {
    const [, ...rows] = readFileSync(this.at("source/truth.csv"), "utf8").trim().split("\n");
    const columns = rows.map((row) => row.split(",").slice(0, 4).join());
    writeFileSync(this.at("manifest.csv"), ["Cell,Protein,Field,Localization", ...columns, ""].join("\n"));
    this.#cellswap("import", ...CELLS.import.split(" "), "--out", "cells");
    this.#cellswap("segment", "cells", ...CELLS.segment.split(" "));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  #cellswap(...args: string[]): void {
    const { status, stderr } = spawnSync(this.at("cellswap"), args, {
      cwd: this.folder,
      env: this.#environment,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`cellswap ${args.join(" ")}\n${stderr}`);
  }

  /** Runs the engine to its end, or kills it, and nothing that it started, at a moment that what it printed may tell. */
  run(
    program: string,
    args: readonly string[],
    { killAt }: { readonly killAt?: (output: string) => boolean } = {},
  ): Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }> {
    const child = spawn(program, args, {
      cwd: this.folder,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    const watch = killAt && setInterval(() => killAt(output) && child.kill("SIGKILL"), 20);
    return new Promise((done, failed) => {
      child.on("error", failed);
      child.on("exit", (code, signal) => {
        clearInterval(watch);
        child.stdout.destroy();
        child.stderr.destroy();
        done({ code, signal, output });
      });
    });
  }

  /** That the workflow's study folder is, to the byte, the one of a run on one machine. */
  expectWhole(name: string): void {
    const results = (folder: string) =>
      Object.fromEntries(Object.entries(tree(this.at(folder))).filter(([file]) => !ASIDE.includes(file)));
    const alone = results("alone/study.study");
    expect(Object.keys(alone)).toContain("report.html");
    expect(results(name)).toEqual(alone);
  }
}
