import { hasDonor, SETTINGS } from "../../settings.ts";
import type { Filtered } from "../filter.ts";
import type { CellRows } from "../influence.ts";
import type { ViewState } from "../url.ts";

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
