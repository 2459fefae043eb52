import type { Command } from "commander";
import { ALL_REMEDIES, parseRemedies, REMEDIES } from "../remedy/name.ts";
import { deviceOption, limitOption, workersOption } from "./options.ts";
import { print } from "./output.ts";
import { progressOptions } from "./progress.ts";
import { remedyJson, remedyText } from "./remedy-result.ts";
import { runNamed, type StudyRunOptions } from "./study-run.ts";

interface Options extends StudyRunOptions {
  readonly remedies?: string[];
}

export function configure(command: Command): void {
  const width = Math.max(...Object.keys(REMEDIES).map((name) => name.length));
  progressOptions(command)
    .argument("<study>", "study file (JSON), or its study folder")
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .option("--remedies <names...>", "remedies to measure (default: those of the study file, else all)")
    .addOption(workersOption())
    .addOption(deviceOption())
    .addOption(limitOption())
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Measures what each remedy leaves of the neighbor and medium effects of every
encoder, and what it costs on original crops, and recommends one: of those whose
neighbor effect is shown to lie within the study's zone, the one that costs
least. The study itself is run first, as far as it is not there.

Remedies:
${Object.entries(REMEDIES)
  .map(([name, { does }]) => `  ${name.padEnd(width)}  ${does}`)
  .join("\n")}
  ${"retrained".padEnd(width)}  the encoder that the description names as its twin ("retrained")

A number behind a name: recompose-8 (donors), masked-2 (pixels kept around the
cell), project-16 (directions). retrained+recompose is the twin, recomposed.
The default is ${ALL_REMEDIES.slice(0, 5).join(", ")}, ... (all).
docs/remedies.md says how each works and what it can and cannot do.

Example:
  cellswap remedy yeast.json
  cellswap remedy yeast.json --remedies recompose masked-2 retrained+recompose`,
    )
    .action(run);
}

async function run(path: string, options: Options): Promise<void> {
  const names = options.remedies?.flatMap((text) => text.split(","));
  parseRemedies(names ?? []);
  const { done, folder } = await runNamed("cellswap remedy", path, options, (study) => ({
    ...study,
    remedies: names ?? study.remedies ?? ["all"],
  }));
  print(options.json === true ? remedyJson(done, folder) : remedyText(done, folder));
}
