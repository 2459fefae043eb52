import { type Command, InvalidArgumentError, Option } from "commander";
import { type AnnDataOptions, anndataSource } from "../cells/formats/anndata.ts";
import { type H5scOptions, h5scSource } from "../cells/formats/h5sc.ts";
import { type HpaOptions, hpaSource } from "../cells/formats/hpa.ts";
import { type NpyOptions, npySource } from "../cells/formats/npy.ts";
import { type StripsOptions, stripsSource } from "../cells/formats/strips.ts";
import type { CellSource } from "../cells/importer.ts";
import { list } from "./options.ts";

/** Adds one format's command with the options that all have. */
type AddFormat = (command: Command, usage: string, summary: string, example: string) => Command;
/** Imports what a plan names, by those options. */
type RunImport<Options> = (plan: () => CellSource | Promise<CellSource>, options: Options) => Promise<void>;

const AXES = "order of the axes, NCHW, NHWC or NHW (found out from their lengths if not given)";

/** Crops as other programs store them. */
export function configureCrops<Options>(command: Command, format: AddFormat, run: RunImport<Options>): void {
  format(
    command,
    "h5sc <file>",
    "scPortrait single-cell images (.h5sc)",
    "cellswap import h5sc single_cells.h5sc --manifest cells.csv",
  )
    .option("--manifest <csv>", "a row per cell, its number in Cell or ID: Protein, Localization, Field, ...")
    .option(
      "--mask <name>",
      "name (or a part) of the plane that is the center mask (default: the whole cell's)",
    )
    .addOption(new Option("--masks <kind>", "leave the masks out").choices(["none"]))
    .action((file: string, options: Options & H5scOptions) => run(() => h5scSource(file, options), options));
  format(
    command,
    "anndata <file>",
    "AnnData with crops (.h5ad): an array in obsm, layers or X",
    "cellswap import anndata cells.h5ad --crops obsm/images --channels DNA,ER --mask-array obsm/masks",
  )
    .option(
      "--crops <place>",
      "array of the crops: obsm/KEY, layers/KEY or X (the one of four axes if not given)",
    )
    .option("--mask-array <place>", "array of the masks: obsm/KEY or layers/KEY")
    .option(
      "--shape <lengths>",
      "lengths of the axes behind the cells, where crops are rows of numbers: 3,64,64",
      lengths,
    )
    .option("--axes <axes>", AXES)
    .option("--channels <names>", "channels in order, comma between", list)
    .addOption(masksOption())
    .action((file: string, options: Options & AnnDataOptions & { maskArray?: string }) =>
      run(() => anndataSource(file, { ...options, masksAt: options.maskArray }), options),
    );
  format(
    command,
    "npy <file>",
    "crops in one NumPy array, with a CSV",
    "cellswap import npy crops.npy --manifest cells.csv --channels GFP,RFP --mask-file masks.npy",
  )
    .requiredOption("--manifest <csv>", "one row per crop in their order: Protein, Localization, Field, ...")
    .option("--mask-file <npy>", "array with a mask per crop")
    .option("--axes <axes>", AXES)
    .option("--channels <names>", "channels in order, comma between", list)
    .addOption(masksOption())
    .action((file: string, options: Options & NpyOptions) => run(() => npySource(file, options), options));
  format(
    command,
    "strips <dir>",
    "channels side by side in one image, the mask last (DeepProfiler's export, JUMP)",
    "cellswap import strips single-cells --channels DNA,RNA,ER,AGP,Mito",
  )
    .option(
      "--manifest <csv>",
      "one row per crop, its file in File or Image_Name (default: sc-metadata.csv in the folder)",
    )
    .option("--channels <names>", "channels from left to right, without the mask, comma between", list)
    .option("--config <json>", "DeepProfiler's configuration, which names the channels")
    .addOption(new Option("--masks <kind>", "leave the masks out").choices(["none"]))
    .action((dir: string, options: Options & StripsOptions) =>
      run(() => stripsSource(dir, options), options),
    );
  format(
    command,
    "hpa <dir>",
    "Human Protein Atlas: ID_{red,green,blue,yellow}.png, or one merged ID.png",
    "cellswap import hpa crops --manifest cells.csv",
  )
    .option("--manifest <csv>", "a row per crop, its name in Cell or ID: Protein, Localization, Field, ...")
    .addOption(masksOption())
    .action((dir: string, options: Options & HpaOptions) => run(() => hpaSource(dir, options), options));
}

const masksOption = () =>
  new Option("--masks <kind>", "what the masks know; found out from the labels by default").choices([
    "center",
    "full",
    "none",
  ]);

/** Whole numbers with commas between. */
function lengths(text: string): number[] {
  const found = text.split(",").map(Number);
  if (!found.every((n) => Number.isSafeInteger(n) && n > 0))
    throw new InvalidArgumentError("Give whole numbers above 0 with commas between, as 3,64,64.");
  return found;
}
