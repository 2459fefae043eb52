import type { CellStore } from "../cells/store.ts";
import type { Groups } from "../core/groups.ts";
import { type Device, onDevice } from "../encode/device.ts";
import type { SwapPlan } from "../types.ts";
import { PlanIndex } from "./block.ts";
import { readEncoders, type StudyEncoder } from "./encoders.ts";
import { allowedSettings, checkClosed, studyGroups } from "./groups.ts";
import { StudyInputs } from "./inputs.ts";
import { type PlannedBefore, studyPlan } from "./plan.ts";
import { type FittedStudy, fitToCells, type Study } from "./schema.ts";
import { type Selection, selectCells } from "./select.ts";

/** A study that fits its cells, and which of them it takes. */
export interface ChosenCells {
  readonly study: FittedStudy;
  readonly encoders: readonly StudyEncoder[];
  readonly inputs: StudyInputs;
  readonly selection: Selection;
  /** Groups that the cells are split by, before donors are looked at. */
  readonly split: Groups;
}

/** The swap plan of a study, and the groups that it leaves closed. */
export interface DrawnPlan {
  readonly groups: Groups;
  readonly plan: SwapPlan;
  readonly index: PlanIndex;
}

/** Reads the encoders of a study and chooses its cells. @throws CellswapError naming the file or what does not fit */
export function chooseCells(given: Study, store: CellStore, device: Device): ChosenCells {
  const wanted = fitToCells(given, store);
  const encoders = readEncoders(wanted).map((encoder) => onDevice(encoder, device));
  const inputs = new StudyInputs(wanted);
  const selection = selectCells(store.cells, wanted, store.verdicts);
  const split = studyGroups(store.cells, wanted, selection);
  return { study: allowedSettings(wanted, split), encoders, inputs, selection, split };
}

/** Draws the plan of the chosen cells, or takes the one that the study names. @throws as {@link studyPlan} */
export async function drawPlan(
  { study, inputs, selection, split }: ChosenCells,
  store: CellStore,
  before: PlannedBefore = {},
): Promise<DrawnPlan> {
  const plan = await studyPlan(store, study, selection, split, before);
  inputs.check();
  const groups = study.plan === undefined ? split : checkClosed(split, plan);
  return { plan, groups, index: new PlanIndex(plan) };
}
