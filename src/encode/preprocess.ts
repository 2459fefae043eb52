import { mean, quantileSorted } from "../core/statistics.ts";
import { StudyError } from "../errors.ts";
import { CENTER, type CropShape } from "../types.ts";
import type { EncoderDescription, PreprocessStep } from "./description.ts";

/** Turns one crop into what the network takes. */
export interface Preprocessor {
  /** Inputs made from one crop: 5 where a five-crop step is used, else 1. */
  readonly views: number;
  /** Values of one input: channels x height x width. */
  readonly size: number;
  /** Writes `views` inputs (each `size` values, in the description's layout) for `crop` (channels x height x width) to `out` from `offset` on. */
  run(crop: Float32Array, out: Float32Array, offset: number): void;
  /**
   * Takes the center cell of a label mask the same way: writes `views` planes (height x width each, 0..1: the share of
   * the center cell in the pixel) to `out` from `offset` on. Crop and resize are those of the image; what pad adds is
   * not of the cell.
   */
  mask(mask: Uint8Array, out: Float32Array, offset: number): void;
}

interface Image {
  data: Float64Array;
  height: number;
  width: number;
}

/**
 * Makes the preprocessor of an encoder for crops of one shape; all checks are done here, once.
 * @throws StudyError where a channel is missing or the steps do not end at the network's size.
 */
export function makePreprocessor(description: EncoderDescription, shape: CropShape): Preprocessor {
  const { input, preprocess, name } = description;
  const channels = input.channels.map((wanted) => {
    const found = shape.channels.findIndex((c) => c.toLowerCase() === wanted.toLowerCase());
    if (found < 0)
      throw new StudyError(
        `encoder ${name} needs channel ${wanted}; the cells have ${shape.channels.join(", ")}; rename the channel in its description or use cells that have it`,
      );
    return found;
  });
  let [height, width] = [shape.height, shape.width];
  let views = 1;
  for (const step of preprocess) {
    if (step.step === "crop" && (step.height > height || step.width > width))
      throw new StudyError(
        `encoder ${name}: a crop to ${step.height} x ${step.width} px cannot be cut from ${height} x ${width} px; pad or resize first`,
      );
    if (step.step === "pad" && (step.height < height || step.width < width))
      throw new StudyError(
        `encoder ${name}: padding to ${step.height} x ${step.width} px is smaller than the crop (${height} x ${width} px); use crop`,
      );
    if (step.step === "fixed" && [step.mean, step.sd].some((v) => v.length !== channels.length))
      throw new StudyError(
        `encoder ${name}: step fixed needs one mean and one sd per channel (${channels.length})`,
      );
    if (step.step === "crop" || step.step === "pad" || step.step === "resize")
      [height, width] = [step.height, step.width];
    if (step.step === "crop" && step.at === "five") {
      if (views > 1) throw new StudyError(`encoder ${name}: only one five-crop step is possible`);
      views = 5;
    }
  }
  if (height !== input.height || width !== input.width)
    throw new StudyError(
      `encoder ${name} takes ${input.height} x ${input.width} px, but its preprocessing of ${shape.height} x ${shape.width} px crops gives ${height} x ${width} px; add a crop, pad or resize step to its description`,
    );
  const size = channels.length * height * width;
  const cropPixels = shape.height * shape.width;
  return {
    views,
    size,
    run(crop, out, offset) {
      let images: Image[][] = [
        channels.map((c) => ({
          data: Float64Array.from(crop.subarray(c * cropPixels, (c + 1) * cropPixels)),
          height: shape.height,
          width: shape.width,
        })),
      ];
      for (const step of preprocess)
        images =
          step.step === "crop" && step.at === "five"
            ? corners(step.height, step.width, images[0][0]).map((at) =>
                images[0].map((i) => cut(i, step.height, step.width, ...at)),
              )
            : images.map((image) => apply(step, image));
      images.forEach((image, v) => void write(image, out, offset + v * size, input.layout));
    },
    mask(mask, out, offset) {
      const data = Float64Array.from(mask, (label) => (label === CENTER ? 1 : 0));
      let planes: Image[] = [{ data, height: shape.height, width: shape.width }];
      for (const step of preprocess) {
        if (step.step === "pad") planes = planes.map((i) => pad(i, step.height, step.width, "zero"));
        else if (step.step === "resize") planes = planes.map((i) => resize(i, step.height, step.width));
        else if (step.step === "crop")
          planes = planes.flatMap((i) =>
            corners(step.height, step.width, i)
              .slice(0, step.at === "five" ? 5 : 1)
              .map((at) => cut(i, step.height, step.width, ...at)),
          );
      }
      planes.forEach((plane, v) => void out.set(plane.data, offset + v * height * width));
    },
  };
}

function write(image: Image[], out: Float32Array, offset: number, layout: "NCHW" | "NHWC"): void {
  const pixels = image[0].data.length;
  if (layout === "NCHW") image.forEach((channel, c) => void out.set(channel.data, offset + c * pixels));
  else
    image.forEach((channel, c) => {
      for (let p = 0; p < pixels; p++) out[offset + p * image.length + c] = channel.data[p];
    });
}

function apply(step: PreprocessStep, image: Image[]): Image[] {
  switch (step.step) {
    case "crop":
      return image.map((i) =>
        cut(
          i,
          step.height,
          step.width,
          Math.floor((i.height - step.height) / 2),
          Math.floor((i.width - step.width) / 2),
        ),
      );
    case "pad":
      return image.map((i) => pad(i, step.height, step.width, step.with));
    case "resize":
      return image.map((i) => resize(i, step.height, step.width));
    case "minmax":
      for (const { data } of image) {
        const [low, high] = range(data);
        stretch(data, low, Math.max(high - low, step.epsilon) || 1);
      }
      return image;
    case "standardize":
      standardize(step.over === "crop" ? [image] : image.map((i) => [i]), step.epsilon, step.floor);
      return image;
    case "percentile":
      for (const { data } of image) percentile(data, step);
      return image;
    case "fixed":
      image.forEach(({ data }, c) => void stretch(data, step.mean[c], step.sd[c]));
      return image;
    case "scale":
      for (const { data } of image)
        for (let p = 0; p < data.length; p++) data[p] = data[p] * step.factor + step.offset;
      return image;
    case "clip":
      for (const { data } of image)
        for (let p = 0; p < data.length; p++) data[p] = Math.min(step.high, Math.max(step.low, data[p]));
      return image;
  }
}

/** In place: (x - low) / divisor. */
function stretch(data: Float64Array, low: number, divisor: number): void {
  for (let p = 0; p < data.length; p++) data[p] = (data[p] - low) / divisor;
}

function range(data: Float64Array): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let p = 0; p < data.length; p++) {
    if (data[p] < low) low = data[p];
    if (data[p] > high) high = data[p];
  }
  return [low, high];
}

function standardize(groups: Image[][], epsilon: number, floor: "none" | "inverse-sqrt"): void {
  for (const group of groups) {
    const n = group.reduce((sum, i) => sum + i.data.length, 0);
    const m = group.reduce((sum, i) => sum + mean(i.data) * i.data.length, 0) / n;
    let squares = 0;
    for (const { data } of group) for (let p = 0; p < data.length; p++) squares += (data[p] - m) ** 2;
    const sd = Math.sqrt(squares / n);
    const divisor = (floor === "inverse-sqrt" ? Math.max(sd, 1 / Math.sqrt(n)) : sd) + epsilon;
    for (const { data } of group) stretch(data, m, divisor || 1);
  }
}

function percentile(data: Float64Array, step: Extract<PreprocessStep, { step: "percentile" }>): void {
  const sorted = data.slice().sort();
  const low = quantileSorted(sorted, step.low / 100);
  const high = quantileSorted(sorted, step.high / 100);
  if (step.clip !== "none")
    for (let p = 0; p < data.length; p++) {
      if (data[p] > high) data[p] = high;
      else if (step.clip === "both" && data[p] < low) data[p] = low;
    }
  const divide = step.divide === "always" || high - low > 1;
  stretch(data, low, divide ? Math.max(high - low, step.epsilon) || 1 : 1);
}

function corners(height: number, width: number, { height: h, width: w }: Image): [number, number][] {
  const [bottom, right] = [h - height, w - width];
  return [
    [Math.floor(bottom / 2), Math.floor(right / 2)],
    [0, 0],
    [0, right],
    [bottom, 0],
    [bottom, right],
  ];
}

function cut(image: Image, height: number, width: number, top: number, left: number): Image {
  const data = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    const from = (top + y) * image.width + left;
    data.set(image.data.subarray(from, from + width), y * width);
  }
  return { data, height, width };
}

function pad(image: Image, height: number, width: number, mode: "zero" | "edge"): Image {
  const data = new Float64Array(height * width);
  const top = Math.floor((height - image.height) / 2);
  const left = Math.floor((width - image.width) / 2);
  const within = (v: number, n: number) => Math.min(Math.max(v, 0), n - 1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [sy, sx] = [y - top, x - left];
      const inside = sy >= 0 && sx >= 0 && sy < image.height && sx < image.width;
      if (inside || mode === "edge")
        data[y * width + x] = image.data[within(sy, image.height) * image.width + within(sx, image.width)];
    }
  return { data, height, width };
}

/** Bilinear with half-pixel centers, edges replicated, no antialiasing (cv2.INTER_LINEAR, torch align_corners=False). */
function resize(image: Image, height: number, width: number): Image {
  const data = new Float64Array(height * width);
  const place = (i: number, from: number, to: number): [number, number, number] => {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(at), from - 1);
    return [low, Math.min(low + 1, from - 1), at - low];
  };
  for (let y = 0; y < height; y++) {
    const [y0, y1, fy] = place(y, image.height, height);
    for (let x = 0; x < width; x++) {
      const [x0, x1, fx] = place(x, image.width, width);
      const at = (yy: number, xx: number) => image.data[yy * image.width + xx];
      const top = at(y0, x0) * (1 - fx) + at(y0, x1) * fx;
      const bottom = at(y1, x0) * (1 - fx) + at(y1, x1) * fx;
      data[y * width + x] = top * (1 - fy) + bottom * fy;
    }
  }
  return { data, height, width };
}
