import { z } from "zod";
import { SETTINGS } from "../settings.ts";

/** Version of what a study keeps for the explorer; the page refuses another. */
export const VIEW_VERSION = 1;

const count = z.int().min(0);

/** How predictions for new composites of an encoder are made: in the page, by the server, or not at all and why. */
const runs = z.strictObject({ where: z.enum(["page", "server", "none"]), why: z.string().nullable() });

/** What `map_x` and `map_y` are: principal components of standardized features of `crops` original crops, in one unit. */
export const viewMapSchema = z.strictObject({
  crops: count,
  /** x, then y; share of the variance of these features, 0..1. */
  axes: z.array(z.strictObject({ label: z.string(), share: z.number().min(0).max(1) })).length(2),
});

/** One encoder's output as the page knows it. */
const viewEncoder = z.strictObject({
  /** Name in tables, and of the folder that holds its files. */
  name: z.string(),
  /** Position of this output among those of its encoder, and the file of the encoder's description; null: features made elsewhere. */
  output: count,
  description: z.string().nullable(),
  title: z.string(),
  dimension: z.int().min(1),
  /**
   * The remedy, and the name of the output that it is of; null for an output as it is. Of a remedied output only the
   * settings and backgrounds that remedies are judged on are predicted.
   */
  remedy: z.strictObject({ name: z.string(), of: z.string() }).nullable(),
  /** Whether probes that were trained on originals judged every composite. */
  predicted: z.boolean(),
  /** Null where there are no coordinates. */
  map: viewMapSchema.nullable(),
  runs,
});

/** `study.json` of the explorer: what the page must know of a study before anything else. */
export const viewStudySchema = z.strictObject({
  version: z.literal(VIEW_VERSION),
  title: z.string(),
  createdBy: z.string(),
  classes: z.array(z.string()),
  /** Settings of the study, in the order of the ladder. */
  settings: z.array(z.enum(SETTINGS)),
  /** Classes that lend backgrounds, by position. */
  backgrounds: z.array(count),
  encoders: z.array(viewEncoder),
  /** Rows of `plan.parquet` and of every encoder's table. */
  composites: count,
  crops: z.strictObject({
    count,
    channels: z.array(z.string()),
    height: z.int().min(1),
    width: z.int().min(1),
    diameter: z.number().positive().optional(),
    masks: z.enum(["none", "center", "full"]),
    /** Cells in each of `crops/0000.npy`, `masks/0000.npy`, ..., where an export has several files of them. */
    part: z.int().min(1).optional(),
    /** Side of a pixel, µm; null where it is not known, or is not the same for all cells. */
    micrometers: z.number().positive().nullable(),
  }),
  /** How the study makes composites. */
  composite: z.strictObject({
    edge: z.enum(["hard", "soft"]),
    sigma: z.number(),
    donorCenter: z.enum(["keep", "fill"]),
    halo: z.number(),
    intensity: z.enum(["none", "crop", "field", "protein"]),
    clip: z.tuple([z.number(), z.number()]).nullable(),
    seed: count,
  }),
  /** What a group of cells that are judged by one probe is made of (field, protein, ...). */
  unit: z.enum(["field", "protein", "cluster"]),
  /** Closed groups of the cells: how many, clusters of the class with fewest, what they allow to be said and why no more. */
  groups: z.strictObject({
    count,
    fewest: count,
    reach: z.enum(["all", "without-same", "averages", "none"]),
    notes: z.array(z.string()),
  }),
  /** By setting: hash of all that its pixels depend on besides cells and donors. */
  pixels: z.partialRecord(z.enum(SETTINGS), z.string()),
});
export type ViewStudy = z.infer<typeof viewStudySchema>;
export type ViewEncoder = ViewStudy["encoders"][number];

/** `index.json` of the explorer: the studies that it shows; their files lie in folders named by their position. */
export const viewIndexSchema = z.strictObject({
  version: z.literal(VIEW_VERSION),
  studies: z.array(viewStudySchema).min(1),
});
export type ViewIndex = z.infer<typeof viewIndexSchema>;

/**
 * Columns of `cells.parquet`, one row per cell of the store, in its order. `x`, `y`: place in the image of the field, px,
 * the middle of the first pixel is 0; NaN where it is not known. `order`: place among the cells of its class,
 * as they are classified; -1 for cells that no probe judges, as in `group` and `cluster`.
 */
export const CELL_COLUMNS = [
  "cell_id",
  "class",
  "protein",
  "field",
  "verdict",
  "group",
  "cluster",
  "order",
  "cell_area",
  "neighbor_area",
  "lends",
  "x",
  "y",
] as const;

/** Classes above which a study keeps no `probabilities.npy`, as it keeps none of crops or networks that are remedied. */
export const MOST_CLASSES = 256;

/** Columns of `plan.parquet`, one row per composite; cells and donors by row of the store, -1 for none. */
export const PLAN_COLUMNS = ["cell", "setting", "background", "donor", "medium"] as const;

/** Columns of an encoder's `composites.parquet`, rows as those of the plan; NaN, or -1, where nothing was predicted. */
export const ENCODER_COLUMNS = [
  "prediction",
  "probability",
  "own",
  "lent",
  "margin",
  "map_x",
  "map_y",
] as const;
