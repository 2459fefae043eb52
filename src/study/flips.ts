import type { CellStore } from "../cells/store.ts";
import type { PredictedCells, Predictions } from "../evidence/predictions.ts";
import type { ReportInput } from "../report/data.ts";
import type { Compositor } from "../swap/composite.ts";
import type { PlanIndex } from "./block.ts";
import { contrast, picture } from "./gallery.ts";
import type { Selection } from "./select.ts";

/** Flipped cells of one encoder, each of another class and background. */
const PER_ENCODER = 2;

type Flip = ReportInput["flips"][number];

interface Candidate {
  readonly own: number;
  readonly background: number;
  /** Row of the class. */
  readonly at: number;
  readonly before: PredictedCells;
  readonly after: PredictedCells;
  /** Probability of what it is called on the background. */
  readonly sure: number;
}

/**
 * Cells that a probe calls rightly on their original and by the background's class among foreign neighbors, the surest
 * first, at most one of every class and of every background.
 */
export function makeFlips(
  encoder: string,
  predictions: Predictions,
  store: CellStore,
  compositor: Compositor,
  index: PlanIndex,
  { classes, rows }: Pick<Selection, "classes" | "rows">,
): Flip[] {
  const original = predictions.blocks.find((b) => b.setting === "original");
  const candidates = predictions.blocks
    .filter((b) => b.setting === "different" && b.background >= 0)
    .flatMap(({ background, cells }) =>
      classes.flatMap((_, own): Candidate[] => {
        const [before, after] = [original?.cells[own], cells[own]];
        if (before == null || after == null || own === background) return [];
        // Of one class on one background no second is chosen: the surest is enough.
        const [imaged, { predicted, probability }] = [before.predicted, after];
        let best = -1;
        for (let at = 0; at < predicted.length; at++)
          if (predicted[at] === background && imaged[at] === own)
            if (best < 0 || probability[at] > probability[best]) best = at;
        return best < 0 ? [] : [{ own, background, at: best, sure: probability[best], before, after }];
      }),
    )
    .sort((a, b) => b.sure - a.sure || a.own - b.own || a.at - b.at);
  const chosen: Candidate[] = [];
  for (const c of candidates) {
    if (chosen.length === PER_ENCODER) break;
    if (chosen.every((o) => o.own !== c.own && o.background !== c.background)) chosen.push(c);
  }
  const pixels = store.height * store.width;
  const crop = new Float32Array(store.channels.length * pixels);
  return chosen.flatMap(({ own, background, at, before, after }): Flip[] => {
    const cell = Int32Array.of(rows[own][at]);
    const [name, lender] = [classes[own], classes[background]];
    const first = index.rows({ setting: "original", background: null }, name, cell)?.[0];
    const swapped = index.rows({ setting: "different", background: lender }, name, cell)?.[0];
    if (first === undefined || swapped === undefined) return [];
    const donor = index.plan.donor[swapped];
    let ranges: [number, number][] | undefined;
    const panels = () => {
      ranges ??= store.channels.map((_, c) => contrast(crop.subarray(c * pixels, (c + 1) * pixels)));
      return store.channels.map((channel, c) => {
        const plane = crop.subarray(c * pixels, (c + 1) * pixels);
        return { channel, png: picture(plane, store.height, store.width, ranges![c]) };
      });
    };
    compositor.compose(index.plan, first, crop);
    const images: Flip["images"] = [{ role: "original", panels: panels() }];
    compositor.compose(index.plan, swapped, crop);
    images.push({ role: "different", panels: panels() });
    store.readCrop(donor, crop);
    ranges = undefined;
    images.push({ role: "donor", panels: panels() });
    const call = (cells: PredictedCells) => ({
      prediction: classes[cells.predicted[at]],
      probability: cells.probability[at],
    });
    return [
      {
        encoder,
        cell: store.cells.id[cell[0]],
        class: name,
        background: lender,
        donor: store.cells.id[donor],
        before: call(before),
        after: call(after),
        images,
      },
    ];
  });
}
