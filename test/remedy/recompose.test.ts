import fc from "fast-check";
import { expect, test } from "vitest";
import { drawDonors, type Lenders, recomposedRim } from "../../src/remedy/recompose.ts";

/** Cells of `classes` classes in `groups` closed groups, each with `fields` fields of a class of `cells` cells. */
function lenders(classes: number, groups: number, fields: number, cells: number): Lenders {
  const all = Array.from({ length: classes }, (_, c) =>
    Array.from({ length: groups }, (_, g) =>
      Array.from({ length: fields }, (_, f) =>
        Array.from({ length: cells }, () => ({ c, g, field: `${c} ${g} ${f}` })),
      ),
    ),
  ).flat(3);
  return {
    classes: Array.from({ length: classes }, (_, c) => `class${c}`),
    classOf: Int16Array.from(all, ({ c }) => c),
    field: all.map(({ field }) => field),
    usable: new Uint8Array(all.length).fill(1),
    group: Int32Array.from(all, ({ g }) => g),
  };
}

test("donors are of the cell's own closed group and never of its field, nor the cell itself", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 2, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 12 }),
      fc.nat(1000),
      (classes, groups, fields, cells, draws, seed) => {
        const of = lenders(classes, groups, fields, cells);
        for (const donors of drawDonors(of, draws, seed))
          donors.forEach((donor, cell) => {
            expect(of.group![donor]).toBe(of.group![cell]);
            expect(of.field[donor]).not.toBe(of.field[cell]);
          });
      },
    ),
    { numRuns: 60 },
  );
});

test("one field of a class in a group lends to its own cells, but no cell to itself", () => {
  const of = lenders(2, 3, 1, 5);
  for (const donors of drawDonors(of, 4, 3))
    donors.forEach((donor, cell) => {
      expect(donor).not.toBe(cell);
      expect(of.group![donor]).toBe(of.group![cell]);
    });
});

test("the classes of a cell's donors say nothing of its own: every class lends to every class equally often", () => {
  const of = lenders(4, 2, 2, 200);
  const counts = Array.from({ length: 4 }, () => new Float64Array(4));
  for (const donors of drawDonors(of, 3, 11))
    donors.forEach((donor, cell) => counts[of.classOf[cell]][of.classOf[donor]]++);
  const expected = (800 * 3) / 4;
  let squares = 0;
  for (const row of counts) for (const n of row) squares += (n - expected) ** 2 / expected;
  // 99.9 % of chi-square with 12 degrees of freedom (classes of donors without replacement vary less).
  expect(squares).toBeLessThan(32.9);
});

test("a round of as many draws as classes has every class once, and more draws keep the first ones", () => {
  const of = lenders(3, 2, 2, 4);
  const six = drawDonors(of, 6, 5);
  for (const round of [six.slice(0, 3), six.slice(3)])
    for (let cell = 0; cell < of.classOf.length; cell++)
      expect(new Set(round.map((donors) => of.classOf[donors[cell]])).size).toBe(3);
  expect(drawDonors(of, 2, 5)).toEqual(six.slice(0, 2));
  expect(drawDonors(of, 2, 6)).not.toEqual(six.slice(0, 2));
});

test("cells that are not part of the study neither lend nor borrow", () => {
  const of = lenders(2, 1, 2, 6);
  const classOf = of.classOf.map((c, i) => (i % 3 === 0 ? -1 : c));
  const usable = Uint8Array.from(classOf, (c) => (c < 0 ? 0 : 1));
  for (const donors of drawDonors({ ...of, classOf, usable }, 2, 1))
    donors.forEach((donor, cell) => {
      if (classOf[cell] < 0) expect(donor).toBe(-1);
      else expect(usable[donor]).toBe(1);
    });
});

test("the number of donors is bounded", () => {
  expect(() => drawDonors(lenders(2, 1, 2, 2), 65, 1)).toThrow("1 to 64 donors per cell, not 65");
});

test("what is pasted along grows with the cells", () => {
  const rim = (side: number, diameter?: number) =>
    recomposedRim({ height: side, width: side, ...(diameter === undefined ? {} : { diameter }) });
  expect(rim(64)).toBe(2);
  expect(rim(128)).toBe(4);
  // Crops of 128 px around cells of 32 px show these as crops of 64 px do.
  expect(rim(128, 32)).toBe(2);
});
