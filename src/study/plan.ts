import type { CellStore } from "../cells/store.ts";
import type { Groups } from "../core/groups.ts";
import type { Setting } from "../settings.ts";
import { addCells } from "../swap/added.ts";
import { checkSetting } from "../swap/composite.ts";
import { lendMedium } from "../swap/lend.ts";
import { makePlan, sharePlan } from "../swap/plan.ts";
import { planHash } from "../swap/plan-file.ts";
import { readPlan } from "../swap/read-plan.ts";
import { settingsOf } from "../swap/runs.ts";
import type { SwapPlan } from "../types.ts";
import { multipleGroups } from "./groups.ts";
import type { Study } from "./schema.ts";
import { metadataColumn, type Selection } from "./select.ts";

/** What the proportions of proteins with several localizations are told apart from. */
const PUBLISHED = ["original", "masked"] as const;
const ADDED: readonly Setting[] = ["original", "self", "different", "masked"];

/**
 * Settings that proteins with several localizations are seen in: none where their proportions cannot be compared between
 * original and masked crops; as published only these two.
 */
export function addedSettings({
  settings,
  proportions,
}: Pick<Study, "settings" | "proportions">): readonly Setting[] {
  if (!PUBLISHED.every((s) => settings.includes(s))) return [];
  return proportions.method === "published" ? PUBLISHED : ADDED.filter((s) => settings.includes(s));
}

/** What is known of a plan that is drawn again. */
export interface PlannedBefore {
  /** Hash of the plan: the one without lent medium that has it is taken as it is, and no mask is looked at. */
  readonly planned?: string;
  /** Called before masks are looked at, of any cells. */
  readonly onMasks?: () => Promise<void>;
}

/**
 * The study's swap plan: the one it names, or a seeded one of its cells, with donors of the cell's own group. Medium is
 * lent to donors that have none, anew also in a plan that is named. Its arrays are in memory that threads share.
 * @throws SettingError for a setting that the masks do not allow, DataError for a plan that does not fit the cells.
 */
export async function studyPlan(
  store: CellStore,
  study: Study,
  selection: Selection,
  groups: Groups,
  { planned, onMasks }: PlannedBefore = {},
): Promise<SwapPlan> {
  const plan = await chosenPlan(store, study, selection, groups);
  if (planned !== undefined && planHash(plan) === planned) return sharePlan(plan);
  await onMasks?.();
  const { field, usable } = store.cells;
  const labels = metadataColumn(store.cells, study.class, "class");
  return sharePlan(lendMedium(store, plan, { field, usable, labels, cluster: groups.cluster }, study.seed));
}

async function chosenPlan(
  store: CellStore,
  study: Study,
  selection: Selection,
  groups: Groups,
): Promise<SwapPlan> {
  if (study.plan !== undefined) {
    const given = await readPlan(study.plan, store.cells, selection.classes, selection.classOf);
    for (const setting of settingsOf(given)) checkSetting(setting, store.masks, study.composite);
    return given;
  }
  for (const setting of study.settings) checkSetting(setting, store.masks, study.composite);
  const { classes, classOf } = selection;
  const plan = makePlan({
    classes,
    classOf,
    field: store.cells.field,
    protein: store.cells.protein,
    usable: Uint8Array.from(classOf, (c) => (c >= 0 ? 1 : 0)),
    settings: study.settings,
    ...(study.backgrounds === undefined ? {} : { backgrounds: study.backgrounds }),
    sameDonor: study.sameDonor,
    seed: study.seed,
    ...(groups.count === 0 ? {} : { group: groups.group }),
  });
  const added = addedSettings(study);
  if (selection.multiple.length === 0 || added.length === 0) return plan;
  const lending = study.backgrounds?.map((name) => classes.indexOf(name)) ?? [...classes.keys()];
  return addCells(plan, {
    cells: selection.multiple,
    settings: added,
    members: selection.rows.map((rows) => rows.slice().sort()),
    lending: lending.sort((a, b) => a - b),
    field: store.cells.field,
    seed: study.seed,
    ...(groups.count === 0 ? {} : { group: multipleGroups(store.cells, study, selection, groups) }),
  });
}
