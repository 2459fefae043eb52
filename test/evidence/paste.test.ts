import { expect, test } from "vitest";
import type { StatedNumber } from "../../src/evidence/further.ts";
import { isSeen, pasteDetectability } from "../../src/evidence/paste.ts";
import type { Setting } from "../../src/settings.ts";
import { type OracleOptions, oracleFeatures } from "../../src/simulate/oracle.ts";
import { listBlocks, PlanIndex } from "../../src/study/block.ts";
import { pasteFlags } from "../../src/study/evidence/paste.ts";
import { predictionRequest } from "../../src/study/transfer.ts";
import { drawPlan, finish, readerOf } from "./drawn.ts";

const CLASSES = ["a", "b", "c"];

/** Numbers of an oracle on cells of three classes. */
function numbers(
  oracle: Omit<OracleOptions, "seed" | "noise">,
  {
    settings = ["original", "self", "same"] as readonly Setting[],
    fields = 6,
    cells = 120,
    backgrounds = CLASSES,
    change = (_: Float32Array) => {},
  } = {},
): Record<string, StatedNumber> {
  const { rows, groups, plan, truth } = drawPlan(CLASSES, { cells, fields, settings, backgrounds });
  const features = oracleFeatures(plan, truth, { ...oracle, noise: 0.6, seed: 5 });
  change(features.data);
  const request = predictionRequest({
    set: { dimension: features.dimension, read: readerOf(features) },
    index: new PlanIndex(plan),
    classes: CLASSES,
    rows,
    groups,
    blocks: listBlocks(settings, backgrounds),
  });
  return Object.fromEntries(finish(pasteDetectability(request, groups)).map((n) => [n.statement, n]));
}

test("equal features are told apart in exactly half of the cases, without an interval", () => {
  const found = numbers({ lambda: 0 });
  expect(Object.keys(found)).toEqual([
    "paste-seen/self",
    "paste-chosen/self",
    "paste-seen/same",
    "paste-chosen/same",
  ]);
  for (const number of Object.values(found)) {
    expect(number).toMatchObject({ estimate: 0.5, low: null, high: null, cells: 120, clusters: 6 });
    expect(number.refused).toMatch(/no cell is judged differently/);
    expect(isSeen(number)).toBe(false);
  }
});

test("what differs by rounding alone counts as equal", () => {
  const found = numbers(
    { lambda: 0 },
    { change: (data) => data.subarray(0, data.length / 3).forEach((v, i, all) => (all[i] = v * (1 + 1e-7))) },
  );
  expect(found["paste-chosen/self"].estimate).toBe(0.5);
});

test("a paste that is added to features is seen as often as the formulas say, chosen far more often", () => {
  const phi = (x: number) => {
    let sum = 0;
    for (let t = -8; t < x; t += 1e-3) sum += Math.exp((-t * t) / 2) * 1e-3;
    return sum / Math.sqrt(2 * Math.PI);
  };
  const [paste, jitter] = [0.3, 0.25];
  const found = numbers({ lambda: 0, paste, jitter }, { cells: 600 });
  const distance = paste * Math.sqrt(3);
  const seen = phi(distance / (2 * Math.hypot(0.6, jitter)));
  const chosen = phi(distance / (Math.SQRT2 * jitter));
  expect(Math.abs(found["paste-seen/self"].estimate! - seen)).toBeLessThan(0.03);
  expect(Math.abs(found["paste-chosen/self"].estimate! - chosen)).toBeLessThan(0.03);
  expect(isSeen(found["paste-chosen/self"])).toBe(true);
  // Both are pasted.
  expect(isSeen(found["paste-chosen/same"])).toBe(false);
});

test("chance differences between composites are not a paste", () => {
  const found = numbers({ lambda: 1, medium: 0.5, jitter: 0.4 });
  for (const number of Object.values(found)) {
    expect(number.low).toBeLessThan(0.5);
    expect(number.high).toBeGreaterThan(0.5);
  }
});

test("without same, foreign surroundings give nothing away by their classes", () => {
  const settings: Setting[] = ["original", "self", "different"];
  const found = numbers({ lambda: 1, jitter: 0.1 }, { settings, fields: 4, cells: 240 });
  expect(Object.keys(found).slice(2)).toEqual(["paste-seen/different", "paste-chosen/different"]);
  for (const name of ["paste-seen/different", "paste-chosen/different"]) {
    expect(found[name].low).toBeLessThan(0.5);
    expect(found[name].high).toBeGreaterThan(0.5);
  }
  // Two of three classes as backgrounds: cells of the third are left out.
  const two = numbers({ lambda: 1, jitter: 0.1 }, { settings, fields: 4, backgrounds: ["a", "b"] });
  expect(two["paste-seen/different"].classes).toBe(2);
  expect(numbers({ lambda: 1 }, { settings, fields: 4, backgrounds: ["a"] })).not.toHaveProperty(
    "paste-seen/different",
  );
});

test("what a study lacks is left out, and constant features are no fault", () => {
  expect(numbers({ lambda: 0 }, { settings: ["original", "masked"] })).toEqual({});
  const constant = numbers({ lambda: 0 }, { change: (data) => data.fill(3) });
  for (const { estimate } of Object.values(constant)) expect(estimate).toBe(0.5);
});

test("more cells than are needed are sampled evenly, and the number of them is said", () => {
  const found = numbers({ lambda: 0, paste: 0.2, jitter: 0.2 }, { cells: 1500 });
  expect(found["paste-seen/self"].cells).toBe(1334);
});

test("a paste that is seen is a note where its effect is within the zone, else a warning that says what holds it", () => {
  const found = {
    id: "paste" as const,
    encoder: "e",
    numbers: Object.values(numbers({ lambda: 0, paste: 0.3, jitter: 0.1 })),
  };
  const ladder = (low: number | null, high: number | null) => ({
    zone: 0.02,
    stated: [{ statement: "paste", class: null, estimate: 0.01, low, high }],
  });
  expect(pasteFlags(found, ladder(-0.01, 0.015))).toMatchObject([
    {
      id: "paste-seen",
      severity: "note",
      encoder: "e",
      text: expect.stringContaining("lies within 2.0 points"),
    },
  ]);
  for (const [low, high] of [
    [0.01, 0.03],
    [-0.03, 0.01],
    [null, null],
  ])
    expect(pasteFlags(found, ladder(low, high))).toMatchObject([
      { id: "paste-seen", severity: "warning", text: expect.stringContaining("total drop") },
    ]);
  expect(pasteFlags({ ...found, numbers: Object.values(numbers({ lambda: 0 })) }, ladder(0, 0.1))).toEqual(
    [],
  );
});
