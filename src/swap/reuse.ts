import { hasDonor } from "../settings.ts";
import type { Cells, Flag, SwapPlan } from "../types.ts";
import { segmentsOf } from "./segments.ts";

/** A donor is used too often where it serves this many cells, and this many times what an even deal would ask of it. */
const OFTEN = { cells: 4, times: 3 };

/**
 * Donors that serve far more cells of one class, in one setting with one background, than an even deal asks of them.
 * @param classOf class of every cell of the store, -1 for those that the study does not use
 */
export function reusedDonors(
  plan: SwapPlan,
  classOf: ArrayLike<number>,
  cells: Pick<Cells, "id">,
): Flag | null {
  const members = plan.classes.map(() => 0);
  for (let cell = 0; cell < classOf.length; cell++) if (classOf[cell] >= 0) members[classOf[cell]]++;
  const uses = new Int32Array(classOf.length);
  let places = 0;
  let worst: { text: string; times: number } | undefined;
  for (const { setting, background, start, end } of segmentsOf(plan)) {
    if (!hasDonor(setting) || background === null) continue;
    const lenders = members[plan.classes.indexOf(background)];
    for (const rows of byClass(plan, classOf, { start, end })) {
      let most = 0;
      for (const row of rows) most = Math.max(most, ++uses[plan.donor[row]]);
      const total = rows.length;
      const own = classOf[plan.cell[rows[0]]];
      const donor = plan.donor[rows.find((row) => uses[plan.donor[row]] === most)!];
      for (const row of rows) uses[plan.donor[row]] = 0;
      const even = Math.ceil(total / Math.max(1, lenders));
      if (most < OFTEN.cells || most < OFTEN.times * even) continue;
      places++;
      if (worst !== undefined && most / even <= worst.times) continue;
      worst = {
        times: most / even,
        text: `in ${setting}, ${cells.id[donor]} lends its background to ${most} of the ${total} cells of ${plan.classes[own] ?? "no class of the study"}, where ${lenders} donors of ${background} would lend to ${even} each`,
      };
    }
  }
  if (worst === undefined) return null;
  return {
    id: "reused-donor",
    severity: "warning",
    encoder: null,
    text: `${worst.text}${places > 1 ? ` (and alike in ${places - 1} more combinations of setting and classes)` : ""}: one image then decides; deal donors evenly, or add cells from other fields`,
  };
}

/** Rows of a segment by the class of their cells, classes in the order in which they first come. */
function byClass(
  { cell, classes }: SwapPlan,
  classOf: ArrayLike<number>,
  { start, end }: { readonly start: number; readonly end: number },
): Int32Array[] {
  // Of no class comes last.
  const at = (row: number) => (classOf[cell[row]] < 0 ? classes.length : classOf[cell[row]]);
  const sizes = new Int32Array(classes.length + 1);
  const seen: number[] = [];
  for (let row = start; row < end; row++) if (sizes[at(row)]++ === 0) seen.push(at(row));
  const lists = Array.from(sizes, (size) => new Int32Array(size));
  sizes.fill(0);
  for (let row = start; row < end; row++) lists[at(row)][sizes[at(row)]++] = row;
  return seen.map((c) => lists[c]);
}
