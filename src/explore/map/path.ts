import { SETTINGS, traitsOf } from "../../settings.ts";
import type { Filtered } from "../filter.ts";
import type { Subject } from "../subject.ts";

/** A line from one composite of a cell to another, by row of the plan. */
export interface Step {
  readonly from: number;
  readonly to: number;
  /** Whether it is a step of the ladder; the others lead from the original to what shows one part alone. */
  readonly ladder: boolean;
}

/** The lines that join a cell's settings on one background: the ladder in its order, then what shows one part alone. */
export function stepsOf(
  { composites }: Pick<Filtered, "composites">,
  { rows }: Pick<Subject, "rows">,
): Step[] {
  const aside = (row: number) => !traitsOf(SETTINGS[composites.setting[row]]).step;
  const ladder = rows.filter((row) => !aside(row));
  const steps = ladder.slice(1).map((to, i) => ({ from: ladder[i], to, ladder: true }));
  if (ladder.length === 0) return steps;
  return [...steps, ...rows.filter(aside).map((to) => ({ from: ladder[0], to, ladder: false }))];
}
