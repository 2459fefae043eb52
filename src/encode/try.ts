import type { CropSource, Flag } from "../types.ts";
import { DEVICE_TOLERANCE } from "./device.ts";
import type { Encoder } from "./encoder.ts";

/** Crops as an encoder takes them, with their label masks (empty masks where none are known). */
export interface Samples {
  readonly count: number;
  /** Count x channels x height x width. */
  readonly crops: Float32Array;
  /** Count x height x width. */
  readonly masks: Uint8Array;
}

/** Crops that encoders are tried on: as many as the network sees at a time. */
const TRIED = 16;

/**
 * Crops that an encoder is tried on: the first of `rows` that are not of one value.
 * @param read copies a crop as encoders are to see it
 */
export function takeSamples(
  source: CropSource,
  rows: Iterable<number>,
  read: (row: number, out: Float32Array) => void,
): Samples {
  const pixels = source.height * source.width;
  const size = source.channels.length * pixels;
  const crops = new Float32Array(TRIED * size);
  const masks = new Uint8Array(TRIED * pixels);
  let count = 0;
  for (const row of rows) {
    if (count === TRIED) break;
    const crop = crops.subarray(count * size, (count + 1) * size);
    read(row, crop);
    if (crop.every((v) => v === crop[0])) continue;
    if (source.masks !== "none") source.readMask(row, masks.subarray(count * pixels, (count + 1) * pixels));
    count++;
  }
  return { count, crops: crops.subarray(0, count * size), masks: masks.subarray(0, count * pixels) };
}

/**
 * Tries an encoder on real crops: the same crops twice, and the first of them beside empty crops.
 * Finds networks whose features of a cell depend on chance or on the cells beside it, and those that tell no crop from another.
 */
export async function tryOut(encoder: Encoder, name: string, samples: Samples): Promise<Flag[]> {
  const { count, crops, masks } = samples;
  const encode = async (pixels: Float32Array, labels: Uint8Array) => {
    const out = encoder.dimensions.map((dimension) => new Float32Array(count * dimension));
    await encoder.encode(pixels, labels, count, out);
    return out;
  };
  const first = await encode(crops, masks);
  // The run names the cell.
  if (first.some((features) => features.some((v) => !Number.isFinite(v)))) return [];
  const again = await encode(crops, masks);
  const alone = new Float32Array(crops.length);
  alone.set(crops.subarray(0, crops.length / count));
  const aloneMasks = new Uint8Array(masks.length);
  aloneMasks.set(masks.subarray(0, masks.length / count));
  const padded = await encode(alone, aloneMasks);
  const flags: Flag[] = [];
  const training = "put it in evaluation mode (PyTorch: model.eval(), before an export)";
  const apart = (a: Float32Array, b: Float32Array) => distance(a, b) / (largest(a) || 1);
  const twice = Math.max(...first.map((features, o) => apart(features, again[o])));
  const beside = Math.max(
    ...first.map((features, o) => {
      const dimension = encoder.dimensions[o];
      return apart(features.subarray(0, dimension), padded[o].subarray(0, dimension));
    }),
  );
  if (!(twice <= encoder.tolerance))
    flags.push({
      id: "not-reproducible",
      severity: "refuse",
      encoder: name,
      text: `encoder ${name} gives the same crops other features the second time (by up to ${percent(twice)} of the largest): chance is at work in it, as in dropout; ${training}`,
    });
  else if (!(beside <= encoder.tolerance))
    flags.push({
      id: "batch-dependent",
      severity: "refuse",
      encoder: name,
      text: `encoder ${name} gives the same crop other features alone than beside others (by up to ${percent(beside)} of the largest): it takes means over the batch; ${training}`,
    });
  const outputs = first.map((features, o) => ({ features, dimension: encoder.dimensions[o] }));
  return [...flags, constantFeatures(name, outputs, count), featureScale(name, first)].filter(
    (f) => f !== null,
  );
}

/**
 * Refuses an encoder whose features on a device are not those on the processor, on the crops that it is tried on.
 * @param plain the same encoder on the processor
 */
export async function compareDevices(
  encoder: Encoder,
  plain: Encoder,
  name: string,
  { count, crops, masks }: Samples,
): Promise<Flag[]> {
  const encode = async (by: Encoder) => {
    const out = by.dimensions.map((dimension) => new Float32Array(count * dimension));
    await by.encode(crops, masks, count, out);
    return out;
  };
  const [there, here] = [await encode(encoder), await encode(plain)];
  const apart = Math.max(
    ...here.map((features, o) => distance(features, there[o]) / (largest(features) || 1)),
  );
  if (apart <= DEVICE_TOLERANCE) return [];
  const text = `encoder ${name} gives other features on the device than on the processor (by up to ${percent(apart)} of the largest, at most ${percent(DEVICE_TOLERANCE)} are rounding): leave --device out, or start the model in a program of yours (docs/own-model.md)`;
  return [{ id: "device-differs", severity: "refuse", encoder: name, text }];
}

/** Largest feature, at least and at most, on which a probe with a penalty on its weights learns anything. */
const USABLE = { least: 1e-6, most: 1e12 };

/** Warns of an encoder whose features are so small or so large that probes learn nothing from them. */
function featureScale(name: string, outputs: readonly Float32Array[]): Flag | null {
  const { least, most } = USABLE;
  const wrong = outputs.map(largest).find((top) => top > 0 && !(top >= least && top <= most));
  if (wrong === undefined) return null;
  return {
    id: "feature-scale",
    severity: "warning",
    encoder: name,
    text: `encoder ${name} gives features of at most ${wrong.toPrecision(2)}: probes, whose weights are penalized, learn nothing from features ${wrong < least ? `below ${least}` : `above ${most}`}; multiply its output by a constant (before an export), or look at its preprocessing`,
  };
}

/** Warns of an encoder none of whose outputs tells one of `count` crops from another. */
export function constantFeatures(
  name: string,
  outputs: readonly { readonly features: Float32Array; readonly dimension: number }[],
  count: number,
): Flag | null {
  if (count < 2 || !outputs.every(({ features, dimension }) => constant(features, dimension))) return null;
  return {
    id: "constant-features",
    severity: "warning",
    encoder: name,
    text: `encoder ${name} gives all ${count} crops that it was tried on the same features: it cannot tell cells apart; look at its preprocessing (a wrong factor, an output that is not the features?)`,
  };
}

const percent = (share: number) =>
  `${share < 0.1 ? (100 * share).toPrecision(2) : Math.round(100 * share)} %`;

/** Largest difference between equal features, as a share of the largest of them. */
const SAME = 1e-6;

/** Whether no feature differs between rows by more than rounding. */
export function constant(features: Float32Array, dimension: number): boolean {
  const room = SAME * largest(features);
  for (let j = 0; j < dimension; j++)
    for (let i = j; i < features.length; i += dimension)
      if (!(Math.abs(features[i] - features[j]) <= room)) return false;
  return true;
}

function largest(values: Float32Array): number {
  return values.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
}

function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((top, v, i) => Math.max(top, Math.abs(v - b[i])), 0);
}
