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
  let places = 0;
  let worst: { text: string; times: number } | undefined;
  for (const { setting, background, start, end } of segmentsOf(plan)) {
    if (!hasDonor(setting) || background === null) continue;
    const lenders = members[plan.classes.indexOf(background)];
    const served = new Map<number, Map<number, number>>();
    for (let row = start; row < end; row++) {
      const own = classOf[plan.cell[row]];
      let counts = served.get(own);
      if (counts === undefined) served.set(own, (counts = new Map()));
      counts.set(plan.donor[row], (counts.get(plan.donor[row]) ?? 0) + 1);
    }
    for (const [own, counts] of served) {
      const total = [...counts.values()].reduce((a, b) => a + b, 0);
      const even = Math.ceil(total / Math.max(1, lenders));
      const [donor, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
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
