import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { headerText, readHeader, sealed } from "../../src/cells/header.ts";
import { writeQuality } from "../../src/cells/quality.ts";
import { CellStoreWriter } from "../../src/cells/store.ts";
import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import { type OnnxAxis, OnnxGraph } from "../../src/encode/onnx/graph.ts";
import { sha256File } from "../../src/files/hash.ts";
import type { MaskKind } from "../../src/types.ts";

/** Gives the masks of a store other verdicts. */
export function setVerdicts(path: string, verdict: string[]): void {
  const quality = join(path, "quality.csv");
  writeQuality(quality, { verdict, measures: new Map() });
  const header = readHeader(path);
  const hashes = { ...header.hashes, "quality.csv": sha256File(quality) };
  writeFileSync(join(path, "cells.json"), headerText(sealed({ ...header, hashes })));
}

/** What {@link drawCells} draws. */
export interface Drawing {
  readonly classes?: readonly string[];
  /** One number for all classes, or one for each. */
  readonly cellsPerClass?: number | readonly number[];
  /** Fields of each class. */
  readonly fields?: number;
  readonly channels?: readonly string[];
  /** Height and width, pixels. */
  readonly size?: number;
  readonly masks?: MaskKind;
  readonly seed?: number;
  /** Field whose masks failed their quality checks. */
  readonly rejected?: string;
  /** All pixels farther than so many from the center cell are 0, as where crops were masked before. */
  readonly cutOut?: number;
  /** Field whose first channel shows no cells, only medium. */
  readonly dark?: string;
  /** The last cell of every class has the pixels of its first. */
  readonly repeated?: boolean;
  /** False: the cells have no protein, but a dose (one by class), which is missing for the first of every class. */
  readonly proteins?: boolean;
  /** Whether cells have places in their fields, on pixels of 0.25 µm. */
  readonly places?: boolean;
  /** Localization of cell `i` of class `c`; its class by default. */
  readonly localization?: (name: string, i: number) => string | null;
}

/**
 * Writes a cell store of drawn cells: a bright disk in the middle, smaller ones around it, on a noisy background. The
 * first channel carries the class as the number of spots in every cell of the field, so that center and neighbors
 * both give it away; the second channel is even.
 */
export function drawCells(path: string, drawing: Drawing = {}): void {
  const {
    classes = ["nucleus", "vacuole"],
    cellsPerClass = 20,
    fields = 2,
    channels = ["GFP", "RFP"],
    size = 32,
    masks = "full",
    seed = 1,
    cutOut,
    dark,
    repeated = false,
    proteins = true,
    places = false,
    localization = (name: string) => name,
  } = drawing;
  const writer = new CellStoreWriter(path, { channels, height: size, width: size }, masks, "drawn");
  const verdict: string[] = [];
  classes.forEach((name, c) => {
    const count = typeof cellsPerClass === "number" ? cellsPerClass : cellsPerClass[c];
    for (let i = 0; i < count; i++) {
      const seen = repeated && i === count - 1 ? 0 : i;
      const { crop, mask } = drawCell(c, channels.length, size, namedSeed(seed, name, seen));
      if (`${name}-field${i % fields}` === dark) {
        const random = mulberry32(namedSeed(seed, "dark", i));
        for (let p = 0; p < size * size; p++) crop[p] = 100 + 10 * random();
      }
      if (cutOut !== undefined) {
        const far = (size / 5 + cutOut) ** 2;
        for (let p = 0; p < crop.length; p++) {
          const [y, x] = [Math.floor((p % (size * size)) / size), p % size];
          if ((y - size / 2) ** 2 + (x - size / 2) ** 2 > far) crop[p] = 0;
        }
      }
      if (masks === "center") for (let p = 0; p < mask.length; p++) mask[p] = mask[p] === 1 ? 1 : 0;
      writer.append(crop, masks === "none" ? null : mask, {
        Metadata_Cell: `${name}-${i}`,
        Metadata_Protein: proteins ? `P${c}${i % 2}` : null,
        Metadata_Field: `${name}-field${i % fields}`,
        Metadata_Localization: localization(name, i),
        Metadata_Plate: `plate${i % fields}`,
        ...(places ? { Metadata_X: 10 + i, Metadata_Y: 20.5 + c, Metadata_PixelSize: 0.25 } : {}),
        ...(proteins ? {} : { Metadata_Dose: i === 0 ? Number.NaN : c }),
      });
      verdict.push(`${name}-field${i % fields}` === drawing.rejected ? "small" : "ok");
    }
  });
  writer.finish(masks === "none" ? null : { verdict, measures: new Map() });
}

/** One drawn crop (channels x size x size) with its label mask. */
function drawCell(c: number, channels: number, size: number, seed: number) {
  const random = mulberry32(seed);
  const pixels = size * size;
  const crop = new Float32Array(channels * pixels);
  const mask = new Uint8Array(pixels);
  for (let i = 0; i < crop.length; i++) crop[i] = 100 + 10 * random();
  const disk = (y0: number, x0: number, radius: number, paint: (p: number) => void) => {
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) if ((y - y0) ** 2 + (x - x0) ** 2 <= radius ** 2) paint(y * size + x);
  };
  const cell = (y0: number, x0: number, radius: number, label: number) => {
    const level = 250 + 100 * random();
    disk(y0, x0, radius, (p) => {
      mask[p] = label;
      for (let ch = 0; ch < channels; ch++) crop[ch * pixels + p] += level + 30 * random();
    });
    for (let s = 0; s <= 2 * c; s++) {
      const angle = 2 * Math.PI * random();
      const [y, x] = [y0 + 0.5 * radius * Math.sin(angle), x0 + 0.5 * radius * Math.cos(angle)];
      disk(y, x, radius / 4, (p) => {
        crop[p] += 200 + 80 * random();
      });
    }
  };
  const [middle, radius] = [size / 2, size / 5];
  for (let n = 0; n < 3; n++) {
    const angle = 2 * Math.PI * (n / 3 + random() / 6);
    cell(middle + 2.3 * radius * Math.sin(angle), middle + 2.3 * radius * Math.cos(angle), radius * 0.8, 2);
  }
  cell(middle, middle, radius, 1);
  return { crop, mask };
}

/** What {@link writeEncoder} writes into the description beside the network. */
export interface DrawnEncoder {
  readonly name: string;
  readonly channels?: readonly string[];
  readonly size?: number;
  /** Filters of the convolution. */
  readonly filters?: number;
  readonly seed?: number;
  readonly preprocess?: readonly unknown[];
  readonly outputs?: readonly unknown[];
}

/**
 * Writes `NAME.onnx` (3 x 3 convolution of stride 2 and ReLU -> output `map`; its global mean and a dense layer ->
 * output `vector`) with random weights, and its description `NAME.json`, into `folder`; returns the description's path.
 */
export function writeEncoder(folder: string, encoder: DrawnEncoder): string {
  const { name, channels = ["GFP", "RFP"], size = 32, filters = 4, seed = 1 } = encoder;
  const random = mulberry32(namedSeed(seed, "weights"));
  const draw = (n: number, scale: number) =>
    Float32Array.from({ length: n }, () => scale * (2 * random() - 1));
  const graph = new OnnxGraph(name);
  const x = graph.input("x", ["batch", channels.length, size, size]);
  const kernel = graph.weight(
    "kernel",
    [filters, channels.length, 3, 3],
    draw(filters * channels.length * 9, 1),
  );
  const conv = graph.node("Conv", [x, kernel], { pads: [1, 1, 1, 1], strides: [2, 2] });
  const map = graph.node("Relu", [conv], {}, "map");
  const pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [map])], { axis: 1 });
  const dense = graph.weight("dense", [filters, 3], draw(filters * 3, 1));
  const vector = graph.node("MatMul", [pooled, dense], {}, "vector");
  graph.output(map, ["batch", filters, size / 2, size / 2]);
  graph.output(vector, ["batch", 3]);
  writeModel(join(folder, `${name}.onnx`), graph);
  return describeModel(folder, {
    name,
    model: `${name}.onnx`,
    input: { name: "x", channels, height: size, width: size },
    preprocess: encoder.preprocess ?? [{ step: "standardize", epsilon: 1e-6 }],
    outputs: encoder.outputs ?? [{ output: "map", layout: "NCHW", pool: "max" }],
  });
}

/** A network of one operator, its attributes, the shapes of its input `x` and output `y` and the output's type. */
export type OperatorModel = readonly [
  operator: string,
  attributes?: Parameters<OnnxGraph["node"]>[2],
  shape?: readonly OnnxAxis[],
  out?: readonly OnnxAxis[],
  type?: "float32" | "int64",
];

export function writeOperator(path: string, model: OperatorModel): void {
  const [operator, attributes = {}, shape = ["batch", 2, 32, 32], out = shape, type = "float32"] = model;
  const graph = new OnnxGraph("operator");
  graph.node(operator, [graph.input("x", shape)], attributes, "y");
  graph.output("y", out, type);
  writeModel(path, graph);
}

export function writeModel(path: string, graph: OnnxGraph): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, graph.encode());
}

/** Writes an encoder description `NAME.json`. */
export function describeModel(folder: string, description: { name: string; [key: string]: unknown }): string {
  const path = join(folder, `${description.name}.json`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, JSON.stringify({ format: "cellswap-encoder", version: 1, ...description }, null, 2));
  return path;
}

/** Writes a study file; keys override two drawn classes with one encoder and the recommended preset. */
export function writeStudy(path: string, study: Readonly<Record<string, unknown>>): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ cells: "cells", encoders: ["tiny.json"], ...study }, null, 2));
  return path;
}
