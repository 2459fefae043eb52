import { expect, test } from "vitest";
import { twinsOf } from "../../../src/study/remedies/twins.ts";

type Output = Parameters<typeof twinsOf>[0][number];

/** Outputs of an encoder, `encoder.output` in results. */
const outputs = (name: string, names: readonly string[], retrained?: string): Output[] => {
  const description = { name, outputs: names.map((output) => ({ output })), retrained };
  return names.map((output) => ({
    encoder: { kind: "onnx", description } as unknown as Output["encoder"],
    set: { name: `${name}.${output}` },
  }));
};
const twins = (own: readonly string[], other: readonly string[]) => [
  ...twinsOf([...outputs("net", own, "swap"), ...outputs("swap", other)]),
];

test("an output's twin has its name, in whatever order encoders list them", () => {
  expect(twins(["map", "vector"], ["vector", "map"])).toEqual([
    ["net.map", "swap.map"],
    ["net.vector", "swap.vector"],
  ]);
  expect(twins(["map", "vector"], ["vector"])).toEqual([["net.vector", "swap.vector"]]);
  const pooled = [...outputs("net", ["map", "map"], "swap"), ...outputs("swap", ["map", "map"])];
  const named = pooled.map((o, i) => ({ ...o, set: { name: `${i}` } }));
  expect([...twinsOf(named)]).toEqual([
    ["0", "2"],
    ["1", "3"],
  ]);
});

test("outputs of other names are told by their place, if none has another one's", () => {
  expect(twins(["features"], ["head"])).toEqual([["net.features", "swap.head"]]);
  expect(twins(["a", "b"], ["c", "d"])).toEqual([
    ["net.a", "swap.c"],
    ["net.b", "swap.d"],
  ]);
  expect(twins(["a", "b"], ["b", "c"])).toEqual([["net.b", "swap.b"]]);
  expect(twins(["a", "b"], ["c"])).toEqual([]);
});

test("an encoder without a twin, or whose twin the study does not list, has none", () => {
  expect([...twinsOf(outputs("net", ["map"]))]).toEqual([]);
  expect([...twinsOf(outputs("net", ["map"], "swap"))]).toEqual([]);
});
