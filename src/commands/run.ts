import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { resultTable } from "../evaluate/tables.ts";
import type { ReportData } from "../report/data.ts";
import { readStudy } from "../study/schema.ts";
import { runStudy } from "../study.ts";
import { type Progress, progress } from "./progress.ts";

interface Options {
  out?: string;
  workers?: string;
  fresh?: boolean;
  json?: boolean;
}

export function configure(command: Command): void {
  command
    .argument("<study>", "study file (JSON)")
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .option("--workers <n>", "threads (default: one per core)")
    .option("--fresh", "replace a study of other inputs in the folder")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Example:
  cellswap run yeast.json

with yeast.json:
  {
    "cells": "yeast.cells",
    "encoders": ["encoders/deeploc.json"],
    "class": "Localization",
    "preset": "recommended"
  }

A run that was stopped goes on where it was when the same command is given again.
docs/study.md explains every key; schema/study.schema.json completes them in an editor.`,
    )
    .action(run);
}

async function run(path: string, options: Options, command: Command): Promise<void> {
  const workers = options.workers === undefined ? undefined : Number(options.workers);
  if (workers !== undefined && !(Number.isInteger(workers) && workers > 0))
    command.error(`error: --workers ${options.workers} is not a whole number above 0`);
  const study = readStudy(path);
  const out = resolve(options.out ?? `${basename(path).replace(/\.json$/, "")}.study`);
  const stages = new Map<string, Progress>();
  const units = { composites: "composites", pairs: "blocks" };
  const data = await interruptible((signal) =>
    runStudy(study, {
      out,
      signal,
      ...(workers === undefined ? {} : { workers }),
      ...(options.fresh === undefined ? {} : { fresh: options.fresh }),
      onProgress(stage, done, total) {
        let shown = stages.get(stage);
        if (shown === undefined) {
          shown = progress(stage === "composites" ? "encode" : "classify", units[stage], options.json);
          stages.set(stage, shown);
        }
        if (done < total) shown.update(done, total);
        else shown.end();
      },
    }),
  );
  if (options.json) console.log(JSON.stringify({ out, table: resultTable(data.scores, data.aggregation) }));
  else console.log(summary(data, out));
}

/** Runs `work` with a signal that Ctrl-C and a termination request set; a second Ctrl-C ends the process at once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

/** Table 1 for the terminal and where everything is. */
function summary(data: ReportData, out: string): string {
  const lines: string[] = [];
  for (const { encoder, settings } of resultTable(data.scores, data.aggregation).encoders)
    lines.push(
      `${encoder}: ${settings.map((s) => `${s.setting} ${s.mean.toFixed(3)}`).join(", ")} (accuracy, ${data.aggregation} aggregation)`,
    );
  return `${lines.join("\n")}\n\n${out}/report.html shows it all; \`cellswap table ${out}\` prints the tables.`;
}
