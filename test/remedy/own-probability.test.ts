import { expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { fitLogistic, predictProbabilities } from "../../src/evaluate/logistic/logistic.ts";
import { fitOwnProbes, type OwnProbes, type ProbeCells } from "../../src/remedy/own-probability.ts";

const between = async () => {};

/** Cells of two classes, `fields` fields each; `feature` gives the features of a cell. */
function drawn(
  perField: number,
  fields: number,
  dimension: number,
  feature: (c: number, f: number) => number[],
) {
  const random = mulberry32(2);
  const count = 2 * fields * perField;
  const label = Array.from({ length: count }, (_, i) => Math.floor(i / (fields * perField)));
  const fieldOf = Array.from({ length: count }, (_, i) => Math.floor(i / perField));
  const data = new Float32Array(count * dimension);
  for (let i = 0; i < count; i++)
    feature(label[i], fieldOf[i]).forEach((v, j) => (data[i * dimension + j] = v + 0.3 * normal(random)));
  const cells: ProbeCells = {
    names: ["a", "b"],
    classes: [0, 1].map((c) => Int32Array.from(label.keys()).filter((i) => label[i] === c)),
    field: fieldOf.map((f) => `f${f}`),
  };
  let read = 0;
  const set = {
    dimension,
    read: (rows: ArrayLike<number>, out: Float32Array) => {
      read += rows.length;
      for (let i = 0; i < rows.length; i++) {
        const at = rows[i] % count;
        out.set(data.subarray(at * dimension, (at + 1) * dimension), i * dimension);
      }
    },
  };
  return { count, label, data, cells, set, read: () => read };
}

test("a probe never judges a field that it has seen: what only tells fields apart gains nothing", async () => {
  const fields = 6;
  const oneHot = (_: number, f: number) => Array.from({ length: 2 * fields }, (_, j) => (j === f ? 3 : 0));
  const { count, label, data, cells, set } = drawn(8, fields, 2 * fields, oneHot);
  const probes = (await fitOwnProbes(set, { count, draws: 1 }, cells, between)) as OwnProbes;
  const of = (at: number) => data.subarray(at * 2 * fields, (at + 1) * 2 * fields);
  const mean = (p: (at: number) => number) =>
    Array.from({ length: count }, (_, at) => p(at)).reduce((a, b) => a + b, 0) / count;
  const leaky = fitLogistic(data, label, 2 * fields, 2, { standardize: true });
  expect(mean((at) => predictProbabilities(leaky, of(at))[label[at]])).toBeGreaterThan(0.95);
  expect(mean((at) => probes.of(at, of(at))[0])).toBeLessThan(0.6);
});

test("what tells classes apart is learned, from a bounded number of composites", async () => {
  const { count, data, cells, set, read } = drawn(800, 10, 2, (c) => [c, 1 - c]);
  const probes = (await fitOwnProbes(set, { count, draws: 4 }, cells, between)) as OwnProbes;
  expect(read()).toBeLessThanOrEqual(5 * 3000);
  const own = Array.from(
    { length: 50 },
    (_, i) => probes.of(300 * i, data.subarray(600 * i, 600 * i + 2))[0],
  );
  expect(own.reduce((a, b) => a + b, 0) / 50).toBeGreaterThan(0.9);
});

test("classes that lie in one field are not judged, and where too few are left this is said", async () => {
  const { count, cells, set } = drawn(4, 2, 1, (c) => [c]);
  const third = { ...cells, names: ["a", "b", "c"], classes: [...cells.classes, Int32Array.of(count)] };
  const all = { ...third, field: [...third.field, "f9"] };
  const probes = (await fitOwnProbes(set, { count: count + 1, draws: 1 }, all, between)) as OwnProbes;
  expect([probes.classOf(0), probes.classOf(count - 1), probes.classOf(count)]).toEqual([0, 1, -1]);
  const one = { ...cells, field: cells.field.map((_, i) => (i < count / 2 ? "f0" : `f${i % 2}`)) };
  expect(await fitOwnProbes(set, { count, draws: 1 }, one, between)).toMatch(
    /two classes with two fields each/,
  );
});
