import type { Command } from "commander";
import { encoderPath } from "../encode/bundled.ts";
import { type Device, onDevice } from "../encode/device.ts";
import { readEncoder } from "../encode/encoder-file.ts";
import { checkTrial, runTrial, type Trial } from "../encode/trial.ts";
import { interruptible } from "./interruptible.ts";
import { deviceOption, whole } from "./options.ts";
import { print, printJson, say } from "./output.ts";
import { exchangeLines, programLines } from "./program.ts";

interface Options {
  readonly cells: string;
  readonly count: number;
  readonly device?: Device;
  readonly json?: boolean;
}

const NEWLINE = 10;

export function configure(command: Command): void {
  command
    .command("try <encoder>")
    .summary("Run an encoder on some cells: does it work, how fast, what does it give")
    .description(
      "Runs an encoder on cells as they were imaged and says what it gives, without a study. A program that is an " +
        "encoder is started; all that it prints on its standard error is shown. Exit code 1 where no study could use it.",
    )
    .requiredOption("--cells <store>", "cell store")
    .option("--count <n>", "cells at most", whole(1, 100_000), 64)
    .addOption(deviceOption())
    .option("--json", "print the result as JSON")
    .option("--debug", "show where in the program an error arose")
    .addHelpText("after", "\nExample:\n  cellswap encoder try encoders/mynet.json --cells yeast.cells")
    .action(runTry);
}

async function runTry(given: string, { cells, count, device = "cpu", json }: Options): Promise<void> {
  const file = onDevice(readEncoder(encoderPath(given, ".")), device);
  if (file.kind === "command") say([...programLines(file), ...exchangeLines(file)].join("\n"));
  let last = NEWLINE;
  const onPrint = (chunk: Uint8Array) => {
    process.stderr.write(chunk);
    last = chunk.at(-1) ?? last;
  };
  const trial = await interruptible((signal) =>
    runTrial(file, cells, { count, onPrint, signal }).finally(() => {
      // What is said of it begins a line.
      if (last !== NEWLINE) process.stderr.write("\n");
    }),
  );
  if (json === true) printJson(trial);
  else print(describe(trial).join("\n"));
  checkTrial(trial, file.path);
}

function describe({ cells, startMs, cropMs, outputs, flags }: Trial): string[] {
  const number = (v: number) => Number(v.toPrecision(3)).toString();
  return [
    `First features after ${number(startMs / 1000)} s, then ${number(cropMs)} ms for a crop (${cells} cells as imaged).`,
    ...outputs.map(
      ({ output, features, range, notFinite }) =>
        `  ${output}: ${features} features${range === null ? "" : `, ${number(range[0])} to ${number(range[1])}`}${notFinite === 0 ? "" : `, ${notFinite} values are NaN or infinite`}`,
    ),
    ...flags
      .filter(({ severity }) => severity !== "refuse")
      .map(({ severity, text }) => `${severity}: ${text}`),
  ];
}
