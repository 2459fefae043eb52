import fc from "fast-check";
import { expect, test } from "vitest";
import { matchNuclei } from "../../../src/cells/fields/nuclei.ts";

/** Counts every pair of labels over all pixels. */
function naive(cells: number[], nuclei: number[]) {
  const perCell = new Map<number, number>();
  let outside = 0;
  for (const nucleus of new Set(nuclei.filter((n) => n !== 0))) {
    const covered = [...new Set(cells)]
      .filter((cell) => cell !== 0)
      .map((cell) => ({ cell, pixels: cells.filter((c, p) => c === cell && nuclei[p] === nucleus).length }))
      .filter(({ pixels }) => pixels > 0)
      .sort((a, b) => b.pixels - a.pixels || a.cell - b.cell);
    if (covered.length === 0) outside++;
    else perCell.set(covered[0].cell, (perCell.get(covered[0].cell) ?? 0) + 1);
  }
  return { perCell, outside };
}

test("a nucleus belongs to the cell that covers most of it", () => {
  const image = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(image, image, (cells, nuclei) => {
      const found = matchNuclei(Float64Array.from(cells), Uint8Array.from(nuclei), "nuclei.tif");
      expect(found).toEqual(naive(cells, nuclei));
    }),
  );
});
