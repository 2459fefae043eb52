import { type Command, InvalidArgumentError, Option } from "commander";
import { DEVICES } from "../encode/device.ts";
import { ORGANISM_NAMES } from "../simulate/organism.ts";
import { LIMIT_HOURS } from "../study/cost/limit.ts";

/** Threads beyond this only take memory. */
const MOST_WORKERS = 256;

/** Reads the value of an option: a whole number from `least` to `most`. */
export function whole(least: number, most = 100_000_000): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
    return value;
  };
}

/** Reads the value of an option: a number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError("Give a number above 0.");
  return value;
}

/** Reads the value of an option: a number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError("Give a number from 0 to 1.");
  return value;
}

/** `--workers`, the same for every command that has it. */
export function workersOption(): Option {
  return new Option(
    "--workers <n>",
    "threads (default: one per core that a container or job leaves)",
  ).argParser(whole(1, MOST_WORKERS));
}

/** `--device`, the same for every command that runs networks. */
export function deviceOption(): Option {
  return new Option(
    "--device <name>",
    "where ONNX networks run: cpu, or a graphics processor (docs/own-model.md)",
  )
    .choices(DEVICES)
    .default("cpu");
}

/** `--limit`, the same for every command that runs a study. */
export function limitOption(): Option {
  return new Option(
    "--limit <hours>",
    `refuse a run that is estimated to take longer (default: ${LIMIT_HOURS})`,
  ).argParser(positive);
}

/** `--organism`, the same for every command that has it. */
export function organismOption(): Option {
  return new Option("--organism <name>", "what is simulated").choices(ORGANISM_NAMES).default("yeast");
}

/** Reads the value of an option: names with commas between. */
export const list = (text: string): string[] =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

/** Reads an option that may be given again. */
export const append = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** Adds the options of a draw of cells before they are cut. */
export function drawOptions(command: Command): Command {
  return command
    .option("--per-class <n>", "draw at most so many cells of a class", whole(1))
    .option("--per-field <n>", "draw at most so many cells of a field", whole(1))
    .option(
      "--class <column>",
      "column that is the class for --per-class (default: Localization, else Protein)",
    )
    .option("--seed <n>", "seed of the draw", whole(0, 2 ** 32 - 1));
}
