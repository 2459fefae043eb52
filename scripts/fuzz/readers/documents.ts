import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { OnnxDescription } from "../../../src/encode/description.ts";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { appendTo } from "../../../src/encode/onnx/append.ts";
import { draftEncoder } from "../../../src/encode/onnx/draft.ts";
import { filesOf, readModel } from "../../../src/encode/onnx/file.ts";
import { Flow, lastMaps } from "../../../src/encode/onnx/last-map.ts";
import { parseOnnx } from "../../../src/encode/onnx/model.ts";
import { showEncoder } from "../../../src/encode/published/show.ts";
import { sealJson } from "../../../src/files/sealed.ts";
import { SETTINGS } from "../../../src/settings.ts";
import { exportText, readExport } from "../../../src/study/composites/record.ts";
import { readStudyFile } from "../../../src/study/schema.ts";
import { readShards } from "../../../src/study/shards/file.ts";
import { readSources } from "../../../src/study/view/sources.ts";
import { writePlan } from "../../../src/swap/plan-file.ts";
import { readPlan } from "../../../src/swap/read-plan.ts";
import { runsOf } from "../../../src/swap/runs.ts";
import type { SwapPlan } from "../../../src/types.ts";
import { parseViewStudy } from "../../../src/view/study.ts";
import { JSON_CHANGES, JSON_SLIP } from "../mutate/json.ts";
import { PROTOBUF } from "../mutate/protobuf.ts";
import { CSV } from "../mutate/text.ts";
import { PARQUET } from "../mutate/thrift.ts";
import type { Reader, Seed } from "../reader.ts";
import { fileSeeds, fixture, oneFile } from "../seeds.ts";
import { written } from "./tables.ts";

const json = [...JSON_CHANGES, JSON_SLIP];
const jsonFile = (name: string, value: unknown): Seed =>
  oneFile(name, Buffer.from(JSON.stringify(value, null, 2)));

const STUDY = {
  cells: "my.cells",
  encoders: ["deeploc", { name: "mine", features: "mine.npy" }, "net.json"],
  class: "Localization",
  settings: [...SETTINGS],
  preset: "recommended",
  seed: 3,
  cellsPerClass: 100,
  allow: ["border", "ragged"],
};

const DESCRIPTION = {
  format: "cellswap-encoder",
  version: 1,
  name: "norm",
  title: "A norm",
  model: "norm.onnx",
  input: { name: "images", channels: ["GFP", "RFP"], height: 16, width: 16, layout: "NCHW" },
  preprocess: [
    { step: "percentile", low: 0.1, high: 99.9 },
    { step: "crop", height: 16, width: 16, at: "center" },
    { step: "resize", height: 16, width: 16 },
    { step: "standardize", epsilon: 0.1 },
  ],
  outputs: [{ output: "embedding", layer: "emb", layout: "vector", pool: "none" }],
  license: "MIT",
  notes: ["a"],
};

const VIEW_STUDY = {
  ...{
    version: 1,
    title: "t",
    createdBy: "cellswap",
    classes: ["a", "b"],
    backgrounds: [0, 1],
    composites: 8,
  },
  settings: ["original", "different"],
  encoders: [
    {
      ...{ name: "norm", output: 0, description: "encoders/norm.json", title: "A norm", dimension: 4 },
      ...{ remedy: null, predicted: true, map: null, runs: { where: "page", why: null } },
    },
  ],
  crops: { count: 4, channels: ["A"], height: 16, width: 16, masks: "full", micrometers: null },
  composite: {
    ...{ edge: "soft", sigma: 1, donorCenter: "fill", halo: 3, intensity: "field", clip: [-1, 6], seed: 1 },
  },
  unit: "field",
  groups: { count: 2, fewest: 2, reach: "all", notes: [] },
  pixels: { original: "0123456789ab" },
};

const SOURCES = { cells: "../cells", masks: null, encoders: { norm: "../norm.json", mine: null } };

const EXPORT = {
  ...{
    format: "cellswap-composites",
    version: 2,
    cellswap: "0.1.0",
    plan: "a".repeat(64),
    pixels: "b".repeat(64),
  },
  ...{ rows: 20, channels: ["GFP"], height: 64, width: 64, arrays: "npy", masks: null },
  composites: [{ file: "composites.npy", from: 0, rows: 20 }],
  hashes: { "composites.npy": "c".repeat(64), "plan.parquet": "d".repeat(64) },
};

const PART = "tiny/different.ER.0123456789ab-0123456789ab";
const SHARDS = {
  ...{ format: "cellswap-shards", version: 1, cellswap: "0.1.0", shards: 2, plan: "a".repeat(64) },
  ...{ features: "features", dimensions: { tiny: 4 } },
  pieces: [{ shard: 0, piece: 0, parts: [PART] }],
  blocks: [{ shard: 1, file: "stages/blocks/tiny/different.nucleus.json", key: "0123456789ab" }],
};

const COUNT = 40;
const CELLS = {
  count: COUNT,
  id: Array.from({ length: COUNT }, (_, i) => `cell${i}`),
  field: Array.from({ length: COUNT }, (_, i) => `field${i % 4}`),
  protein: null,
};
const CLASSES = ["ER", "nucleus"];
const CLASS_OF = Int8Array.from({ length: COUNT }, (_, i) => i % 2);

/** A plan of every cell as it was imaged and on another background. */
function planSeeds(): Seed[] {
  const setting = SETTINGS.indexOf("different");
  const plan: SwapPlan = {
    ...{ seed: 1, count: 2 * COUNT, classes: CLASSES },
    cell: Int32Array.from({ length: 2 * COUNT }, (_, i) => i % COUNT),
    runs: runsOf(
      Uint8Array.from({ length: 2 * COUNT }, (_, i) => (i < COUNT ? 0 : setting)),
      Int16Array.from({ length: 2 * COUNT }, (_, i) => (i < COUNT ? -1 : 1 - (i % 2))),
    ),
    donor: Int32Array.from({ length: 2 * COUNT }, (_, i) => (i < COUNT ? -1 : (i + 1) % COUNT)),
  };
  const cells = { ...CELLS, classOf: CLASS_OF };
  const file = (ending: string) =>
    oneFile(
      `plan.${ending}`,
      written(`plan.${ending}`, (path) => writePlan(path.replace(/\.\w+$/, ""), plan, cells)),
    );
  return [file("parquet"), file("csv")];
}

const plan = (path: string) => readPlan(path, CELLS, CLASSES, CLASS_OF);

const onnx = (pattern: RegExp): Seed[] =>
  fileSeeds("encode/onnx", pattern).map((seed) => {
    const external = seed.given.replace(/\.onnx$/, ".onnx_data");
    if (!seed.name.endsWith("vit-external.onnx")) return seed;
    return {
      ...seed,
      files: new Map(seed.files).set(external, readFileSync(fixture("encode/onnx/vit-external.onnx_data"))),
    };
  });

export const DOCUMENTS: readonly Reader[] = [
  {
    name: "study-file",
    seeds: () => [jsonFile("study.json", STUDY), jsonFile("study.json", { cells: "a", encoders: ["pci"] })],
    mutators: () => json,
    read: (path) => {
      const study = { ...readStudyFile(path) };
      return JSON.stringify(study).replaceAll(dirname(path), "");
    },
  },
  {
    name: "description",
    seeds: () => [
      {
        name: "norm",
        files: new Map([
          ["norm.json", Buffer.from(JSON.stringify(DESCRIPTION))],
          ["norm.onnx", readFileSync(fixture("encode/onnx/norm.onnx"))],
        ]),
        given: "norm.json",
        changed: ["norm.json"],
      },
    ],
    mutators: () => json,
    read: (path) => {
      const encoder = readEncoder(path);
      return [encoder.kind, encoder.description, encoder.hash];
    },
  },
  {
    name: "shards",
    seeds: () => [oneFile("shards.json", Buffer.from(sealJson(SHARDS)))],
    mutators: () => json,
    read: (path) => readShards(dirname(path)),
  },
  {
    name: "composites",
    seeds: () => [oneFile("composites.json", Buffer.from(exportText(EXPORT)))],
    mutators: () => json,
    read: (path) => readExport(dirname(path)),
  },
  {
    name: "view-study",
    seeds: () => [jsonFile("study.json", VIEW_STUDY)],
    mutators: () => json,
    read: (path) => parseViewStudy(readFileSync(path), path),
  },
  {
    name: "view-sources",
    seeds: () => [jsonFile("sources.json", SOURCES)],
    mutators: () => json,
    read: readSources,
  },
  {
    name: "plan-parquet",
    seconds: 5,
    seeds: () => planSeeds().slice(0, 1),
    mutators: () => PARQUET,
    read: plan,
  },
  { name: "plan-csv", seeds: () => planSeeds().slice(1), mutators: () => CSV, read: plan },
  {
    name: "onnx",
    weight: 2,
    seeds: () => onnx(/^(?!absurd|endless|huge).*\.onnx$/),
    mutators: (file) => (file.endsWith(".onnx") ? PROTOBUF : []),
    read: async (path) => {
      const { path: _, ...shown } = (await showEncoder(path)) as { path: string };
      return shown;
    },
  },
  {
    name: "onnx-append",
    seeds: () => onnx(/^(vit|vit-external|vit-half|norm|mask-float)\.onnx$/),
    mutators: (file) => (file.endsWith(".onnx") ? PROTOBUF : []),
    read: (path) => {
      const { model } = readModel(path);
      const input = { name: model.graph.inputs[0]?.name ?? "", channels: ["A"], height: 32, width: 32 };
      const outputs = model.graph.outputs.slice(0, 4).map(({ name }) => ({ output: name || "?" }));
      const description = OnnxDescription.parse({
        ...{ format: "cellswap-encoder", version: 1, name: "any", model: path },
        ...{ input: { ...input, name: input.name || "?" }, outputs: [{ output: "?" }, ...outputs] },
      });
      const appended = appendTo(filesOf(path, description, path), (graph) => {
        graph.output(graph.node("Identity", [graph.input(graph.free("x"), [1])]), [1]);
      });
      // What was there is there still, and one node more.
      const { graph } = parseOnnx(appended, path);
      if (graph.nodes.length !== model.graph.nodes.length + 1) throw new RangeError("nodes were lost");
      const flow = new Flow(model, input.name);
      const shape = { type: "float32", dims: [1, 16, 4, 4] };
      const shapes = (name: string) => flow.behind(name).map((of) => [of, { name: of, ...shape }] as const);
      return outputs.map(({ output }) => lastMaps(flow, output, new Map(shapes(output)), input));
    },
  },
  {
    name: "onnx-run",
    // A process is started for every network.
    weight: 0.03,
    seconds: 15,
    seeds: () => onnx(/^(vit|norm)\.onnx$/),
    mutators: () => PROTOBUF,
    read: async (path) => {
      const { description } = await draftEncoder(path, { channels: ["A", "B"] });
      return description.outputs;
    },
  },
];
