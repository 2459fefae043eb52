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
  return plan.runs.map(({ setting, background, start, end }) => ({
    setting: SETTINGS[setting],
    background: background < 0 ? null : plan.classes[background],
    start,
    end,
  }));
}

/** Rows of a plan in one setting, ascending. */
export function rowsInSetting(plan: SwapPlan, setting: Setting): Int32Array {
  const own = segmentsOf(plan).filter((segment) => segment.setting === setting);
  const rows = new Int32Array(own.reduce((n, { start, end }) => n + end - start, 0));
  let at = 0;
  for (const { start, end } of own) for (let row = start; row < end; row++) rows[at++] = row;
  return rows;
}

/** Rows of a piece at least and at most, and how many pieces a plan between has, about. */
const PIECE = { least: 1024, most: 16_384, number: 4096 };

/** A part of a segment: the `number`-th from 0. */
export interface Piece extends Segment {
  readonly number: number;
}

/**
 * The segments of a plan cut into pieces, by which features are kept: rows of a segment from multiples of a power of two
 * on, more of them in larger plans. They hang on the plan alone, so that whoever makes them makes the same files.
 */
export function piecesOf(plan: SwapPlan, least = PIECE.least): Piece[] {
  let rows = least;
  while (rows < PIECE.most && rows * PIECE.number < plan.count) rows *= 2;
  return segmentsOf(plan).flatMap((segment) =>
    Array.from({ length: Math.ceil((segment.end - segment.start) / rows) }, (_, k) => {
      const start = segment.start + k * rows;
      return { ...segment, start, end: Math.min(start + rows, segment.end), number: k };
    }),
  );
}
