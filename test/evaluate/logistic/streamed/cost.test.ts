import { expect, test } from "vitest";
import { weightLayout } from "../../../../src/evaluate/logistic/streamed/block.ts";
import { streamedBytes, streamedSpeed } from "../../../../src/evaluate/logistic/streamed/cost.ts";
import { HELD_BYTES, MOST_SLICES } from "../../../../src/evaluate/logistic/streamed/slices.ts";

test("memory stops to grow with the rows where features are no longer held", () => {
  const shape = { dimension: 384, classes: 1500 };
  const at = (rows: number, threads = 2) => streamedBytes(shape, rows, threads);
  expect(at(20_000) - at(10_000)).toBe(10_000 * 384 * 4);
  expect(at(1e6)).toBe(at(1e9));
  // A gradient of every slice may wait for that of the first; beside these the optimizer's steps and the threads' weights.
  expect(at(1e9)).toBeLessThan(HELD_BYTES + (MOST_SLICES + 45) * 8 * weightLayout(shape).length);
  // A thread has two sets of weights, the rows at work, and a gradient on its way.
  expect(at(1e6, 3) - at(1e6, 2)).toBeLessThan(4.5 * 8 * weightLayout(shape).length);
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
