import { expect, test } from "vitest";
import { addTo, groupRows } from "../../src/core/group.ts";

test("rows are grouped by key, keys in the order of their first row", () => {
  const groups = groupRows(["b", "a", "b", "c", "a"], (name) => name);
  expect([...groups]).toEqual([
    ["b", [0, 2]],
    ["a", [1, 4]],
    ["c", [3]],
  ]);
  expect([...groupRows(Int32Array.of(5, 6, 8), (value, row) => (value + row) % 2)]).toEqual([
    [1, [0, 1]],
    [0, [2]],
  ]);
  expect(groupRows([], String).size).toBe(0);
});

test("a group takes any values", () => {
  const groups = new Map<string, string[]>();
  for (const word of ["cell", "crop", "mask"]) addTo(groups, word[0], word);
  expect(Object.fromEntries(groups)).toEqual({ c: ["cell", "crop"], m: ["mask"] });
});
