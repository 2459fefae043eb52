import { groupRows } from "../core/group.ts";
import { namedSeed } from "../core/rng.ts";
import { SettingError } from "../errors.ts";
import { hasSharedBackground, pastesBack, SETTINGS, type Setting } from "../settings.ts";
import type { PlanRun, SwapPlan } from "../types.ts";
import { dealOthers, numbers, planArrays } from "./plan.ts";

/** Cells that a plan takes up besides those of its classes; arrays have one entry per row of the cell store. */
export interface AddRequest {
  /** Rows to add, ascending; none of them of a class of the plan. */
  readonly cells: Int32Array;
  /** Settings to see them in; none that needs a donor of the own class. */
  readonly settings: readonly Setting[];
  /** Rows of every class that may lend a background, ascending. */
  readonly members: readonly ArrayLike<number>[];
  /** Classes that lend, by position, ascending. */
  readonly lending: readonly number[];
  readonly field: readonly string[];
  readonly seed: number;
  /** Closed group of each row, of the added ones too: donors come from the cell's own group. */
  readonly group?: ArrayLike<number>;
}

/**
 * The plan with cells that have none of its classes, for instance those of proteins with several localizations; the
 * rows that it had stay as they were and in their order. Donors are dealt by the rules of `makePlan`: one of every
 * background class, of another field and the cell's own group, used equally often among the added cells, whatever the
 * setting.
 * @throws SettingError where a group has no cell of a class that lends
 */
export function addCells(plan: SwapPlan, request: AddRequest): SwapPlan {
  const { cells } = request;
  const donors = new Map<number, Int32Array>();
  const fieldOf = numbers(request.field);
  const wanted = SETTINGS.flatMap((setting, s) => {
    if (!request.settings.includes(setting)) return [];
    return (hasSharedBackground(setting) ? request.lending : [-1]).map((background) => ({
      setting: s,
      background,
    }));
  });
  const count = plan.count + wanted.length * cells.length;
  const grown = planArrays(count);
  const runs: PlanRun[] = [];
  let [at, from, next] = [0, 0, 0];
  const take = (to: number, until: (cell: number) => boolean = () => true) => {
    for (; from < to && until(plan.cell[from]); from++, at++) {
      grown.cell[at] = plan.cell[from];
      grown.donor[at] = plan.donor[from];
    }
  };
  /** Takes whole runs as long as they come first. */
  const takeRuns = (first: (run: PlanRun) => boolean) => {
    for (; next < plan.runs.length && first(plan.runs[next]); next++) {
      const start = at;
      take(plan.runs[next].end);
      runs.push({ ...plan.runs[next], start, end: at });
    }
  };
  for (const { setting, background } of wanted) {
    const before = (run: PlanRun) => run.setting - setting || run.background - background;
    takeRuns((run) => before(run) < 0);
    const start = at;
    const own = next < plan.runs.length && before(plan.runs[next]) === 0 ? plan.runs[next++] : undefined;
    let dealt = donors.get(background);
    if (dealt === undefined) donors.set(background, (dealt = dealFor(plan, request, background, fieldOf)));
    cells.forEach((cell, i) => {
      if (own !== undefined) take(own.end, (before) => before < cell);
      const donor = pastesBack(SETTINGS[setting]) ? cell : dealt[i];
      grown.cell[at] = cell;
      grown.donor[at++] = donor;
    });
    if (own !== undefined) take(own.end);
    if (at > start) runs.push({ setting, background, start, end: at });
  }
  takeRuns(() => true);
  return { ...plan, count, runs, ...grown };
}

/** A donor of class `background` for every added cell; -1 each where it is none. */
function dealFor(
  { classes }: SwapPlan,
  { cells, members, seed, group }: AddRequest,
  background: number,
  fieldOf: Int32Array,
): Int32Array {
  const out = new Int32Array(cells.length).fill(-1);
  if (background < 0) return out;
  const stream = namedSeed(seed, "donors of further cells", classes[background]);
  for (const [k, at] of groupRows(cells, (row) => group?.[row] ?? -1)) {
    const lenders = Int32Array.from(members[background]).filter(
      (row) => group === undefined || group[row] === k,
    );
    if (lenders.length === 0)
      throw new SettingError(
        `class ${classes[background]} has no usable cell in group ${k} that could lend its background there; use fewer groups or leave the class out`,
      );
    const own = Int32Array.from(at, (i) => cells[i]);
    dealOthers(own, lenders, fieldOf, namedSeed(stream, "group", k)).forEach((donor, i) => {
      out[at[i]] = donor;
    });
  }
  return out;
}
