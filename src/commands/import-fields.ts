import { type Command, InvalidArgumentError } from "commander";
import { type FieldListOptions, listFields } from "../cells/fields/list.ts";
import { type FieldsOptions, fieldsShard, fieldsSource } from "../cells/formats/fields.ts";
import type { PlanContext, Planned } from "./import.ts";
import { append, drawOptions, list, whole } from "./options.ts";

type Options = Omit<FieldListOptions, "slice" | "time"> &
  Omit<FieldsOptions, "labels"> & {
    readonly z?: number | "max";
    readonly t?: number;
    readonly class?: string;
    readonly json?: boolean;
  };

const slice = (text: string): number | "max" => {
  if (text === "max") return text;
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Give a number from 0, or max.");
  return Number(text);
};

/** Adds the options of `import fields`; `run` imports what the plan finds. */
export function configureFields<Given>(
  command: Command,
  run: (plan: (context: PlanContext) => Promise<Planned>, options: Given) => Promise<void>,
): void {
  command
    .option(
      "--manifest <csv>",
      "one row per field: File_CHANNEL columns (or File), Labels, Labels_Nuclei, metadata",
    )
    .option("--pattern <names>", 'names of the image files, as "{Plate}/{Well}_{Site}_{Channel}.tif"')
    .option("--label-images <names>", "names of the cells' label images; in OME-Zarr the name of its labels")
    .option("--nuclei-images <names>", "names of the nuclei's label images, beside those of cells")
    .option(
      "--metadata <table>",
      "platemap or another table, joined by the columns that it shares (Plate, Well, ...); may be given again",
      append,
    )
    .option(
      "--channels <names>",
      "channels of a column File, or those to take of a pattern, comma between",
      list,
    )
    .option("--size <px>", "side of the crops (default: fits the cells)", whole(4, 8192))
    .option("--pad", "cut cells near the edge of their field too, repeating its outermost pixels")
    .option(
      "--split-objects",
      "label images are masks of one value: every separate piece is a cell; nuclei divide them",
    )
    .option("--min-area <px>", "leave out objects of fewer pixels", whole(1))
    .option("--one-nucleus", "leave out cells with no or several nuclei")
    .option("--z <slice>", "slice of a stack, counted from 0, or max: the largest value of all", slice)
    .option("--t <time>", "time point, counted from 0", whole(0))
    .addHelpText("after", EXAMPLES);
  drawOptions(command).action((dir: string, given: Given & Options) =>
    run(async ({ labels, signal, monitor, shard }) => {
      const { z, t, class: classColumn, ...options } = given;
      const fields = await listFields(dir, { ...options, slice: z, time: t });
      const bar = monitor.stage("find cells", "fields");
      const how = { ...options, ...{ classColumn, labels, signal, onField: bar.update } };
      if (shard !== null) return fieldsShard(fields, how, shard);
      const plan = await fieldsSource(fields, how);
      bar.end();
      return plan;
    }, given),
  );
}

const EXAMPLES = `
  cellswap import fields plate --pattern "{Plate}/{Well}_{Site}_{Channel}.tif" --label-images "{Plate}/masks/{Well}_{Site}.tif" --per-class 500
  cellswap import fields plate.ome.zarr --label-images cells --size 128

A manifest has one row per field, paths relative to the folder:
  File_DNA,File_ER,Labels_Cells,Labels_Nuclei,Plate,Well,Site,Protein,Localization
  B02_1_dna.tif,B02_1_er.tif,B02_1_cells.tif,B02_1_nuclei.tif,P1,B02,1,TOMM20,mitochondria
Images: TIFF, OME-TIFF, PNG, OME-Zarr. Label images: 0 is background, every other value a cell.`;
