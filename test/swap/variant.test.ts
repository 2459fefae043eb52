import { describe, expect, test } from "vitest";
import { RECOMMENDED } from "../../src/swap/recommended.ts";
import { ALL_VARIANTS, fitVariants, parseVariant } from "../../src/swap/variant.ts";
import type { CompositeOptions } from "../../src/types.ts";

const own: CompositeOptions = { ...RECOMMENDED, sigma: 2, halo: 6, clip: [-1, 6], seed: 7 };

describe("parseVariant", () => {
  test.each([
    ["dilate-2", "dilate-2", 2],
    ["halo-0", "halo-0", 0],
    ["soft", "soft", 1],
    ["soft-3", "soft-3", 3],
    ["neighbor-slice", "neighbor-slice", 10],
    ["neighbor-slice-25", "neighbor-slice-25", 25],
    ["keep", "keep", null],
  ])("takes %s apart", (text, name, number) => {
    expect(parseVariant(text)).toMatchObject({ name, number });
  });

  test("gives what says the same in two ways one name", () => {
    expect(parseVariant("soft-1").name).toBe("soft");
    expect(parseVariant("cell-slice-10").name).toBe("cell-slice");
  });

  test.each([
    ["dilated", /no variant "dilated".*dilate-NUMBER.*and all/],
    ["dilate", /dilate takes a number from 1 to 10, dilate-2 for instance, not "dilate"/],
    ["erode-11", /takes a number from 1 to 10/],
    ["erode-0", /takes a number from 1 to 10/],
    ["hard-2", /takes no number; write "hard"/],
    ["neighbor-slice-51", /from 1 to 50/],
    ["dilate--2", /no variant/],
    ["", /no variant ""/],
    ["constructor", /no variant/],
  ])("refuses %s", (text, message) => {
    expect(() => parseVariant(text)).toThrow(message);
  });
});

describe("fitVariants", () => {
  test("scales lengths with the cells and changes nothing else", () => {
    const [dilate, halo, soft, keep, refill] = fitVariants(
      ["dilate-2", "halo-4", "soft-2", "keep", "refill"],
      own,
      2,
    );
    expect(dilate).toMatchObject({ composite: own, error: { kind: "dilate", amount: 4 } });
    expect(halo).toMatchObject({ composite: { ...own, halo: 8 }, error: null });
    expect(soft.composite).toEqual({ ...own, sigma: 4 });
    expect(keep.composite).toEqual({ ...own, donorCenter: "keep" });
    expect(refill.composite).toEqual({ ...own, seed: 8 });
    const [slice] = fitVariants(["neighbor-slice-20"], own, 2);
    expect(slice.error).toEqual({ kind: "neighbor-slice", amount: 0.2 });
    expect(slice.does).toContain("20 %");
  });

  test("takes for all what the study does not do already, each once", () => {
    const names = fitVariants(["keep", "all", "keep"], own, 2).map((v) => v.name);
    expect(names).toEqual(["keep", ...ALL_VARIANTS.filter((v) => !["keep", "soft", "fill"].includes(v))]);
    const hard: CompositeOptions = { ...own, edge: "hard", donorCenter: "keep" };
    const others = fitVariants(["all"], hard, 2).map((v) => v.name);
    expect(others).toEqual(ALL_VARIANTS.filter((v) => !["hard", "keep"].includes(v)));
  });

  test.each(["soft", "fill", "halo-3"])("refuses %s where the study does so", (name) => {
    expect(() => fitVariants([name], own, 2)).toThrow(
      `the variant ${name} is how the study makes composites already; leave it out`,
    );
  });
});
