import { listed } from "../../core/format.ts";
import type { Cells, Flag } from "../../types.ts";
import { FEWEST_FIELDS, fieldsOf } from "../inference.ts";
import type { Selection } from "../select.ts";

/** Classes that are named at most. */
const NAMED = 5;
const list = (names: readonly string[]) => listed(names, NAMED);

/** Says that pairs of classes of unequal size are scored by class. */
export function unequalClasses({ classes, rows }: Pick<Selection, "classes" | "rows">): Flag | null {
  const sizes = rows.map((own) => own.length);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  if (least === most) return null;
  const small = classes.filter((_, c) => sizes[c] === least);
  const large = classes.filter((_, c) => sizes[c] === most);
  return {
    id: "unequal-classes",
    severity: "note",
    encoder: null,
    text: `classes have from ${least} (${list(small)}) to ${most} cells (${list(large)}): the accuracy of a pair of unequal size is the mean of the two classes' shares of right cells, so that chance is 0.5 (always naming the larger would be right for ${((100 * most) / (most + least)).toFixed(0)} % of the cells of the most unequal pair)`,
  };
}

/** Warns of classes with too few fields for a statement about cells of other images. */
export function fewFields(cells: Cells, selection: Selection): Flag | null {
  const { classes } = selection;
  const fields = fieldsOf(cells, selection).map((own) => own.length);
  const few = classes.filter((_, c) => fields[c] < FEWEST_FIELDS);
  if (few.length === 0) return null;
  const one = classes.filter((_, c) => fields[c] === 1);
  return {
    id: "few-fields",
    severity: "warning",
    encoder: null,
    text: `fewer than ${FEWEST_FIELDS} fields in ${list(few)}${one.length > 0 ? ` (one in ${list(one)})` : ""}: how results vary between images cannot be told, so they hold for these images only; add cells from other fields, or leave the classes out`,
  };
}

/** From this share of cells of other classes among those of its field, a background does not stand for its class. */
const MIXED = 0.05;

/** Warns of fields that cells of several classes share: what a donor lends are then cells of several classes. */
export function mixedFields(
  { field }: Pick<Cells, "field">,
  { classes, rows }: Pick<Selection, "classes" | "rows">,
): Flag | null {
  const counts = new Map<string, Int32Array>();
  rows.forEach((own, c) => {
    for (const row of own) {
      const of = counts.get(field[row]) ?? new Int32Array(classes.length);
      of[c]++;
      counts.set(field[row], of);
    }
  });
  let others = 0;
  let foreign = 0;
  for (const of of counts.values()) {
    const all = of.reduce((sum, n) => sum + n, 0);
    for (const n of of) {
      others += n * (all - 1);
      foreign += n * (all - n);
    }
  }
  if (others === 0 || foreign < MIXED * others) return null;
  const share = `${((100 * foreign) / others).toFixed(0)} %`;
  return {
    id: "mixed-fields",
    severity: "warning",
    encoder: null,
    text: `fields hold cells of several classes: of the other cells in a cell's field ${share} are of another class, so the background of a class shows cells of other classes too. The settings same and different then differ less in their neighbors than their names say: the published drop and capture rates come out smaller than with fields of one class, and the neighbor effect is that of neighbors of mixed classes; take fields of one class where there are some`,
  };
}

/** Says which cells are used although their masks are over a limit that the study lifts. */
export function overLimits(
  { rows }: Pick<Selection, "rows">,
  verdicts: readonly string[] | null,
): Flag | null {
  const counts = new Map<string, number>();
  let cells = 0;
  let over = 0;
  for (const own of rows)
    for (const row of own) {
      cells++;
      const verdict = verdicts?.[row] ?? "ok";
      if (verdict === "ok") continue;
      over++;
      for (const why of verdict.split(";")) counts.set(why, (counts.get(why) ?? 0) + 1);
    }
  if (over === 0) return null;
  const reasons = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return {
    id: "over-limits",
    severity: "warning",
    encoder: null,
    text: `${over} of ${cells} cells are used although their masks are over a limit (${reasons.map(([why, n]) => `${why} ${n}`).join(", ")})${counts.has("border") ? "; a cell that reaches the crop's border ends there with a straight edge, on every background" : ""}; see quality.csv in the cell store`,
  };
}
