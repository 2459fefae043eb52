import { expect, test } from "vitest";
import { checkDiameter, diameterOf, equivalentDiameter, measuredDiameter } from "../../src/masks/diameter.ts";

const area = (diameter: number) => (Math.PI * diameter ** 2) / 4;

test("crops name their cells' diameter, or are made for cells of half their shorter side", () => {
  expect(diameterOf({ height: 64, width: 80 })).toBe(32);
  expect(diameterOf({ height: 64, width: 80, diameter: 50 })).toBe(50);
  expect(equivalentDiameter(area(17))).toBeCloseTo(17, 12);
});

test("the masks' diameter counts where crops are made another way, and not within a factor of 1.25", () => {
  expect(measuredDiameter(160, 160, [area(26), area(27), area(500)])).toBeCloseTo(27, 12);
  expect(measuredDiameter(64, 64, [64 * 64, 64 * 64])).toBeCloseTo(72.2, 1);
  for (const usual of [26, 32, 39.9]) expect(measuredDiameter(64, 64, [area(usual)])).toBeUndefined();
  for (const other of [25.5, 40.1]) expect(measuredDiameter(64, 64, [area(other)])).toBeCloseTo(other, 12);
});

test("masks without a center cell say nothing of its diameter", () => {
  expect(measuredDiameter(160, 160, [0, 0, area(20)])).toBeCloseTo(20, 12);
  expect(measuredDiameter(160, 160, [0, 0])).toBeUndefined();
});

test("a diameter that crops cannot hold is refused with both", () => {
  expect(checkDiameter(4, 64, 80)).toBe(4);
  for (const wrong of [3.9, 65, Number.NaN])
    expect(() => checkDiameter(wrong, 64, 80)).toThrow(
      `--diameter is ${wrong}; 4 to 64 px is accepted for crops of 64 x 80`,
    );
});
