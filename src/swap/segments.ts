import { SETTINGS, type Setting } from "../settings.ts";
import type { SwapPlan } from "../types.ts";

/** Rows `start` to `end` - 1 of a plan: one setting with one background. Their cells ascend. */
export interface Segment {
  readonly setting: Setting;
  /** Class that the backgrounds come from; null where the setting has none. */
  readonly background: string | null;
  readonly start: number;
  readonly end: number;
}

/** The segments of a plan, in its order. */
export function segmentsOf(plan: SwapPlan): Segment[] {
  const segments: Segment[] = [];
  for (let start = 0, row = 1; start < plan.count; row++) {
    const same =
      row < plan.count &&
      plan.setting[row] === plan.setting[start] &&
      plan.background[row] === plan.background[start];
    if (same) continue;
    const background = plan.background[start];
    segments.push({
      setting: SETTINGS[plan.setting[start]],
      background: background < 0 ? null : plan.classes[background],
      start,
      end: row,
    });
    start = row;
  }
  return segments;
}

/** Position among `segments` (of one plan) of the one that holds row `row`. */
export function segmentOf(segments: readonly Segment[], row: number): number {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (segments[middle].start <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
