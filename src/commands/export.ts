import { basename } from "node:path";
import { type Command, Option } from "commander";
import { SettingError, StudyError } from "../errors.ts";
import { type Exported, type ExportOptions, exportComposites } from "../study/composites/export.ts";
import { gigabytes } from "../study/composites/folder.ts";
import { readStudyFile } from "../study/schema.ts";
import { configureAnnData } from "./export-anndata.ts";
import { configureEncoder } from "./export-encoder.ts";
import { positive, workersOption } from "./options.ts";
import { print, printJson } from "./output.ts";
import { type Monitor, monitored, type ProgressOptions, progressOptions } from "./progress.ts";

export function configure(command: Command): void {
  command
    .usage("WHAT [options]")
    .addHelpText(
      "after",
      "\nExamples:\n  cellswap export composites study.json --out composites\n  cellswap export anndata study.json --out study.h5ad\n  cellswap export encoder --encoder pifia --remedy pool --out pifia-pool.json\n\nEach has its own help: cellswap export composites --help",
    );
  configureComposites(command);
  configureAnnData(command);
  configureEncoder(command);
}

function configureComposites(command: Command): void {
  const summary = "the composites of a study, for models that run elsewhere";
  progressOptions(command.command("composites <study>"))
    .summary(summary)
    .description(`Write ${summary}.`)
    .requiredOption("-o, --out <folder>", "folder for the composites")
    .addOption(
      new Option(
        "--format <format>",
        "npy: rows x channels x height x width, float32; zarr: the same as a Zarr 3 array",
      )
        .choices(["npy", "zarr"])
        .default("npy"),
    )
    .option("--masks", "write the center masks as well (rows x height x width, 1 on the cell)")
    .option("--part-size <GB>", "split .npy files at this size (default: one file)", positive)
    .addOption(workersOption())
    .option("--json", "print the result as JSON")
    .option("--debug", "show where in the program an error arose")
    .addHelpText(
      "after",
      `
Rows stand in the order of plan.csv and plan.parquet, which are written beside
them. Features that are made of them, one row each, come back as

  "encoders": [{ "name": "mynet", "features": "composites/mynet.npy" }]

in the study file; composites.json tells the run which plan and pixels they are
of. docs/own-features.md shows both ways.

Example:
  cellswap export composites study.json --out composites --masks`,
    )
    .action(run);
}

interface Options extends ProgressOptions {
  readonly out: string;
  readonly format: "npy" | "zarr";
  readonly masks?: boolean;
  readonly partSize?: number;
  readonly workers?: number;
}

async function run(path: string, options: Options, command: Command): Promise<void> {
  const { out, format, masks, partSize, workers, json = false } = options;
  if (format === "zarr" && partSize !== undefined)
    command.error("error: --part-size splits .npy files; leave it out with --format zarr");
  const study = readStudyFile(path);
  const given = (monitor: Monitor): ExportOptions => ({
    out,
    format,
    ...(masks === undefined ? {} : { masks }),
    ...(partSize === undefined ? {} : { partBytes: partSize * 1e9 }),
    ...(workers === undefined ? {} : { workers }),
    onSize: ({ rows, shape, bytes, free }) =>
      monitor.say(
        `${rows} composites of ${shape.join(" x ")}, ${gigabytes(bytes)} to ${out}${free === null ? "" : ` (${gigabytes(free)} free)`}`,
      ),
    onProgress: monitor.stage("export", "composites").update,
    onFlag: ({ severity, text }) => {
      if (severity !== "refuse") monitor.say(text, severity);
    },
  });
  const done = await monitored(options, (monitor, signal) =>
    exportComposites(study, { ...given(monitor), signal }),
  ).catch((error: unknown) => {
    // What does not fit the cells was asked for in the study file.
    const asked = error instanceof StudyError || error instanceof SettingError;
    throw asked && error.path === undefined ? new StudyError(error.message, { path, cause: error }) : error;
  });
  if (json) printJson(done);
  else print(text(done, basename(path)));
}

function text({ out, rows, files }: Exported, study: string): string {
  return [
    `${rows} composites: ${out} (${files.join(", ")})`,
    `Next: make features of them, one row each, save them as ${out}/NAME.npy, and name them in ${study}: "encoders": [{ "name": "NAME", "features": "${out}/NAME.npy" }]`,
  ].join("\n");
}
