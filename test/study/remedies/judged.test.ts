import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { mulberry32, namedSeed, normal } from "../../../src/core/rng.ts";
import { InterruptedError } from "../../../src/errors.ts";
import { PairGrid } from "../../../src/evaluate/grid.ts";
import { groupSplit } from "../../../src/evaluate/split.ts";
import { parseRemedy } from "../../../src/remedy/name.ts";
import type { StudyLayout } from "../../../src/study/layout.ts";
import type { PartRequest, PlanPart } from "../../../src/study/part.ts";
import { judged } from "../../../src/study/remedies/judged.ts";
import { synthetic } from "./synthetic.ts";

let grid: PairGrid | undefined;
afterAll(() => grid?.dispose());

test("a run that is stopped between the fits of a remedy's probes is stopped, and goes on", async () => {
  const of = synthetic(
    {
      classes: 3,
      cellsPerClass: 12,
      fields: 3,
      dimension: 4,
      encode({ cell, own, setting, donor }, out) {
        const random = mulberry32(namedSeed(1, setting, cell, donor));
        for (let j = 0; j < 4; j++) out[j] = normal(random) + own;
      },
    },
    () => (grid ??= new PairGrid(1)),
  );
  const { classes, rows, groups, index, blocks, set } = of;
  const layout = of.layout as StudyLayout;
  const splits = groupSplit(
    rows.map((list) => list.map((row) => groups.group[row])),
    groups.count,
    classes,
  );
  const crops = { plan: index.plan, blocks, backgrounds: classes } as unknown as PlanPart;
  const judge = (signal?: AbortSignal) =>
    judged(
      {
        study: { settings: [...new Set(blocks.map((b) => b.setting))] },
        selection: { classes, rows },
        groups,
        layout,
        pixels: { store: {} },
        evaluation: {
          classes,
          rows,
          grid: of.grid,
          signal,
          splits: (a: number, b: number) => [splits[a], splits[b]],
        },
      } as unknown as PartRequest,
      crops,
      { encoder: "drawn", remedy: parseRemedy("masked"), set: { ...set, name: "drawn+masked" }, bases: [] },
    );
  const whole = await judge();
  expect(whole.predictions).not.toBeNull();
  // The pairs are there, the probes of all classes are not.
  rmSync(layout.stage("transfer", "drawn+masked"));
  await expect(judge(AbortSignal.abort())).rejects.toThrow(InterruptedError);
  expect(await judge()).toEqual(whole);
});
