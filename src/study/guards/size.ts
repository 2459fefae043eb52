import { pairCount } from "../../evaluate/pair-sample.ts";
import type { Setting } from "../../settings.ts";
import { planRows } from "../../swap/plan.ts";
import type { Flag } from "../../types.ts";
import { listBlocks } from "../block.ts";
import { gigabytes, hoursText, SMALLER } from "../cost/limit.ts";
import { addedSettings } from "../plan.ts";
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
 * Refuses what no machine gets done in `limit` hours, before a plan is drawn; null for what one may.
 * @param memory bytes that may be used here
 */
export function hopeless(
  { classes, composites, fits }: StudySize,
  { limit, workers, memory }: { readonly limit: number; readonly workers: number; readonly memory: number },
): Flag | null {
  const hours = (composites * LEAST.composite + fits * LEAST.fit) / workers / 3600;
  const made = `${number.format(classes)} classes make ${number.format(composites)} composites and up to ${number.format(fits)} fits of pairs (pairs x folds x blocks x encoders)`;
  const refuse = (text: string): Flag => ({ id: "size", severity: "refuse", encoder: null, text });
  if (composites * PLAN_BYTES > memory)
    return refuse(
      `${made}: their plan alone takes ${number.format(Math.ceil((composites * PLAN_BYTES) / 1e9))} GB of memory, and ${gigabytes(memory)} may be used here; ${SMALLER}`,
    );
  if (hours > limit)
    return refuse(
      `${made}, at least ${hoursText(hours)} on ${workers} ${workers === 1 ? "thread" : "threads"} and more than the limit of ${limit} h; ${SMALLER}, or raise the limit (--limit HOURS)`,
    );
  return null;
}
