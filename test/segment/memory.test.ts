import { expect, test } from "vitest";
import { SHEET, sheetRows } from "../../src/segment/contact-sheet.ts";
import { sampledCrops } from "../../src/segment/field.ts";

test("a field's sample has 256 crops, and fewer of more than 128 px", () => {
  expect(sampledCrops(1000, 64, 64)).toBe(256);
  expect(sampledCrops(1000, 128, 128)).toBe(256);
  expect(sampledCrops(1000, 256, 256)).toBe(64);
  expect(sampledCrops(1000, 512, 512)).toBe(16);
  expect(sampledCrops(10, 512, 512)).toBe(10);
  expect(sampledCrops(10, 20_000, 20_000)).toBe(1);
});

test("a contact sheet shows all that it may of small crops, and about half of it of 512 px", () => {
  const verdicts = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? "ok" : "small"));
  expect(sheetRows(verdicts, 1, 64, 64)).toHaveLength(SHEET.usable + SHEET.perVerdict);
  expect(sheetRows(verdicts, 1, 256, 256)).toEqual(sheetRows(verdicts, 1, 64, 64));
  expect(sheetRows(verdicts, 1, 512, 512)).toHaveLength((SHEET.usable + SHEET.perVerdict) / 2);
  expect(sheetRows(verdicts, 1, 5000, 5000)).toHaveLength(2);
});
