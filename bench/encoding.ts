/**
 * Encoding: PIFiA's network (0.42 GMAC per crop) through the whole pipeline (composites, preprocessing, network,
 * features on disk; the built package, so build first) against the bare network, the machine's matrix-product peak, PyTorch and onnxruntime in Python.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { mulberry32, normal } from "../src/core/rng.ts";
import { readEncoder } from "../src/encode/encoder-file.ts";
import { OnnxGraph } from "../src/encode/onnx/graph.ts";
import {
  bare,
  built,
  interleaved,
  option,
  peerPython,
  ratios,
  record,
  show,
  smoke,
  spread,
} from "./harness.ts";
import { simulatedComposites } from "./simulated.ts";

const { extract, tryEncoder } = await built<typeof import("../src/features/extract.ts")>("features/extract");
const folder = mkdtempSync(join(tmpdir(), "cellswap-bench-"));
const seconds = smoke ? 0.2 : 4;
const widths = (
  smoke ? [4, 4, 4, 4, 4, 4, 4, 4] : [64, 64, 128, 128, 256, 256, 256, 256]
) as readonly number[];

/** Eight valid 3 x 3 convolutions with ReLU, pools behind the second and fourth; spatial maximum of conv8. */
function network(path: string): number {
  const random = mulberry32(1);
  const graph = new OnnxGraph("pifia");
  let x = graph.input("x", ["batch", 1, 64, 64]);
  let channels = 1;
  let side = 64;
  let multiplications = 0;
  widths.forEach((width, n) => {
    const scale = Math.sqrt(2 / (9 * channels));
    const weights = Float32Array.from({ length: width * channels * 9 }, () => normal(random) * scale);
    x = graph.node("Conv", [x, graph.weight(`w${n}`, [width, channels, 3, 3], weights)], {
      kernel_shape: [3, 3],
    });
    x = graph.node("Relu", [x]);
    side -= 2;
    multiplications += width * channels * 9 * side * side;
    channels = width;
    if (n === 1 || n === 3) {
      x = graph.node("MaxPool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
      side = Math.floor(side / 2);
    }
  });
  graph.node("ReduceMax", [x], { axes: [2, 3], keepdims: 0 }, "features");
  graph.output("features", ["batch", channels]);
  writeFileSync(path, graph.encode());
  return multiplications;
}

/** GFLOP/s of a square matrix product on all cores: the peak that encoding is held against. */
function product(path: string, n: number): void {
  const random = mulberry32(2);
  const graph = new OnnxGraph("product");
  const x = graph.input("x", ["rows", n]);
  graph.node(
    "MatMul",
    [
      x,
      graph.weight(
        "w",
        [n, n],
        Float32Array.from({ length: n * n }, () => normal(random)),
      ),
    ],
    {},
    "y",
  );
  graph.output("y", ["rows", n]);
  writeFileSync(path, graph.encode());
}

const pifia = join(folder, "pifia.onnx");
const macs = network(pifia);
const n = smoke ? 64 : 1024;
product(join(folder, "product.onnx"), n);
writeFileSync(
  join(folder, "pifia.json"),
  JSON.stringify({
    format: "cellswap-encoder",
    version: 1,
    name: "pifia",
    model: "pifia.onnx",
    input: { name: "x", channels: ["GFP"], height: 64, width: 64 },
    preprocess: [{ step: "minmax" }, { step: "standardize", floor: "inverse-sqrt" }],
    outputs: [{ output: "features" }],
  }),
);
const { store, plan, scales, composite } = await simulatedComposites(folder, {
  cellsPerProtein: smoke ? 2 : 100,
  settings: ["original", "self", "cell-free", "different", "masked"],
  backgrounds: smoke ? 2 : 4,
});
const encoder = readEncoder(join(folder, "pifia.json"));
const dimensions = await tryEncoder(encoder, store);
let runs = 0;
/** Share of the cores' time that was spent in the network, in each run. */
const inNetwork: number[] = [];
async function pipeline(): Promise<number> {
  const path = join(folder, `features-${runs++}`);
  const workers = availableParallelism();
  const start = performance.now();
  const { encodingMs } = await extract(
    { store, plan, scales, composite, encoders: [{ encoder, names: ["pifia"], dimensions }], folder: path },
    { workers },
  );
  const wall = performance.now() - start;
  inNetwork.push(encodingMs / (workers * wall));
  rmSync(path, { recursive: true });
  return plan.count / (wall / 1000);
}

const batch = Number(option("batch", "16"));
const contenders: Record<string, () => number | Promise<number>> = {
  "matrix product (GFLOP/s)": async () =>
    ((await bare(join(folder, "product.onnx"), [n, n], 2, 1, seconds)) * 2 * n * n) / 1e9,
  "network, 2 sessions of 1 thread": () => bare(pifia, [batch, 1, 64, 64], 2, 1, seconds),
  "network, 1 session of 2 threads": () => bare(pifia, [batch, 1, 64, 64], 1, 2, seconds),
  "whole pipeline": pipeline,
};
const peers: ChildProcessWithoutNullStreams[] = [];
if (!smoke && !process.argv.includes("--no-peers")) {
  const python = peerPython("encoding.txt");
  for (const [peer, size] of [
    ["torch", 16],
    ["torch", 64],
    ["onnxruntime", 16],
    ["onnxruntime", 64],
  ] as const) {
    const child = spawn(python, [
      join(import.meta.dirname, "peers/encoding.py"),
      peer,
      pifia,
      String(size),
      String(seconds),
    ]);
    child.stderr.pipe(process.stderr);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    peers.push(child);
    contenders[`${peer} in Python, 2 threads, batch ${size}`] = async () => {
      child.stdin.write("go\n");
      return Number((await lines.next()).value);
    };
  }
}
const rounds = await interleaved(contenders, Number(option("rounds", "5")));
// The first run is not recorded.
const occupied = inNetwork.slice(-rounds["whole pipeline"].length);
for (const child of peers) child.kill();
/** Crops per second of the bare network with other batch sizes, of this network and of the bundled ones. */
const batchSizes: Record<string, Record<string, number>> = {};
const bundled = ["deeploc", "pci", "pifia"].map((name) => {
  const path = resolve(import.meta.dirname, `../encoders/${name}`);
  const { channels } = readEncoder(`${path}.json`).description.input;
  return [`bundled ${name}`, `${path}.onnx`, channels.length] as const;
});
for (const [name, path, channels] of smoke ? [] : ([["full-width pifia", pifia, 1], ...bundled] as const)) {
  batchSizes[name] = {};
  for (const size of [1, 2, 4, 8, 16, 32, 64, 128, 256])
    batchSizes[name][size] = await bare(path, [size, channels, 64, 64], 2, 1, 2);
  console.log(name, batchSizes[name]);
}
store.close();
rmSync(folder, { recursive: true });

for (const [name, values] of Object.entries(rounds))
  console.log(`${name}: ${show(values)}${name.includes("GFLOP") ? "" : " crops/s"}`);
const peak = ratios(rounds, "whole pipeline", "matrix product (GFLOP/s)").map((r) => (r * 2 * macs) / 1e9);
const ofBare = ratios(rounds, "whole pipeline", "network, 2 sessions of 1 thread");
console.log(`whole pipeline / matrix-product peak: ${show(peak, 3)}; / bare network: ${show(ofBare, 3)}`);
console.log(`workers' time inside the network: ${show(occupied, 3)}`);
const against = Object.fromEntries(
  Object.keys(rounds)
    .filter((k) => k.includes("Python"))
    .map((k) => [k, spread(ratios(rounds, "whole pipeline", k))]),
);
console.log(JSON.stringify(against));
record("encoding", {
  composites: plan.count,
  gmacPerCrop: macs / 1e9,
  batch,
  seed: 1,
  perSecond: Object.fromEntries(Object.entries(rounds).map(([k, v]) => [k, spread(v)])),
  pipelineOfPeak: spread(peak),
  pipelineOfBareNetwork: spread(ofBare),
  timeInNetwork: spread(occupied),
  pipelineOfPeers: against,
  batchSizes,
});
