import { closedGroups } from "../../src/core/groups.ts";
import type { Setting } from "../../src/settings.ts";
import { makePlan } from "../../src/swap/plan.ts";
import type { Features } from "../../src/types.ts";

/** Cells of some classes in fields of one class each, `cells` a class, and their plan. */
export function drawPlan(
  classes: readonly string[],
  of: {
    readonly cells: number;
    readonly fields: number;
    readonly settings: readonly Setting[];
    readonly backgrounds?: readonly string[];
    readonly seed?: number;
  },
) {
  const truth = classes.flatMap((name) => Array.from({ length: of.cells }, () => name));
  const field = truth.map((name, i) => `${name}${(i % of.cells) % of.fields}`);
  const rows = classes.map((name) => Int32Array.from(truth.keys()).filter((row) => truth[row] === name));
  const groups = closedGroups({ classes, rows, field });
  const plan = makePlan({
    classes,
    classOf: Int16Array.from(truth, (name) => classes.indexOf(name)),
    field,
    protein: null,
    usable: new Uint8Array(truth.length).fill(1),
    settings: of.settings,
    ...(of.backgrounds === undefined ? {} : { backgrounds: of.backgrounds }),
    sameDonor: "any",
    seed: of.seed ?? 1,
    group: groups.group,
  });
  return { truth, field, rows, groups, plan };
}

/** Copies the features of rows of the plan, as a feature set does. */
export function readerOf({ data, dimension }: Pick<Features, "data" | "dimension">) {
  return (wanted: ArrayLike<number>, out: Float32Array): void => {
    for (let i = 0; i < wanted.length; i++)
      out.set(data.subarray(wanted[i] * dimension, (wanted[i] + 1) * dimension), i * dimension);
  };
}

/** What a generator gives in the end. */
export function finish<T>(steps: Generator<unknown, T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}
