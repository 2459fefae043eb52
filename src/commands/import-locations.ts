import type { Command } from "commander";
import { cellprofilerSet } from "../cells/formats/cellprofiler.ts";
import { deepprofilerSet } from "../cells/formats/deepprofiler.ts";
import { type LocationsOptions, locationsShard, locationsSource } from "../cells/formats/locations.ts";
import type { LocationSet } from "../cells/locations/location-set.ts";
import type { PlanContext, Planned } from "./import.ts";
import { append, drawOptions, list, whole } from "./options.ts";

type Options = Omit<LocationsOptions, "labels" | "classColumn"> & {
  readonly objects?: string;
  readonly class?: string;
  readonly json?: boolean;
};

/** Adds one format's command with the options that all have. */
type AddFormat = (command: Command, usage: string, summary: string, example: string) => Command;
/** Imports what a plan names, by those options. */
type RunImport<Given> = (plan: (context: PlanContext) => Promise<Planned>, options: Given) => Promise<void>;
type ReadSet = (source: string, objects: string | null, signal: AbortSignal) => Promise<LocationSet>;

/** Crops around the centers of cells that tables list. */
export function configureLocations<Given>(command: Command, format: AddFormat, run: RunImport<Given>): void {
  configureSet(
    format(
      command,
      "cellprofiler <source>",
      "CellProfiler's tables and images: cuts crops around the centers of nuclei or cells",
      "cellswap import cellprofiler output --size 128 --metadata platemap.csv --class Compound --per-class 500\n  cellswap import cellprofiler plate.sqlite --metadata load_data.csv --images /data/plate --size 128",
    ),
    cellprofilerSet,
    run,
  );
  configureSet(
    format(
      command,
      "deepprofiler <project>",
      "DeepProfiler's index, images and locations: cuts crops around the locations",
      "cellswap import deepprofiler project --size 128 --class Compound --per-class 500",
    ),
    deepprofilerSet,
    run,
  );
}

function configureSet<Given>(command: Command, read: ReadSet, run: RunImport<Given>): void {
  command
    .requiredOption("--size <px>", "side of the crops: about twice a cell's diameter", whole(4, 8192))
    .option("--images <dir>", "folder with the images, where they are not where the tables say")
    .option(
      "--metadata <table>",
      "platemap, load_data or another table, joined by the columns that it shares (Plate, Well, ..., ObjectNumber); may be given again",
      append,
    )
    .option("--objects <name>", "objects whose centers are taken (default: Nuclei, else Cells)")
    .option("--channels <names>", "channels to take, in order, comma between (default: all)", list)
    .option("--pad", "cut cells near the edge of their field too, repeating its outermost pixels");
  drawOptions(command).action((source: string, given: Given & Options) =>
    run(async ({ labels, signal, monitor, shard }) => {
      const { class: classColumn, objects, ...options } = given;
      const set = await read(source, objects ?? null, signal);
      const bar = monitor.stage("find cells", "fields");
      const how = { ...options, ...{ classColumn, labels, signal, onField: bar.update } };
      if (shard !== null) return locationsShard(command.name(), set, how, shard);
      const plan = await locationsSource(command.name(), set, how);
      bar.end();
      return plan;
    }, given),
  );
}
