import type { Groups } from "../../core/groups.ts";
import { StudyError } from "../../errors.ts";
import { hasSharedBackground, SETTINGS, type Setting } from "../../settings.ts";
import type { MaskKind, SwapPlan } from "../../types.ts";
import { type Block, listBlocks } from "../block.ts";
import type { Study } from "../schema.ts";
import type { Selection } from "../select.ts";

/** Settings that remedies are judged in: what is kept on originals, what medium and neighbors still do. */
export const REMEDY_SETTINGS = [
  "original",
  "self",
  "cell-free",
  "different",
] as const satisfies readonly Setting[];

/** Background classes that remedies are judged on; each costs all remedies' composites of two settings. */
const BACKGROUNDS = 3;

/** The composites that remedies are judged on: part of the study's plan. */
export interface RemedyCrops {
  readonly plan: SwapPlan;
  /** Row of the study's plan of every row. */
  readonly rows: Int32Array;
  readonly blocks: readonly Block[];
  /** Background classes. */
  readonly backgrounds: readonly string[];
}

/**
 * Looks whether a study can measure remedies, before anything is run.
 * @throws StudyError where it lacks a setting, a third class, closed groups, masks of the neighbors, or scales whole crops
 */
export function checkRemedies(
  { remedies, settings, composite }: Pick<Study, "remedies" | "settings" | "composite">,
  { masks, classes }: { readonly masks: MaskKind; readonly classes: readonly string[] },
  groups: Pick<Groups, "count">,
): void {
  if (remedies === undefined) return;
  if (classes.length < 3)
    throw new StudyError(
      `remedies are judged among neighbors of a third class, and the study has ${classes.length}; add classes, or leave out "remedies"`,
    );
  const lacking = REMEDY_SETTINGS.filter((s) => !settings.includes(s));
  if (lacking.length > 0)
    throw new StudyError(
      `remedies are judged in the settings ${REMEDY_SETTINGS.join(", ")}, and the study lacks ${lacking.join(", ")}; add ${lacking.length === 1 ? "it" : "them"} to "settings"`,
    );
  if (groups.count < 2)
    throw new StudyError(
      'remedies are fitted and tested on different closed groups, and this study has none; use "split": "groups" and cells of two or more fields per class',
    );
  if (masks !== "full")
    throw new StudyError(
      "remedies need masks that know the neighbors; add them with `cellswap segment CELLS --neighbors`",
    );
  if (composite.intensity !== "field" && composite.intensity !== "none")
    throw new StudyError(
      `remedies compose crops of composites, which "intensity": "${composite.intensity}" would scale twice; choose "field" (the recommended preset) or "none"`,
    );
}

/** Background classes that remedies are judged on, of all that a study has. */
export function remedyBackgrounds(all: readonly string[]): string[] {
  const number = Math.min(BACKGROUNDS, all.length);
  return Array.from({ length: number }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / number)]);
}

/**
 * Takes from the study's plan what remedies are judged on: original and self, cell-free and different on a few
 * background classes, evenly spaced among the study's.
 */
export function remedyCrops(
  plan: SwapPlan,
  study: Pick<Study, "backgrounds">,
  { classes, rows: cells }: Selection,
): RemedyCrops {
  const backgrounds = remedyBackgrounds(study.backgrounds ?? classes);
  const studied = new Set(cells.flatMap((list) => [...list]));
  const kept = (row: number) => {
    const setting = SETTINGS[plan.setting[row]];
    return (
      (REMEDY_SETTINGS as readonly Setting[]).includes(setting) &&
      studied.has(plan.cell[row]) &&
      (!hasSharedBackground(setting) || backgrounds.includes(plan.classes[plan.background[row]]))
    );
  };
  const rows = Int32Array.from(Array.from({ length: plan.count }, (_, row) => row).filter(kept));
  const { medium } = plan;
  return {
    plan: {
      ...plan,
      count: rows.length,
      cell: rows.map((row) => plan.cell[row]),
      setting: Uint8Array.from(rows, (row) => plan.setting[row]),
      background: Int16Array.from(rows, (row) => plan.background[row]),
      donor: rows.map((row) => plan.donor[row]),
      sameField: Uint8Array.from(rows, (row) => plan.sameField[row]),
      medium: medium && { ...medium, of: rows.map((row) => medium.of[row]) },
    },
    rows,
    blocks: listBlocks(REMEDY_SETTINGS, backgrounds),
    backgrounds,
  };
}
