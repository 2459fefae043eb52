import { describe, expect, test } from "vitest";
import { memoryCrops } from "../../src/cells/memory.ts";
import { mulberry32, shuffle } from "../../src/core/rng.ts";
import { SettingError } from "../../src/errors.ts";
import { SETTINGS, type Setting } from "../../src/settings.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { applyScale, groupOf, measureScales, plainScales } from "../../src/swap/intensity.ts";
import { alphaScratch, softAlpha } from "../../src/swap/paste.ts";
import { makePlan } from "../../src/swap/plan.ts";
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
  crops.set(
    crop.map((v) => 50 + 20 * v),
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
  Array.from({ length: plan.count }, (_, row) => row).filter(
    (row) => SETTINGS[plan.setting[row]] === setting,
  );

const recommended: CompositeOptions = {
  edge: "soft",
  sigma: 1,
  donorCenter: "fill",
  halo: 3,
  intensity: "field",
  clip: [-1, 6],
  seed: 4,
};
const published: CompositeOptions = { ...recommended, edge: "hard", donorCenter: "keep" };
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
function scaled(cell: number): Float32Array {
  const crop = crops.slice(cell * 2 * PIXELS, (cell + 1) * 2 * PIXELS);
  applyScale(crop, cell, 2, scales, [-1, 6]);
  return crop;
}
const label = (cell: number, i: number) => masks[cell * PIXELS + (i % PIXELS)];

test("original is the scaled crop, masked is 0 outside the center cell", () => {
  for (const options of [published, recommended]) {
    for (const row of rows("original")) expect(compose(options, row)).toEqual(scaled(plan.cell[row]));
    for (const row of rows("masked")) {
      const cell = plan.cell[row];
      expect(compose(options, row)).toEqual(scaled(cell).map((v, i) => (label(cell, i) === 1 ? v : 0)));
    }
  }
});

test("hard and keep: the donor with the center cell's pixels overwritten; self equals original", () => {
  for (const setting of ["same", "different"] as const)
    for (const row of rows(setting)) {
      const cell = plan.cell[row];
      const donor = scaled(plan.donor[row]);
      expect(compose(published, row)).toEqual(
        scaled(cell).map((v, i) => (label(cell, i) === 1 ? v : donor[i])),
      );
    }
  for (const row of rows("self")) expect(compose(published, row)).toEqual(scaled(plan.cell[row]));
});

test("hard and fill: the center cell is untouched, around it nothing depends on it", () => {
  const options = { ...recommended, edge: "hard" } as const;
  for (const setting of ["same", "cell-free", "different"] as const)
    for (const row of rows(setting)) {
      const cell = plan.cell[row];
      const own = scaled(cell);
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
    const other = new Compositor(memoryCrops(shape, altered, masks), scales, recommended);
    expect(compose(recommended, row, other)).toEqual(compose(recommended, row));
  }
});

test("self differs from original only around the edge of the center cell; background-only lacks the cell", () => {
  for (const [k, row] of rows("self").entries()) {
    const cell = plan.cell[row];
    const own = scaled(cell);
    const gone = compose(recommended, rows("background-only")[k]);
    let inside = 0;
    let light = 0;
    let left = 0;
    compose(recommended, row).forEach((v, i) => {
      const [y, x] = [Math.floor((i % PIXELS) / SIZE), i % SIZE];
      const core = [-4, -3, -2, -1, 0, 1, 2, 3, 4].every(
        (d) => label(cell, y * SIZE + x + d) === 1 && label(cell, (y + d) * SIZE + x) === 1,
      );
      if (!core) return;
      inside++;
      light += own[i];
      left += gone[i];
      expect(Math.abs(v - own[i])).toBeLessThan(0.02);
    });
    expect(inside).toBeGreaterThan(5);
    expect(light / inside).toBeGreaterThan(0.7);
    expect(Math.abs(left / inside)).toBeLessThan(0.25);
  }
});

test("a row gives the same bytes in every order, with any cache and in a new compositor", () => {
  const all = Array.from({ length: plan.count }, (_, row) => row);
  const wanted = all.map((row) => compose(recommended, row));
  for (const cached of [0, 3, 1000]) {
    const cacheBytes = cached * 2 * PIXELS * Float32Array.BYTES_PER_ELEMENT;
    const compositor = new Compositor(source, scales, recommended, { cacheBytes });
    for (const row of shuffle(all.slice(), mulberry32(cached)))
      expect(compose(recommended, row, compositor)).toEqual(wanted[row]);
  }
});

test("cell-free and different of one cell and background use one donor: far from all cells they agree", () => {
  const free = new Map(rows("cell-free").map((row) => [`${plan.cell[row]} ${plan.background[row]}`, row]));
  for (const row of rows("different")) {
    const twin = free.get(`${plan.cell[row]} ${plan.background[row]}`)!;
    expect(plan.donor[twin]).toBe(plan.donor[row]);
    const [a, b] = [compose(recommended, row), compose(recommended, twin)];
    // Pixel 0 is a corner, over 12 px from every cell that is drawn at the bottom and in the middle.
    expect(a[0]).toBe(b[0]);
  }
});

describe("masks that do not know the neighbors", () => {
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

test("a cell whose group has no scale is refused", () => {
  const usable = Uint8Array.from(cells.field, (f) => (f === "F0" ? 0 : 1));
  const partial = measureScales(source, recommended, groupOf({ ...cells, usable }, "field"));
  const compositor = new Compositor(source, partial, recommended);
  expect(() => compose(recommended, 0, compositor)).toThrow(/field F0|F0 has no/);
});

test("soft composites are those of the whole scaled crops, to the last bit, also where 0 has a sign", () => {
  // The second channel is dimmer in cells, so its range is negative, and holds its background level exactly.
  const dim = crops.map((v, i) => (Math.floor(i / PIXELS) % 2 === 1 ? Math.round(150 - v) : v));
  const given = memoryCrops(shape, dim, masks);
  const measured = measureScales(given, recommended, groupOf(cells, "field"));
  const whole = (cell: number) => {
    const crop = dim.slice(cell * 2 * PIXELS, (cell + 1) * 2 * PIXELS);
    applyScale(crop, cell, 2, measured, [-1, 6]);
    return crop;
  };
  const compositor = new Compositor(given, measured, { ...recommended, donorCenter: "keep" });
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
