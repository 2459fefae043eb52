import { expect, test } from "vitest";
import { measureNeighbors, nearestNeighbor } from "../../src/masks/neighbors.ts";

const draw = (...rows: string[]) => Uint8Array.from(rows.join(""), Number);

test("pieces, area and distance of neighbors", () => {
  const mask = draw("000020", "011020", "011000", "000002", "200002");
  expect(measureNeighbors(mask, 5, 6)).toEqual({ count: 3, area: 5 / 30 });
  // (2, 1) to (4, 1) and (2, 2) to (4, 1) and (1, 2) to (0, 4).
  expect(nearestNeighbor(mask, 5, 6)).toBe(2);
  expect(nearestNeighbor(draw("10", "02"), 2, 2)).toBeCloseTo(Math.SQRT2, 6);
  expect(nearestNeighbor(draw("12", "00"), 2, 2)).toBe(1);
});

test("without neighbors or without a cell there is no distance", () => {
  expect(measureNeighbors(draw("10", "00"), 2, 2)).toEqual({ count: 0, area: 0 });
  expect(nearestNeighbor(draw("10", "00"), 2, 2)).toBeNaN();
  expect(nearestNeighbor(draw("20", "00"), 2, 2)).toBeNaN();
});
