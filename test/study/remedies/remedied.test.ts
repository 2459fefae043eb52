import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { mulberry32, namedSeed, normal } from "../../../src/core/rng.ts";
import { InterruptedError } from "../../../src/errors.ts";
import { crossValidatePair } from "../../../src/evaluate/crossvalidate.ts";
import { PairGrid } from "../../../src/evaluate/grid.ts";
import { applyAffine } from "../../../src/remedy/affine.ts";
import { fitLeace } from "../../../src/remedy/leace.ts";
import { unpackBits } from "../../../src/study/blocks.ts";
import type { StudyLayout } from "../../../src/study/layout.ts";
import { evaluateMapped } from "../../../src/study/remedies/feature-remedies.ts";
import { evaluateAugmented, evaluateDfr } from "../../../src/study/remedies/probe-remedies.ts";
import {
  classRows,
  type RemedyEvaluation,
  type RemedyResult,
  remedied,
  trainRows,
} from "../../../src/study/remedies/remedied.ts";
import { type Synthetic, synthetic } from "./synthetic.ts";

let grid: PairGrid | undefined;
const pool = () => (grid ??= new PairGrid(2));
afterAll(() => grid?.dispose());

const EVALUATE: Readonly<Record<string, (of: RemedyEvaluation) => Promise<RemedyResult>>> = {
  project: (of) => evaluateMapped(of, "project"),
  whiten: (of) => evaluateMapped(of, "whiten"),
  leace: (of) => evaluateMapped(of, "leace"),
  augmented: evaluateAugmented,
  dfr: evaluateDfr,
};
const NAMES = Object.keys(EVALUATE);

const d = 5;
const drawn = (more: Partial<Synthetic> = {}) =>
  synthetic(
    {
      classes: 4,
      cellsPerClass: 12,
      fields: 3,
      dimension: d,
      encode({ cell, own, setting, donor, background }, out) {
        const random = mulberry32(namedSeed(1, setting, cell, donor));
        const [mine, seen] = [mulberry32(namedSeed(2, own)), mulberry32(namedSeed(3, background))];
        for (let j = 0; j < d; j++) out[j] = normal(random) + normal(mine) + normal(seen);
      },
      ...more,
    },
    pool,
  );

/** Every file of a folder and what is in it. */
function contents({ layout }: RemedyEvaluation): Record<string, string> {
  const { path } = layout as StudyLayout;
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".json"));
  return Object.fromEntries(files.sort().map((f) => [f, readFileSync(join(path, f), "utf8")]));
}

test.each(NAMES)("%s: a run that was killed goes on to the same results and bytes", async (name) => {
  const of = drawn();
  const first = await EVALUATE[name](of);
  expect(first.results.every(({ encoder }) => encoder === "drawn+remedy")).toBe(true);
  expect(first.results.map(({ setting, background }) => ({ setting, background }))).toEqual(of.blocks);
  const files = contents(of);
  expect(Object.keys(files)).toHaveLength(of.blocks.length + 1);
  rmSync(of.layout.block(of.name, of.blocks[2]));
  rmSync(of.layout.stage("transfer", of.name));
  expect(await EVALUATE[name](of)).toEqual(first);
  expect(contents(of)).toEqual(files);
  const unused = () => {
    throw new Error("evaluated again");
  };
  expect(await EVALUATE[name]({ ...of, grid: unused })).toEqual(first);
});

test.each(NAMES)("%s: other features make everything anew", async (name) => {
  const of = drawn();
  // What is called is read from the file when it is asked for, and the second writes the same file.
  const first = structuredClone((await EVALUATE[name](of)).predictions.blocks);
  const other = { ...of.set, key: () => "other", read: shiftedRead(of) };
  const second = await EVALUATE[name]({ ...of, set: other });
  expect(second.predictions.blocks).not.toEqual(first);
});

const shiftedRead =
  ({ set }: RemedyEvaluation): RemedyEvaluation["set"]["read"] =>
  (rows, out) => {
    set.read(rows, out);
    for (let i = 0; i < out.length; i++) out[i] = Math.sin(9 * out[i]);
  };

test.each(NAMES)("%s: a run that is stopped ends between two steps", async (name) => {
  await expect(EVALUATE[name]({ ...drawn(), signal: AbortSignal.abort() })).rejects.toThrow(InterruptedError);
});

test.each(NAMES)("%s: fewer than two closed groups are refused", async (name) => {
  const of = drawn();
  await expect(EVALUATE[name]({ ...of, groups: { ...of.groups, count: 0 } })).rejects.toThrow(
    `${name} is fitted on other closed groups than it is tested on`,
  );
});

test("under a map, pairs are judged as by one machine after the other on mapped features", async () => {
  const of = drawn();
  const { results } = await evaluateMapped(of, "leace");
  const base = remedied(of, "leace");
  for (const [b, block] of of.blocks.entries())
    for (const { class1, class2, correct, accuracy, cells } of results[b].pairs) {
      const [first, second] = [class1, class2].map((name) => of.classes.indexOf(name));
      const expected = new Uint8Array(cells!);
      const shares: number[] = [];
      for (let k = 0; k < of.groups.count; k++) {
        const map = fitLeace(trainRows(base, k));
        const [x, y] = [first, second].map((c) => {
          const { features, blocks, cells: n } = classRows(base, c);
          const at = blocks.indexOf(base.numbered[b]);
          return applyAffine(map, features.slice(at * n * d, (at + 1) * n * d));
        });
        const fit = crossValidatePair(x, y, d, [[base.splits[first][k]], [base.splits[second][k]]]);
        fit.correct.forEach((bit, i) => {
          expected[i] |= bit;
        });
        shares.push(fit.accuracy);
      }
      expect(unpackBits(correct, cells!), `${block.setting} ${block.background}`).toEqual(expected);
      expect(accuracy).toBeCloseTo(shares.reduce((sum, s) => sum + s, 0) / shares.length, 12);
    }
});

test("an augmented pair is trained once, without backgrounds of its own classes", async () => {
  const of = drawn();
  const { results } = await evaluateAugmented(of);
  const base = remedied(of, "augmented");
  // Pair of class 0, which lends, and class 3, which does not: originals and the backgrounds 1 and 2.
  const pick = (c: number) => {
    const { features, blocks, cells: n } = classRows(base, c);
    const of = (setting: string, background: number) => {
      const at = blocks.findIndex((b) => b.setting === setting && b.background === background);
      return features.slice(at * n * d, (at + 1) * n * d);
    };
    const parts = [of("original", -1), of("different", 1), of("different", 2), of("cell-free", 0)];
    return Float32Array.from(parts.flatMap((p) => [...p]));
  };
  const split = (c: number) =>
    base.splits[c].map(({ train, test }) => ({
      train: Int32Array.from([0, 1, 2].flatMap((b) => [...train].map((row) => row + 12 * b))),
      test: test.map((row) => row + 36),
    }));
  const { correct } = crossValidatePair(pick(0), pick(3), d, [split(0), split(3)]);
  const block = results.find((b) => b.setting === "cell-free" && b.background === "class0")!;
  const pair = block.pairs.find((p) => p.class1 === "class0" && p.class2 === "class3")!;
  const found = unpackBits(pair.correct, pair.cells!);
  expect(found.subarray(0, 12)).toEqual(correct.subarray(36, 48));
  expect(found.subarray(12)).toEqual(correct.subarray(84));
});

test("a retrained last layer's hits are the signs of its score differences", async () => {
  const of = drawn({ cellsPerClass: 9 });
  const { results, predictions } = await evaluateDfr(of);
  predictions.blocks.forEach(({ cells, setting }, b) => {
    // Among foreign cells the class that lends has no row, so that one pair of the others is lacking.
    if (setting === "different") return;
    cells.forEach((predicted, own) => {
      if (predicted === null) return;
      predicted.margin.forEach((margin, i) => {
        // The margin is over the strongest rival: positive where all pairs of the own class are won.
        const won = results[b].pairs.flatMap(({ class1, class2, cells: n, correct }) => {
          const side = [class1, class2].indexOf(of.classes[own]);
          return side < 0 ? [] : [unpackBits(correct, n!)[9 * side + i]];
        });
        expect(won.every((bit) => bit === 1)).toBe(margin > 0);
      });
    });
  });
});
