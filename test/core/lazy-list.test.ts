import { expect, test } from "vitest";
import { lazyList } from "../../src/core/lazy-list.ts";

test("entries are made when they are asked for, anew each time, and sent to threads", () => {
  const asked: number[] = [];
  const list = lazyList(3, (i) => {
    asked.push(i);
    return Int32Array.of(i);
  });
  expect([list.length, asked]).toEqual([3, []]);
  expect(list[2]).toEqual(Int32Array.of(2));
  expect(list[2]).not.toBe(list[2]);
  expect(asked).toEqual([2, 2, 2]);
  expect(structuredClone(list)).toEqual([0, 1, 2].map((i) => Int32Array.of(i)));
  expect(list.map((of) => of[0])).toEqual([0, 1, 2]);
});
