import type { Groups } from "../core/groups.ts";
import { StudyError } from "../errors.ts";
import type { EncoderTarget, ExtractOptions, ExtractRequest } from "../features/extract.ts";
import { hasSharedBackground, SETTINGS, type Setting } from "../settings.ts";
import type { MaskKind, SwapPlan } from "../types.ts";
import { type Block, listBlocks } from "./block.ts";
import type { BlockResult, Evaluation } from "./blocks.ts";
import type { Judged } from "./judge.ts";
import type { StudyLayout } from "./layout.ts";
import type { StudiedOutput } from "./results.ts";
import type { FittedStudy, Study } from "./schema.ts";
import type { Selection } from "./select.ts";

/** Settings that what is made anew of a study's composites is judged in: cell as imaged, paste, medium and neighbors. */
export const PART_SETTINGS = [
  "original",
  "self",
  "cell-free",
  "different",
] as const satisfies readonly Setting[];

/** Background classes at most; each costs composites of two settings of all that is judged. */
const BACKGROUNDS = 3;

/** Part of a study's plan, whose composites are made anew in other ways and judged: the same cells and donors. */
export interface PlanPart {
  readonly plan: SwapPlan;
  /** Row of the study's plan of every row. */
  readonly rows: Int32Array;
  readonly blocks: readonly Block[];
  /** Background classes. */
  readonly backgrounds: readonly string[];
}

/** A finished study of whose composites a part is made anew in other ways. */
export interface PartRequest extends Judged {
  readonly study: FittedStudy;
  readonly outputs: readonly StudiedOutput[];
  /** Encoders that can be run, with their dimensions. */
  readonly targets: readonly EncoderTarget[];
  readonly results: readonly BlockResult[];
  readonly layout: StudyLayout;
  readonly evaluation: Omit<Evaluation, "layout" | "sets" | "blocks" | "index" | "onProgress">;
  readonly pixels: Omit<ExtractRequest, "plan" | "derived" | "error" | "encoders">;
  /** Programs are not among them: each way starts those that it needs, so that they hold no memory in between. */
  readonly extractOptions: Omit<ExtractOptions, "onProgress" | "programs">;
  readonly onProgress?: (done: number, total: number) => void;
}

/** What is judged on a part of the plan: `remedies`, and whether there are several of it. */
export interface PartUse {
  readonly what: string;
  readonly several: boolean;
}

/**
 * Looks whether a study can judge something on a part of its plan, before anything is run.
 * @throws StudyError where it lacks a setting, a third class, closed groups or masks of the neighbors
 */
export function checkPart(
  { what, several }: PartUse,
  { settings, pairs }: Pick<Study, "settings" | "pairs">,
  { masks, classes }: { readonly masks: MaskKind; readonly classes: readonly string[] },
  groups: Pick<Groups, "count">,
): void {
  const are = `${what} ${several ? "are" : "is"}`;
  if (classes.length < 3)
    throw new StudyError(
      `${are} judged among neighbors of a third class, and the study has ${classes.length}; add classes, or leave out "${what}"`,
    );
  if (groups.count < 2)
    throw new StudyError(
      `${are} fitted and tested on different closed groups, and this study has none; use "split": "groups" and cells of two or more fields per class`,
    );
  if (pairs === "none")
    throw new StudyError(
      `${are} judged by probes of pairs, and "pairs" is "none"; set it to { "sample": 10 }, or leave out "${what}"`,
    );
  const lacking = PART_SETTINGS.filter((s) => !settings.includes(s));
  if (lacking.length > 0)
    throw new StudyError(
      `${are} judged in the settings ${PART_SETTINGS.join(", ")}, and the study lacks ${lacking.join(", ")}; add ${lacking.length === 1 ? "it" : "them"} to "settings"`,
    );
  if (masks !== "full")
    throw new StudyError(
      `${what} ${several ? "need" : "needs"} masks that know the neighbors; add them with \`cellswap segment CELLS --neighbors\``,
    );
}

/** The background classes of a part, evenly spaced among all that a study has. */
export function partBackgrounds(all: readonly string[]): string[] {
  const number = Math.min(BACKGROUNDS, all.length);
  return Array.from({ length: number }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / number)]);
}

/**
 * Takes a part from a study's plan: original and self, cell-free and different on a few background classes, of all
 * cells that the study uses.
 */
export function planPart(
  plan: SwapPlan,
  study: Pick<Study, "backgrounds">,
  { classes, classOf }: Pick<Selection, "classes" | "classOf">,
): PlanPart {
  const backgrounds = partBackgrounds(study.backgrounds ?? classes);
  const shown = SETTINGS.map((setting) => (PART_SETTINGS as readonly Setting[]).includes(setting));
  const kept: number[] = [];
  for (const { setting, background, start, end } of plan.runs) {
    if (!shown[setting]) continue;
    if (hasSharedBackground(SETTINGS[setting]) && !backgrounds.includes(plan.classes[background])) continue;
    for (let row = start; row < end; row++) if (classOf[plan.cell[row]] >= 0) kept.push(row);
  }
  const rows = Int32Array.from(kept);
  return { plan: rowsOf(plan, rows), rows, blocks: listBlocks(PART_SETTINGS, backgrounds), backgrounds };
}

/** The plan with some of its rows only, in ascending order. */
export function rowsOf(plan: SwapPlan, rows: Int32Array): SwapPlan {
  const { medium } = plan;
  let at = 0;
  return {
    ...plan,
    count: rows.length,
    runs: plan.runs.flatMap((run) => {
      const start = at;
      while (at < rows.length && rows[at] < run.end) at++;
      return at > start ? [{ ...run, start, end: at }] : [];
    }),
    cell: rows.map((row) => plan.cell[row]),
    donor: rows.map((row) => plan.donor[row]),
    medium: medium && { ...medium, of: rows.map((row) => medium.of[row]) },
  };
}

/** What the study found of an encoder in the blocks of a part. */
export function partResults(
  results: readonly BlockResult[],
  { blocks }: Pick<PlanPart, "blocks">,
  encoder: string,
): BlockResult[] {
  return results.filter(
    (r) =>
      r.encoder === encoder && blocks.some((b) => b.setting === r.setting && b.background === r.background),
  );
}
