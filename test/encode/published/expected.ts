import { deepEqual } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { openEncoder } from "../../../src/encode/open.ts";
import { makePreprocessor } from "../../../src/encode/preprocess.ts";
import { importPublished, type Published } from "../../../src/encode/published/import.ts";
import { NpyReader } from "../../../src/files/npy.ts";

export const fixtures = resolve(import.meta.dirname, "../../fixtures/published");

interface Sampled {
  shape: number[];
  stride: number;
  /** Per crop, every `stride`-th value of the flat map (height, width, channel). */
  sample: number[][];
}
/** What scripts/make-checkpoint-fixtures.py writes beside a checkpoint. */
export interface Expected {
  input: Sampled;
  layers: Record<string, Sampled & { max?: number[][]; mean?: number[][] }>;
  predictions?: number[][];
}

export const shape = { channels: ["GFP", "RFP"], height: 64, width: 64 };
const size = 2 * 64 * 64;

/** The drawn crops of a fixture folder: count x 2 x 64 x 64. */
export function readCrops(folder = fixtures): { crops: Float32Array; count: number } {
  const reader = new NpyReader(join(folder, "crops.npy"));
  const count = reader.shape[0];
  const crops = new Float32Array(count * size);
  reader.read(0, count, crops);
  reader.close();
  return { crops, count };
}

export function readExpected<T = Expected>(folder: string, file = "expected.json"): T {
  return JSON.parse(readFileSync(join(folder, file), "utf8")) as T;
}

/** Real crops, where they are at hand: tests with them are skipped elsewhere. */
export const realImages = resolve(import.meta.dirname, "../../../../shared/data/yeast/images");
export const hasReal = existsSync(realImages);

/** The real crops that `expected-real.json` of a fixture folder names. */
export async function readReal(expected: {
  crops: string[];
}): Promise<{ crops: Float32Array; count: number }> {
  const { readImage } = await import("../../../src/cells/readers/image.ts");
  const count = expected.crops.length;
  const crops = new Float32Array(count * size);
  for (const [i, name] of expected.crops.entries())
    for (const [c, channel] of ["_gfp", "_rfp"].entries()) {
      const image = await readImage(join(realImages, name.replace("_gfp", channel)));
      crops.set(image.data, i * size + c * 64 * 64);
    }
  return { crops, count };
}

/**
 * Largest difference of two sets of feature vectors, in units of each feature's largest absolute value; `scale` gives
 * that value where the vectors do not show it themselves (a sampled map: its channel's).
 */
export function relativeError(
  ours: ArrayLike<number>[],
  theirs: ArrayLike<number>[],
  scale = (index: number) => Math.max(...theirs.map((v) => Math.abs(v[index]))),
): number {
  deepEqual(
    ours.map((v) => v.length),
    theirs.map((v) => v.length),
  );
  let worst = 0;
  for (let f = 0; f < theirs[0].length; f++) {
    const error = Math.max(...theirs.map((v, i) => Math.abs(ours[i][f] - v[f])));
    if (error > 0) worst = Math.max(worst, error / scale(f));
  }
  return worst;
}

/** Encodes crops and gives, per layer, one vector per crop. */
export async function encode(path: string, given = readCrops()): Promise<Map<string, Float32Array[]>> {
  const file = readEncoder(path);
  const { crops, count } = given;
  const encoder = await openEncoder(file, shape);
  const out = encoder.dimensions.map((d) => new Float32Array(count * d));
  await encoder.encode(crops, new Uint8Array(count * 64 * 64), count, out);
  const layers = new Map(
    file.description.outputs.map((o, i) => {
      const d = encoder.dimensions[i];
      return [o.layer!, Array.from({ length: count }, (_, c) => out[i].slice(c * d, (c + 1) * d))] as const;
    }),
  );
  await encoder.release();
  return layers;
}

/** Inputs of the network in the order height, width, channel, sampled as `expected` is. */
export function preprocessed(path: string, expected: Sampled): Float32Array[] {
  const { description } = readEncoder(path);
  const { crops, count } = readCrops();
  const preprocessor = makePreprocessor(description, shape);
  const channels = description.input.channels.length;
  const pixels = description.input.height * description.input.width;
  return Array.from({ length: count }, (_, c) => {
    const chw = new Float32Array(preprocessor.size * preprocessor.views);
    preprocessor.run(crops.subarray(c * size, (c + 1) * size), chw, 0);
    const hwc = new Float32Array(preprocessor.size);
    for (let p = 0; p < pixels; p++)
      for (let k = 0; k < channels; k++) hwc[p * channels + k] = chw[k * pixels + p];
    return hwc.filter((_, i) => i % expected.stride === 0);
  });
}

/** {@link errors} on the real crops. */
export async function realErrors(
  open: () => Published,
  folder: string,
  out: string,
): Promise<Record<string, number>> {
  const expected = readExpected<Expected & { crops: string[] }>(folder, "expected-real.json");
  return errors(open, expected, out, await readReal(expected));
}

/**
 * Largest error that a layer may have (`docs/published-encoders.md`): sums of float32 in another order. Dense layers add
 * up thousands of products, and units that hardly answer count by their own largest value.
 */
export const errorLimit = (what: string) => (what.startsWith("conv") ? 2e-5 : 1e-4);

/** Imports every layer with each pooling and gives the largest relative error per layer and pooling. */
export async function errors(
  open: () => Published,
  expected: Expected,
  out: string,
  crops = readCrops(),
): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const pool of ["max", "mean", "flatten"] as const) {
    const { path } = importPublished(open(), out, { layer: "all", pool, name: `all-${pool}` });
    const layers = await encode(path, crops);
    deepEqual([...layers.keys()], Object.keys(expected.layers));
    for (const [layer, ours] of layers) {
      const { shape, max, mean, sample, stride } = expected.layers[layer];
      const largest = max && ((i: number) => Math.max(...max.map((m) => m[(i * stride) % shape[2]])));
      const flat = ours.map((v) => v.filter((_, i) => i % stride === 0));
      if (pool === "flatten") found[`${layer} flatten`] = relativeError(flat, sample, largest);
      else if (max !== undefined)
        found[`${layer} ${pool}`] = relativeError(ours, (pool === "max" ? max : mean)!);
    }
  }
  return found;
}
