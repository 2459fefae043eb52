import { describe, expect, test } from "vitest";
import { memoryCrops } from "../../src/cells/memory.ts";
import { mulberry32, shuffle } from "../../src/core/rng.ts";
import { SettingError } from "../../src/errors.ts";
import { SETTINGS, type Setting } from "../../src/settings.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { applyScale, groupOf, measureScales, plainScales } from "../../src/swap/intensity.ts";
import { alphaScratch, softAlpha } from "../../src/swap/paste.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { backgroundOf, settingOf } from "../../src/swap/runs.ts";
import type { CompositeOptions } from "../../src/types.ts";
import { draw } from "./drawn.ts";

const SIZE = 32;
const PIXELS = SIZE * SIZE;
const COUNT = 12;
const random = mulberry32(11);
const drawings = Array.from({ length: COUNT }, (_, i) =>
  draw(
    SIZE,
    [
      { y: 15 + random() * 2, x: 15 + random() * 2, r: 5 + random() * 2, light: 1 + 0.3 * random() },
      { y: 29, x: 4 + random() * 20, r: 5, light: 1 },
    ],
    i,
  ),
);
const crops = new Float32Array(COUNT * 2 * PIXELS);
const masks = new Uint8Array(COUNT * PIXELS);
drawings.forEach(({ crop, mask }, i) => {
  const f = i % 4;
  crops.set(
    crop.map((v) => 50 + 10 * f + (20 + 6 * f) * v),
    i * 2 * PIXELS,
  );
  masks.set(mask, i * PIXELS);
});
const shape = { channels: ["GFP", "RFP"], height: SIZE, width: SIZE };
const source = memoryCrops(shape, crops, masks);
const cells = {
  field: Array.from({ length: COUNT }, (_, i) => `F${i % 4}`),
  protein: Array.from({ length: COUNT }, (_, i) => `P${i % 2}`),
  usable: new Uint8Array(COUNT).fill(1),
};
const plan = makePlan({
  classes: ["P0", "P1"],
  classOf: Int16Array.from({ length: COUNT }, (_, i) => i % 2),
  ...cells,
  settings: SETTINGS,
  sameDonor: "any",
  seed: 1,
});
const rows = (setting: Setting) =>
  Array.from({ length: plan.count }, (_, row) => row).filter((row) => settingOf(plan, row) === setting);

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

function compose(
  options: CompositeOptions,
  row: number,
  compositor = new Compositor(source, scales, options),
) {
  const out = new Float32Array(2 * PIXELS);
  compositor.compose(plan, row, out);
  return out;
}
/** A crop in the units in which it is pasted on another, or lent to a cell. */
type Units = (cell: number, to: number) => Float32Array;
/** Whole crops scaled by their group, whatever the cell. */
const scaled: Units = (cell) => {
  const crop = crops.slice(cell * 2 * PIXELS, (cell + 1) * 2 * PIXELS);
  applyScale(crop, cell, 2, scales, [-1, 6]);
  return crop;
};
/** As imaged, and in another field brought to the levels of that. */
const matched: Units = (cell, to) => {
  const [h, g] = [2 * scales.groupOf[cell], 2 * scales.groupOf[to]];
  const crop = crops.slice(cell * 2 * PIXELS, (cell + 1) * 2 * PIXELS);
  if (h === g) return crop;
  return crop.map((x, i) => {
    const c = Math.floor(i / PIXELS);
    const [b, range] = [scales.background[g + c], scales.cell[g + c] - scales.background[g + c]];
    const slope = range / (scales.cell[h + c] - scales.background[h + c]);
    return Math.min(Math.max((x - scales.background[h + c]) * slope + b, b - range), b + 6 * range);
  });
};
const label = (cell: number, i: number) => masks[cell * PIXELS + (i % PIXELS)];

const medium = (cell: number, i: number) =>
  scales.background[2 * scales.groupOf[cell] + Math.floor(i / PIXELS)];
/** How far 0 is from 1: the scale of tolerances. */
const rangeOf = (cell: number, i: number) =>
  scales.cell[2 * scales.groupOf[cell] + Math.floor(i / PIXELS)] - medium(cell, i);

// Scales of fields with intensity `protein` are whole crops scaled by field.
describe.each([
  ["whole crops scaled", "protein", scaled, () => 0, () => 1],
  ["backgrounds brought to the field of the cell", "field", matched, medium, rangeOf],
] as const)("%s", (_, intensity, inUnits, level, range) => {
  const soft: CompositeOptions = { ...recommended, intensity };
  const published: CompositeOptions = { ...soft, edge: "hard", donorCenter: "keep" };

  test("original is the crop, masked is at the level of the medium outside the center cell", () => {
    for (const options of [published, soft]) {
      for (const row of rows("original")) {
        const cell = plan.cell[row];
        expect(compose(options, row)).toEqual(inUnits(cell, cell));
      }
      for (const row of rows("masked")) {
        const cell = plan.cell[row];
        expect(compose(options, row)).toEqual(
          inUnits(cell, cell).map((v, i) => (label(cell, i) === 1 ? v : level(cell, i))),
        );
      }
    }
  });

  test("hard and keep: the donor with the center cell's pixels overwritten; self equals original", () => {
    for (const setting of ["same", "different"] as const)
      for (const row of rows(setting)) {
        const cell = plan.cell[row];
        const donor = inUnits(plan.donor[row], cell);
        expect(compose(published, row)).toEqual(
          inUnits(cell, cell).map((v, i) => (label(cell, i) === 1 ? v : donor[i])),
        );
      }
    for (const row of rows("self")) {
      const cell = plan.cell[row];
      expect(compose(published, row)).toEqual(inUnits(cell, cell));
    }
  });

  test("hard and fill: the center cell is untouched, around it nothing depends on it", () => {
    const options = { ...soft, edge: "hard" } as const;
    for (const setting of ["same", "cell-free", "different"] as const)
      for (const row of rows(setting)) {
        const cell = plan.cell[row];
        const own = inUnits(cell, cell);
        compose(options, row).forEach((v, i) => {
          if (label(cell, i) === 1) expect(v).toBe(own[i]);
        });
        // Another center crop with the same mask leaves the surroundings as they are.
        const altered = crops.slice();
        for (let i = 0; i < 2 * PIXELS; i++) altered[cell * 2 * PIXELS + i] += 7;
        const other = new Compositor(memoryCrops(shape, altered, masks), scales, options);
        const changed = compose(options, row, other);
        compose(options, row).forEach((v, i) => {
          if (label(cell, i) !== 1) expect(changed[i]).toBe(v);
        });
      }
  });

  test("soft: own neighbors never come along", () => {
    for (const row of rows("different")) {
      const cell = plan.cell[row];
      const altered = crops.slice();
      for (let i = 0; i < 2 * PIXELS; i++) if (label(cell, i) === 2) altered[cell * 2 * PIXELS + i] += 500;
      const other = new Compositor(memoryCrops(shape, altered, masks), scales, soft);
      expect(compose(soft, row, other)).toEqual(compose(soft, row));
    }
  });

  test("self differs from original only around the edge of the center cell; background-only lacks the cell", () => {
    for (const [k, row] of rows("self").entries()) {
      const cell = plan.cell[row];
      const own = inUnits(cell, cell);
      const gone = compose(soft, rows("background-only")[k]);
      const bright = (v: number, i: number) => (v - level(cell, i)) / range(cell, i);
      let inside = 0;
      let light = 0;
      let left = 0;
      compose(soft, row).forEach((v, i) => {
        const [y, x] = [Math.floor((i % PIXELS) / SIZE), i % SIZE];
        const core = [-4, -3, -2, -1, 0, 1, 2, 3, 4].every(
          (d) => label(cell, y * SIZE + x + d) === 1 && label(cell, (y + d) * SIZE + x) === 1,
        );
        if (!core) return;
        inside++;
        light += bright(own[i], i);
        left += bright(gone[i], i);
        expect(Math.abs(bright(v, i) - bright(own[i], i))).toBeLessThan(0.02);
      });
      expect(inside).toBeGreaterThan(5);
      expect(light / inside).toBeGreaterThan(0.7);
      expect(Math.abs(left / inside)).toBeLessThan(0.25);
    }
  });

  test("a row gives the same bytes in every order, with any cache and in a new compositor", () => {
    const all = Array.from({ length: plan.count }, (_, row) => row);
    const wanted = all.map((row) => compose(soft, row));
    for (const cached of [0, 3, 1000]) {
      const cacheBytes = cached * 2 * PIXELS * Float32Array.BYTES_PER_ELEMENT;
      const compositor = new Compositor(source, scales, soft, { cacheBytes });
      for (const row of shuffle(all.slice(), mulberry32(cached)))
        expect(compose(soft, row, compositor)).toEqual(wanted[row]);
    }
  });

  test("cell-free and different of one cell and background use one donor: far from all cells they agree", () => {
    const free = new Map(
      rows("cell-free").map((row) => [`${plan.cell[row]} ${backgroundOf(plan, row)}`, row]),
    );
    for (const row of rows("different")) {
      const twin = free.get(`${plan.cell[row]} ${backgroundOf(plan, row)}`)!;
      expect(plan.donor[twin]).toBe(plan.donor[row]);
      const [a, b] = [compose(soft, row), compose(soft, twin)];
      // Pixel 0 is a corner, over 12 px from every cell that is drawn at the bottom and in the middle.
      expect(a[0]).toBe(b[0]);
    }
  });
});

describe("masks that do not know the neighbors", () => {
  const published: CompositeOptions = { ...recommended, edge: "hard", donorCenter: "keep" };
  const bare = memoryCrops(
    shape,
    crops,
    masks.map((v) => (v === 1 ? 1 : 0)),
    "center",
  );
  test.each([
    ["cell-free", published],
    ["background-only", published],
    ["same", recommended],
    ["same", { ...published, edge: "soft" }],
    ["self", recommended],
  ] as const)("%s is refused with the remedy", (setting, options) => {
    const compositor = new Compositor(bare, plainScales("none"), options);
    expect(() => compose(options, rows(setting)[0], compositor)).toThrow(SettingError);
    expect(() => compose(options, rows(setting)[0], compositor)).toThrow(
      /cellswap segment CELLS --neighbors/,
    );
  });
  test("the published options work", () => {
    const compositor = new Compositor(bare, plainScales("none"), published);
    for (const setting of ["original", "self", "same", "different", "masked"] as const)
      expect(compose(published, rows(setting)[0], compositor).every(Number.isFinite)).toBe(true);
  });
  test("no masks at all: original only", () => {
    const none = new Compositor(memoryCrops(shape, crops, null), plainScales("none"), published);
    compose(published, rows("original")[0], none);
    expect(() => compose(published, rows("masked")[0], none)).toThrow(/needs masks.*cellswap segment CELLS/);
  });
});

test("a cell whose group has no scale is refused wherever that is looked at", () => {
  const usable = Uint8Array.from(cells.field, (f) => (f === "F0" ? 0 : 1));
  const partial = measureScales(source, recommended, groupOf({ ...cells, usable }, "field"));
  const refused = (options: CompositeOptions, setting: Setting, from: "cell" | "donor") => {
    const row = rows(setting).find((r) => cells.field[plan[from][r]] === "F0")!;
    const compositor = new Compositor(source, partial, options);
    expect(() => compose(options, row, compositor)).toThrow(/F0 has no usable cell/);
  };
  for (const intensity of ["protein", "field"] as const)
    for (const donorCenter of ["keep", "fill"] as const) {
      const options = { ...recommended, intensity, donorCenter };
      for (const setting of ["same", "different", "cell-free"] as const)
        for (const from of ["cell", "donor"] as const) refused(options, setting, from);
      for (const setting of ["masked", "background-only"] as const) refused(options, setting, "cell");
    }
  refused(recommended, "self", "cell");
  refused({ ...recommended, intensity: "protein" }, "original", "cell");
  const compositor = new Compositor(source, partial, recommended);
  for (const row of rows("original"))
    expect(compose(recommended, row, compositor)).toEqual(matched(plan.cell[row], plan.cell[row]));
});

test("soft composites are those of the whole crops, to the last bit, also where 0 has a sign", () => {
  // The second channel is dimmer in cells, so its range is negative, and holds its background level exactly.
  const dim = crops.map((v, i) => (Math.floor(i / PIXELS) % 2 === 1 ? Math.round(150 - v) : v));
  const given = memoryCrops(shape, dim, masks);
  const measured = measureScales(given, recommended, groupOf(cells, "field"));
  const whole = (cell: number) => {
    const crop = dim.slice(cell * 2 * PIXELS, (cell + 1) * 2 * PIXELS);
    applyScale(crop, cell, 2, measured, [-1, 6]);
    return crop;
  };
  const options = { ...recommended, intensity: "protein", donorCenter: "keep" } as const;
  const compositor = new Compositor(given, measured, options);
  const [out, alpha] = [new Float32Array(2 * PIXELS), new Float64Array(PIXELS)];
  let negativeZeros = 0;
  for (const row of rows("different")) {
    const [cell, donor] = [plan.cell[row], whole(plan.donor[row])];
    const mask = masks.subarray(cell * PIXELS, (cell + 1) * PIXELS);
    softAlpha({ mask, height: SIZE, width: SIZE, sigma: 1 }, alpha, alphaScratch(PIXELS));
    const expected = whole(cell).map((v, i) => alpha[i % PIXELS] * v + (1 - alpha[i % PIXELS]) * donor[i]);
    compositor.compose(plan, row, out);
    expect(new Uint32Array(out.buffer)).toEqual(new Uint32Array(expected.buffer));
    negativeZeros += expected.filter((v) => Object.is(v, -0)).length;
  }
  expect(negativeZeros).toBeGreaterThan(0);
});
