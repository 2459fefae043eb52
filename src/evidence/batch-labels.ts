import type { PredictionRequest } from "./predictions.ts";

/** What is looked at. Arrays by class have one entry per row of the class. */
export interface BatchRequest extends PredictionRequest {
  /** Field of every row, numbered over all classes. */
  readonly field: readonly Int32Array[];
  /** Batch of every row, numbered over all classes, -1 where it is not known; null where the cells have no batches. */
  readonly batch: readonly Int32Array[] | null;
  /** Row, in the background's class, of the donor of every row of class `own`; null where the block lacks the class. */
  donors(setting: "cell-free" | "different", background: number, own: number): Int32Array | null;
}

/** What a probe is to tell within a class, and which rows train it together. */
export interface Labels {
  readonly id: "field" | "batch";
  /** Per class: label of every row, -1 where it does not count. */
  readonly label: readonly Int32Array[];
  /** Per class: 0 or 1; rows of one half train the probe that tests the other. */
  readonly half: readonly Int32Array[];
  /** Labels of every class; fewer than two: there is nothing to tell. */
  readonly count: readonly number[];
}

/**
 * Fields, with the first and the second half of a field's cells apart: cells that lie close together, whose crops show
 * the same neighbors, then mostly train or are tested together.
 */
export function fieldLabels({ field }: Pick<BatchRequest, "field">): Labels {
  const size = field.map((of) => counted(of));
  const label = field.map((of, own) => of.map((f) => (size[own].get(f)! > 1 ? f : -1)));
  const half = field.map((of, own) => {
    const seen = new Map<number, number>();
    return of.map((f) => {
      const rank = seen.get(f) ?? 0;
      seen.set(f, rank + 1);
      return 2 * rank < size[own].get(f)! ? 0 : 1;
    });
  });
  return { id: "field", label, half, count: label.map(distinctLabels) };
}

/** Batches that have two fields or more of a class, their fields in turn in the one half and the other. */
export function batchLabels({ field, batch }: Pick<BatchRequest, "field" | "batch">): Labels | null {
  if (batch === null) return null;
  const half = field.map((of) => new Int32Array(of.length));
  const label = batch.map((of, own) => {
    const fields = new Map<number, number[]>();
    of.forEach((b, row) => {
      const list = fields.get(b) ?? [];
      if (list.length === 0) fields.set(b, list);
      const known = list.indexOf(field[own][row]);
      half[own][row] = (known < 0 ? list.push(field[own][row]) - 1 : known) % 2;
    });
    return of.map((b) => (b >= 0 && fields.get(b)!.length > 1 ? b : -1));
  });
  return { id: "batch", label, half, count: label.map(distinctLabels) };
}

/** How often every value occurs. */
export function counted(values: Int32Array): Map<number, number> {
  const found = new Map<number, number>();
  for (const v of values) found.set(v, (found.get(v) ?? 0) + 1);
  return found;
}

function distinctLabels(label: Int32Array): number {
  return new Set(label.filter((l) => l >= 0)).size;
}
