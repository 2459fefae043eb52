import { basename } from "node:path";
import type { Command } from "commander";
import { readStudyFile } from "../study/schema.ts";
import { runStudy } from "../study.ts";
import { interruptible } from "./interruptible.ts";
import { workersOption } from "./options.ts";
import { print, say } from "./output.ts";
import { programLines } from "./program.ts";
import { stages } from "./progress.ts";
import { ofStudy, placeOfStudy, resultJson, resultText, today } from "./result.ts";

interface Options {
  out?: string;
  workers?: number;
  force?: boolean;
  json?: boolean;
  features?: string;
  layer?: string;
}

export function configure(command: Command): void {
  command
    .argument("[study]", "study file (JSON), or its study folder")
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .addOption(workersOption())
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
Example:
  cellswap run yeast.json

with yeast.json:
  {
    "cells": "yeast.cells",
    "encoders": ["deeploc"],
    "class": "Localization",
    "preset": "recommended"
  }

A run that was stopped goes on where it was when the same command is given
again; a study file that was changed brings its folder up to date and makes only
what is new. docs/study.md explains every key; schema/study.schema.json
completes them in an editor.

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
  const { file, folder: out } = placeOfStudy(path, options.out);
  const study = readStudyFile(file);
  const done = await interruptible((signal) =>
    runStudy(study, {
      out,
      signal,
      command: `cellswap run ${basename(file)}`,
      date: today(),
      ...(workers === undefined ? {} : { workers }),
      ...(options.force === undefined ? {} : { force: options.force }),
      onProgress: stages(options.json === true),
      onProgram: (encoder) => say(programLines(encoder).join("\n")),
      onDamage: (path, what) => say(`note: ${path}: ${what}`),
      onFlag: ({ severity, text }) => {
        if (options.json !== true) say(`${severity}: ${text}`);
      },
    }).catch((error: unknown) => {
      throw ofStudy(error, file);
    }),
  );
  print(options.json ? resultJson(done, out) : resultText(done, out));
}
