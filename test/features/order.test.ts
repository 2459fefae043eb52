import fc from "fast-check";
import { expect, test } from "vitest";
import { encodingOrder, encodingOrderPart } from "../../src/features/order.ts";

test("rows are sorted by whose background they show, and any part of the order is that of the whole", () => {
  const row = fc.record({ cell: fc.nat(9), donor: fc.integer({ min: -1, max: 9 }) });
  fc.assert(
    fc.property(fc.array(row), fc.nat(40), fc.nat(40), (rows, from, count) => {
      const plan = {
        count: rows.length,
        cell: Int32Array.from(rows, ({ cell }) => cell),
        donor: Int32Array.from(rows, ({ donor }) => donor),
      };
      const lender = (r: number) => (rows[r].donor < 0 ? rows[r].cell : rows[r].donor);
      const order = [...encodingOrder(plan)];
      expect(order).toEqual([...rows.keys()].sort((a, b) => lender(a) - lender(b) || a - b));
      const start = Math.min(from, rows.length);
      const most = Math.min(count, rows.length - start);
      expect([...encodingOrderPart(plan, start, most)]).toEqual(order.slice(start, start + most));
    }),
  );
});
