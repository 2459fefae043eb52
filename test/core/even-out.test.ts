import fc from "fast-check";
import { expect, test } from "vitest";
import { evenOut } from "../../src/core/even-out.ts";
import { closedGroups } from "../../src/core/groups.ts";
import { mulberry32 } from "../../src/core/rng.ts";

/** Clusters of every class in every group. */
const table = (perClass: readonly (readonly number[])[], groupOf: Int32Array, count: number) =>
  perClass.map((list) =>
    Array.from({ length: count }, (_, k) => list.filter((id) => groupOf[id] === k).length),
  );
const squares = (rows: readonly (readonly number[])[]) => rows.flat().reduce((sum, n) => sum + n * n, 0);

test("no move of a cluster and no exchange of two makes the classes more even", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 4 }),
      fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 3 }), {
        minLength: 2,
        maxLength: 4,
      }),
      fc.infiniteStream(fc.nat({ max: 99 })),
      (count, perClass, start) => {
        const groupOf = Int32Array.from({ length: 10 }, () => start.next().value % count);
        const before = squares(table(perClass, groupOf, count));
        const given = groupOf.slice();
        evenOut(perClass, groupOf, count);
        const least = squares(table(perClass, groupOf, count));
        expect(least).toBeLessThanOrEqual(before);
        const counts = perClass
          .flat()
          .reduce((n, id) => n.set(id, (n.get(id) ?? 0) + 1), new Map<number, number>());
        const even = table(perClass, given, count).every((row) => Math.max(...row) - Math.min(...row) < 2);
        if (even || [...counts.values()].every((n) => n === 1)) {
          expect(groupOf).toEqual(given);
          return;
        }
        for (let a = 0; a < 10; a++)
          for (let b = 0; b < 10; b++)
            for (let to = 0; to < count; to++) {
              const other = groupOf.slice();
              if (b !== a && groupOf[b] === to) other[b] = groupOf[a];
              other[a] = to;
              expect(squares(table(perClass, other, count))).toBeGreaterThanOrEqual(least);
            }
      },
    ),
  );
});

test("fields that classes share are split so that every group has two of every class", () => {
  const random = mulberry32(3);
  // Co-cultures of three of five classes, four rounds of which every class is in all.
  const field: string[] = [];
  const rows: number[][] = [[], [], [], [], []];
  for (let f = 0; f < 22; f++) {
    const first = Math.floor(random() * 5);
    for (const step of [0, 1 + Math.floor(random() * 2), 3])
      rows[(first + step) % 5].push(field.push(`coculture_${f}`) - 1);
  }
  const { reach, count, group, fewest } = closedGroups({ classes: ["a", "b", "c", "d", "e"], rows, field });
  expect(fewest).toBeGreaterThanOrEqual(6);
  expect(reach).toBe("all");
  expect(count).toBeGreaterThanOrEqual(3);
  for (const own of rows)
    for (let k = 0; k < count; k++)
      expect(
        new Set(own.filter((row) => group[row] === k).map((row) => field[row])).size,
      ).toBeGreaterThanOrEqual(2);
});
