import type { Command } from "commander";
import { ALL_VARIANTS, parseVariant, VARIANTS } from "../swap/variant.ts";
import { deviceOption, limitOption, workersOption } from "./options.ts";
import { print } from "./output.ts";
import { progressOptions } from "./progress.ts";
import { sensitivityJson, sensitivityText } from "./sensitivity-result.ts";
import { runNamed, type StudyRunOptions } from "./study-run.ts";

interface Options extends StudyRunOptions {
  readonly variants?: string[];
}

export function configure(command: Command): void {
  const names = Object.entries(VARIANTS).map(([name, { does, number }]) => ({
    name: number === null ? name : number.usual === null ? `${name}-N` : `${name}[-N]`,
    does: does.replace("#", "N"),
  }));
  const width = Math.max(...names.map(({ name }) => name.length));
  progressOptions(command)
    .argument("<study>", "study file (JSON), or its study folder")
    .option("-o, --out <folder>", "study folder (default: the study file's name with .study behind it)")
    .option("--variants <names...>", "variants to measure (default: those of the study file, else all)")
    .addOption(workersOption())
    .addOption(deviceOption())
    .addOption(limitOption())
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Makes the composites of a study in other ways, with wrong masks among them, and
says what the effects become and whether the answer holds: the same cells on the
same donors, on three of the background classes. The study itself is run first,
as far as it is not there.

Variants (u: a 32nd of the cells' diameter, 1 px in crops of 64 px):
${names.map(({ name, does }) => `  ${name.padEnd(width)}  ${does}`).join("\n")}

all: ${ALL_VARIANTS.slice(0, 6).join(", ")},
  ${ALL_VARIANTS.slice(6).join(", ")}; what the study does already is left out.
docs/sensitivity.md says how to read the result.

Example:
  cellswap sensitivity yeast.json
  cellswap sensitivity yeast.json --variants dilate-2 erode-2 neighbor-slice`,
    )
    .action(run);
}

async function run(path: string, options: Options, command: Command): Promise<void> {
  const names = options.variants?.flatMap((text) => text.split(","));
  try {
    for (const name of names ?? []) if (name !== "all") parseVariant(name);
  } catch (error) {
    command.error(`error: --variants: ${(error as Error).message}`);
  }
  const { done, folder } = await runNamed("cellswap sensitivity", path, options, (study) => ({
    ...study,
    sensitivity: names ?? study.sensitivity ?? ["all"],
  }));
  print(options.json === true ? sensitivityJson(done, folder) : sensitivityText(done, folder));
}
