/**
 * Large crops: peak memory of importing, segmenting and encoding cells in crops of 64 px and two channels up to 512 px
 * and eight. Drawn cells that touch, each with a nucleus; one small convolution as encoder; one worker. One process a
 * size and stage.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CellPixels, importCells } from "../src/cells/importer.ts";
import { CellStore } from "../src/cells/store.ts";
import { mulberry32 } from "../src/core/rng.ts";
import { readEncoder } from "../src/encode/encoder-file.ts";
import { OnnxGraph } from "../src/encode/onnx/graph.ts";
import { extract, tryEncoder } from "../src/features/extract.ts";
import { segmentStore } from "../src/segment/segment-store.ts";
import { groupOf, measureScales } from "../src/swap/intensity.ts";
import { makePlan } from "../src/swap/plan.ts";
import type { CompositeOptions } from "../src/types.ts";
import { option, record, smoke } from "./harness.ts";

const CELLS = smoke ? 12 : 96;
const SIZES: readonly (readonly [side: number, channels: number])[] = smoke
  ? [[32, 2]]
  : [
      [64, 2],
      [128, 4],
      [256, 4],
      [512, 8],
    ];
const STAGES = ["import", "segment", "composites"] as const;
type Stage = (typeof STAGES)[number];

const names = (channels: number) => Array.from({ length: channels }, (_, c) => (c === 0 ? "DNA" : `C${c}`));

/** A cell in the middle and parts of four others, which fade to their borders; the first channel shows nuclei. */
function draw(cell: number, side: number, channels: number): CellPixels {
  const random = mulberry32(cell + 1);
  const crop = new Float32Array(channels * side * side);
  const away = (at: number) => Math.abs(((at / side + 0.75) % 0.5) - 0.25) / 0.25;
  for (let y = 0, i = 0; y < side; y++)
    for (let x = 0; x < side; x++, i++) {
      const far = Math.max(away(y), away(x));
      for (let c = 0; c < channels; c++) {
        const light = c === 0 ? Number(far < 0.45) : far < 0.9 ? 1 - 0.6 * far : 0;
        crop[c * side * side + i] = 10 + 5 * random() + 100 * light;
      }
    }
  return { height: side, width: side, crop, mask: null };
}

async function run(stage: Stage, folder: string, side: number, channels: number): Promise<void> {
  const cells = join(folder, "cells");
  if (stage === "import")
    await importCells(
      {
        source: "drawn",
        path: "drawn",
        channels: names(channels),
        masks: "none",
        count: CELLS,
        notes: [],
        record: (i) => ({
          Metadata_Cell: `c${i}`,
          Metadata_Protein: `P${i % 2}`,
          Metadata_Field: `F${i % 4}`,
          Metadata_Localization: `L${i % 2}`,
        }),
        file: () => "drawn",
        read: async (i) => draw(i, side, channels),
      },
      cells,
    );
  else if (stage === "segment") await segmentStore(cells, { nuclei: "DNA", channel: "C1", workers: 1 });
  else await encode(folder, cells, side, channels);
}

/** Composes and encodes cells before themselves and before others without their cells. */
async function encode(folder: string, cells: string, side: number, channels: number): Promise<void> {
  const graph = new OnnxGraph("tiny");
  const weights = Float32Array.from({ length: 4 * channels * 9 }, (_, i) => Math.sin(i));
  const x = graph.input("x", ["batch", channels, side, side]);
  const maps = graph.node("Conv", [x, graph.weight("w", [4, channels, 3, 3], weights)], {
    kernel_shape: [3, 3],
    strides: [4, 4],
  });
  graph.node("ReduceMax", [graph.node("Relu", [maps])], { axes: [2, 3], keepdims: 0 }, "y");
  graph.output("y", ["batch", 4]);
  writeFileSync(join(folder, "tiny.onnx"), graph.encode());
  writeFileSync(
    join(folder, "tiny.json"),
    JSON.stringify({
      format: "cellswap-encoder",
      version: 1,
      name: "tiny",
      model: "tiny.onnx",
      input: { name: "x", channels: names(channels), height: side, width: side },
      outputs: [{ output: "y" }],
    }),
  );
  const encoder = readEncoder(join(folder, "tiny.json"));
  const composite: CompositeOptions = {
    edge: "soft",
    sigma: side / 64,
    donorCenter: "fill",
    halo: (3 * side) / 64,
    intensity: "field",
    clip: [-1, 6],
    seed: 1,
  };
  const store = await CellStore.open(cells, ["border", "ragged", "off-center", "large", "small"]);
  const { field, protein } = store.cells;
  const plan = makePlan({
    classes: ["L0", "L1"],
    classOf: Int16Array.from({ length: CELLS }, (_, i) => i % 2),
    field,
    protein,
    usable: new Uint8Array(CELLS).fill(1),
    settings: ["original", "self", "cell-free"],
    sameDonor: "any",
    seed: 1,
  });
  const scales = measureScales(store, composite, groupOf(store.cells, "field"));
  const dimensions = await tryEncoder(encoder, store);
  await extract(
    {
      store,
      plan,
      scales,
      composite,
      encoders: [{ encoder, names: ["tiny"], dimensions }],
      folder: join(folder, "features"),
    },
    { workers: 1 },
  );
  store.close();
}

const stage = option("stage", "") as Stage | "";
if (stage !== "") {
  const [side, channels] = option("size", "").split("x").map(Number);
  await run(stage, option("folder", ""), side, channels);
  console.log(process.resourceUsage().maxRSS / 1024);
} else {
  const rows = SIZES.map(([side, channels]) => {
    const folder = mkdtempSync(join(tmpdir(), "cellswap-large-"));
    try {
      const peakMiB = Object.fromEntries(
        STAGES.map((name) => {
          const text = execFileSync(
            process.execPath,
            [
              ...["--import", "tsx", import.meta.filename, "--stage", name],
              ...["--size", `${side}x${channels}`, "--folder", folder, ...(smoke ? ["--smoke"] : [])],
            ],
            { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
          );
          return [name, Number(text)];
        }),
      );
      const row = { side, channels, cropMiB: (4 * channels * side * side) / 2 ** 20, peakMiB };
      console.log(JSON.stringify(row));
      return row;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  record("large-crops", { cells: CELLS, workers: 1, rows });
}
