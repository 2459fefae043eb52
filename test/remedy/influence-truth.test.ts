import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agreement, type Comparison, compareInfluence } from "../../bench/influence/compare.ts";
import { doseName, writeOracles } from "../../bench/influence/oracles.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-influence-"));
const DOSES = [0.05, 0.25, 1];
let found: Map<string, Comparison>;

beforeAll(async () => {
  const [comparisons] = await compareInfluence({
    folder,
    encoders: [writeOracles(folder, DOSES)],
    rendering: {
      localizations: ["nucleus", "ER", "vacuole"],
      proteins: 1,
      fields: 2,
      cellsPerField: 5,
      seed: 3,
    },
    donors: [4],
    workers: 2,
  });
  found = new Map(comparisons.map((c) => [c.output, c]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;

test.each(DOSES)(
  "cells are ranked by the influence that rendering them alone takes away, and in its units (dose %d)",
  (dose) => {
    const comparison = found.get(`oracles.${doseName(dose)}`)!;
    expect(comparison.cells).toBeGreaterThan(20);
    const { spearman, slope, intercept } = agreement(comparison);
    expect(spearman).toBeGreaterThan(0.9);
    expect(slope).toBeGreaterThan(0.75);
    expect(slope).toBeLessThan(1.15);
    expect(Math.abs(intercept)).toBeLessThan(0.1);
  },
);

test("a larger dose is found larger", () => {
  const means = DOSES.map((dose) => mean(found.get(`oracles.${doseName(dose)}`)!.found));
  expect(means[0]).toBeLessThan(0.7 * means[1]);
  expect(means[1]).toBeLessThan(means[2]);
});

test("an encoder of the cell's middle has no influence, exactly; one that reads the medium has hardly any", () => {
  expect([...new Set(found.get("oracles.core")!.found)]).toEqual([0]);
  const medium = found.get("oracles.medium")!;
  // Other cells of a field light its medium, which is not what neighbors do to a cell.
  expect(mean(medium.truth)).toBeGreaterThan(0.5);
  expect(mean(medium.found)).toBeLessThan(0.15);
});
