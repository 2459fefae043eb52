import type { SwapPlan } from "../types.ts";

/**
 * Order in which a plan's rows are encoded: by the crop whose background they show (the donor, else the cell itself),
 * so that a donor's fill is made once and used for all its composites. Stable, linear in the rows; shared memory.
 */
export function encodingOrder({
  count,
  cell,
  donor,
}: Pick<SwapPlan, "count" | "cell" | "donor">): Int32Array {
  const lender = (row: number) => (donor[row] >= 0 ? donor[row] : cell[row]);
  let last = -1;
  for (let row = 0; row < count; row++) last = Math.max(last, lender(row));
  const at = new Int32Array(last + 2);
  for (let row = 0; row < count; row++) at[lender(row) + 1]++;
  for (let i = 1; i < at.length; i++) at[i] += at[i - 1];
  const order = new Int32Array(new SharedArrayBuffer(count * 4));
  for (let row = 0; row < count; row++) order[at[lender(row)]++] = row;
  return order;
}
