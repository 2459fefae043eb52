import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { readHeader } from "../cells/store.ts";
import { StudyError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { readStudyFile } from "../study/schema.ts";
import { interruptible } from "./interruptible.ts";
import { progress } from "./progress.ts";
import { resultJson, resultText } from "./result.ts";
import { runWithProgress } from "./run.ts";
import { writeSimulatedCells } from "./simulate.ts";

interface Options {
  readonly out: string;
  readonly cells?: string;
  readonly quick?: boolean;
  readonly seed: string;
  readonly open: boolean;
  readonly json?: boolean;
}

/** Cells per localization and classes that lend backgrounds: the whole demo and the quick one. */
const FULL = {
  cells: 60,
  encoders: /./,
  backgrounds: ["bud neck", "cytoplasm", "mitochondrion", "nucleus", "vacuole"],
};
const QUICK = { cells: 24, encoders: /^deeploc/, backgrounds: ["cytoplasm", "mitochondrion", "nucleus"] };
const PROTEINS = 2;
const FIELDS = 2;
/** Seed of the fields that the bundled encoders were trained on; the demo draws others. */
const TRAINING_SEED = 1;

export function configure(command: Command): void {
  command
    .option("-o, --out <folder>", "folder for cells, study and report", "cellswap-demo")
    .option("--cells <n>", `cells per localization (${FULL.cells}; ${QUICK.cells} with --quick)`)
    .option("--quick", "fewer cells and backgrounds, one encoder and its twin: about 20 seconds")
    .addOption(new Option("--seed <n>", "names the simulated fields").default("7", "7"))
    .option("--no-open", "do not open the report in a browser")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Example:
  cellswap demo
  cellswap demo --quick --out quick-demo

Simulates fields of yeast with 15 localizations, swaps the backgrounds of every
cell and asks six small encoders (three published designs, each with a twin
trained on swapped backgrounds) what they see. The folder then holds the cells,
a study file to start your own from, and the report.`,
    )
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  const scale = options.quick ? QUICK : FULL;
  const cells = whole(options.cells ?? String(scale.cells), "--cells", 10, command);
  const seed = whole(options.seed, "--seed", 0, command);
  if (seed === TRAINING_SEED)
    throw new StudyError(
      `--seed ${seed} names the fields that the bundled encoders were trained on; give another`,
    );
  const out = resolve(options.out);
  const quiet = options.json === true;
  if (!existsSync(join(out, "study.json")) && existsSync(out) && readdirSync(out).length > 0)
    throw new StudyError("is not empty and holds no demo; choose another --out", { path: options.out });
  const dataset = {
    seed,
    proteinsPerLocalization: PROTEINS,
    cellsPerProtein: Math.ceil(cells / PROTEINS),
    fieldsPerProtein: FIELDS,
  };
  const store = join(out, "cells");
  const recipe = JSON.stringify(dataset);
  if (!current(store, join(out, "cells.recipe.json"), recipe)) {
    const bar = progress("simulate", "cells", quiet);
    await writeSimulatedCells(store, dataset, bar);
    writeFileAtomic(join(out, "cells.recipe.json"), recipe);
    bar.end();
  }
  const study = join(out, "study.json");
  const file = {
    title: "Demo: simulated yeast, 15 localizations",
    cells: "cells",
    encoders: bundledEncoders()
      .filter((e) => scale.encoders.test(e.name))
      .map((e) => e.path),
    preset: "recommended",
    backgrounds: scale.backgrounds,
  };
  writeFileAtomic(study, `${JSON.stringify(file, null, 2)}\n`);
  const folder = join(out, options.quick ? "quick" : "study");
  const done = await interruptible((signal) =>
    runWithProgress(readStudyFile(study), { out: folder, signal, force: true }, quiet),
  );
  console.log(quiet ? resultJson(done, folder) : resultText(done, folder));
  if (!quiet && options.open && process.stdout.isTTY) openFile(join(folder, "report.html"));
}

function whole(text: string, option: string, least: number, command: Command): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least)
    command.error(`error: ${option} ${text} is not a whole number of ${least} or more`);
  return value;
}

/** The encoders that come with the package, by name. */
export function bundledEncoders(): { name: string; path: string }[] {
  const folder = resolve(import.meta.dirname, "../../encoders");
  return readdirSync(folder)
    .filter((f) => f.endsWith(".json") && existsSync(join(folder, f.replace(/\.json$/, ".onnx"))))
    .map((f) => ({ name: f.replace(/\.json$/, ""), path: join(folder, f) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function current(store: string, recipeFile: string, recipe: string): boolean {
  if (!existsSync(recipeFile) || readFileSync(recipeFile, "utf8") !== recipe) return false;
  readHeader(store);
  return true;
}

/** Opens a file with what the system uses for it; a system without one is no error. */
function openFile(path: string): void {
  const [program, ...first] =
    process.platform === "darwin"
      ? ["open"]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", ""]
        : ["xdg-open"];
  spawn(program, [...first, path], { stdio: "ignore", detached: true })
    .on("error", () => {})
    .unref();
}
