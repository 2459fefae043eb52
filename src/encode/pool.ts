import type { EncoderOutput } from "./description.ts";
import { tokenGrid } from "./tokens.ts";

/** Axes of a feature map for one input: channels, height, width and the distance in memory between neighbors along each. */
export interface MapLayout {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly channelStep: number;
  readonly pixelStep: number;
  /** Values before the first pixel. */
  readonly start: number;
}

/** How one output of the network becomes a feature vector. */
export interface Pooling {
  /** Length of the feature vector. */
  readonly dimension: number;
  /** Values of one input in the network's output. */
  readonly size: number;
  /**
   * Adds `weight` times the pooled vector of `values`, the network's output for one input, to `out`; `center` says how
   * much each pixel of that input belongs to the center cell (0..1), used by center-mean only.
   */
  add(values: Float32Array, center: ArrayLike<number>, weight: number, out: Float32Array): void;
}

/**
 * Pooling of an output with dimensions `dims` (batch first) of a network whose input has `height` x `width` pixels.
 * @throws RangeError, with the remedy, where the dimensions do not fit the layout.
 */
export function makePooling(
  output: EncoderOutput,
  dims: readonly number[],
  height: number,
  width: number,
): Pooling {
  const { layout, pool } = output;
  const size = dims.slice(1).reduce((a, b) => a * b, 1);
  const shape = `has ${dims.length} dimensions (${dims.join(" x ")})`;
  if (size === 0) throw new RangeError(`${shape}, which are no features; name another output`);
  if (layout !== "tokens" && (pool === "class" || output.grid !== undefined || output.prefix !== undefined))
    throw new RangeError(
      `has the layout ${layout}, and class, grid and prefix are of tokens; correct layout`,
    );
  if (layout === "vector") {
    if (pool !== "none" && pool !== "flatten")
      throw new RangeError(
        `is a vector and cannot be pooled (${pool}); leave pool out, or name a feature map or tokens as layout`,
      );
    if (dims.length < 2 || dims.slice(2).some((n) => n !== 1))
      throw new RangeError(
        `${shape}; a vector has 2, tokens have 3 (layout tokens), a feature map has 4 (NCHW or NHWC): correct layout`,
      );
    return copying(size, 0, size);
  }
  const whole = pool === "flatten" || pool === "none";
  if (whole && layout !== "tokens") return copying(size, 0, size);
  if (dims.length !== (layout === "tokens" ? 3 : 4))
    throw new RangeError(
      `${shape}; ${layout === "tokens" ? "tokens have 3" : "a feature map has 4"}; correct layout`,
    );
  if (layout === "tokens" && pool === "none")
    throw new RangeError(
      "is tokens; say how they become a vector (pool class, mean, max, center-mean or flatten)",
    );
  if (whole) return copying(size, 0, size);
  if (pool === "class") return copying(size, 0, dims[2]);
  return overMap(pool, mapLayout(output, dims, height, width), size, height, width);
}

/** Takes the values from `from` to `to` as they are. */
function copying(size: number, from: number, to: number): Pooling {
  return {
    dimension: to - from,
    size,
    add: (values, _center, weight, out) => {
      for (let i = from; i < to; i++) out[i - from] += weight * values[i];
    },
  };
}

/** @throws RangeError, with the remedy, where tokens do not fit the input */
export function mapLayout(
  output: EncoderOutput,
  dims: readonly number[],
  height: number,
  width: number,
): MapLayout {
  if (output.layout === "NCHW")
    return {
      channels: dims[1],
      height: dims[2],
      width: dims[3],
      channelStep: dims[2] * dims[3],
      pixelStep: 1,
      start: 0,
    };
  if (output.layout === "NHWC")
    return {
      channels: dims[3],
      height: dims[1],
      width: dims[2],
      channelStep: 1,
      pixelStep: dims[3],
      start: 0,
    };
  // Where the patches begin is all that max and mean ask for.
  const { prefix, rows, columns } =
    output.pool !== "center-mean" && output.grid === undefined && output.prefix !== undefined
      ? { prefix: output.prefix, rows: 1, columns: dims[1] - output.prefix }
      : tokenGrid(dims[1], { height, width }, output);
  if (columns < 1)
    throw new RangeError(`has ${dims[1]} tokens, none of them behind the first ${prefix}; correct prefix`);
  const channels = dims[2];
  return {
    channels,
    height: rows,
    width: columns,
    channelStep: 1,
    pixelStep: channels,
    start: prefix * channels,
  };
}

function overMap(
  pool: "max" | "mean" | "center-mean",
  map: MapLayout,
  size: number,
  height: number,
  width: number,
): Pooling {
  const pixels = map.height * map.width;
  const weights = new Float64Array(pixels);
  return {
    dimension: map.channels,
    size,
    add(values, center, weight, out) {
      if (pool === "center-mean") centerWeights(center, { height, width }, map, weights);
      for (let c = 0; c < map.channels; c++) {
        const start = map.start + c * map.channelStep;
        let value = pool === "max" ? Number.NEGATIVE_INFINITY : 0;
        for (let p = 0; p < pixels; p++) {
          const v = values[start + p * map.pixelStep];
          if (pool === "max") value = Math.max(value, v);
          else value += pool === "mean" ? v / pixels : v * weights[p];
        }
        out[c] += weight * value;
      }
    },
  };
}

/** Share of the center cell that lies in each pixel of the map (sums to 1; even where none of it is in the input). */
function centerWeights(
  center: ArrayLike<number>,
  { height, width }: Pick<MapLayout, "height" | "width">,
  map: MapLayout,
  weights: Float64Array,
): void {
  weights.fill(0);
  let total = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const share = center[y * width + x];
      if (share === 0) continue;
      weights[Math.floor((y * map.height) / height) * map.width + Math.floor((x * map.width) / width)] +=
        share;
      total += share;
    }
  if (total === 0) weights.fill(1 / weights.length);
  else for (let p = 0; p < weights.length; p++) weights[p] /= total;
}
