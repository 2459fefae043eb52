import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { mulberry32, namedSeed, normal } from "../../src/core/rng.ts";
import { OnnxGraph } from "../../src/encode/onnx/graph.ts";

const SIDE = 64;
const FILTERS = 12;
/** Radius of the part of the crop that is surely cell, px. */
const CORE = 12;

/** Doses with which the oracles read what lies around the core. */
export const DOSES = [0, 0.05, 0.1, 0.25, 0.5, 1] as const;

/** Output of the oracle of a dose. */
export const doseName = (dose: number): string => `dose${String(dose).replace(".", "_")}`;

/**
 * Writes encoders whose reading of the surroundings is known, as one ONNX file with an output each. `doseD`: rectified
 * random 5 x 5 filters, summed over a disk in the middle of the crop, plus D times their sum over all that is around it.
 * `medium`: the disk, and the darkest place of each channel, which is medium. `core`: 2 x 2 pixels in the middle.
 * @returns path of the description
 */
export function writeOracles(folder: string, doses: readonly number[] = DOSES): string {
  const random = mulberry32(namedSeed(1, "oracles"));
  const graph = new OnnxGraph("oracles");
  const x = graph.input("x", ["batch", 2, SIDE, SIDE]);
  const kernel = Float32Array.from({ length: FILTERS * 2 * 25 }, () => normal(random) / 5);
  const bias = Float32Array.from({ length: FILTERS }, () => -0.5);
  const maps = graph.node("Relu", [
    graph.node(
      "Conv",
      [x, graph.weight("k", [FILTERS, 2, 5, 5], kernel), graph.weight("b", [FILTERS], bias)],
      {
        pads: [2, 2, 2, 2],
      },
    ),
  ]);
  const middle = (SIDE - 1) / 2;
  const distance = (p: number) => Math.hypot(Math.floor(p / SIDE) - middle, (p % SIDE) - middle);
  const sum = (name: string, weight: (p: number) => number) => {
    const plane = graph.weight(
      name,
      [1, 1, SIDE, SIDE],
      Float32Array.from({ length: SIDE * SIDE }, (_, p) => weight(p)),
    );
    return graph.node("ReduceSum", [graph.node("Mul", [maps, plane]), axes], { keepdims: 0 });
  };
  const axes = graph.integers("axes", [2, 3]);
  const area = Math.PI * CORE ** 2;
  const core = sum("inside", (p) => (distance(p) <= CORE ? 1 / area : 0));
  const around = sum("outside", (p) => (distance(p) <= CORE ? 0 : 1 / area));
  const outputs = doses.map((dose) => {
    const added = graph.node("Mul", [around, graph.weight(`d${dose}`, [1], Float32Array.of(dose))]);
    graph.output(graph.node("Add", [core, added], {}, doseName(dose)), ["batch", FILTERS]);
    return { output: doseName(dose) };
  });
  const smooth = graph.node("AveragePool", [x], { kernel_shape: [5, 5], strides: [1, 1] });
  const darkest = graph.node("ReduceMin", [smooth], { axes: [2, 3], keepdims: 0 });
  const read = graph.node("Mul", [darkest, graph.weight("much", [1], Float32Array.of(10))]);
  graph.output(graph.node("Concat", [core, read], { axis: 1 }, "medium"), ["batch", FILTERS + 2]);
  const tiny = sum("tiny", (p) => (distance(p) < 1 ? 1 : 0));
  graph.output(graph.node("Identity", [tiny], {}, "core"), ["batch", FILTERS]);
  writeFileSync(join(folder, "oracles.onnx"), graph.encode());
  const path = join(folder, "oracles.json");
  const description = {
    format: "cellswap-encoder",
    version: 1,
    name: "oracles",
    model: "oracles.onnx",
    input: { name: "x", channels: ["GFP", "RFP"], height: SIDE, width: SIDE },
    preprocess: [{ step: "scale", factor: 1 / 100, offset: -1.1 }],
    outputs: [...outputs, { output: "medium" }, { output: "core" }],
  };
  writeFileSync(path, JSON.stringify(description));
  return path;
}
