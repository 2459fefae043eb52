import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "../../src/core/heap.ts";

test("items come by their keys, equal ones in the order in which they came", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 9 }), { freq: 3 })), (steps) => {
      const heap = new Heap<number>();
      let naive: { key: number; item: number }[] = [];
      steps.forEach((key, item) => {
        if (key !== null) {
          heap.push(key, item);
          naive.push({ key, item });
          return;
        }
        if (naive.length === 0) {
          expect(() => heap.pop()).toThrow(RangeError);
          expect(heap.least).toBe(Number.POSITIVE_INFINITY);
          return;
        }
        const [first] = naive.toSorted((a, b) => a.key - b.key || a.item - b.item);
        expect(heap.least).toBe(first.key);
        expect(heap.pop()).toBe(first.item);
        naive = naive.filter((own) => own !== first);
        expect(heap.size).toBe(naive.length);
      });
    }),
  );
});
