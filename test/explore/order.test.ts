import fc from "fast-check";
import { expect, test } from "vitest";
import { ascending } from "../../src/explore/order.ts";

test("orders as a stable sort does, NaN last", () => {
  fc.assert(
    fc.property(fc.float32Array({ maxLength: 300 }), (keys) => {
      const rank = (v: number) => (Number.isNaN(v) ? 1 : 0);
      const plain = Array.from(keys.keys()).sort(
        (a, b) => rank(keys[a]) - rank(keys[b]) || (keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : a - b),
      );
      expect([...ascending(keys)]).toEqual(plain);
    }),
  );
});

test("zeros of both signs are equal, infinities at the ends", () => {
  const keys = Float32Array.of(0, Number.NaN, -0, Infinity, -Infinity, 0);
  expect([...ascending(keys)]).toEqual([4, 0, 2, 5, 3, 1]);
});
