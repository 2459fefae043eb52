import { z } from "zod";
import { SETTINGS } from "../settings.ts";

/** Version of {@link ReportData}; a report of another version is refused. */
export const REPORT_VERSION = 1;

const share = z.number().min(0).max(1);
const setting = z.enum(SETTINGS);

const pairScore = z.strictObject({
  encoder: z.string(),
  setting,
  background: z.string().nullable(),
  class1: z.string(),
  class2: z.string(),
  accuracy: share,
  sd: z.number().min(0),
  folds: z.array(share).readonly(),
  gap: z.number().nullable(),
  cells: z.int().min(0).nullable(),
});

/** Estimate with an interval, in accuracy (0..1) or differences of it (-1..1). */
const interval = z.strictObject({
  encoder: z.string(),
  /** What is estimated: an effect id of `EFFECTS` (`neighbor`, ...), a setting, or a free statement. */
  statement: z.string(),
  estimate: z.number(),
  low: z.number(),
  high: z.number(),
  /** Confidence level, for instance 0.95. */
  level: z.number().gt(0).lt(1),
});

const gallery = z.strictObject({
  /** Id of the center cell. */
  cell: z.string(),
  /** Its localization. */
  class: z.string(),
  images: z.array(
    z.strictObject({
      setting,
      /** Class that the background comes from; null where it is the cell's own or there is none. */
      background: z.string().nullable(),
      /** Id of the donor; null where there is none. */
      donor: z.string().nullable(),
      panels: z.array(
        z.strictObject({
          channel: z.string(),
          png: z.string().regex(/^data:image\/png;base64,[A-Za-z0-9+/]+={0,2}$/),
        }),
      ),
    }),
  ),
});

const proportions = z.strictObject({
  encoder: z.string(),
  proteins: z.array(
    z.strictObject({
      protein: z.string(),
      /** KL(original || masked), nats. */
      kl: z.number().min(0),
      /** Share per class, order of `classes` of the report. */
      original: z.array(z.number()),
      masked: z.array(z.number()),
      cells: z.int().min(1),
    }),
  ),
  /** Of the proteins' KL, nats. */
  summary: z.strictObject({
    mean: z.number(),
    sd: z.number(),
    min: z.number(),
    q1: z.number(),
    median: z.number(),
    q3: z.number(),
    max: z.number(),
  }),
});

/** What a report shows: plain JSON, self-contained, written by a study and read by `renderReport` and the explorer. */
export const reportSchema = z.strictObject({
  version: z.literal(REPORT_VERSION),
  title: z.string(),
  preset: z.string(),
  /** Version of cellswap that made it. */
  createdBy: z.string(),
  classes: z.array(z.string()).readonly(),
  aggregation: z.enum(["even", "published"]),
  encoders: z.array(
    z.strictObject({
      name: z.string(),
      description: z.string(),
      /** Length of the feature vector. */
      dimension: z.int().min(1),
      warnings: z.array(z.string()),
    }),
  ),
  scores: z.array(pairScore).readonly(),
  intervals: z.array(interval).default([]),
  gallery: z.array(gallery),
  /** One entry per encoder whose proportions were asked for. */
  proportions: z.array(proportions).default([]),
  /** Share of cells predicted as their background's class, and accuracy, when trained on originals (0..1). */
  transfer: z
    .array(z.strictObject({ encoder: z.string(), setting, accuracy: share, capture: share.nullable() }))
    .default([]),
  cells: z.strictObject({
    total: z.int().min(0),
    used: z.int().min(0),
    /** Cells by the reason they were left out. */
    leftOut: z.record(z.string(), z.int().min(0)),
  }),
  plan: z
    .strictObject({
      /** Composites in the swap plan. */
      rows: z.int().min(0),
      /** Composites whose donor had to come from the center cell's own field. */
      sameFieldDonors: z.int().min(0),
      seed: z.int().nullable(),
    })
    .nullable(),
  /** Versions, seeds, hashes; shown as given. */
  provenance: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  warnings: z.array(z.string()),
});
export type ReportData = z.infer<typeof reportSchema>;
export type ReportInput = z.input<typeof reportSchema>;
export type GalleryCell = ReportData["gallery"][number];
export type ReportProportions = ReportData["proportions"][number];

/** Checks report data. @throws ZodError with the place of what does not fit. */
export function parseReport(value: unknown): ReportData {
  return reportSchema.parse(value);
}
