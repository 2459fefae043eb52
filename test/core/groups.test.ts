import fc from "fast-check";
import { expect, test } from "vitest";
import { closedGroups } from "../../src/core/groups.ts";

/** `fields[c]`: fields of class c, each with as many cells as given; one protein per class unless named. */
function request(fields: readonly (readonly number[])[], proteinOf?: (c: number, f: number) => string) {
  const field: string[] = [];
  const protein: string[] = [];
  const rows = fields.map((sizes, c) =>
    sizes.flatMap((n, f) =>
      Array.from({ length: n }, () => {
        protein.push(proteinOf?.(c, f) ?? `P${c}`);
        return field.push(`${c}_${f}`) - 1;
      }),
    ),
  );
  return { classes: fields.map((_, c) => `class${c}`), rows, field, protein };
}

const ones = (n: number) => Array.from({ length: n }, () => 1);

test.each([
  [1, 0, "none"],
  [2, 2, "averages"],
  [3, 3, "without-same"],
  [5, 5, "without-same"],
  [6, 3, "all"],
  [7, 3, "all"],
  [9, 4, "all"],
  [10, 5, "all"],
  [40, 5, "all"],
])("%d fields make %d groups, which allow %s", (fields, count, reach) => {
  const groups = closedGroups(request([ones(fields), ones(fields + 2)]));
  expect(groups).toMatchObject({
    count,
    reach,
    fewest: fields,
    perClass: [fields, fields + 2],
    unit: "field",
  });
  expect(groups.notes.length).toBe(reach === "all" ? 0 : 1);
});

test("cluster i goes to group i mod K, in order of first appearance among the rows", () => {
  const field = ["b", "a", "b", "c", "x", "y", "z", "out"];
  const groups = closedGroups({
    classes: ["one", "two"],
    rows: [
      [3, 1, 0, 2],
      [4, 5, 6],
    ],
    field,
  });
  expect([...groups.group]).toEqual([2, 1, 2, 0, 0, 1, 2, -1]);
  expect(groups.names).toEqual(["c", "a", "b", "x", "y", "z"]);
  expect([...groups.cluster]).toEqual([2, 1, 2, 0, 3, 4, 5, -1]);
});

test("a class with more clusters spreads them evenly, and every group has some of every class", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 2, max: 15 }), { minLength: 2, maxLength: 4 }), (sizes) => {
      const r = request(sizes.map(ones));
      const { group, count } = closedGroups(r);
      for (const rows of r.rows) {
        const used = Array.from({ length: count }, (_, k) => rows.filter((row) => group[row] === k).length);
        expect(Math.max(...used) - Math.min(...used)).toBeLessThanOrEqual(1);
        expect(Math.min(...used)).toBeGreaterThanOrEqual(1);
      }
    }),
  );
});

test("a field that several classes share is in one group", () => {
  const field = ["a", "b", "c", "b", "c", "d", "c", "a", "e"];
  const groups = closedGroups({
    classes: ["one", "two", "three"],
    rows: [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
    ],
    field,
  });
  const of = new Map<string, number>();
  for (const [row, name] of field.entries()) {
    expect(of.get(name) ?? groups.group[row]).toBe(groups.group[row]);
    of.set(name, groups.group[row]);
  }
  expect(groups).toMatchObject({ count: 3, reach: "without-same" });
});

test("fields that cannot be split with every class in every group are refused", () => {
  const groups = closedGroups({
    classes: ["one", "two", "three"],
    rows: [
      [0, 1],
      [2, 3],
      [4, 5],
    ],
    field: ["a", "b", "b", "c", "a", "c"],
  });
  expect(groups).toMatchObject({ count: 0, reach: "none" });
  expect(groups.notes[0]).toMatch(/share cannot be split/);
});

test("proteins are the clusters from six a class, and their fields stay with them", () => {
  const two = (f: number) => `${f >> 1}`;
  const many = request([ones(12), ones(14)], (c, f) => `P${c}_${two(f)}`);
  const groups = closedGroups(many);
  expect(groups).toMatchObject({ unit: "protein", fewest: 6, count: 3, reach: "all", notes: [] });
  many.field.forEach((_, row) => {
    const partner = many.protein.indexOf(many.protein[row]);
    expect(groups.group[row]).toBe(groups.group[partner]);
  });
  const few = closedGroups(request([ones(12), ones(10)], (c, f) => `P${c}_${two(f)}`));
  expect(few).toMatchObject({ unit: "field", fewest: 10, count: 5 });
  expect(few.notes).toEqual([expect.stringMatching(/holds for other fields of these proteins/)]);
});

test("a field with proteins of two groups makes fields the clusters", () => {
  const r = request([ones(6), ones(6)], (c, f) => `P${c}_${f}`);
  r.field.fill("shared", 0, 2);
  expect(closedGroups(r).unit).toBe("field");
});

test("a column named by the study is the cluster", () => {
  const r = request([ones(8), ones(8)]);
  const groups = closedGroups({ ...r, cluster: r.field.map((name) => `plate${Number(name.slice(2)) >> 1}`) });
  expect(groups).toMatchObject({ unit: "cluster", fewest: 4, count: 4, reach: "without-same" });
  expect(groups.notes[0]).toMatch(/class class0 has 4 clusters/);
});
