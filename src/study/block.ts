import { hasSharedBackground, type Setting, traitsOf } from "../settings.ts";
import { type Segment, segmentsOf } from "../swap/segments.ts";
import type { SwapPlan } from "../types.ts";

/** One setting with one background: the unit that is evaluated, stored and resumed. */
export interface Block {
  readonly setting: Setting;
  /** Class that both backgrounds come from; null where each class keeps its own or there is none. */
  readonly background: string | null;
}

/** The blocks of a study in the order of the ladder. */
export function listBlocks(settings: readonly Setting[], backgrounds: readonly string[]): Block[] {
  return settings.flatMap((setting): Block[] =>
    hasSharedBackground(setting)
      ? backgrounds.map((background) => ({ setting, background }))
      : [{ setting, background: null }],
  );
}

/** Finds the plan's row of (setting, background, cell). */
export class PlanIndex {
  readonly plan: SwapPlan;
  readonly #segments: ReadonlyMap<string, Segment>;

  constructor(plan: SwapPlan) {
    this.plan = plan;
    this.#segments = new Map(segmentsOf(plan).map((s) => [name(s.setting, s.background), s]));
  }

  /**
   * Rows of the plan for `cells` of class `own` in a block; null where the plan lacks any of them. On its own class's
   * background a setting may have another that stands in (`same` for `different`).
   */
  rows({ setting, background }: Block, own: string, cells: Int32Array): Int32Array | null {
    const actual = background === own ? (traitsOf(setting).ownClass ?? setting) : setting;
    const from = traitsOf(actual).background === "own-class" ? own : background;
    const segment = this.#segments.get(name(actual, from));
    if (segment === undefined || cells.length === 0) return null;
    const rows = new Int32Array(cells.length);
    for (let i = 0, at = segment.start; i < cells.length; i++, at++) {
      // Cells mostly ascend, and neighbors in a class are near each other in the plan.
      if (at >= segment.end || this.plan.cell[at] !== cells[i]) at = this.#find(cells[i], segment);
      if (at < 0) return null;
      rows[i] = at;
    }
    return rows;
  }

  /** Whether a block lacks the cells of class `own`, whose background it is, and another setting stands in for them. */
  isOwn({ setting, background }: Block, own: string): boolean {
    return background === own && traitsOf(setting).ownClass !== undefined;
  }

  #find(cell: number, { start, end }: Segment): number {
    const { cell: cells } = this.plan;
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cells[middle] < cell) low = middle + 1;
      else high = middle;
    }
    return low < end && cells[low] === cell ? low : -1;
  }
}

function name(setting: Setting, background: string | null): string {
  return `${setting} ${background ?? ""}`;
}
