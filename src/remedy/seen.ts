import { SETTINGS, type Setting } from "../settings.ts";
import type { SwapPlan } from "../types.ts";

/** What an encoder is shown in the place of a crop: composites of the crop's center cell, whose features are averaged. */
export interface Seen {
  /**
   * Row `draw * count + i` shows crop i of `count` the `draw`-th time. Cells (and donors from `offset` on) are derived
   * crops: `offset` plus the row of the plan that they are composites of.
   */
  readonly plan: SwapPlan;
  /** Times that every crop is shown. */
  readonly draws: number;
  /** What of a crop counts as its center cell (`Derived`). */
  readonly center: "cell" | "cell-and-neighbors";
  readonly dilate: number;
}

/** A plan that shows each of `count` derived crops once in one setting. @param donors rows of the store or derived crops */
export function shownOnce(setting: Setting, count: number, offset: number, donors?: Int32Array): SwapPlan {
  return shown(setting, count, offset, donors === undefined ? [new Int32Array(count).fill(-1)] : [donors]);
}

/** A plan that shows each of `count` derived crops in one setting, once with each of the lists of donors. */
export function shown(
  setting: Setting,
  count: number,
  offset: number,
  donors: readonly Int32Array[],
): SwapPlan {
  const rows = count * donors.length;
  const draw = (row: number) => Math.floor(row / count);
  return {
    seed: null,
    count: rows,
    classes: donors.map((_, d) => String(d + 1)),
    cell: Int32Array.from({ length: rows }, (_, row) => offset + (row % count)),
    runs: donors.flatMap((_, d) =>
      count === 0
        ? []
        : [
            {
              setting: SETTINGS.indexOf(setting),
              background: d,
              start: d * count,
              end: (d + 1) * count,
            },
          ],
    ),
    donor: Int32Array.from({ length: rows }, (_, row) => donors[draw(row)][row % count]),
  };
}
