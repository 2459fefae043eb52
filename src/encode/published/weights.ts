import { DataError } from "../../errors.ts";

/** A named array of a checkpoint, row-major. */
export interface Weights {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A convolution (kernel: height x width x in x out, as TensorFlow has it) or a dense layer (in x out), with its bias. */
export interface Affine {
  readonly kernel: Weights;
  readonly bias: Weights;
}

/** Batch normalization with the statistics of training. */
export interface Normalization {
  readonly gamma: Weights;
  readonly beta: Weights;
  readonly mean: Weights;
  readonly variance: Weights;
  /** Added to the variance. */
  readonly epsilon: number;
}

/** Factor and offset per channel that a normalization amounts to (float64). */
export function normalizationScale(n: Normalization): { factor: Float64Array; offset: Float64Array } {
  const count = n.gamma.data.length;
  const factor = new Float64Array(count);
  const offset = new Float64Array(count);
  for (let c = 0; c < count; c++) {
    factor[c] = n.gamma.data[c] / Math.sqrt(n.variance.data[c] + n.epsilon);
    offset[c] = n.beta.data[c] - n.mean.data[c] * factor[c];
  }
  return { factor, offset };
}

/** The layer with a normalization behind it as one layer: kernel times factor, bias times factor plus offset (exact up to rounding). */
export function foldNormalization(layer: Affine, normalization: Normalization): Affine {
  const { factor, offset } = normalizationScale(normalization);
  const out = factor.length;
  const kernel = layer.kernel.data.map((v, i) => v * factor[i % out]);
  const bias = layer.bias.data.map((v, c) => v * factor[c] + offset[c]);
  return { kernel: { ...layer.kernel, data: kernel }, bias: { ...layer.bias, data: bias } };
}

/**
 * Checks that a layer takes `inputs` channels, that its other arrays have one value per output, that the numbers are
 * finite and variances not negative; `size` is the kernel's height and width, absent for a dense layer.
 * @throws DataError naming the array.
 */
export function checkLayer(
  path: string,
  layer: Affine,
  normalization: Normalization | null,
  inputs: number,
  size?: number,
): void {
  const { name, shape } = layer.kernel;
  const wanted = size === undefined ? [inputs] : [size, size, inputs];
  if (shape.length !== wanted.length + 1 || wanted.some((n, i) => shape[i] !== n))
    throw new DataError(
      `${name} is ${shape.join(" x ")}; ${[...wanted, "any number"].join(" x ")} is needed here: this is not the published network`,
      { path },
    );
  const out = shape[shape.length - 1];
  if (out === 0) throw new DataError(`${name} is ${shape.join(" x ")}: it has no outputs`, { path });
  checkVectors(path, [layer.bias], out, `${name} has ${out} outputs`);
  checkFinite(path, [layer.kernel, layer.bias]);
  if (normalization !== null) checkNormalization(path, normalization, out, `${name} has ${out} outputs`);
}

/**
 * Checks that the arrays of a normalization have one finite value for each of `channels` channels, and that variances
 * are not negative; `what` says where that number comes from.
 * @throws DataError naming the array.
 */
export function checkNormalization(
  path: string,
  { gamma, beta, mean, variance }: Normalization,
  channels: number,
  what: string,
): void {
  const arrays = [gamma, beta, mean, variance];
  checkVectors(path, arrays, channels, what);
  checkFinite(path, arrays);
  if (variance.data.some((v) => v < 0))
    throw new DataError(
      `${variance.name} holds negative variances; the file is damaged or is not this network`,
      { path },
    );
}

function checkVectors(path: string, arrays: readonly Weights[], length: number, what: string): void {
  for (const { name, shape } of arrays)
    if (shape.length !== 1 || shape[0] !== length)
      throw new DataError(
        `${name} is ${shape.join(" x ") || "one value"}, but ${what}: this is not the published network`,
        { path },
      );
}

function checkFinite(path: string, arrays: readonly Weights[]): void {
  for (const { name, data } of arrays)
    if (data.some((v) => !Number.isFinite(v)))
      throw new DataError(
        `${name} holds values that are not numbers; the training failed or the file is damaged`,
        { path },
      );
}
