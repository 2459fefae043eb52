import { z } from "zod";
import { BATCH } from "../evidence/batch.ts";
import { SAMPLED } from "../evidence/further.ts";
import { NATURAL } from "../evidence/natural.ts";
import { PASTE } from "../evidence/paste.ts";
import { SENSITIVITY } from "../evidence/sensitivity.ts";
import { SHARES } from "../evidence/shares.ts";
import { CLAIM } from "../proportions/claim.ts";
import { SETTINGS } from "../settings.ts";

/** Version of {@link ReportData}; a report of another version is refused. */
export const REPORT_VERSION = 2;

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

/** A picture of one channel, as a PNG in the page. */
const panel = z.strictObject({
  channel: z.string(),
  png: z.string().regex(/^data:image\/png;base64,[A-Za-z0-9+/]+={0,2}$/),
});

/** What the statistics answer for one encoder. */
const answer = z.strictObject({
  encoder: z.string(),
  badge: z.enum(["cell", "medium", "neighbors", "undecided"]),
  sentence: z.string(),
  /** What must be known to read the sentence rightly. */
  caveats: z.array(z.string()),
  /** The published drop, a line of its own. */
  published: z.string().nullable(),
});

/** Accuracies and shares from 0 to 1, differences from -1 to 1. */
const estimate = z.strictObject({
  encoder: z.string(),
  /** What is estimated: a setting, an effect id of `EFFECTS`, `capture`, `capture-base` or `transfer`. */
  of: z.string(),
  kind: z.enum(["accuracy", "difference", "share"]),
  /** null: over all classes. */
  class: z.string().nullable(),
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** Confidence level, for instance 0.95. */
  level: z.number().gt(0).lt(1),
  /** Cells per class. */
  cells: z.int().min(0),
  /** Clusters per class; `facts` says what they are. */
  clusters: z.int().min(0),
  /** Groups that serve as folds. */
  groups: z.int().min(0),
  method: z.string(),
  /** Why there is no interval, or no number. */
  why: z.string().nullable(),
  /** Benjamini-Hochberg over the classes; null where nothing was tested. */
  q: share.nullable(),
  sampled: SAMPLED.optional(),
});

/** First encoder minus second, in the unit of what is compared. */
const comparison = z.strictObject({
  first: z.string(),
  second: z.string(),
  of: z.string(),
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  method: z.string(),
});

/** What one remedy leaves and costs of an encoder: numbers over all classes. */
const remedyNumber = z.strictObject({
  /** `original`, `cost`, `neighbor`, `medium`, `transfer/SETTING`, `capture/SETTING` or `capture-neighbor`. */
  of: z.string(),
  kind: z.enum(["accuracy", "difference", "share"]),
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  cells: z.int().min(0),
  clusters: z.int().min(0),
  groups: z.int().min(0),
  method: z.string(),
  why: z.string().nullable(),
});

/** What remedies make of one encoder. */
const remedies = z.strictObject({
  encoder: z.string(),
  /** Classes whose backgrounds remedies are judged on. */
  backgrounds: z.array(z.string()),
  /** Confidence level that the intervals of all remedies have at once, statement by statement. */
  level: z.number().gt(0).lt(1),
  /** Name of the one that is recommended; null where none is. */
  recommended: z.string().nullable(),
  sentence: z.string(),
  /** The encoder as it is, named `none`, then every remedy. */
  measured: z
    .array(
      z.strictObject({
        remedy: z.string(),
        numbers: z.array(remedyNumber),
        /** Donors of a recomposition whose number the features chose, and what a mean over donors still differs by. */
        donors: z
          .strictObject({
            donors: z.int().min(1),
            residual: z.array(
              z.strictObject({ donors: z.int().min(1), residual: z.number().min(0).nullable() }),
            ),
          })
          .nullable()
          .default(null),
      }),
    )
    .min(1),
  refused: z.array(z.strictObject({ remedy: z.string(), why: z.string() })),
});

/** Evidence beside the ladder; every kind has an `id`, the encoder and its `numbers`. */
const further = z.discriminatedUnion("id", [BATCH, NATURAL, PASTE, SENSITIVITY, SHARES]);

/** Something a reader must know before believing a number; `encoder` null: holds for the whole study. */
const flag = z.strictObject({
  id: z.string(),
  severity: z.enum(["warning", "note"]),
  encoder: z.string().nullable(),
  text: z.string(),
});

/** Accuracy that a class loses on one background, -1 to 1. */
const heat = z.strictObject({
  encoder: z.string(),
  class: z.string(),
  background: z.string(),
  value: z.number().min(-1).max(1),
  cells: z.int().min(0),
});

const prediction = z.strictObject({ prediction: z.string(), probability: share });

/** A cell that is called otherwise among foreign neighbors. */
const flip = z.strictObject({
  encoder: z.string(),
  cell: z.string(),
  class: z.string(),
  background: z.string(),
  /** Id of the cell that lent its background. */
  donor: z.string(),
  before: prediction,
  after: prediction,
  images: z.array(
    z.strictObject({ role: z.enum(["original", "different", "donor"]), panels: z.array(panel) }),
  ),
});

/** One point of a learning curve. */
const curvePoint = z.strictObject({
  encoder: z.string(),
  of: z.string(),
  /** Cells per class. */
  cells: z.int().min(1),
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
});

/** What was studied, for the head of the page. */
const facts = z.strictObject({
  date: z.string().nullable(),
  command: z.string().nullable(),
  dataset: z.string(),
  /** What a cluster is: a field, a protein, a plate. */
  clusterName: z.string(),
  /** Per class. */
  clusters: z.int().min(0),
  /** Groups that serve as folds. */
  groups: z.int().min(0),
  cellsPerClass: z.int().min(0),
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
      panels: z.array(panel),
    }),
  ),
});

/** Localization proportions by one encoder, as published. */
export const reportProportions = z.strictObject({
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
  answers: z.array(answer),
  estimates: z.array(estimate),
  comparisons: z.array(comparison),
  /** Equivalence zone: effects within plus and minus this are too small to matter, accuracy (0.02 is 2 points). */
  zone: z.number().min(0),
  flags: z.array(flag),
  heat: z.array(heat),
  flips: z.array(flip),
  curve: z.array(curvePoint),
  facts,
  gallery: z.array(gallery),
  /** One entry per encoder whose proportions were asked for as published. */
  proportions: z.array(reportProportions).default([]),
  /** Proteins with several localizations: shares in every way to see them, and whether they change, by encoder. */
  claims: z.array(CLAIM).default([]),
  /** One entry per encoder and kind of evidence that the study could draw. */
  further: z.array(further).default([]),
  /** One entry per encoder whose remedies were asked for. */
  remedies: z.array(remedies).default([]),
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
});
export type ReportData = z.infer<typeof reportSchema>;
export type ReportInput = z.input<typeof reportSchema>;
export type Answer = ReportData["answers"][number];
export type Estimate = ReportData["estimates"][number];
export type Flip = ReportData["flips"][number];
export type GalleryCell = ReportData["gallery"][number];
/** Evidence beside the ladder, of one kind and encoder: `id` tells the kind, `numbers` is what it states. */
export type FurtherEvidence = z.infer<typeof further>;
export type EncoderRemedies = ReportData["remedies"][number];
export type RemedyNumber = z.infer<typeof remedyNumber>;
export type ReportProportions = ReportData["proportions"][number];

/** Checks report data. @throws ZodError with the place of what does not fit. */
export function parseReport(value: unknown): ReportData {
  return reportSchema.parse(value);
}
