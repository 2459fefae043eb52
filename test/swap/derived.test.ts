import { describe, expect, test } from "vitest";
import { memoryCrops } from "../../src/cells/memory.ts";
import { mulberry32 } from "../../src/core/rng.ts";
import type { Setting } from "../../src/settings.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { type Derived, DerivedCrops, derivedScales } from "../../src/swap/derived.ts";
import { groupOf, measureScales } from "../../src/swap/intensity.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { settingOf } from "../../src/swap/runs.ts";
import type { CompositeOptions } from "../../src/types.ts";
import { draw } from "./drawn.ts";

const SIZE = 32;
const PIXELS = SIZE * SIZE;
const COUNT = 8;
const random = mulberry32(5);
const drawings = Array.from({ length: COUNT }, (_, i) =>
  draw(
    SIZE,
    [
      { y: 15 + random() * 2, x: 15 + random() * 2, r: 5 + random() * 2, light: 1 },
      // Close enough that a grown cell would reach it.
      { y: 24, x: 10 + random() * 12, r: 4, light: 1 },
      { y: 28, x: 4 + random() * 20, r: 4, light: 1 },
    ],
    i,
  ),
);
const crops = Float32Array.from(
  drawings.flatMap(({ crop }, i) => [...crop].map((v) => 50 + (20 + 5 * (i % 4)) * v)),
);
const masks = Uint8Array.from(drawings.flatMap(({ mask }) => [...mask]));
const shape = { channels: ["GFP", "RFP"], height: SIZE, width: SIZE };
const source = memoryCrops(shape, crops, masks);
const cells = {
  field: Array.from({ length: COUNT }, (_, i) => `F${i % 4}`),
  protein: Array.from({ length: COUNT }, (_, i) => `P${i % 2}`),
  usable: new Uint8Array(COUNT).fill(1),
};
const settings = ["original", "self", "same", "cell-free", "different", "masked"] as const;
const plan = makePlan({
  classes: ["P0", "P1"],
  classOf: Int16Array.from({ length: COUNT }, (_, i) => i % 2),
  ...cells,
  settings: [...settings],
  sameDonor: "any",
  seed: 1,
});
const recommended: CompositeOptions = {
  edge: "soft",
  sigma: 1,
  donorCenter: "fill",
  halo: 3,
  intensity: "field",
  clip: [-1, 6],
  seed: 4,
};
const scales = measureScales(source, recommended, groupOf(cells, "field"));
const derived: Derived = { plan, center: "cell", dilate: 0 };

/** What lies around the cell of a composite: its own neighbors, those of the donor, or none. */
const AROUND: Readonly<Partial<Record<Setting, "own" | "donor" | "nothing">>> = {
  original: "own",
  self: "own",
  same: "donor",
  "cell-free": "nothing",
  different: "donor",
  masked: "nothing",
};

/** The mask of a composite, pixel by pixel. */
function naiveMask(row: number, { center, dilate }: Derived, keep: boolean): Uint8Array {
  const at = (cell: number, p: number) => masks[cell * PIXELS + p];
  const around = AROUND[settingOf(plan, row)]!;
  const out = new Uint8Array(PIXELS);
  for (let p = 0; p < PIXELS; p++) {
    const own = at(plan.cell[row], p);
    if (own === 1) out[p] = 1;
    else if (around === "own") out[p] = own;
    else if (around === "donor") {
      const lent = at(plan.donor[row], p);
      out[p] = lent === 2 || (keep && lent === 1) ? 2 : 0;
    }
  }
  const grown = out.slice();
  for (let p = 0; p < PIXELS; p++)
    for (let q = 0; q < PIXELS; q++) {
      const [dy, dx] = [Math.floor(p / SIZE) - Math.floor(q / SIZE), (p % SIZE) - (q % SIZE)];
      if (dilate > 0 && out[p] === 0 && out[q] === 1 && dy * dy + dx * dx <= dilate * dilate) grown[p] = 1;
    }
  return center === "cell" ? grown : grown.map((label) => (label === 2 ? 1 : label));
}

describe("crops that are made of others", () => {
  test.each<[string, Omit<Derived, "plan">, CompositeOptions["donorCenter"]]>([
    ["the cell", { center: "cell", dilate: 0 }, "fill"],
    ["the cell and 2 px", { center: "cell", dilate: 2 }, "fill"],
    ["the cell and 5 px, up to its neighbors", { center: "cell", dilate: 5 }, "fill"],
    ["the cell and its neighbors", { center: "cell-and-neighbors", dilate: 0 }, "fill"],
    ["the cell, donors kept", { center: "cell", dilate: 0 }, "keep"],
  ])("have the mask of what they show: %s", (_, kind, donorCenter) => {
    const one = { plan, ...kind };
    const made = new DerivedCrops(source, scales, { ...recommended, donorCenter }, one);
    const mask = new Uint8Array(PIXELS);
    const own = new Uint8Array(PIXELS);
    const seen = new Set<Setting>();
    let changed = 0;
    for (let row = 0; row < plan.count; row++) {
      made.readMask(COUNT + row, mask);
      const expected = naiveMask(row, one, donorCenter === "keep");
      expect(mask, `row ${row}`).toEqual(expected);
      // Encoders are told of the cell as it was segmented, whatever is pasted along.
      made.readOwnMask(COUNT + row, own);
      const plain = naiveMask(row, { ...derived }, donorCenter === "keep");
      expect(own, `row ${row}`).toEqual(plain);
      seen.add(settingOf(plan, row));
      const cell = plan.cell[row];
      if (expected.some((label, p) => label !== masks[cell * PIXELS + p])) changed++;
    }
    expect([...seen].sort()).toEqual([...settings].sort());
    expect(changed).toBeGreaterThan(plan.count / 2);
  });

  test("are the composites of the plan, behind the cells of the store", () => {
    const made = new DerivedCrops(source, scales, recommended, derived);
    const compositor = new Compositor(source, scales, recommended);
    const [one, other] = [new Float32Array(2 * PIXELS), new Float32Array(2 * PIXELS)];
    expect(made.count).toBe(COUNT + plan.count);
    for (let cell = 0; cell < COUNT; cell++) {
      made.readCrop(cell, one);
      expect(one).toEqual(crops.slice(cell * 2 * PIXELS, (cell + 1) * 2 * PIXELS));
    }
    for (let row = 0; row < plan.count; row += 7) {
      made.readCrop(COUNT + row, one);
      compositor.compose(plan, row, other);
      expect(one).toEqual(other);
    }
  });

  test("have the levels of their cell's field, and are refused where they would be scaled twice", () => {
    const grown = derivedScales(scales, recommended, derived);
    expect([...grown.groupOf.subarray(0, COUNT)]).toEqual([...scales.groupOf]);
    for (let row = 0; row < plan.count; row++)
      expect(grown.groupOf[COUNT + row]).toBe(scales.groupOf[plan.cell[row]]);
    for (const intensity of ["protein", "crop"] as const)
      expect(() => derivedScales(scales, { ...recommended, intensity }, derived)).toThrow(
        `intensity \`${intensity}\` would scale twice; choose`,
      );
  });
});
