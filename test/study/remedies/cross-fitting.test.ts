import { afterAll, describe, expect, test } from "vitest";
import { mulberry32, namedSeed, normal } from "../../../src/core/rng.ts";
import { PairGrid } from "../../../src/evaluate/grid.ts";
import { predictClasses } from "../../../src/evaluate/logistic/logistic.ts";
import { type AffineMap, applyAffine } from "../../../src/remedy/affine.ts";
import { fitDfr } from "../../../src/remedy/dfr.ts";
import type { ClassRows } from "../../../src/remedy/rows.ts";
import { evaluateBlocks, unpackBits } from "../../../src/study/blocks.ts";
import { evaluateMapped, MAPPINGS, type Mapping } from "../../../src/study/remedies/feature-remedies.ts";
import { evaluateAugmented, evaluateDfr } from "../../../src/study/remedies/probe-remedies.ts";
import {
  classRows,
  type RemedyEvaluation,
  type RemedyResult,
  remedied,
} from "../../../src/study/remedies/remedied.ts";
import { type DrawnComposite, synthetic } from "./synthetic.ts";

let grid: PairGrid | undefined;
const pool = () => (grid ??= new PairGrid(2));
afterAll(() => grid?.dispose());

const MAPS = Object.keys(MAPPINGS) as Mapping[];
const EVALUATE: Readonly<Record<string, (of: RemedyEvaluation) => Promise<RemedyResult>>> = {
  ...Object.fromEntries(MAPS.map((name) => [name, (of: RemedyEvaluation) => evaluateMapped(of, name)])),
  augmented: evaluateAugmented,
  dfr: evaluateDfr,
};

const vector = (name: string, i: number, d: number) => {
  const random = mulberry32(namedSeed(5, name, i));
  return Float64Array.from({ length: d }, () => normal(random));
};

/** Share of hits of the rows of closed group `k` (of all groups by default) in the blocks of a setting. */
function hits(of: RemedyEvaluation, { results }: Pick<RemedyResult, "results">, setting: string, k?: number) {
  let [right, count] = [0, 0];
  for (const block of results.filter((b) => b.setting === setting))
    for (const { class1, class2, cells, correct } of block.pairs) {
      if (block.background === class1 || block.background === class2) continue;
      const rows = [class1, class2].flatMap((name) => [...of.rows[of.classes.indexOf(name)]]);
      unpackBits(correct, cells!).forEach((bit, i) => {
        if (k !== undefined && of.groups.group[rows[i]] !== k) return;
        right += bit;
        count++;
      });
    }
  return right / count;
}

const mappedRead =
  ({ set }: RemedyEvaluation, map: AffineMap): RemedyEvaluation["set"]["read"] =>
  (rows, out) => {
    set.read(rows, out);
    applyAffine(map, out, out);
  };

describe("maps", () => {
  const d = 16;
  const isFirst = (i: number) => i % 4 === 0;
  // In the fields of group 0, and nowhere else, backgrounds move features along directions that tell the classes.
  const of = synthetic(
    {
      classes: 4,
      cellsPerClass: 40,
      fields: 4,
      dimension: d,
      backgrounds: [0, 1, 2, 3],
      encode({ cell, own, donor, background }, out) {
        const noise = vector("noise", cell * 1000 + donor, d);
        for (let j = 0; j < d; j++) out[j] = 0.3 * noise[j] + (j % 4 === own && j < 8 ? 2 : 0);
        if (donor < 0 || !isFirst(cell)) return;
        out[(background + 1) % 4] += 20;
        out[(background + 2) % 4] -= 20;
      },
    },
    pool,
  );
  test.each(MAPS)("%s fitted on the tested cells too would win, and ours stays at chance", async (name) => {
    expect(of.groups.count).toBe(4);
    expect([...of.rows[1]].every((row, i) => (of.groups.group[row] === 0) === isFirst(i))).toBe(true);
    const ours = await evaluateMapped(of, name);
    const base = remedied(of, name);
    const map = MAPPINGS[name](
      of.classes.map((_, own) => classRows(base, own)),
      null,
    );
    const leaky = await evaluateBlocks({
      ...of,
      sets: [{ ...of.set, name: `leaky-${name}`, read: mappedRead(of, map) }],
      splits: (first, second) => [base.splits[first], base.splits[second]],
    });
    expect(hits(of, { results: leaky }, "different", 0)).toBeGreaterThan(0.95);
    expect(hits(of, ours, "different", 0)).toBeLessThan(0.6);
    expect(hits(of, ours, "original")).toBeGreaterThan(0.95);
  });
});

describe("probes", () => {
  const d = 60;
  // Classes say nothing; every cell has a code of its own, whatever its background.
  const of = synthetic(
    {
      classes: 3,
      cellsPerClass: 20,
      fields: 4,
      dimension: d,
      encode({ cell, setting, donor }, out) {
        const [code, noise] = [vector("code", cell, d), vector(setting, cell * 1000 + donor, d)];
        for (let j = 0; j < d; j++) out[j] = code[j] + 0.1 * noise[j];
      },
    },
    pool,
  );
  const whole = of.classes.map((_, own) => classRows(remedied(of, "leaky"), own));
  const originals = ({ features, cells, dimension, blocks }: ClassRows) => {
    const b = blocks.findIndex(({ setting }) => setting === "original");
    return features.subarray(b * cells * dimension, (b + 1) * cells * dimension);
  };

  test("a last layer retrained on other composites of the tested cells would win, and ours stays at chance", async () => {
    const model = fitDfr(whole, 3);
    const right = whole.flatMap((c) =>
      [...predictClasses(model, originals(c))].map((k) => (k === c.own ? 1 : 0)),
    );
    expect(right.filter((r) => r === 1).length / right.length).toBeGreaterThan(0.95);
    const ours = await evaluateDfr(of);
    for (const { setting } of of.blocks) expect(Math.abs(hits(of, ours, setting) - 0.5)).toBeLessThan(0.12);
    const { cells } = ours.predictions.blocks[0];
    const transfer = cells.flatMap((c, own) => [...c!.predicted].map((k) => (k === own ? 1 : 0)));
    expect(transfer.filter((r) => r === 1).length / transfer.length).toBeLessThan(0.5);
  });

  test("a probe that has seen the tested cells elsewhere would win, and ours stays at chance", async () => {
    // Every cell in a group of its own composites: those in `different` train, the original is tested.
    const swapped = ({ features, cells, dimension, blocks }: ClassRows) => {
      const b = blocks.findIndex(({ setting }) => setting === "different");
      return features.subarray(b * cells * dimension, (b + 1) * cells * dimension);
    };
    const classes = whole.map((c) => {
      const features = new Float32Array(2 * c.cells * d);
      features.set(swapped(c));
      features.set(originals(c), c.cells * d);
      return { name: of.classes[c.own], features };
    });
    const rows = Int32Array.from({ length: 20 }, (_, i) => i);
    const split = [{ train: rows, test: rows.map((r) => r + 20) }];
    for (const { accuracy } of await pool().evaluate(classes, d, () => [split, split]))
      expect(accuracy).toBeGreaterThan(0.95);
    const ours = await evaluateAugmented(of);
    for (const { setting } of of.blocks) expect(Math.abs(hits(of, ours, setting) - 0.5)).toBeLessThan(0.12);
  });
});

describe("no row of a held-out group enters its fit, as a cell or as a donor", () => {
  const d = 6;
  /** Cells of group 0, two of every eight, whose composites and backgrounds are changed. */
  const isChanged = (row: number) => row % 8 === 0;
  const encode =
    (changed: boolean) =>
    ({ cell, own, setting, donor, background }: DrawnComposite, out: Float32Array) => {
      const [mine, noise] = [vector("own", own, d), vector(setting, cell * 1000 + donor, d)];
      const seen = vector("seen", background, d);
      for (let j = 0; j < d; j++) out[j] = 0.6 * mine[j] + noise[j] + 0.8 * seen[j];
      if (changed && (isChanged(cell) || (donor >= 0 && isChanged(donor))))
        for (let j = 0; j < d; j++) out[j] = 50 * noise[d - 1 - j] - 10;
    };
  const drawn = (changed: boolean) =>
    synthetic({ classes: 3, cellsPerClass: 32, fields: 4, dimension: d, encode: encode(changed) }, pool);

  test.each(Object.keys(EVALUATE))("%s", async (name) => {
    const [before, after] = [drawn(false), drawn(true)];
    const [was, is] = [await EVALUATE[name](before), await EVALUATE[name](after)];
    expect(before.groups.count).toBe(4);
    const changedGroup = before.groups.group[0];
    let [same, others] = [0, 0];
    is.predictions.blocks.forEach((block, b) => {
      block.cells.forEach((cells, own) => {
        if (cells === null) return;
        const planRows = before.index.rows(before.blocks[b], before.classes[own], before.rows[own])!;
        before.rows[own].forEach((row, i) => {
          const donor = before.index.plan.donor[planRows[i]];
          if (isChanged(row) || (donor >= 0 && isChanged(donor))) return;
          const { margin } = was.predictions.blocks[b].cells[own]!;
          if (before.groups.group[row] !== changedGroup) others += cells.margin[i] === margin[i] ? 0 : 1;
          else {
            expect(cells.margin[i]).toBe(margin[i]);
            same++;
          }
        });
      });
    });
    expect(same).toBeGreaterThan(20);
    // What is changed trains the probes of the other groups.
    expect(others).toBeGreaterThan(20);
    is.results.forEach((block, b) => {
      block.pairs.forEach(({ class1, class2, cells, correct }, p) => {
        const [now, then] = [correct, was.results[b].pairs[p].correct].map((bits) =>
          unpackBits(bits, cells!),
        );
        [class1, class2].forEach((className, side) => {
          const own = before.classes.indexOf(className);
          const planRows = before.index.rows(block, className, before.rows[own])!;
          before.rows[own].forEach((row, i) => {
            const donor = before.index.plan.donor[planRows[i]];
            if (before.groups.group[row] !== changedGroup) return;
            if (isChanged(row) || (donor >= 0 && isChanged(donor))) return;
            const at = side * before.rows[own].length + i;
            expect(now[at]).toBe(then[at]);
          });
        });
      });
    });
  });
});
