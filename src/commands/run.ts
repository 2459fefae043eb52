import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { SettingError, StudyError } from "../errors.ts";
import { readStudyFile, type Study } from "../study/schema.ts";
import { runStudy, type StudyOptions, type StudyRun } from "../study.ts";
import { interruptible } from "./interruptible.ts";
import { type Progress, progress } from "./progress.ts";
import { resultJson, resultText } from "./result.ts";

interface Options {
  out?: string;
  workers?: string;
  force?: boolean;
  json?: boolean;
  features?: string;
  layer?: string;
}

export function configure(command: Command): void {
  command
    .argument("[study]", "study file (JSON)")
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .option("--workers <n>", "threads (default: one per core)")
    .option("--force", "replace what an earlier study left in the folder, features included")
    .option("--json", "print the result as JSON")
    .option(
      "--features <dir>",
      "instead of a study: evaluate the authors' feature pickles (logs, logs_base, ...)",
    )
    .option("--layer <name>", "with --features: the layer, where there are several")
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

A run that was stopped goes on where it was when the same command is given
again. docs/study.md explains every key; schema/study.schema.json completes
them in an editor.`,
    )
    .action(run);
}

/** Threads beyond this only take memory. */
const MOST_WORKERS = 256;

async function run(path: string | undefined, options: Options, command: Command): Promise<void> {
  const workers = options.workers === undefined ? undefined : Number(options.workers);
  if (workers !== undefined && !(Number.isInteger(workers) && workers > 0 && workers <= MOST_WORKERS))
    command.error(`error: --workers ${options.workers} is not a whole number from 1 to ${MOST_WORKERS}`);
  if ((path === undefined) === (options.features === undefined))
    command.error("error: give either a study file or --features with a folder");
  if (options.features !== undefined) {
    const { features, layer, out, json } = options;
    const given = { layer, out, workers, json };
    const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return (await import("./run-features.ts")).runFeatures(features, known);
  }
  if (path === undefined) return;
  const study = readStudyFile(path);
  const out = resolve(options.out ?? `${basename(path).replace(/\.json$/, "")}.study`);
  const done = await interruptible((signal) =>
    runWithProgress(
      study,
      {
        out,
        signal,
        ...(workers === undefined ? {} : { workers }),
        ...(options.force === undefined ? {} : { force: options.force }),
      },
      options.json === true,
    ).catch((error: unknown) => {
      // What does not fit the cells was asked for in the study file.
      const asked = error instanceof StudyError || error instanceof SettingError;
      throw asked && error.path === undefined ? new StudyError(error.message, { path, cause: error }) : error;
    }),
  );
  console.log(options.json ? resultJson(done, out) : resultText(done, out));
}

/** Runs a study with its stages and what its guards find shown on standard error. */
export function runWithProgress(study: Study, options: StudyOptions, quiet: boolean): Promise<StudyRun> {
  const shown = new Map<string, Progress>();
  const names = { composites: ["encode", "composites"], pairs: ["classify", "blocks"] } as const;
  return runStudy(study, {
    ...options,
    onFlag: ({ severity, text }) => {
      if (!quiet) process.stderr.write(`${severity}: ${text}\n`);
    },
    onProgress(stage, done, total) {
      let bar = shown.get(stage);
      if (bar === undefined) shown.set(stage, (bar = progress(names[stage][0], names[stage][1], quiet)));
      if (done < total) bar.update(done, total);
      else bar.end();
    },
  });
}
