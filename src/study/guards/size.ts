import { pairCount } from "../../evaluate/pair-sample.ts";
import type { Setting } from "../../settings.ts";
import { planRows } from "../../swap/plan.ts";
import type { Flag } from "../../types.ts";
import { listBlocks } from "../block.ts";
import { addedSettings } from "../plan.ts";
import type { Study } from "../schema.ts";
import type { Selection } from "../select.ts";

/** Fits of pair probes that a study has at most: at some milliseconds each, hours on a few cores. */
export const MOST_FITS = 2_000_000;
/** Bytes of features that a study has at most. */
export const MOST_BYTES = 100e9;

/** Features of one output at most. */
export const MOST_FEATURES = 4096;

/** What a study will cost, known before its plan is drawn. */
export interface StudySize {
  readonly classes: number;
  readonly composites: number;
  /** Pairs of classes x folds x blocks x outputs of encoders. */
  readonly fits: number;
}

/** @param outputs outputs of all encoders together; @param rows composites of a plan that was given, null for one that is drawn */
export function studySize(
  study: Pick<Study, "settings" | "backgrounds" | "pairs" | "proportions"> & {
    readonly folds: number;
    /** Settings that are fitted so many more times, for a learning curve. */
    readonly again?: readonly Setting[];
    readonly times?: number;
  },
  { classes, rows, multiple }: Pick<Selection, "classes" | "rows" | "multiple">,
  outputs: number,
  given: number | null,
): StudySize {
  const backgrounds = study.backgrounds ?? classes;
  const lending = backgrounds.map((name) => classes.indexOf(name));
  const sizes = rows.map((list) => list.length);
  const drawn =
    planRows(sizes, study.settings, lending) +
    listBlocks(addedSettings(study), backgrounds).length * multiple.length;
  const { again = [], times = 0 } = study;
  const blocks =
    listBlocks(study.settings, backgrounds).length + times * listBlocks(again, backgrounds).length;
  const pairs = pairCount(classes.length, study.pairs);
  return {
    classes: classes.length,
    composites: given ?? drawn,
    fits: pairs * study.folds * blocks * outputs,
  };
}

const number = new Intl.NumberFormat("en-US");

/**
 * Says what a study costs and refuses one that no machine gets done.
 * @param dimensions features of every output; none where they are not known yet
 */
export function costs({ classes, composites, fits }: StudySize, dimensions: readonly number[]): Flag {
  const bytes = composites * dimensions.reduce((sum, d) => sum + 4 * d, 0);
  const features =
    dimensions.length === 0
      ? ""
      : ` and ${bytes < 1e8 ? "less than 0.1" : (bytes / 1e9).toFixed(1)} GB of features`;
  const made = `${number.format(classes)} classes make ${number.format(composites)} composites, ${number.format(fits)} fits of probes (pairs x folds x blocks x encoders)${features}`;
  if (fits > MOST_FITS || bytes > MOST_BYTES)
    return {
      id: "size",
      severity: "refuse",
      encoder: null,
      text: `${made}, more than a study may have (${number.format(MOST_FITS)} fits, ${number.format(MOST_BYTES / 1e9)} GB); name fewer classes in "classes" (or a coarser column as "class"), a few classes as "backgrounds", draw pairs ("pairs": { "sample": 10 }, or "none"), or lower "cellsPerClass"`,
    };
  return { id: "size", severity: "note", encoder: null, text: made };
}

/**
 * Refuses an output with more features than probes are fitted on in seconds: a fit forms all products of two features.
 * @param output name of the encoder, with the layer behind it
 */
export function wideFeatures(output: string, features: number): Flag | null {
  if (features <= MOST_FEATURES) return null;
  return {
    id: "wide-features",
    severity: "refuse",
    encoder: null,
    text: `${output} gives ${number.format(features)} features, more than probes are fitted on (${number.format(MOST_FEATURES)}; the time grows with the third power): pool its map or tokens ("pool": mean, max or center-mean), or take a later layer`,
  };
}
