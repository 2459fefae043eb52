import { dirname, resolve } from "node:path";
import { z } from "zod";
import { type DataError, StudyError } from "../errors.ts";
import { isMissing } from "../files/input.ts";
import { firstIssue, readJson } from "../files/json.ts";
import { isObjectPath, parsePlace, placePath } from "../files/objects/place.ts";
import { LIFTABLE } from "../masks/verdict.ts";
import { QUANTIFIERS, type Quantifier } from "../proportions/quantify.ts";
import { parseRemedies } from "../remedy/name.ts";
import { SETTINGS, type Setting } from "../settings.ts";
import { CLIP, lengthsFor, RECOMMENDED } from "../swap/recommended.ts";
import { parseVariant } from "../swap/variant.ts";
import type { CompositeOptions, CropShape } from "../types.ts";
import { resolveSegment, Segment } from "./draw/key.ts";
import { EncoderEntry, resolveEntry } from "./encoder-entry.ts";

const QUANTIFIER_NAMES = Object.keys(QUANTIFIERS) as [Quantifier, ...Quantifier[]];

const Choices = z.strictObject({
  settings: z
    .array(z.enum(SETTINGS))
    .min(1)
    .optional()
    .describe("Settings to run; default: those of the preset."),
  pick: z
    .enum(["first", "even", "fields"])
    .optional()
    .describe(
      "Which cells of a class: the first ones (published), evenly spaced ones, or as many of every field, drawn by the seed.",
    ),
  edge: z.enum(["hard", "soft"]).optional().describe("Edge of the pasted cell."),
  sigma: z
    .number()
    .positive()
    .max(10)
    .optional()
    .describe(
      "Standard deviation of the soft edge, pixels; default: 1 for crops of 64 px, in proportion for others.",
    ),
  donorCenter: z
    .enum(["keep", "fill"])
    .optional()
    .describe("The donor's own center cell: kept (published) or removed and filled."),
  halo: z
    .number()
    .min(0)
    .max(20)
    .optional()
    .describe("Rim removed with a cell, pixels; default: 3 for crops of 64 px, in proportion for others."),
  intensity: z
    .enum(["none", "crop", "field", "protein"])
    .optional()
    .describe(
      "field: backgrounds are brought to the levels of the cell's field, the cell stays as imaged; protein, crop: every crop is scaled by its protein (published) or by itself; none.",
    ),
  clip: z
    .tuple([z.number(), z.number()], { error: "use [-1, 6] or another range, or null for no clipping" })
    .refine(([low, high]) => low < high, "the first value must be below the second")
    .nullable()
    .optional()
    .describe(
      "Range after the intensity step, 0 the medium and 1 the cells ([-1, 6]): of backgrounds by field, else of every crop; null: no clipping.",
    ),
  split: z
    .enum(["groups", "stratified"])
    .optional()
    .describe(
      "Which cells train and test: closed groups of whole fields with donors of their own, or stratified folds of cells (published).",
    ),
  learningCurve: z
    .boolean()
    .optional()
    .describe("Whether probes are also trained on an eighth, a quarter and half of the cells."),
  aggregation: z
    .enum(["even", "published"])
    .optional()
    .describe("How Table 1 is aggregated (docs/tables.md)."),
});

/** The study file: what to run on which cells. */
export const StudyFile = z.strictObject({
  $schema: z.string().optional(),
  title: z.string().min(1).optional(),
  cells: z
    .string()
    .min(1)
    .describe(
      "Cell store (a folder made by `cellswap import`), relative to this file, or s3://BUCKET/KEY where `cellswap copy` put one.",
    ),
  segment: Segment.optional().describe(
    "Cells without masks: the study draws its cells first and segments those only, as `cellswap segment` would.",
  ),
  encoders: z
    .array(EncoderEntry)
    .min(1)
    .describe(
      "Encoder descriptions (.json beside the ONNX file), relative to this file, names of bundled encoders, or features that were made elsewhere.",
    ),
  preset: z.enum(["recommended", "published"]).default("recommended"),
  class: z
    .string()
    .min(1)
    .default("Localization")
    .describe(
      "Metadata column that holds the class, without its Metadata_ prefix: Localization, Protein, ...",
    ),
  classes: z.array(z.string().min(1)).min(2).optional().describe("Classes to use; default: all."),
  backgrounds: z
    .array(z.string().min(1))
    .min(1)
    .refine((names) => new Set(names).size === names.length, "names a class twice; name each once")
    .optional()
    .describe("Classes whose backgrounds are used; default: all classes of the study."),
  cellsPerClass: z.int().min(2).default(1000),
  pairs: z
    .union([z.strictObject({ sample: z.int().min(2) }), z.enum(["all", "none"])], {
      error: 'use all, none or { "sample": 10 }',
    })
    .default("all")
    .describe(
      'Pairs of classes that probes are fitted for: all; { "sample": N } for N of every class, drawn by the seed, with their sampling error in every interval; none: what probes for all classes say alone (transfer, capture).',
    ),
  cellList: z
    .string()
    .optional()
    .describe("Text file with one cell id per line: use exactly these cells, in this order."),
  allow: z
    .array(z.enum(LIFTABLE))
    .optional()
    .describe(
      "Limits of masks that leave no cell out: border for crops that cells reach the edge of, ragged for cells that are not convex, ...",
    ),
  keepRejected: z
    .boolean()
    .default(false)
    .describe("Use cells whose mask failed its quality checks as well."),
  sameDonor: z
    .enum(["any", "same-protein", "other-protein"])
    .default("any")
    .describe("Whose background the setting `same` takes, within the class."),
  features: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder of features that studies of the same cells share, relative to this file, or s3://BUCKET/KEY; default: one in the study folder.",
    ),
  plan: z.string().optional().describe("A swap plan made elsewhere (CSV or Parquet), used as it is."),
  groupBy: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Metadata column, without its Metadata_ prefix, whose values are kept together in groups (Plate, Replicate, ...); default: the field, or the protein where every class has six or more.",
    ),
  batch: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Metadata column, without its Metadata_ prefix, of what cells share beyond their field (Plate, Day, ...); default: that of groupBy, else Plate, Batch or Replicate where the cells have one.",
    ),
  zone: z
    .number()
    .positive()
    .max(20)
    .default(2)
    .describe("Effects whose interval lies within plus and minus this many points count as none."),
  folds: z
    .int()
    .min(2)
    .max(100)
    .optional()
    .describe("Folds of the split `stratified` (5); groups make their own number."),
  remedies: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'Remedies whose effect and cost are measured: recompose, masked-2, pool, retrained+recompose, ... or "all" (docs/remedies.md).',
    ),
  sensitivity: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'Other ways to make composites under which effects are measured again: dilate-2, erode-2, neighbor-slice, halo-0, hard, keep, ... or "all" (docs/sensitivity.md).',
    ),
  proportions: z
    .strictObject({
      method: z
        .enum([...QUANTIFIER_NAMES, "published"])
        .optional()
        .describe(
          "How shares are estimated: em (default with closed groups), pacc, acc, pcc, cc with calibration on held-out cells, or published (default of the split `stratified`): means of uncalibrated probabilities.",
        ),
      optimizer: z.enum(["converged", "published"]).optional().describe("Of the method `published`."),
      rows: z.enum(["all", "one-per-protein"]).optional().describe("Of the method `published`."),
    })
    .optional()
    .describe(
      "Localization proportions of multiply localized proteins; run whenever there are such proteins.",
    ),
  seed: z.int().min(0).max(4294967295).default(1),
  ...Choices.shape,
});

/** A study file with its presets filled in and its paths resolved. */
export interface Study
  extends Omit<
    z.infer<typeof StudyFile>,
    keyof z.infer<typeof Choices> | "$schema" | "title" | "proportions" | "segment"
  > {
  readonly title: string;
  /** Object store of the features, `s3://BUCKET/KEY`, where they are not in a folder. */
  readonly remoteFeatures?: string;
  /** How its cells are segmented once they are drawn, and where they are kept then. */
  readonly segment?: ReturnType<typeof resolveSegment>;
  readonly settings: readonly Setting[];
  readonly pick: "first" | "even" | "fields";
  readonly split: "groups" | "stratified";
  readonly learningCurve: boolean;
  readonly proportions: {
    readonly method: Quantifier | "published";
    readonly optimizer: "converged" | "published";
    readonly rows: "all" | "one-per-protein";
  };
  readonly aggregation: "even" | "published";
  /** Lengths that the study file leaves open are null until the crops are known ({@link fitToCells}). */
  readonly composite: Omit<CompositeOptions, "sigma" | "halo"> & {
    readonly sigma: number | null;
    readonly halo: number | null;
  };
}

/** A study whose choices are complete for its crops. */
export type FittedStudy = Study & { readonly composite: CompositeOptions };

/** Fills in what depends on the size of the crops: lengths in proportion to the diameter of the cells they are made for. */
export function fitToCells(study: Study, shape: Omit<CropShape, "channels">): FittedStudy {
  const fitted = lengthsFor(shape);
  const { sigma, halo } = study.composite;
  return {
    ...study,
    composite: { ...study.composite, sigma: sigma ?? fitted.sigma, halo: halo ?? fitted.halo },
  };
}

const PRESETS = {
  recommended: {
    settings: SETTINGS,
    pick: "even",
    ...RECOMMENDED,
    split: "groups",
    learningCurve: true,
    aggregation: "even",
  },
  published: {
    settings: ["original", "same", "cell-free", "different", "masked"],
    pick: "first",
    edge: "hard",
    donorCenter: "keep",
    intensity: "protein",
    split: "stratified",
    learningCurve: false,
    aggregation: "published",
  },
} as const;

/** Fills in the preset. `where` is the folder that paths are relative to. @throws StudyError naming the key. */
export function resolveStudy(value: unknown, where: string, path: string): Study {
  const parsed = StudyFile.safeParse(value, { reportInput: true });
  if (!parsed.success) throw new StudyError(firstIssue(parsed.error), { path });
  const {
    $schema: _,
    settings,
    pick,
    edge,
    sigma,
    donorCenter,
    halo,
    intensity,
    clip,
    split,
    learningCurve,
    aggregation,
    proportions,
    title,
    segment,
    features,
    ...rest
  } = parsed.data;
  const preset = PRESETS[rest.preset];
  try {
    parseRemedies(rest.remedies ?? []);
    for (const name of rest.sensitivity ?? []) if (name !== "all") parseVariant(name);
  } catch (error) {
    throw new StudyError((error as Error).message, { path, cause: error });
  }
  const wanted = new Set<Setting>(settings ?? preset.settings);
  if ((split ?? preset.split) === "groups" && rest.folds !== undefined)
    throw new StudyError(
      `folds is ${rest.folds}, and the split \`groups\` makes as many folds as there are groups; leave it out, or set "split": "stratified"`,
      { path },
    );
  return {
    ...rest,
    title: title ?? "Background swap study",
    cells: isObjectPath(rest.cells) ? placePath(parsePlace(rest.cells)) : resolve(where, rest.cells),
    ...(segment === undefined ? {} : { segment: resolveSegment(segment, where, path) }),
    encoders: rest.encoders.map((entry) => resolveEntry(entry, where, path)),
    ...(rest.plan === undefined ? {} : { plan: resolve(where, rest.plan) }),
    ...placeOfFeatures(features, where),
    ...(rest.cellList === undefined ? {} : { cellList: resolve(where, rest.cellList) }),
    settings: SETTINGS.filter((s) => wanted.has(s)),
    pick: pick ?? preset.pick,
    split: split ?? preset.split,
    learningCurve: learningCurve ?? preset.learningCurve,
    aggregation: aggregation ?? preset.aggregation,
    proportions: resolveProportions(proportions, split ?? preset.split, path),
    composite: {
      edge: edge ?? preset.edge,
      sigma: sigma ?? null,
      donorCenter: donorCenter ?? preset.donorCenter,
      halo: halo ?? null,
      intensity: intensity ?? preset.intensity,
      clip: clip === undefined ? CLIP : clip,
      seed: rest.seed,
    },
  };
}

/** Where features are: a folder, or an object store. */
function placeOfFeatures(
  features: string | undefined,
  where: string,
): { features?: string; remoteFeatures?: string } {
  if (features === undefined) return {};
  if (!isObjectPath(features)) return { features: resolve(where, features) };
  return { remoteFeatures: placePath(parsePlace(features)) };
}

/** @throws StudyError for keys of the method `published` beside another */
function resolveProportions(
  given: z.infer<typeof StudyFile>["proportions"],
  split: Study["split"],
  path: string,
): Study["proportions"] {
  const { method, optimizer, rows } = given ?? {};
  const other = optimizer === undefined ? (rows === undefined ? null : "rows") : "optimizer";
  if (method !== undefined && method !== "published" && other !== null)
    throw new StudyError(
      `proportions.${other} is of the method published, and proportions.method is ${method}; leave one of them out`,
      { path },
    );
  const standard = other === null && split === "groups" ? "em" : "published";
  return { method: method ?? standard, optimizer: optimizer ?? "converged", rows: rows ?? "all" };
}

/** Reads a study file (JSON). @throws StudyError naming the file and the key that is wrong. */
export function readStudyFile(path: string): Study {
  let json: unknown;
  try {
    json = readJson(path, { what: "a study file" });
  } catch (cause) {
    const missing = "there is no such study file; give the path of one (docs/study.md shows one)";
    throw new StudyError(isMissing(cause) ? missing : (cause as DataError).reason, { path, cause });
  }
  return resolveStudy(json, dirname(resolve(path)), path);
}
