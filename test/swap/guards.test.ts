import { expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { standardDeviation } from "../../src/core/statistics.ts";
import { SETTINGS } from "../../src/settings.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { reusedDonors } from "../../src/swap/reuse.ts";
import { backgroundOf, settingOf } from "../../src/swap/runs.ts";
import { contrastOf, levelOf, saturated, weakScales, withoutSignal } from "../../src/swap/signal.ts";

const channels = ["GFP", "RFP"];
const groups = ["f0", "f1", "f2", "f3"];

/** Scales of four fields whose ranges are given, background 100. */
function scales(...ranges: number[]) {
  const background = new Float64Array(8).fill(100);
  const cell = Float64Array.from({ length: 8 }, (_, i) => 100 + (i % 2 === 0 ? ranges[i / 2] : 50));
  return { groups, background, cell };
}
const noise = new Float64Array(8).fill(7);
const weak = (...ranges: number[]) => weakScales(scales(...ranges), noise, channels, "field");

test("scales are judged by the noise of the medium", () => {
  expect(weak(8, 50, 200, 30)).toEqual([]);
  expect(weak(6, 50, 200, 30)).toMatchObject([{ id: "weak-scale", severity: "warning" }]);
  expect(weak(0.2, -0.1, 200, 30)).toMatchObject([
    {
      id: "scale-of-noise",
      severity: "refuse",
      text: expect.stringMatching(/^2 fields and channels \(f0 \(GFP\), f1 \(GFP\)\): .*`crop` or `none`/),
    },
  ]);
});

test("a sign that differs from most groups turns the image over; dark cells everywhere do not", () => {
  expect(weak(40, -40, 60, 50)).toMatchObject([
    { id: "turned-scale", severity: "warning", text: expect.stringContaining("(f1 (GFP))") },
  ]);
  expect(weak(-40, -40, -60, -50)).toEqual([]);
});

test("groups that the study does not use are not judged, nor is medium without noise", () => {
  const unused = noise.map((v, i) => (i === 0 ? Number.NaN : v));
  expect(weakScales(scales(0.1, 50, 50, 50), unused, channels, "field")).toEqual([]);
  expect(weakScales(scales(0.1, 50, 50, 50), new Float64Array(8), channels, "field")).toEqual([]);
});

test("the noise of the medium is its standard deviation, whatever cells shine into it", () => {
  const random = mulberry32(8);
  const pixels = Float32Array.from(
    { length: 4096 },
    (_, p) => 100 + 7 * normal(random) + (p % 5 === 0 ? 90 : 0),
  );
  const mask = Uint8Array.from({ length: 4096 }, (_, p) => (p < 500 ? 1 : p < 800 ? 2 : 0));
  const level = levelOf(pixels, mask)!;
  const plain = standardDeviation(pixels.filter((_, p) => p >= 800 && p % 5 !== 0));
  expect(level.noise / plain).toBeGreaterThan(0.75);
  expect(level.noise / plain).toBeLessThan(1.35);
  expect(level.cell).toBeCloseTo(pixels.subarray(0, 500).reduce((a, b) => a + b, 0) / 500, 9);
  expect(levelOf(pixels, new Uint8Array(4096))).toBeNull();
});

test("channels without signal are named", () => {
  expect(withoutSignal([0.1, 12], channels)?.text).toMatch(/^channel GFP:/);
  expect(withoutSignal([-3, 12], channels)).toBeNull();
  expect(withoutSignal([Number.NaN, Number.NaN], channels)).toBeNull();
  expect(contrastOf({ cell: 5, medium: 5, noise: 0 })).toBe(0);
  expect(contrastOf({ cell: 6, medium: 5, noise: 0 })).toBe(1e6);
});

test("clipped pixels are told from two percent on, where something is clipped", () => {
  expect(saturated([0.03, 0.001], channels, [-1, 6])?.text).toMatch(/\(-1 and 6\): GFP 3\.0 %;/);
  expect(saturated([0.02, 0.001], channels, [-1, 6])).toBeNull();
  expect(saturated([0.5, 0.5], channels, null)).toBeNull();
});

const ids = { id: Array.from({ length: 60 }, (_, i) => `cell${i}`) };
const classOf = Int16Array.from({ length: 60 }, (_, i) => Math.floor(i / 20));
const plan = makePlan({
  classes: ["a", "b", "c"],
  classOf,
  field: Array.from(classOf, (c, i) => `${c}-${i % 4}`),
  protein: ids.id,
  usable: new Uint8Array(60).fill(1),
  settings: SETTINGS,
  sameDonor: "any",
  seed: 1,
});

test("donors that are dealt evenly are not spoken of; one that serves everybody is", () => {
  expect(reusedDonors(plan, classOf, ids)).toBeNull();
  // Cell 7 lends to all of class b in `different`, and to four of class a's own in `same`.
  const donor = plan.donor.map((d, row) =>
    settingOf(plan, row) === "different" && backgroundOf(plan, row) === 0 && classOf[plan.cell[row]] === 1
      ? 7
      : settingOf(plan, row) === "same" && plan.cell[row] < 4
        ? 9
        : d,
  );
  expect(reusedDonors({ ...plan, donor }, classOf, ids)?.text).toMatch(
    /^in different, cell7 lends its background to 20 of the 20 cells of b, where 20 donors of a would lend to 1 each \(and alike in 1 more/,
  );
});
