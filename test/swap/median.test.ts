import fc from "fast-check";
import { expect, test } from "vitest";
import { streamMedian } from "../../src/swap/median.ts";

const pieces =
  (values: Float32Array, cuts: number) => (visit: (piece: Float32Array, length: number) => void) => {
    for (let at = 0; at < values.length; at += cuts) {
      const piece = new Float32Array(cuts).fill(Number.NaN);
      const part = values.subarray(at, at + cuts);
      piece.set(part);
      visit(piece, part.length);
    }
  };

/** As numpy's: the middle value, or the mean of the two middle ones. */
function median(values: Float32Array): number {
  const sorted = values.slice().sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

test("the streamed median is the sorted one, to the bit", () => {
  const value = fc.oneof(
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -3, max: 3 }),
    fc.constant(-0),
  );
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 9 }),
      (list, cuts) => {
        const values = Float32Array.from(list);
        // Zeros of either sign are one value.
        expect(streamMedian(pieces(values, cuts), values.length) + 0).toBe(median(values) + 0);
      },
    ),
  );
});

test("values close enough to share their upper 16 bits are told apart", () => {
  const values = Float32Array.from({ length: 1001 }, (_, i) => 1 + ((i * 389) % 1001) * 2 ** -22);
  expect(streamMedian(pieces(values, 64), values.length)).toBe(1 + 500 * 2 ** -22);
});

test("no values have no median", () => {
  expect(streamMedian(() => {}, 0)).toBeNaN();
});
