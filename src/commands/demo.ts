import { join, resolve } from "node:path";
import type { Command } from "commander";
import { DEMO_SEED, DEMOS, runDemo } from "../demo.ts";
import type { OrganismName } from "../simulate/organism.ts";
import { openInBrowser } from "./open.ts";
import { organismOption, whole, workersOption } from "./options.ts";
import { print } from "./output.ts";
import { monitored, type ProgressOptions, progressOptions, stages } from "./progress.ts";
import { resultJson, resultText } from "./result.ts";
import { today } from "./study-run.ts";

interface Options extends ProgressOptions {
  readonly out: string;
  readonly organism: OrganismName;
  readonly cells?: number;
  readonly quick?: boolean;
  readonly seed: number;
  readonly workers?: number;
  readonly open: boolean;
}

export function configure(command: Command): void {
  progressOptions(command)
    .option("-o, --out <folder>", "folder for cells, study and report", "cellswap-demo")
    .addOption(organismOption())
    .option(
      "--cells <n>",
      `cells per localization (${DEMOS.yeast.full.cells}; ${DEMOS.yeast.quick.cells} with --quick)`,
      whole(10),
    )
    .option("--quick", "fewer cells and backgrounds, one encoder and its twin: about 20 seconds")
    .option("--seed <n>", "names the simulated fields", whole(0), DEMO_SEED)
    .addOption(workersOption())
    .option("--no-open", "do not open the report in a browser")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Example:
  cellswap demo
  cellswap demo --quick
  cellswap demo --organism human

Simulates fields of yeast with 15 localizations, swaps the backgrounds of every
cell and asks six small encoders (three published designs, each with a twin
trained on swapped backgrounds) what they see. The folder then holds the cells,
a study file to start your own from, and the report; the quick demo keeps its
own in a folder quick inside it. With --organism human it is adherent human
cells with 13 localizations, a network that reads them, its twin, and the same
network shown the center cell alone, in a folder human.`,
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { organism, cells, quick, seed, workers, json = false } = options;
  const demo = await monitored(options, (monitor, signal) =>
    runDemo(options.out, {
      organism,
      cells,
      quick,
      seed,
      workers,
      signal,
      date: today(),
      onProgress: stages(monitor),
    }),
  );
  const out = resolve(demo.out);
  print(json ? resultJson(demo.run, out) : resultText(demo.run, out));
  if (!json && options.open && process.stdout.isTTY) openInBrowser(join(out, "report.html"));
}
