import { expect, test } from "vitest";
import { nearestNames, parsePattern } from "../../../src/cells/fields/file-pattern.ts";

const read = (pattern: string, file: string) => parsePattern(pattern, "--pattern").match(file);

test("values are what stands between the fixed parts", () => {
  expect(read("{Plate}/{Well}_{Site}_{Channel}.tif", "P 1/B02_3_DNA.tif")).toEqual({
    ...{ Plate: "P 1", Well: "B02", Site: "3", Channel: "DNA" },
  });
  expect(read("{well}.tif", "B02.tif"), "known names in any case").toEqual({ Well: "B02" });
  expect(read("r(1)+{Site}.tif", "r(1)+7.tif"), "fixed parts are no expressions").toEqual({ Site: "7" });
  expect(read("*_{Site}.tif", "anything_7.tif")).toEqual({ Site: "7" });
  expect(read("{Site}.tif", "a/7.tif"), "no value reaches over a slash").toBeNull();
  expect(read("{Site}.tif", "7.tiff")).toBeNull();
  expect(read("field.tif", "field.tif")).toEqual({});
});

test("a name that can be read in two ways is told, a form decides", () => {
  expect(read("{Plate}_{Well}.tif", "P_1_B02.tif")).toBe("ambiguous");
  expect(read("{Plate}_{Well:[A-P]\\\\d{2}}.tif".replace("\\\\", "\\"), "P_1_B02.tif")).toEqual({
    ...{ Plate: "P_1", Well: "B02" },
  });
});

test("a name is made of values", () => {
  const pattern = parsePattern("{plate}/*_{Well}.tif", "--label-images");
  expect(pattern.fill({ Plate: "P1", Well: "B02" })).toBe("P1/*_B02.tif");
});

test.each([
  ["{Well}_{Well}.tif", /has \{Well\} twice/],
  ["{Well.tif", /a brace that is not a \{Name\}/],
  ["{Well:(}.tif", /is no pattern/],
])("%s is refused", (pattern, message) => {
  expect(() => parsePattern(pattern, "--pattern")).toThrow(message);
});

test("the nearest names hold most of the fixed parts", () => {
  const pattern = parsePattern("{Well}_masks_{Site}.tif", "--label-images");
  expect(
    nearestNames(pattern, ["notes.txt", "B02_dna_1.tif", "B02_masks_1.png", "B02_masks_x1.tif"], 2),
  ).toEqual(["B02_masks_x1.tif", "B02_masks_1.png"]);
});
