import { expect, test } from "vitest";
import { boundsOf } from "../../../src/encode/onnx/bounds.ts";
import { graphFaults } from "../../../src/encode/onnx/faults.ts";
import { parseOnnx } from "../../../src/encode/onnx/model.ts";
import { addSum, type Bytes, graph, loopBody, network, node, ownFunction, tensor, value } from "./proto.ts";

const LONGEST = 2n ** 63n - 1n;
const loop = (inputs: readonly string[], body = loopBody()) =>
  node("Loop", inputs, ["features"], { body: { graph: body } });
const yes = tensor("yes", [], [true]);
const long = (name: string, ...values: readonly bigint[]) => tensor(name, [values.length], values);
const one = (name: string, n: bigint) => tensor(name, [], [n]);
const bounds = (nodes: readonly Bytes[], weights: readonly Bytes[] = [], functions: readonly Bytes[] = []) =>
  boundsOf(parseOnnx(network(nodes, weights, functions), "net.onnx"));
const doubled = (levels: number, last: string) => [
  ownFunction("f0", "x", "y", [node(last, ["x"], ["y"])]),
  ...Array.from({ length: levels - 1 }, (_, k) =>
    ownFunction(`f${k + 1}`, "x", "y", [node(`my:f${k}`, ["x"], ["t"]), node(`my:f${k}`, ["t"], ["y"])]),
  ),
];

test.each<[string, string, Bytes[], Bytes[], Bytes[]?]>([
  ["a loop without a number of turns", "is a loop that may never end", [loop(["", "yes", "base"])], [yes]],
  [
    "a loop of all turns there are",
    "is a loop of 9e+18 turns, more than 100000",
    [loop(["m", "", "base"])],
    [one("m", LONGEST)],
  ],
  [
    "a loop whose turns are a constant node",
    "is a loop of 1e+9 turns",
    [node("Constant", [], ["m"], { value_int: 1e9 }), loop(["m", "", "base"])],
    [],
  ],
  [
    "a loop whose turns are calculated",
    "is a loop of 1e+10 turns",
    [node("Mul", ["k", "k"], ["m"]), loop(["m", "", "base"])],
    [one("k", 100_000n)],
  ],
  [
    "a loop whose turns are pixels",
    "is a loop that may never end",
    [
      node("ReduceMax", ["images"], ["max"], { keepdims: 0 }),
      node("Cast", ["max"], ["m"], { to: 7 }),
      loop(["m", "", "base"]),
    ],
    [],
  ],
  [
    "a loop in a loop",
    "is a loop of 1e+6 turns",
    [
      loop(
        ["m", "", "base"],
        loopBody([node("Loop", ["m", "", "base"], ["one2"], { body: { graph: loopBody() } })]),
      ),
    ],
    [one("m", 1000n)],
  ],
  [
    "a constant",
    "makes 1e+12 values",
    [node("ConstantOfShape", ["d"], ["z"]), ...addSum("z")],
    [long("d", 1_000_000n, 1_000_000n)],
  ],
  [
    "a range",
    "makes 1e+12 values",
    [node("Range", ["zero", "m", "step"], ["z"])],
    [one("zero", 0n), one("m", 10n ** 12n), one("step", 1n)],
  ],
  [
    "a range without a step",
    "makes Infinity values",
    [node("Range", ["zero", "m", "zero"], ["z"])],
    [one("zero", 0n), one("m", 3n)],
  ],
  [
    "an expansion",
    "makes 1e+10 values",
    [node("Expand", ["base", "d"], ["z"])],
    [long("d", 100_000n, 100_000n)],
  ],
  ["tiles", "makes 1e+10 values", [node("Tile", ["base", "d"], ["z"])], [long("d", 100_000n, 100_000n)]],
  ["an edge", "makes 1e+9 values", [node("Pad", ["base", "d"], ["z"])], [long("d", 0n, 0n, 0n, 10n ** 9n)]],
  [
    "sizes",
    "makes 1e+12 values",
    [node("Resize", ["images", "", "", "d"], ["z"])],
    [long("d", 1n, 1n, 1_000_000n, 1_000_000n)],
  ],
  [
    "factors",
    "makes 1e+10 values",
    [node("Resize", ["images", "", "d"], ["z"])],
    [tensor("d", [4], [1, 1, 1e5, 1e5])],
  ],
  ["classes", "makes 1e+10 values", [node("OneHot", ["base", "d", "base"], ["z"])], [one("d", 10n ** 10n)]],
  [
    "pads of an attribute",
    "has pads of 1000000, more than any image (65536)",
    [node("AveragePool", ["images"], ["z"], { pads: [0, 0, 0, 1e6] })],
    [],
  ],
  [
    "random numbers of an absurd size",
    "makes 1e+10 values",
    [node("RandomNormal", [], ["z"], { shape: [1e5, 1e5] })],
    [],
  ],
  [
    "an operator of nobody",
    "node features (evil:Op) is no operator of the runtime",
    [node("evil:Op", ["base"], ["features"])],
    [],
  ],
  [
    "functions that double",
    "call themselves, or each other so often",
    [node("my:f39", ["base"], ["features"])],
    [],
    doubled(40, "Abs"),
  ],
  [
    "functions that call themselves",
    "call themselves",
    [node("my:f0", ["base"], ["features"])],
    [],
    doubled(1, "my:f0"),
  ],
  [
    "a constant in a function",
    "makes 1e+12 values",
    [node("my:f0", ["d"], ["features"])],
    [long("d", 1_000_000n, 1_000_000n)],
    doubled(1, "ConstantOfShape"),
  ],
])("%s is refused before it is run", (_, message, nodes, weights, functions) => {
  expect(bounds(nodes, weights, functions).faults).toEqual([expect.stringContaining(message)]);
  expect(graphFaults(parseOnnx(network(nodes, weights, functions), "net.onnx"), ["features"])).toHaveLength(
    1,
  );
});

const shapeOfImages = [node("Shape", ["images"], ["shape"])];
const branch = (operator: string) =>
  graph({ nodes: [node(operator, ["base"], ["o"])], outputs: [value("o", null)] });
const pixelsToIntegers = [node("Cast", ["base"], ["whole"], { to: 7 })];

test.each<[string, boolean, Bytes[], Bytes[], Bytes[]?]>([
  [
    "a shape of the inputs'",
    false,
    [...shapeOfImages, node("ConstantOfShape", ["shape"], ["z"]), ...addSum("z")],
    [],
  ],
  ["a shape of pixels", true, [...pixelsToIntegers, node("Expand", ["base", "whole"], ["z"])], []],
  [
    "a shape of pixels in a function",
    true,
    [...pixelsToIntegers, node("my:f1", ["whole"], ["z"])],
    [],
    doubled(2, "ConstantOfShape"),
  ],
  ["places of pixels", true, [node("NonZero", ["base"], ["z"])], []],
  ["places of a constant", false, [node("NonZero", ["d"], ["z"])], [long("d", 1n, 2n)]],
  [
    "a branch by pixels",
    true,
    [
      node("Cast", ["base"], ["c"], { to: 9 }),
      node("If", ["c"], ["z"], {
        then_branch: { graph: branch("Abs") },
        else_branch: { graph: branch("Neg") },
      }),
    ],
    [],
  ],
  [
    "a branch by a constant",
    false,
    [
      node("If", ["yes"], ["z"], {
        then_branch: { graph: branch("Abs") },
        else_branch: { graph: branch("Neg") },
      }),
    ],
    [yes],
  ],
  ["a short loop", true, [loop(["m", "yes", "base"])], [yes, one("m", 5n)]],
  ["a division by pixels", false, [node("Div", ["base", "base"], ["features"])], []],
  [
    "a division by the area of a mask",
    false,
    [
      node("Cast", ["base"], ["mask"], { to: 9 }),
      node("Cast", ["mask"], ["area"], { to: 1 }),
      node("Div", ["base", "area"], ["features"]),
    ],
    [],
  ],
  [
    "a division of integers by pixels",
    true,
    [...pixelsToIntegers, node("Div", ["whole", "whole"], ["features"])],
    [],
  ],
  [
    "an operator that is not a standard one",
    true,
    [node("com.microsoft:Unique", ["base"], ["features"])],
    [],
  ],
  ["a function of standard operators", false, [node("my:f2", ["base"], ["features"])], [], doubled(3, "Abs")],
])("pixels decide what %s costs: %s", (_, open, nodes, weights, functions) => {
  expect(bounds(nodes, weights, functions)).toEqual({ faults: [], open });
});
