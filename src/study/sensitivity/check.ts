import type { CellStore } from "../../cells/store.ts";
import type { Groups } from "../../core/groups.ts";
import { StudyError } from "../../errors.ts";
import { unitOf } from "../../swap/recommended.ts";
import { fitVariants } from "../../swap/variant.ts";
import type { StudyEncoder } from "../encoders.ts";
import { checkPart } from "../part.ts";
import type { FittedStudy } from "../schema.ts";

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
