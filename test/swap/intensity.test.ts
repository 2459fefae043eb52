import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryCrops } from "../../src/cells/memory.ts";
import { mulberry32 } from "../../src/core/rng.ts";
import { SettingError } from "../../src/errors.ts";
import { applyScale, groupOf, measureScales, plainScales } from "../../src/swap/intensity.ts";

const shape = { channels: ["GFP", "RFP"], height: 4, width: 5 };

function randomCells(seed: number, count: number, groups: number) {
  const random = mulberry32(seed);
  const crops = Float32Array.from({ length: count * 40 }, () => Math.round(random() * 50) / 8 - 1);
  const masks = Uint8Array.from({ length: count * 20 }, () => Math.floor(random() * 3));
  for (let i = 0; i < count; i++) masks.set([0, 1], i * 20);
  for (let i = 0; i < crops.length; i++) if (masks[Math.floor(i / 40) * 20 + (i % 20)] === 1) crops[i] += 100;
  const field = Array.from({ length: count }, () => `F${Math.floor(random() * groups)}`);
  const usable = Uint8Array.from({ length: count }, () => (random() < 0.8 ? 1 : 0));
  return { source: memoryCrops(shape, crops, masks), crops, masks, cells: { field, protein: field, usable } };
}

const numpyMedian = (values: number[]): number => {
  const s = [...values].sort((a, b) => a - b);
  const n = s.length;
  return n % 2 === 1 ? s[(n - 1) / 2] : (s[n / 2 - 1] + s[n / 2]) / 2;
};

test("it is told before every group how many cells are measured", () => {
  const { source, cells } = randomCells(4, 9, 3);
  const grouping = groupOf(cells, "field")!;
  const told: [done: number, total: number][] = [];
  measureScales(source, { intensity: "field" }, grouping, {
    onProgress: (done, total) => told.push([done, total]),
  });
  const measured = grouping.groups.map(
    (group) => cells.field.filter((field, i) => field === group && cells.usable[i] === 1).length,
  );
  const total = measured.reduce((sum, n) => sum + n, 0);
  let before = 0;
  expect(told).toEqual(
    measured.map((n) => {
      before += n;
      return [before - n, total];
    }),
  );
});

test("scales equal their definition, held in memory or read again", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 12 }), (seed, count) => {
      const { source, crops, masks, cells } = randomCells(seed, count, 3);
      const grouping = groupOf(cells, "field")!;
      for (const held of [1 << 20, 30, 0]) {
        const scales = measureScales(source, { intensity: "field" }, grouping, { held });
        grouping.groups.forEach((group, g) => {
          const rows = cells.field.flatMap((f, i) => (f === group && cells.usable[i] === 1 ? [i] : []));
          for (let c = 0; c < 2; c++) {
            const pixel = (i: number, p: number) => crops[i * 40 + c * 20 + p];
            const at = (i: number, label: number) =>
              Array.from({ length: 20 }, (_, p) => p).filter((p) => masks[i * 20 + p] === label);
            const background = numpyMedian(rows.flatMap((i) => at(i, 0).map((p) => pixel(i, p))));
            const means = rows.map((i) => at(i, 1).reduce((s, p) => s + pixel(i, p), 0) / at(i, 1).length);
            if (rows.length === 0) expect(scales.background[g * 2 + c]).toBeNaN();
            else {
              expect(scales.background[g * 2 + c]).toBe(background);
              expect(scales.cell[g * 2 + c]).toBeCloseTo(numpyMedian(means), 12);
            }
          }
        });
      }
    }),
    { numRuns: 60 },
  );
});

test("a scaled group has its background at 0 and its cells at 1, then is clipped", () => {
  const scales = {
    kind: "group",
    groups: ["F"],
    groupOf: Int32Array.of(0),
    background: Float64Array.of(10, 1),
    cell: Float64Array.of(20, 3),
  } as const;
  const crop = Float32Array.from([10, 20, 15, -50, 200, 1, 3, 2, -50, 200]);
  applyScale(crop, 0, 2, scales, [-1, 6]);
  expect([...crop]).toEqual([0, 1, 0.5, -1, 6, 0, 1, 0.5, -1, 6]);
  const free = Float32Array.from([10, 20, 15, -50, 200, 1, 3, 2, -50, 200]);
  applyScale(free, 0, 2, scales, null);
  expect([...free]).toEqual([0, 1, 0.5, -6, 19, 0, 1, 0.5, -25.5, 99.5]);
});

test("`crop` brings each channel's minimum and maximum to 0 and 1; a constant channel becomes 0; `none` does nothing", () => {
  const crop = Float32Array.from([2, 4, 3, 7, 7, 7]);
  applyScale(crop, 0, 2, plainScales("crop"), [-1, 6]);
  expect([...crop]).toEqual([0, 1, 0.5, 0, 0, 0]);
  const same = Float32Array.from([2, 40, 3, 7, 7, 7]);
  applyScale(same, 0, 2, plainScales("none"), [-1, 6]);
  expect([...same]).toEqual([2, 40, 3, 7, 7, 7]);
});

test("groups that cannot be scaled are named with a remedy", () => {
  const { source, crops, masks, cells } = randomCells(1, 6, 1);
  const measure = () =>
    measureScales(memoryCrops(shape, crops, masks), { intensity: "field" }, groupOf(cells, "field"));
  crops.fill(3);
  expect(measure).toThrow(SettingError);
  expect(measure).toThrow(/F0, channel GFP: cells and background have the same level \(3\)/);
  masks.fill(1);
  expect(measure).toThrow(/F0 has no cell-free pixels/);
  expect(source.masks).toBe("full");
  const bare = memoryCrops(shape, crops, null);
  expect(() => measureScales(bare, { intensity: "protein" }, groupOf(cells, "protein"))).toThrow(
    /intensity `protein` needs masks.*cellswap segment/,
  );
});
