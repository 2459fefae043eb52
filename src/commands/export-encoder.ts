import type { Command } from "commander";
import { encoderPath } from "../encode/bundled.ts";
import { type EncoderFile, readEncoder } from "../encode/encoder-file.ts";
import type { ExportedEncoder } from "../encode/export.ts";
import { StudyError } from "../errors.ts";
import { outputNames, readEncoders } from "../study/encoders.ts";
import { exportRemedied } from "../study/remedies/export.ts";
import { readStudyFile } from "../study/schema.ts";
import { print, printJson } from "./output.ts";
import { placeOfStudy } from "./study-place.ts";

export function configureEncoder(command: Command): void {
  const summary = "an encoder with a remedy in it, as one ONNX file and its description";
  command
    .command("encoder [study]")
    .summary(summary)
    .description(`Write ${summary}.`)
    .requiredOption(
      "--encoder <encoder>",
      "with a study, one of its encoders (or output of one), by its name in the results; else a description (NAME.json) or the name of a bundled encoder",
    )
    .requiredOption("--remedy <remedy>", "pool, project, project-16, whiten, leace or dfr")
    .requiredOption("-o, --out <file>", "description to write, NAME.json; the network goes beside it")
    .option("--folder <folder>", "study folder, where it is not the study file's name with .study behind it")
    .option("--probabilities", "with dfr: probabilities of the classes instead of scores")
    .option("--force", "replace files that are there")
    .option("--json", "print the result as JSON")
    .option("--debug", "show where in the program an error arose")
    .addHelpText(
      "after",
      `
What the remedy adds is a layer of the network then, so that any program that
runs ONNX files gives the remedied features. The description is used like any
other, in a study as well. pool (the last map or the tokens, pooled under the
center mask) needs no study; the others are fitted on all cells of a finished
one. docs/remedies.md says what the network takes.

Examples:
  cellswap export encoder --encoder pifia --remedy pool --out pifia-pool.json
  cellswap export encoder yeast.json --encoder pifia --remedy dfr --out pifia-dfr.json`,
    )
    .action(run);
}

interface Options {
  readonly encoder: string;
  readonly remedy: string;
  readonly out: string;
  readonly folder?: string;
  readonly probabilities?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

async function run(
  study: string | undefined,
  { encoder, remedy, out, folder, probabilities = false, force = false, json }: Options,
): Promise<void> {
  const options = { out, probabilities, force };
  const place = study === undefined ? null : placeOfStudy(study, folder);
  const done =
    place === null
      ? await exportRemedied(readEncoder(encoderPath(encoder, ".")), remedy, options)
      : await exportRemedied(studied(place.file, encoder), remedy, {
          ...options,
          study: place.folder,
          output: encoder,
        });
  if (json === true) printJson(done);
  else print(text(done));
}

/** The encoder of an output in the results of a study. */
function studied(study: string, output: string): EncoderFile {
  const encoders = readEncoders(readStudyFile(study));
  const found = encoders.find((e) => outputNames(e).includes(output));
  if (found === undefined)
    throw new StudyError(`has no encoder ${output}; it has ${encoders.flatMap(outputNames).join(", ")}`, {
      path: study,
    });
  if (found.kind === "given")
    throw new StudyError(
      `has features of ${output} that were made elsewhere, and no network to export; name an encoder that can be run`,
      { path: study },
    );
  return found;
}

function text({ path, model, description }: ExportedEncoder): string {
  const { outputs, extraInputs = [], notes = [] } = description;
  const masks = extraInputs.filter((extra) => extra.value === "center-mask").map((extra) => extra.name);
  return [
    `Wrote ${path} and ${model}: features in ${outputs.map((o) => o.output).join(", ")}.`,
    ...notes.slice(-1),
    ...(masks.length === 0
      ? []
      : [`The network takes the center mask as input ${masks.join(", ")}; cellswap gives it.`]),
    `Use it in a study file as ${JSON.stringify(path)}.`,
  ].join("\n");
}
