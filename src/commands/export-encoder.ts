import type { Command } from "commander";
import { encoderPath } from "../encode/bundled.ts";
import { readEncoder } from "../encode/encoder-file.ts";
import type { ExportedEncoder } from "../encode/export.ts";
import { exportRemedied } from "../study/remedies/export.ts";
import { print, printJson } from "./output.ts";

export function configureEncoder(command: Command): void {
  const summary = "an encoder with a remedy in it, as one ONNX file and its description";
  command
    .command("encoder")
    .summary(summary)
    .description(`Write ${summary}.`)
    .requiredOption(
      "--encoder <encoder>",
      "encoder description (NAME.json), or the name of a bundled encoder",
    )
    .requiredOption("--remedy <remedy>", "pool: the last map or the tokens, pooled under the center mask")
    .requiredOption("-o, --out <file>", "description to write, NAME.json; the network goes beside it")
    .option("--force", "replace files that are there")
    .option("--json", "print the result as JSON")
    .option("--debug", "show where in the program an error arose")
    .addHelpText(
      "after",
      `
What the remedy adds is a layer of the network then, so that any program that
runs ONNX files gives the remedied features. The description is used like any
other, in a study as well. docs/remedies.md says what the network takes.

Example:
  cellswap export encoder --encoder pifia --remedy pool --out pifia-pool.json`,
    )
    .action(run);
}

interface Options {
  readonly encoder: string;
  readonly remedy: string;
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

async function run({ encoder, remedy, out, force = false, json }: Options): Promise<void> {
  const file = readEncoder(encoderPath(encoder, "."));
  const done = await exportRemedied(file, remedy, { out, force });
  if (json === true) printJson(done);
  else print(text(done));
}

function text({ path, model, description }: ExportedEncoder): string {
  const { outputs, extraInputs = [] } = description;
  const mask = extraInputs.find((extra) => extra.value === "center-mask");
  return [
    `Wrote ${path} and ${model}: features in ${outputs.map((o) => o.output).join(", ")}.`,
    ...(mask === undefined
      ? []
      : [`The network takes the center mask as input ${mask.name}; cellswap gives it.`]),
    `Use it in a study file as ${JSON.stringify(path)}.`,
  ].join("\n");
}
