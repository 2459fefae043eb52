import { z } from "zod";
import { fitLogistic, predictClasses } from "../evaluate/logistic/logistic.ts";
import { type Part, sumDeviations } from "./components.ts";
import { type Grouping, refusal, stated } from "./estimate.ts";
import { STATED_NUMBER, type StatedNumber, statedNumber } from "./further.ts";
import type { PredictionRequest } from "./predictions.ts";
import { transferDependence } from "./transfer.ts";

/** How well a probe tells pasted cells from cells as imaged. */
export const PASTE = z.strictObject({
  id: z.literal("paste"),
  encoder: z.string(),
  numbers: z.array(STATED_NUMBER),
});
export type Paste = z.infer<typeof PASTE>;

/** Cells in two settings that the probe must tell apart, and what the comparison is called. */
const CONTRASTS = [["paste-seen/self", "original", "self"]] as const;

/**
 * Share of crops, half of them as imaged and half pasted, that a logistic probe trained on the other groups' cells
 * names rightly. 0.5: the encoder does not see the paste. Yields between fits.
 */
export function* pasteDetectability(
  request: PredictionRequest,
  grouping: Grouping,
): Generator<void, StatedNumber[]> {
  const { classes, cluster } = request;
  const numbers: StatedNumber[] = [];
  for (const [statement, from, to] of CONTRASTS) {
    const held = cluster.map((of) => new Float64Array(of.length));
    for (let k = 0; k < request.count; k++) {
      judgeGroup(request, k, [from, to], held);
      yield;
    }
    const sums = sumDeviations(cluster, [...classes.keys()], (own): Part[] => [
      { held: held[own], share: 1 / held[own].length, lender: own, donor: null },
    ]);
    const dependence = transferDependence(grouping);
    const refused = refusal([from, to], grouping, sums, { difference: false, single: false, dependence });
    const number = stated(sums, grouping, { level: 0.95, difference: false, dependence, refused });
    numbers.push(statedNumber(number, { statement, kind: "accuracy" }));
  }
  return numbers;
}

/** Trains on all groups but `k`, and leaves in `held` the share of each cell's two crops that are named rightly. */
function judgeGroup(
  { classes, group, dimension, read }: PredictionRequest,
  k: number,
  settings: readonly ["original", "self"],
  held: readonly Float64Array[],
): void {
  const gather = (wanted: (g: number) => boolean) =>
    classes.flatMap((_, own) => {
      const rows = Int32Array.from(group[own].keys()).filter((row) => wanted(group[own][row]));
      return settings.map((setting, label) => {
        const features = new Float32Array(rows.length * dimension);
        read({ setting, background: -1 }, own, rows, features);
        return { own, rows, label, features };
      });
    });
  const parts = gather((g) => g !== k);
  const labels = Int32Array.from(parts.flatMap(({ rows, label }) => Array.from(rows, () => label)));
  const features = new Float32Array(labels.length * dimension);
  let at = 0;
  for (const part of parts) {
    features.set(part.features, at);
    at += part.features.length;
  }
  const model = fitLogistic(features, labels, dimension, 2, { standardize: true });
  for (const { own, rows, label, features } of gather((g) => g === k))
    predictClasses(model, features).forEach((found, i) => {
      if (found === label) held[own][rows[i]] += 0.5;
    });
}
