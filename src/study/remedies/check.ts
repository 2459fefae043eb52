import type { Groups } from "../../core/groups.ts";
import { StudyError } from "../../errors.ts";
import type { MaskKind } from "../../types.ts";
import { checkPart } from "../part.ts";
import type { Study } from "../schema.ts";

/**
 * Looks whether a study can measure remedies, before anything is run.
 * @throws StudyError as {@link checkPart}, and where it scales whole crops
 */
export function checkRemedies(
  { remedies, composite, ...study }: Pick<Study, "remedies" | "settings" | "pairs" | "composite">,
  cells: { readonly masks: MaskKind; readonly classes: readonly string[] },
  groups: Pick<Groups, "count">,
): void {
  if (remedies === undefined) return;
  checkPart({ what: "remedies", several: true }, study, cells, groups);
  if (composite.intensity !== "field" && composite.intensity !== "none")
    throw new StudyError(
      `remedies compose crops of composites, which "intensity": "${composite.intensity}" would scale twice; choose "field" (the recommended preset) or "none"`,
    );
}
