import { SETTINGS, type Setting } from "../settings.ts";
import type { PlanRun, SwapPlan } from "../types.ts";

/** Runs of rows with one setting (index into SETTINGS) and one background (class, -1 for none). */
export function runsOf(setting: ArrayLike<number>, background: ArrayLike<number>): PlanRun[] {
  const runs: PlanRun[] = [];
  const count = setting.length;
  for (let start = 0, row = 1; start < count; row++) {
    if (row < count && setting[row] === setting[start] && background[row] === background[start]) continue;
    runs.push({ setting: setting[start], background: background[start], start, end: row });
    start = row;
  }
  return runs;
}

/** Position of the part that holds a row, among parts of a plan (runs, segments, pieces) that ascend and leave no row out. */
export function partOf(parts: readonly Pick<PlanRun, "start">[], row: number): number {
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (parts[middle].start <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The run that holds a row of a plan. */
export function runOf({ runs }: Pick<SwapPlan, "runs">, row: number): PlanRun {
  return runs[partOf(runs, row)];
}

/** Setting of a row of a plan. */
export function settingOf(plan: Pick<SwapPlan, "runs">, row: number): Setting {
  return SETTINGS[runOf(plan, row).setting];
}

/** Class that the background of a row comes from, -1 where its setting has none. */
export function backgroundOf(plan: Pick<SwapPlan, "runs">, row: number): number {
  return runOf(plan, row).background;
}

/** Settings of a plan, in the order of SETTINGS. */
export function settingsOf({ runs }: Pick<SwapPlan, "runs">): Setting[] {
  const used = new Set(runs.map(({ setting }) => setting));
  return SETTINGS.filter((_, s) => used.has(s));
}

/** Whether center cell and donor of a row come from one field; false where it has no donor. */
export function isSameField(
  { cell, donor }: Pick<SwapPlan, "cell" | "donor">,
  row: number,
  field: ArrayLike<unknown>,
): boolean {
  return donor[row] >= 0 && field[donor[row]] === field[cell[row]];
}
