import { expect, test } from "vitest";
import { weightLayout } from "../../../../src/evaluate/logistic/streamed/block.ts";
import { heldBytes, streamedBytes, streamedSpeed } from "../../../../src/evaluate/logistic/streamed/cost.ts";
import { MOST_WAITING } from "../../../../src/evaluate/logistic/streamed/objective.ts";
import { HELD_BYTES, sliceLanes, sliceRows } from "../../../../src/evaluate/logistic/streamed/slices.ts";

test("memory stops to grow with the rows where features are no longer held", () => {
  const shape = { dimension: 384, classes: 1500 };
  const at = (rows: number, threads = 2) => streamedBytes(shape, rows, threads);
  expect(at(20_000) - at(10_000)).toBe(10_000 * 384 * 4);
  // Two threads have a slice each, of as many rows as 16 MiB hold.
  expect(Math.abs(at(1e6) - at(1e9))).toBeLessThan(2 ** 25);
  // A gradient of every slice may wait for that of the first; beside these the optimizer's steps and the threads' weights.
  expect(at(1e9)).toBeLessThan(HELD_BYTES + (MOST_WAITING + 45) * 8 * weightLayout(shape).length);
  // A thread has two sets of weights, the rows at work, a gradient on its way and a slice.
  expect(at(1e6, 3) - at(1e6, 2)).toBeLessThan(4.5 * 8 * weightLayout(shape).length + 2 ** 24);
});

test("slices are no larger than many threads may hold, however many rows and features there are", () => {
  for (const [rows, dimension] of [
    [1e3, 8],
    [1e7, 384],
    [1e9, 384],
    [1e5, 98_304],
  ]) {
    const bytes = 4 * sliceRows(rows, dimension) * dimension;
    expect(bytes).toBeLessThanOrEqual(2 ** 24);
    for (const held of [0, HELD_BYTES]) {
      const lanes = sliceLanes(rows, dimension, held);
      expect(lanes).toBeGreaterThanOrEqual(2);
      expect(lanes * bytes).toBeLessThanOrEqual(Math.max(held, 2 ** 25));
    }
  }
});

test("features are held where memory is left for them beside the weights", () => {
  const shape = { dimension: 64, classes: 6000 };
  const weights = streamedBytes(shape, 0, 2, HELD_BYTES);
  expect(heldBytes(shape, 2, weights + 2e6)).toBe(1e6);
  expect(heldBytes(shape, 2, weights / 2)).toBe(0);
  expect(heldBytes(shape, 2, -1)).toBe(0);
  expect(heldBytes(shape, 2, 2 ** 50)).toBe(HELD_BYTES);
  // What is not held takes nothing.
  expect(streamedBytes(shape, 36_000, 2, 1e6)).toBe(weights + 2 * sliceRows(36_000, 64) * 64 * 4);
  expect(streamedBytes(shape, 36_000, 2, 1e7)).toBe(weights + 36_000 * 64 * 4);
});

test("seconds are those of the rows that were looked at, for so many rows", () => {
  let now = 0;
  const clock = () => {
    const began = now;
    return () => (now += 0.5) - began;
  };
  const features = Float32Array.from({ length: 100 * 4 }, (_, i) => Math.sin(i));
  const shape = { dimension: 4, classes: 10 };
  const of = (trained: number, called: number) => streamedSpeed(features, shape, { trained, called }, clock);
  const [none, some, twice, asked] = [of(0, 0), of(1000, 0), of(2000, 0), of(0, 3000)];
  expect(some.rows).toBe(100);
  expect(none.seconds).toBeGreaterThan(0);
  expect(twice.seconds - none.seconds).toBeCloseTo(2 * (some.seconds - none.seconds), 9);
  expect(asked.seconds - none.seconds).toBeCloseTo(0.5 * 30, 9);
});
