import type { Command } from "commander";
import { StudyError } from "../errors.ts";
import { costLines } from "./cost-result.ts";
import { deviceOption, limitOption, workersOption } from "./options.ts";
import { print, printJson } from "./output.ts";
import { progressOptions } from "./progress.ts";
import { resultJson, resultText } from "./result.ts";
import { dryRunNamed, runNamed, type StudyRunOptions } from "./study-run.ts";

interface Options extends StudyRunOptions {
  dryRun?: boolean;
  features?: string;
  layer?: string;
}

export function configure(command: Command): void {
  progressOptions(command)
    .argument("[study]", "study file (JSON), or its study folder")
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .addOption(workersOption())
    .addOption(deviceOption())
    .addOption(limitOption())
    .option("--dry-run", "say what a run would make and take, and write nothing")
    .option("--force", "replace all that runs left in the folder, features included; files of your own stay")
    .option("--json", "print the result as JSON")
    .option(
      "--features <dir>",
      "instead of a study: evaluate the authors' feature pickles (logs, logs_base, ...)",
    )
    .option("--layer <name>", "with --features: the layer, where there are several")
    .addHelpText(
      "after",
      `
Examples:
  cellswap run yeast.json
  cellswap run yeast.json --dry-run

with yeast.json:
  {
    "cells": "yeast.cells",
    "encoders": ["deeploc"],
    "class": "Localization",
    "preset": "recommended"
  }

A run that was stopped goes on where it was when the same command is given
again; a study file that was changed brings its folder up to date and makes only
what is new. A run says first how many composites, encodings and fits are
lacking and about how long they take, and is refused above --limit.
docs/study.md explains every key; schema/study.schema.json completes them in an
editor.

Exit codes: 0 done, 1 bad data, files or study file, 2 wrong command line, 3 the
folder is in use by another run, 75 stopped (the same command goes on).`,
    )
    .action(run);
}

async function run(path: string | undefined, options: Options, command: Command): Promise<void> {
  const { workers } = options;
  if ((path === undefined) === (options.features === undefined))
    command.error("error: give either a study file or --features with a folder");
  if (options.features !== undefined) {
    const { features, layer, out, json } = options;
    const given = { layer, out, workers, json };
    const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return (await import("./run-features.ts")).runFeatures(features, known);
  }
  if (path === undefined) return;
  if (options.dryRun === true) {
    const { cost, refused } = await dryRunNamed(path, options);
    if (options.json) printJson({ ...cost, refused });
    else print(costLines(cost).join("\n"));
    // It is told last, as by a run.
    if (refused !== null) throw new StudyError(refused, { path });
    return;
  }
  const { done, folder } = await runNamed("cellswap run", path, options);
  print(options.json ? resultJson(done, folder) : resultText(done, folder));
}
