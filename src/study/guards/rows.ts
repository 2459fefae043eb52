import { type Setting, traitsOf } from "../../settings.ts";
import type { Flag } from "../../types.ts";
import { listBlocks, type PlanIndex } from "../block.ts";
import { addedSettings } from "../plan.ts";
import type { Study } from "../schema.ts";
import type { Selection } from "../select.ts";

/**
 * Refuses a plan that lacks composites which the study asks for: a class would be left out of a setting unseen. A class
 * on backgrounds of its own may be missing as a whole, as it counts nowhere.
 */
export function missingRows(
  index: PlanIndex,
  study: Pick<Study, "settings" | "backgrounds" | "proportions">,
  { classes, rows, multiple }: Pick<Selection, "classes" | "rows" | "multiple">,
): Flag | null {
  const { settings, backgrounds } = study;
  const has = (setting: Setting, background: string | null, own: string, cell: number) =>
    index.rows({ setting, background }, own, Int32Array.of(cell)) !== null;
  const found: string[] = [];
  const look = (
    setting: Setting,
    background: string | null,
    name: string,
    cells: Int32Array,
    own: string,
  ) => {
    const lacking = cells.reduce((n, cell) => n + (has(setting, background, own, cell) ? 0 : 1), 0);
    if (lacking === 0 || (background === own && lacking === cells.length)) return;
    found.push(
      `${lacking} of the ${cells.length} cells of ${name} without a row in ${setting}${background === null ? "" : ` on ${background}`}`,
    );
  };
  for (const { setting, background } of listBlocks(settings, backgrounds ?? classes))
    classes.forEach((name, c) => {
      if (background === name && traitsOf(setting).ownClass !== undefined) return;
      look(setting, background, name, rows[c], name);
    });
  // Proportions of other settings are left out where a plan that was made elsewhere lacks them.
  for (const setting of addedSettings(study))
    if (setting === "original" || setting === "masked")
      look(setting, null, "several localizations", multiple, "");
  if (found.length === 0) return null;
  return {
    id: "plan-rows-missing",
    severity: "refuse",
    encoder: null,
    text: `the swap plan lacks composites: ${found[0]}${found.length > 1 ? ` (and ${found.length - 1} more combinations of class, setting and background)` : ""}; add the rows, leave the cells out with "cellList", or name only what the plan has in "settings" and "backgrounds"`,
  };
}
