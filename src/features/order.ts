import type { SwapPlan } from "../types.ts";

/**
 * Order in which a plan's rows are encoded: by the crop whose background they show (the donor, else the cell itself),
 * so that a donor's fill is made once and used for all its composites. Stable, linear in the rows; shared memory.
 */
export function encodingOrder(plan: Lenders): Int32Array {
  const at = firstPlaces(plan);
  const order = new Int32Array(new SharedArrayBuffer(plan.count * 4));
  for (let row = 0; row < plan.count; row++) order[at[lender(plan, row)]++] = row;
  return order;
}

/** Entries `from` to `from + count` (not included) of {@link encodingOrder}, without memory for the others. */
export function encodingOrderPart(plan: Lenders, from: number, count: number): Int32Array {
  const at = firstPlaces(plan);
  const part = new Int32Array(count);
  for (let row = 0; row < plan.count; row++) {
    const place = at[lender(plan, row)]++ - from;
    if (place >= 0 && place < count) part[place] = row;
  }
  return part;
}

type Lenders = Pick<SwapPlan, "count" | "cell" | "donor">;

/** The crop whose background a row shows. */
function lender({ cell, donor }: Lenders, row: number): number {
  return donor[row] >= 0 ? donor[row] : cell[row];
}

/** Place in the order of the first row of every lender. */
function firstPlaces(plan: Lenders): Int32Array {
  let last = -1;
  for (let row = 0; row < plan.count; row++) last = Math.max(last, lender(plan, row));
  const at = new Int32Array(last + 2);
  for (let row = 0; row < plan.count; row++) at[lender(plan, row) + 1]++;
  for (let i = 1; i < at.length; i++) at[i] += at[i - 1];
  return at;
}
