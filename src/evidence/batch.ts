import { z } from "zod";
import { backgroundClass, capturedLabels, toldFromBackground } from "./background.ts";
import { type BatchRequest, batchLabels, fieldLabels } from "./batch-labels.ts";
import type { Grouping } from "./estimate.ts";
import { STATED_NUMBER, type StatedNumber } from "./further.ts";
import { mediumSplit } from "./medium-batch.ts";
import type { Predictions } from "./predictions.ts";
import { sampledRows } from "./sample.ts";

/** What the surroundings give away of field, batch and class, and which of them a foreign medium brings along. */
export const BATCH = z.strictObject({
  id: z.literal("batch"),
  encoder: z.string(),
  numbers: z.array(STATED_NUMBER),
  /** Metadata column that names the batches, without its prefix; null where the cells have none. */
  column: z.string().nullable(),
  /** By statement: the share that is right by chance. */
  chance: z.record(z.string(), z.number()),
  /** Capture of the background's class above its base, from the transfer probes, to stand beside that of the batch. */
  beside: z.array(STATED_NUMBER),
  /** Part of the donors of `cell-free` that are of another batch than their cell, over all for which both are known. */
  otherBatch: z.number().nullable(),
  /** Every class is of one batch, or no two share one: what comes with a batch comes with a class. */
  confounded: z.boolean(),
  /** One sentence for everything that cannot be told apart, and why. */
  notes: z.array(z.string()),
});
export type Batch = z.infer<typeof BATCH>;

/**
 * What the surroundings give away and what a foreign medium brings along. What is said of fields and batches is of these
 * batches, with fields as clusters: probes are trained on the one half of them and tested on the other, whatever the
 * closed groups. Yields between fits.
 *
 * @param predictions of the transfer probes, for all rows
 * @param grouping the closed groups
 */
export function* batchNumbers(
  request: BatchRequest,
  predictions: Predictions,
  grouping: Grouping,
): Generator<void, Pick<Batch, "numbers" | "chance" | "otherBatch">> {
  const fewest = Math.min(...request.field.map((of) => new Set(of).size));
  const reach = grouping.reach === "none" ? "none" : "all";
  const byField: Grouping = { ...grouping, count: 2, unit: "field", fewest, reach };
  const rows = sampledRows(request, request.field);
  const numbers: StatedNumber[] = [];
  const chance: Record<string, number> = {};
  const told = (found: { number: StatedNumber; chance: number } | null) => {
    if (found === null) return;
    numbers.push(found.number);
    chance[found.number.statement] = found.chance;
  };
  for (const found of yield* backgroundClass(request, rows, grouping)) told(found);
  for (const labels of [batchLabels(request), fieldLabels(request)]) {
    if (labels === null) continue;
    told(yield* toldFromBackground(request, labels, rows, byField));
    numbers.push(...(yield* capturedLabels(request, labels, rows, byField)));
  }
  const split = mediumSplit(request, predictions, grouping);
  return { numbers: [...numbers, ...split.numbers], chance, otherBatch: split.otherBatch };
}
