import type { CellStore } from "../../cells/store.ts";
import type { Groups } from "../../core/groups.ts";
import { StudyError } from "../../errors.ts";
import { pairCount } from "../../evaluate/pair-sample.ts";
import { unitOf } from "../../swap/recommended.ts";
import { fitVariants } from "../../swap/variant.ts";
import type { Flag, SwapPlan } from "../../types.ts";
import type { StudyEncoder } from "../encoders.ts";
import { MOST_FITS } from "../guards/size.ts";
import { checkPart, planPart } from "../part.ts";
import type { FittedStudy } from "../schema.ts";
import type { Selection } from "../select.ts";

type Asked = Pick<FittedStudy, "sensitivity" | "settings" | "composite" | "backgrounds" | "pairs">;

/**
 * Looks whether a study can measure how its effects hang on how composites are made, before anything is run.
 * @throws StudyError as `checkPart` and `fitVariants`, and where no encoder can be run
 */
export function checkSensitivity(
  study: Asked,
  store: Pick<CellStore, "masks" | "height" | "width" | "diameter">,
  classes: readonly string[],
  groups: Pick<Groups, "count">,
  encoders: readonly Pick<StudyEncoder, "kind">[],
): void {
  if (study.sensitivity === undefined) return;
  checkPart({ what: "sensitivity", several: false }, study, { masks: store.masks, classes }, groups);
  fitVariants(study.sensitivity, study.composite, unitOf(store));
  if (encoders.every(({ kind }) => kind === "given"))
    throw new StudyError(
      'sensitivity encodes other composites, and all encoders of this study are features that were made elsewhere; list an encoder that can be run, or leave out "sensitivity"',
    );
}

const number = new Intl.NumberFormat("en-US");

/** Says what it costs, at most, and refuses what no machine gets done. */
export function sensitivityCost(
  study: Asked,
  store: Pick<CellStore, "height" | "width" | "diameter">,
  {
    plan,
    selection,
    folds,
    encoders,
    outputs,
  }: {
    readonly plan: SwapPlan;
    readonly selection: Selection;
    readonly folds: number;
    /** Encoders that can be run, and their outputs. */
    readonly encoders: number;
    readonly outputs: number;
  },
): Flag | null {
  if (study.sensitivity === undefined) return null;
  const variants = fitVariants(study.sensitivity, study.composite, unitOf(store)).length;
  const part = planPart(plan, study, selection);
  const pairs = pairCount(selection.classes.length, study.pairs);
  const fits = variants * part.blocks.length * outputs * folds * pairs;
  const text = `sensitivity makes at most ${number.format(variants * part.plan.count)} more composites (${variants} variants x ${number.format(part.plan.count)}) for each of ${encoders} ${encoders === 1 ? "encoder" : "encoders"}, and ${number.format(fits)} fits of probes`;
  return fits > MOST_FITS
    ? {
        id: "size",
        severity: "refuse",
        encoder: null,
        text: `${text}, more than a study may have (${number.format(MOST_FITS)} fits); name fewer variants as "sensitivity"`,
      }
    : { id: "size", severity: "note", encoder: null, text };
}
