import { closedGroups } from "../../../src/core/groups.ts";
import type { PairGrid } from "../../../src/evaluate/grid.ts";
import { shortHash } from "../../../src/features/key.ts";
import type { Setting } from "../../../src/settings.ts";
import { listBlocks, PlanIndex } from "../../../src/study/block.ts";
import { StudyLayout } from "../../../src/study/layout.ts";
import type { RemedyEvaluation } from "../../../src/study/remedies/remedied.ts";
import { makePlan } from "../../../src/swap/plan.ts";
import { settingOf } from "../../../src/swap/runs.ts";
import { temporary } from "../../temporary.ts";

/** Cells and an encoder that are drawn. */
export interface Synthetic {
  readonly classes: number;
  readonly cellsPerClass: number;
  /** Fields of each class. */
  readonly fields: number;
  readonly dimension: number;
  readonly settings?: readonly Setting[];
  /** Classes that lend backgrounds. */
  readonly backgrounds?: readonly number[];
  /** Writes the features of a composite; `donor` is -1 where the cell has none. */
  readonly encode: (composite: DrawnComposite, out: Float32Array) => void;
}

export interface DrawnComposite {
  readonly cell: number;
  readonly own: number;
  readonly setting: Setting;
  readonly donor: number;
  /** Class of the donor, or the own one. */
  readonly background: number;
}

/** An evaluation of drawn cells in a folder of its own. */
export function synthetic(of: Synthetic, grid: () => PairGrid): RemedyEvaluation {
  const { cellsPerClass: n, dimension } = of;
  const classes = Array.from({ length: of.classes }, (_, c) => `class${c}`);
  const rows = classes.map((_, c) => Int32Array.from({ length: n }, (_, i) => c * n + i));
  const field = rows.flatMap((list, c) => Array.from(list, (_, i) => `f${c}-${i % of.fields}`));
  const groups = closedGroups({ classes, rows, field });
  const settings = of.settings ?? ["original", "self", "cell-free", "different"];
  const backgrounds = (of.backgrounds ?? [0, 1, 2]).map((b) => classes[b]);
  const plan = makePlan({
    classes,
    classOf: Int16Array.from(field, (_, row) => Math.floor(row / n)),
    field,
    protein: null,
    usable: new Uint8Array(field.length).fill(1),
    settings,
    backgrounds,
    sameDonor: "any",
    seed: 1,
    group: groups.group,
  });
  const all = new Float32Array(plan.count * dimension);
  for (let row = 0; row < plan.count; row++) {
    const [cell, donor] = [plan.cell[row], plan.donor[row]];
    const composite = {
      cell,
      own: Math.floor(cell / n),
      setting: settingOf(plan, row),
      donor: donor === cell ? -1 : donor,
      background: donor < 0 ? Math.floor(cell / n) : Math.floor(donor / n),
    };
    of.encode(composite, all.subarray(row * dimension, (row + 1) * dimension));
  }
  return {
    layout: new StudyLayout(temporary()),
    name: "drawn+remedy",
    set: {
      name: "drawn",
      dimension,
      key: (_, planRows) =>
        shortHash([...planRows].map((row) => [...all.subarray(row * dimension, (row + 1) * dimension)])),
      read: (planRows, out) => {
        for (let i = 0; i < planRows.length; i++)
          out.set(all.subarray(planRows[i] * dimension, (planRows[i] + 1) * dimension), i * dimension);
      },
    },
    blocks: listBlocks(settings, backgrounds),
    classes,
    rows,
    index: new PlanIndex(plan),
    groups,
    grid,
    signal: undefined,
  };
}
