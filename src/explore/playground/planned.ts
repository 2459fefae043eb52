import { hasDonor, SETTINGS } from "../../settings.ts";
import type { CompositeColumns, Filtered } from "../filter.ts";
import type { CellRows } from "../influence.ts";
import type { ViewState } from "../url.ts";
import { lenderOf, type Trial, trialOf } from "./trial.ts";

/**
 * Row of the plan that the playground begins on where its address names none: of the setting that is filtered to, else in
 * `different`, else any on a donor; among those on the background that is looked at, where there are any; of several the
 * one whose margin is least. -1 where the cell stands on no donor.
 */
export function firstRow(
  { composites, predictions, classes }: Pick<Filtered, "composites" | "predictions" | "classes">,
  { rowsOf, starts }: CellRows,
  cell: number,
  { setting, on }: Pick<ViewState, "setting" | "on">,
): number {
  const rows = rowsOf.subarray(starts[cell], starts[cell + 1]);
  const settingOf = (row: number) => SETTINGS[composites.setting[row]];
  const some = (among: Int32Array, wanted: (row: number) => boolean) => {
    const found = among.filter(wanted);
    return found.length > 0 ? found : null;
  };
  const shown =
    some(rows, (row) => settingOf(row) === setting) ??
    some(rows, (row) => settingOf(row) === "different") ??
    rows.filter((row) => hasDonor(settingOf(row)));
  const background = on === null ? -1 : classes.indexOf(on);
  let [first, least] = [-1, Infinity];
  for (const row of some(shown, (r) => background >= 0 && composites.background[r] === background) ?? shown) {
    const margin = predictions?.margin[row] ?? Number.NaN;
    if (first >= 0 && !(margin < least)) continue;
    first = row;
    if (margin < Infinity) least = margin;
  }
  return first;
}

/**
 * Row of the plan that shows the cell as a trial does, on the same donor, whatever else is changed by hand; -1 where the
 * study made no such composite.
 */
export function rowOfTrial(
  {
    cell: of,
    setting,
    donor,
    medium,
  }: Omit<CompositeColumns, "background"> & { readonly medium: Int32Array },
  { rowsOf, starts }: CellRows,
  cell: number,
  trial: Trial,
): number {
  const rows = rowsOf.subarray(starts[cell], starts[cell + 1]);
  return (
    rows.find((row) => {
      const planned = trialOf(
        { setting: SETTINGS[setting[row]], cell: of[row], donor: donor[row], medium: medium[row] },
        trial.options,
      );
      return (
        planned.scene === trial.scene &&
        (trial.scene === "nothing" || lenderOf(planned, cell) === lenderOf(trial, cell))
      );
    }) ?? -1
  );
}
