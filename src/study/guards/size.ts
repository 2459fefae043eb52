import { countText } from "../../core/format.ts";
import { pairCount } from "../../evaluate/pair-sample.ts";
import { parseRemedies } from "../../remedy/name.ts";
import { MOST_FEATURES } from "../../remedy/rows.ts";
import { type Setting, traitsOf } from "../../settings.ts";
import { planRows } from "../../swap/plan.ts";
import type { Flag } from "../../types.ts";
import { listBlocks } from "../block.ts";
import type { ChosenCells } from "../choose.ts";
import { gigabytes, hoursText, SMALLER } from "../cost/limit.ts";
import { curveSettings, smallerSizes } from "../curve.ts";
import { foldsOf } from "../groups.ts";
import { addedSettings } from "../plan.ts";
import { isMapping } from "../remedies/feature-remedies.ts";
import type { Study } from "../schema.ts";
import type { Selection } from "../select.ts";

/** Seconds of one thread that a composite and a machine of a pair take at least, whatever the encoder and the machine. */
const LEAST = { composite: 5e-5, fit: 2e-4 };

/** Bytes that a plan takes per composite while it is drawn and encoded. */
const PLAN_BYTES = 40;

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
  const fitted = fittedPairs(study, classes.length, backgrounds);
  return {
    classes: classes.length,
    composites: given ?? drawn,
    fits: (fitted(study.settings) + times * fitted(again)) * study.folds * outputs,
  };
}

/** Pairs of classes in all blocks of some settings; a class lacks a block whose background is its own and has no stand-in. */
function fittedPairs(
  { settings, pairs }: Pick<Study, "settings" | "pairs">,
  classes: number,
  backgrounds: readonly string[],
) {
  const all = pairCount(classes, pairs);
  const ofOne = Math.round((2 * all) / classes);
  return (of: readonly Setting[]) =>
    listBlocks(of, backgrounds).reduce((n, { setting, background }) => {
      const { ownClass } = traitsOf(setting);
      const lacking = background !== null && ownClass !== undefined && !settings.includes(ownClass);
      return n + all - (lacking ? ofOne : 0);
    }, 0);
}

/** How the number of fits is meant: what will be made, at most that, or that beside those of remedies and `sensitivity`. */
const COUNTED = {
  exact: (fits: string) => `${fits} fits of pairs`,
  "up to": (fits: string) => `up to ${fits} fits of pairs`,
  besides: (fits: string) => `${fits} fits of pairs besides those of "remedies" and "sensitivity"`,
} as const;

/** What a study of chosen cells costs, before its plan is drawn: what a run makes in a new folder, but for remedies and sensitivity. */
export function chosenSize(
  { study, selection, split }: Pick<ChosenCells, "study" | "selection" | "split">,
  outputs: number,
): StudySize {
  const again = curveSettings(study, split);
  const times = again.length === 0 ? 0 : smallerSizes(selection.rows, split);
  const given = study.plan === undefined ? null : 0;
  return studySize({ ...study, folds: foldsOf(study, split), again, times }, selection, outputs, given);
}

/**
 * Refuses what no machine gets done in `limit` hours, before a plan is drawn; null for what one may.
 * @param memory bytes that may be used here
 */
export function hopeless(
  { classes, composites, fits }: StudySize,
  {
    limit,
    workers,
    memory,
    counted,
  }: {
    readonly limit: number;
    readonly workers: number;
    readonly memory: number;
    readonly counted: keyof typeof COUNTED;
  },
): Flag | null {
  const hours = (composites * LEAST.composite + fits * LEAST.fit) / workers / 3600;
  const made = `${countText(classes)} classes make ${countText(composites)} composites${fits === 0 ? "" : ` and ${COUNTED[counted](countText(fits))} (pairs x folds x blocks x encoders)`}`;
  const refuse = (text: string): Flag => ({ id: "size", severity: "refuse", encoder: null, text });
  if (composites * PLAN_BYTES > memory)
    return refuse(
      `${made}: their plan alone takes ${countText(Math.ceil((composites * PLAN_BYTES) / 1e9))} GB of memory, and ${gigabytes(memory)} may be used here; ${SMALLER}`,
    );
  if (hours > limit)
    return refuse(
      `${made}, at least ${hoursText(hours)} on ${workers} ${workers === 1 ? "thread" : "threads"} and more than the limit of ${limit} h; ${SMALLER}, or raise the limit (--limit HOURS)`,
    );
  return null;
}

/** Says before anything is encoded which remedies an output has too many features for; null where there are none. */
export function wideMaps(
  output: string,
  dimension: number,
  { remedies = [] }: Pick<Study, "remedies">,
): Flag | null {
  const maps = parseRemedies(remedies).filter(({ kind }) => isMapping(kind));
  if (maps.length === 0 || dimension <= MOST_FEATURES) return null;
  const names = maps.map(({ name }) => name).join(", ");
  return {
    id: "wide-maps",
    severity: "warning",
    encoder: output,
    text: `${output} gives ${countText(dimension)} features, and ${names} ${maps.length === 1 ? "takes" : "take"} up to ${countText(MOST_FEATURES)}: left out for it; pool its map or tokens, or take a narrower layer`,
  };
}
