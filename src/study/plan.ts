import type { CellStore } from "../cells/store.ts";
import type { Groups } from "../core/groups.ts";
import { SETTINGS, type Setting } from "../settings.ts";
import { checkSetting } from "../swap/composite.ts";
import { lendMedium } from "../swap/lend.ts";
import { makePlan } from "../swap/plan.ts";
import { readPlan } from "../swap/plan-file.ts";
import type { SwapPlan } from "../types.ts";
import type { Study } from "./schema.ts";
import { metadataColumn, type Selection } from "./select.ts";

const FOR_PROPORTIONS = ["original", "masked"] as const;

/** Settings that proteins with several localizations are seen in: enough for their proportions, or none. */
export function addedSettings(settings: readonly Setting[]): readonly Setting[] {
  return FOR_PROPORTIONS.every((s) => settings.includes(s)) ? FOR_PROPORTIONS : [];
}

/**
 * The study's swap plan: the one it names, or a seeded one of its cells, with donors of the cell's own group. Medium is
 * lent to donors that have none, anew also in a plan that is named.
 * @throws SettingError for a setting that the masks do not allow, DataError for a plan that does not fit the cells.
 */
export async function studyPlan(
  store: CellStore,
  study: Study,
  selection: Selection,
  groups: Groups,
): Promise<SwapPlan> {
  const plan = await chosenPlan(store, study, selection, groups);
  const { field, usable } = store.cells;
  const labels = metadataColumn(store.cells, study.class, "class");
  return lendMedium(store, plan, { field, usable, labels, cluster: groups.cluster }, study.seed);
}

async function chosenPlan(
  store: CellStore,
  study: Study,
  selection: Selection,
  groups: Groups,
): Promise<SwapPlan> {
  if (study.plan !== undefined) {
    const given = await readPlan(study.plan, store.cells, selection.classes, selection.classOf);
    for (const setting of new Set(given.setting))
      checkSetting(SETTINGS[setting], store.masks, study.composite);
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
  const extra = addedSettings(study.settings);
  return selection.multiple.length === 0 || extra.length === 0
    ? plan
    : addCells(plan, extra, selection.multiple);
}

/** The plan with further cells in settings that need no donor; its order is kept. */
function addCells(plan: SwapPlan, settings: readonly Setting[], cells: Int32Array): SwapPlan {
  const count = plan.count + settings.length * cells.length;
  const grown = {
    cell: new Int32Array(count),
    setting: new Uint8Array(count),
    background: new Int16Array(count).fill(-1),
    donor: new Int32Array(count).fill(-1),
    sameField: new Uint8Array(count),
  };
  let at = 0;
  for (let from = 0; from < plan.count; ) {
    const setting = plan.setting[from];
    let to = from;
    while (to < plan.count && plan.setting[to] === setting && plan.background[to] === plan.background[from])
      to++;
    const added = settings.includes(SETTINGS[setting]) ? cells : new Int32Array();
    for (let i = from, k = 0; i < to || k < added.length; at++) {
      const take = k >= added.length || (i < to && plan.cell[i] < added[k]);
      grown.setting[at] = setting;
      grown.cell[at] = take ? plan.cell[i] : added[k];
      if (take) {
        grown.background[at] = plan.background[i];
        grown.donor[at] = plan.donor[i];
        grown.sameField[at] = plan.sameField[i++];
      } else k++;
    }
    from = to;
  }
  return { ...plan, count, ...grown };
}
