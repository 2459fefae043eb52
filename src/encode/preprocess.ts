import { mean } from "../core/statistics.ts";
import { StudyError } from "../errors.ts";
import { CENTER, type CropShape } from "../types.ts";
import type { EncoderDescription, PreprocessStep } from "./description.ts";
import { quantilesOf } from "./order-statistics.ts";

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
  readonly data: Float64Array;
  readonly height: number;
  readonly width: number;
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
    if ((step.step === "percentile" || step.step === "clip") && step.low >= step.high)
      throw new StudyError(
        `encoder ${name}: step ${step.step} goes from ${step.low} to ${step.high}; low must be below high`,
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
  const stages = makeStages(preprocess, channels.length, shape);
  const stretches = Array.from({ length: channels.length }, () => ({ low: 0, high: 0, zero: 0, divisor: 1 }));
  const planes = makeStages(preprocess.filter(isGeometric), 1, shape);
  return {
    views,
    size,
    run(crop, out, offset) {
      stages.first.forEach(({ data }, i) => {
        const from = channels[i] * cropPixels;
        data.set(crop.subarray(from, from + cropPixels));
      });
      for (const { step, from, to } of stages.list)
        if (isGeometric(step)) place(step, from, to, "edge");
        else for (const image of to) adjust(step, image, stretches);
      stages.last.forEach((image, v) => {
        if (stages.finish !== null) measure(stages.finish, image, stretches);
        write(image, stages.finish === null ? null : stretches, out, offset + v * size, input.layout);
      });
    },
    mask(mask, out, offset) {
      const [{ data }] = planes.first;
      for (let p = 0; p < cropPixels; p++) data[p] = mask[p] === CENTER ? 1 : 0;
      for (const { step, from, to } of planes.list) if (isGeometric(step)) place(step, from, to, "zero");
      planes.last.forEach(([plane], v) => void out.set(plane.data, offset + v * height * width));
    },
  };
}

type GeometricStep = Extract<PreprocessStep, { step: "crop" | "pad" | "resize" }>;
type ValueStep = Exclude<PreprocessStep, GeometricStep>;
type StretchStep = Exclude<ValueStep, { step: "scale" | "clip" }>;

/** What a step does to a channel: values are held between `low` and `high`, then (x - zero) / divisor. */
interface Stretch {
  low: number;
  high: number;
  zero: number;
  divisor: number;
}

function isGeometric(step: PreprocessStep): step is GeometricStep {
  return step.step === "crop" || step.step === "pad" || step.step === "resize";
}

function isStretch(step: PreprocessStep): step is StretchStep {
  return !isGeometric(step) && step.step !== "scale" && step.step !== "clip";
}

/**
 * The steps with their images (views x channels), made once: steps on values work in place, the others into new ones;
 * `finish` is a last stretch that is done while the values are written, and not in `list`.
 */
interface Stages {
  readonly first: readonly Image[];
  readonly list: readonly { step: PreprocessStep; from: readonly Image[][]; to: readonly Image[][] }[];
  readonly last: readonly Image[][];
  readonly finish: StretchStep | null;
}

function makeStages(
  steps: readonly PreprocessStep[],
  channels: number,
  shape: Pick<CropShape, "height" | "width">,
): Stages {
  const images = (views: number, height: number, width: number): Image[][] =>
    Array.from({ length: views }, () =>
      Array.from({ length: channels }, () => ({
        data: new Float64Array(height * width),
        height,
        width,
      })),
    );
  let last = images(1, shape.height, shape.width);
  const [first] = last;
  const final = steps.at(-1);
  const finish = final !== undefined && isStretch(final) ? final : null;
  const list = (finish === null ? steps : steps.slice(0, -1)).map((step) => {
    const from = last;
    if (isGeometric(step)) {
      const views = step.step === "crop" && step.at === "five" ? 5 : from.length;
      last = images(views, step.height, step.width);
    }
    return { step, from, to: last };
  });
  return { first, list, last, finish };
}

/** One crop, pad or resize step of all views and channels; `border` is "zero" where a pad must add nothing. */
function place(
  step: GeometricStep,
  from: readonly Image[][],
  to: readonly Image[][],
  border: "edge" | "zero",
): void {
  to.forEach((image, v) => {
    const source = from[from.length === 1 ? 0 : v];
    image.forEach((out, c) => {
      if (step.step === "resize") resize(source[c], out);
      else if (step.step === "pad") pad(source[c], border === "zero" ? "zero" : step.with, out);
      else cut(source[c], ...corner(step.at === "five" ? v : 0, out, source[c]), out);
    });
  });
}

/** Writes the channels of an image, stretched where `stretches` are given. */
function write(
  image: readonly Image[],
  stretches: readonly Stretch[] | null,
  out: Float32Array,
  offset: number,
  layout: "NCHW" | "NHWC",
): void {
  const pixels = image[0].data.length;
  const step = layout === "NCHW" ? 1 : image.length;
  for (let c = 0; c < image.length; c++) {
    const from = offset + (layout === "NCHW" ? c * pixels : c);
    if (stretches !== null) writeStretched(image[c].data, stretches[c], out, from, step);
    else for (let p = 0, o = from; p < pixels; p++, o += step) out[o] = image[c].data[p];
  }
}

function writeStretched(
  data: Float64Array,
  { low, high, zero, divisor }: Stretch,
  out: Float32Array,
  from: number,
  step: number,
): void {
  for (let p = 0, o = from; p < data.length; p++, o += step) {
    let v = data[p];
    if (v > high) v = high;
    else if (v < low) v = low;
    out[o] = (v - zero) / divisor;
  }
}

/** One step on the values of an image (a channel each), in place. */
function adjust(step: ValueStep, image: Image[], stretches: readonly Stretch[]): void {
  if (step.step === "scale")
    for (const { data } of image)
      for (let p = 0; p < data.length; p++) data[p] = data[p] * step.factor + step.offset;
  else if (step.step === "clip")
    for (const { data } of image)
      for (let p = 0; p < data.length; p++) data[p] = Math.min(step.high, Math.max(step.low, data[p]));
  else {
    measure(step, image, stretches);
    image.forEach(({ data }, c) => void stretch(data, stretches[c]));
  }
}

/** In place. */
function stretch(data: Float64Array, { low, high, zero, divisor }: Stretch): void {
  for (let p = 0; p < data.length; p++) {
    let v = data[p];
    if (v > high) v = high;
    else if (v < low) v = low;
    data[p] = (v - zero) / divisor;
  }
}

/** Finds what a step does to each channel of an image. */
function measure(step: StretchStep, image: readonly Image[], out: readonly Stretch[]): void {
  if (step.step === "standardize" && step.over === "crop") standardize(image, step, out);
  else
    image.forEach((channel, c) => {
      const { data } = channel;
      if (step.step === "standardize") standardize([channel], step, [out[c]]);
      else if (step.step === "percentile") percentile(data, step, out[c]);
      else {
        out[c].low = -Infinity;
        out[c].high = Infinity;
        if (step.step === "minmax") minmax(data, step.epsilon, out[c]);
        else [out[c].zero, out[c].divisor] = [step.mean[c], step.sd[c]];
      }
    });
}

function minmax(data: Float64Array, epsilon: number, out: Stretch): void {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let p = 0; p < data.length; p++) {
    const v = data[p];
    if (v < low) low = v;
    if (v > high) high = v;
  }
  out.zero = low;
  out.divisor = Math.max(high - low, epsilon) || 1;
}

/** The same stretch for all channels given, from the values of all of them. */
function standardize(
  group: readonly Image[],
  { epsilon, floor }: Extract<PreprocessStep, { step: "standardize" }>,
  out: readonly Stretch[],
): void {
  const n = group.reduce((sum, i) => sum + i.data.length, 0);
  const m = group.reduce((sum, i) => sum + mean(i.data) * i.data.length, 0) / n;
  let squares = 0;
  for (const { data } of group) squares = addSquares(data, m, squares);
  const sd = Math.sqrt(squares / n);
  const divisor = (floor === "inverse-sqrt" ? Math.max(sd, 1 / Math.sqrt(n)) : sd) + epsilon;
  for (const s of out) {
    s.low = -Infinity;
    s.high = Infinity;
    s.zero = m;
    s.divisor = divisor || 1;
  }
}

function addSquares(data: Float64Array, m: number, before: number): number {
  let squares = before;
  for (let p = 0; p < data.length; p++) squares += (data[p] - m) ** 2;
  return squares;
}

function percentile(
  data: Float64Array,
  step: Extract<PreprocessStep, { step: "percentile" }>,
  out: Stretch,
): void {
  const [low, high] = quantilesOf(data, step.low / 100, step.high / 100);
  const divide = step.divide === "always" || high - low > 1;
  out.low = step.clip === "both" ? low : -Infinity;
  out.high = step.clip === "none" ? Infinity : high;
  out.zero = low;
  out.divisor = divide ? Math.max(high - low, step.epsilon) || 1 : 1;
}

/** Top and left of view `v` of a cut: the middle, then the four corners. */
function corner(v: number, { height, width }: Image, { height: h, width: w }: Image): [number, number] {
  const [bottom, right] = [h - height, w - width];
  if (v === 0) return [Math.floor(bottom / 2), Math.floor(right / 2)];
  return [v > 2 ? bottom : 0, v % 2 === 0 ? right : 0];
}

function cut(image: Image, top: number, left: number, out: Image): void {
  for (let y = 0; y < out.height; y++) {
    const from = (top + y) * image.width + left;
    for (let x = 0; x < out.width; x++) out.data[y * out.width + x] = image.data[from + x];
  }
}

function pad(image: Image, mode: "zero" | "edge", out: Image): void {
  const { data, height, width } = out;
  const top = Math.floor((height - image.height) / 2);
  const left = Math.floor((width - image.width) / 2);
  const within = (v: number, n: number) => Math.min(Math.max(v, 0), n - 1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [sy, sx] = [y - top, x - left];
      const inside = sy >= 0 && sx >= 0 && sy < image.height && sx < image.width;
      data[y * width + x] =
        inside || mode === "edge"
          ? image.data[within(sy, image.height) * image.width + within(sx, image.width)]
          : 0;
    }
}

/** Bilinear with half-pixel centers, edges replicated, no antialiasing (cv2.INTER_LINEAR, torch align_corners=False). */
function resize(image: Image, out: Image): void {
  const { data, height, width } = out;
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
}
