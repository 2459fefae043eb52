import { expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { donorSentence, ENOUGH } from "../../src/remedy/donor-curve.ts";
import { DEFAULT_DONORS, enoughDonors, type ManyDonors } from "../../src/remedy/enough-donors.ts";

const DIMENSION = 5;
const CELLS = 60;
const DONORS = 3;

/**
 * Features of `classes` classes whose centroids lie `apart` from each other on average; each cell differs by 1 per
 * feature, each of its donors by `donor`. Row: ((class x donors) + donor) x cells + cell.
 */
function many(classes: number, apart: number, donor: number, seed = 1): ManyDonors & { data: Float32Array } {
  const random = mulberry32(seed);
  const data = new Float32Array(classes * DONORS * CELLS * DIMENSION);
  const row = (c: number, d: number, i: number) => (c * DONORS + d) * CELLS + i;
  for (let c = 0; c < classes; c++)
    for (let i = 0; i < CELLS; i++) {
      const cell = Array.from({ length: DIMENSION }, () => normal(random));
      // Centroids on axes of their own: sqrt(2) x this apart.
      cell[c] += apart / Math.SQRT2;
      for (let d = 0; d < DONORS; d++)
        for (let j = 0; j < DIMENSION; j++)
          data[row(c, d, i) * DIMENSION + j] = 7 + cell[j] + donor * normal(random);
    }
  return {
    data,
    set: {
      dimension: DIMENSION,
      read: (rows, out) => {
        Array.from(rows).forEach((r, i) => {
          out.set(data.subarray(r * DIMENSION, (r + 1) * DIMENSION), i * DIMENSION);
        });
      },
    },
    rows: Array.from({ length: classes }, (_, c) =>
      Array.from({ length: DONORS }, (_, d) => Int32Array.from({ length: CELLS }, (_, i) => row(c, d, i))),
    ),
    field: (r) => `${r}`,
  };
}

test("what is left of donors is their spread over the root of their number, as a share of the distance", () => {
  const { residual } = enoughDonors(many(3, 8, 0.5));
  for (const { donors, residual: left } of residual) {
    const truth = (0.5 * Math.sqrt(DIMENSION)) / Math.sqrt(donors) / 8;
    expect(Math.abs(left! / truth - 1)).toBeLessThan(0.1);
  }
});

test("the fewest donors that are enough are chosen, eight where none is", () => {
  // The residual of one donor is donor x sqrt(5) / apart; k donors are enough from (that / ENOUGH) squared on.
  const apart = 10;
  const donorFor = (k: number) => (ENOUGH * Math.sqrt(k) * apart) / Math.sqrt(DIMENSION);
  expect(enoughDonors(many(3, apart, donorFor(1))).donors).toBe(2);
  expect(enoughDonors(many(3, apart, donorFor(3))).donors).toBe(4);
  expect(enoughDonors(many(3, apart, donorFor(6))).donors).toBe(8);
  expect(enoughDonors(many(3, apart, donorFor(40))).donors).toBe(8);
});

test("classes that are no distance apart leave the default, and one donor a cell as well", () => {
  const one = enoughDonors(many(1, 8, 0.5));
  expect(one.donors).toBe(DEFAULT_DONORS);
  expect(one.residual.map((r) => r.residual)).toEqual([null, null, null, null, null]);
  const given = many(3, 8, 0.5);
  const single = enoughDonors({ ...given, rows: given.rows.map(([first]) => [first]) });
  expect(single.donors).toBe(DEFAULT_DONORS);
});

test("features that donors do not move need two", () => {
  expect(enoughDonors(many(3, 8, 0)).donors).toBe(2);
});

test("it is said why there are so many donors", () => {
  const curve = (first: number | null, donors: number) => ({
    donors,
    residual: [1, 2, 4, 8, 16].map((k) => ({
      donors: k,
      residual: first === null ? null : first / Math.sqrt(k),
    })),
  });
  expect(donorSentence("recompose", curve(0.2, 4))).toMatch(
    /^recompose: 4 donors\. What .* 1: 0\.200, 2: 0\.141,/,
  );
  expect(donorSentence("recompose", curve(0.1, 8))).toMatch(
    /^recompose: 8 donors, as another output .* asks for\. /,
  );
  expect(donorSentence("recompose", curve(0.9, 8))).toMatch(
    / 8 donors, the most .*, though more than 0\.1 is left\. /,
  );
  expect(donorSentence("recompose", curve(null, 4))).toMatch(/4 donors; the features do not say/);
});
