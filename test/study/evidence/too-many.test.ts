import { expect, test } from "vitest";
import { tooManyForShares } from "../../../src/study/evidence/shares.ts";

const classes = (count: number) => ({ classes: Array.from({ length: count }, (_, i) => `c${i}`) });

test("shares of variance are left out where classes and backgrounds are too many, and it is said", () => {
  const all = { settings: ["different"] as const };
  const two = { ...all, backgrounds: ["c0", "c1"] };
  expect(tooManyForShares(all, classes(256))).toBe(null);
  expect(tooManyForShares(two, classes(2896))).toBe(null);
  expect(tooManyForShares({ ...two, settings: ["same"] }, classes(5000))).toBe(null);
  expect(tooManyForShares(two, classes(2897))).toMatchObject({
    id: "without-shares",
    text: "shares of variance are left out: 2,897 classes on 2 backgrounds make 8,392,609 pairs, and up to 8,388,608 are held; name fewer backgrounds or classes to have them",
  });
  expect(tooManyForShares(all, classes(257))).toMatchObject({ id: "without-shares" });
});
