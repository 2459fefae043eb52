import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { FeatureSet, findShelves } from "../../src/features/features.ts";
import { FillingPart } from "../../src/features/part.ts";
import { runOf, runsOf } from "../../src/swap/runs.ts";
import { piecesOf } from "../../src/swap/segments.ts";
import type { SwapPlan } from "../../src/types.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-shelf-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const DIMENSION = 2;
/** Features that name their cell and donor. */
const value = (cell: number, donor: number, j: number) => 1000 * cell + donor + j / 4;

/** A plan of `original` (setting 0) and `different` (setting 4, background 0) with these cells and donors. */
function planOf(original: readonly number[], different: readonly (readonly [number, number])[]): SwapPlan {
  const cells = [...original, ...different.map(([cell]) => cell)];
  return {
    seed: 1,
    count: cells.length,
    classes: ["a", "b"],
    cell: Int32Array.from(cells),
    runs: runsOf(
      Uint8Array.from(cells, (_, i) => (i < original.length ? 0 : 4)),
      Int16Array.from(cells, (_, i) => (i < original.length ? -1 : 0)),
    ),
    donor: Int32Array.from([...original.map(() => -1), ...different.map(([, donor]) => donor)]),
  };
}

/** Makes what the folder lacks of a plan; returns how many rows that were, and the features. */
function complete(folder: string, plan: SwapPlan, least: number): { made: number; set: FeatureSet } {
  const wanted = { plan, pieces: piecesOf(plan, least), keyOf: () => "key", dimension: DIMENSION };
  let made = 0;
  for (const { missing } of findShelves(folder, wanted)) {
    if (missing === null) continue;
    const { base, count } = missing;
    const rows = missing.rows();
    const part = new FillingPart(base, count, DIMENSION);
    for (let r = 0; r < count; r++)
      part.write(
        r,
        Float32Array.from([0, 1], (j) => value(rows[2 * r], rows[2 * r + 1], j)),
      );
    part.finish(rows);
    made += count;
  }
  return { made, set: new FeatureSet("set", DIMENSION, wanted.pieces, findShelves(folder, wanted)) };
}

const cells = fc
  .uniqueArray(fc.nat(30), { minLength: 1, maxLength: 12 })
  .map((list) => list.sort((a, b) => a - b));

test("whatever plans came before, only what they lacked is made, and every row is found", () => {
  let folders = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cells, cells, fc.nat(40), fc.constantFrom(3, 1024)), {
        minLength: 1,
        maxLength: 5,
      }),
      (plans) => {
        const folder = join(base, String(folders++));
        const known = new Set<string>();
        for (const [original, different, donor, least] of plans) {
          const plan = planOf(
            original,
            different.map((cell) => [cell, (cell * 7 + donor) % 50]),
          );
          const rows = [...plan.cell.keys()];
          const names = rows.map((r) => `${runOf(plan, r).setting} ${plan.cell[r]} ${plan.donor[r]}`);
          const { made, set } = complete(folder, plan, least);
          expect(made).toBe(names.filter((name) => !known.has(name)).length);
          for (const name of names) known.add(name);
          const asked = [...rows, ...rows.toReversed()];
          const out = new Float32Array(asked.length * DIMENSION);
          set.read(asked, out);
          set.close();
          expect([...out]).toEqual(
            asked.flatMap((r) => [0, 1].map((j) => value(plan.cell[r], plan.donor[r], j))),
          );
        }
      },
    ),
    { seed: 3, numRuns: 60 },
  );
});

test("a hash of rows says which cells and donors they are", () => {
  const plan = planOf(
    [1, 2, 3],
    [
      [1, 9],
      [2, 8],
    ],
  );
  const { set } = complete(join(base, "hash"), plan, 1024);
  const other = planOf(
    [1, 2, 3],
    [
      [1, 9],
      [2, 7],
    ],
  );
  const { set: set2 } = complete(join(base, "hash"), other, 1024);
  const key = (s: FeatureSet, p: SwapPlan, ...rows: number[]) => s.key(p, Int32Array.from(rows));
  expect(key(set, plan, 0, 1, 2)).toBe(key(set2, other, 0, 1, 2));
  expect(key(set, plan, 3)).toBe(key(set2, other, 3));
  expect(key(set, plan, 3, 4)).not.toBe(key(set2, other, 3, 4));
  expect(key(set, plan, 0, 1)).not.toBe(key(set, plan, 1, 0));
  for (const s of [set, set2]) s.close();
});
