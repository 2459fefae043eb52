import { closedGroups, type Groups } from "../../core/groups.ts";
import type { Cells } from "../../types.ts";
import type { Selection } from "../select.ts";

/** What is held out from the probes that judge it. */
export interface Folds {
  readonly count: number;
  readonly unit: Groups["unit"];
  /** Fold of every row of the store, -1 where it trains nothing. */
  readonly of: Int32Array;
}

/**
 * Folds of the singly localized cells: whole proteins where every class has two or more and no field holds proteins of
 * two folds, so that probes are calibrated on proteins that they do not know, as those of several localizations are;
 * else the study's closed groups. Null where there are none.
 */
export function proportionFolds(
  { field, protein }: Cells,
  { classes, rows }: Pick<Selection, "classes" | "rows">,
  groups: Groups,
): Folds | null {
  if (protein !== null) {
    const { count, group } = closedGroups({ classes, rows, field, cluster: protein });
    if (count >= 2 && !crosses(rows, field, group)) return { count, unit: "protein", of: group };
  }
  return groups.count < 2 ? null : { count: groups.count, unit: groups.unit, of: groups.group };
}

function crosses(rows: readonly Int32Array[], field: readonly string[], group: Int32Array): boolean {
  const known = new Map<string, number>();
  return rows.some((list) =>
    list.some((row) => {
      const before = known.get(field[row]) ?? group[row];
      known.set(field[row], group[row]);
      return before !== group[row];
    }),
  );
}
