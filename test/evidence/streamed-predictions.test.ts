import { afterAll, expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { probePool } from "../../src/evaluate/logistic/streamed/pool.ts";
import { type PredictionRequest, type Predictions, predictHeldOut } from "../../src/evidence/predictions.ts";
import { predictStreamed } from "../../src/evidence/streamed-predictions.ts";

const pool = probePool(2);
afterAll(() => pool.dispose());

const DIMENSION = 5;

/** Classes of `rows` cells in three groups, shown as imaged and on the background of class 1, where class 2 is lacking. */
function drawn(rows: readonly number[]): PredictionRequest {
  const classes = rows.map((_, k) => `class ${k}`);
  const group = rows.map((n) => Int32Array.from({ length: n }, (_, i) => i % 3));
  const tables = ["original", "different"].map((setting, s) =>
    rows.map((n, own) => {
      const random = mulberry32(10 * own + s);
      return Float32Array.from(
        { length: n * DIMENSION },
        (_, i) =>
          normal(random) + 2 * Math.sin(own * ((i % DIMENSION) + 1)) + (setting === "original" ? 0 : 0.5),
      );
    }),
  );
  return {
    classes,
    group,
    cluster: group,
    count: 3,
    dimension: DIMENSION,
    blocks: [
      { setting: "original", background: -1, donor: classes.map(() => null) },
      { setting: "different", background: 1, donor: classes.map(() => null) },
    ],
    has: (block, own) => block.setting === "original" || own !== 2,
    read(block, own, wanted, out) {
      if (block.setting !== "original" && own === 2) throw new Error("class 2 is not there");
      const table = tables[block.setting === "original" ? 0 : 1][own];
      wanted.forEach((row, i) => {
        out.set(table.subarray(row * DIMENSION, (row + 1) * DIMENSION), i * DIMENSION);
      });
    },
  };
}

function whole(request: PredictionRequest): Predictions {
  const steps = predictHeldOut(request);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

test("cells are called as by probes that are fitted in one piece", async () => {
  // The second class fills more than one batch of calls, the first and the last little of one.
  const request = drawn([6, 4000, 9, 7]);
  const exact = whole(request);
  let looks = 0;
  const gaps: number[] = [];
  const made = await predictStreamed(
    pool,
    request,
    async () => void looks++,
    (model) => gaps.push(model.gap),
  );
  expect(gaps.length).toBe(3);
  expect(Math.max(...gaps)).toBeLessThan(1e-9);
  expect(looks).toBeGreaterThan(30);
  expect(made.blocks.map(({ setting, background }) => [setting, background])).toEqual([
    ["original", -1],
    ["different", 1],
  ]);
  made.blocks.forEach((block, b) =>
    block.cells.forEach((cells, own) => {
      const other = exact.blocks[b].cells[own];
      if (cells === null || other === null) {
        expect([cells, other, own]).toEqual([null, null, 2]);
        return;
      }
      expect(cells.predicted).toEqual(other.predicted);
      for (const name of ["probability", "own"] as const)
        expect(Math.max(...cells[name].map((v, i) => Math.abs(v - other[name][i])))).toBeLessThan(1e-5);
      cells.margin.forEach((margin, i) => {
        expect(margin > 0).toBe(cells.predicted[i] === own);
        expect(Math.abs(margin / other.margin[i] - 1)).toBeLessThan(1e-3);
      });
      expect(cells.lent === null).toBe(block.background < 0);
    }),
  );
  expect(
    await predictStreamed(
      pool,
      request,
      async () => {},
      () => {},
    ),
  ).toEqual(made);
});

test("a class without cells outside a group is refused", async () => {
  const request = drawn([6, 6, 6]);
  request.group[2].fill(1);
  await expect(
    predictStreamed(
      pool,
      request,
      async () => {},
      () => {},
    ),
  ).rejects.toThrow("class number 3 has no cells to train on");
});
