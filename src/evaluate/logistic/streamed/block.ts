import { CellswapError } from "../../../errors.ts";
import { type Code, instantiate } from "../../svm/code.ts";

/** Numbers of a panel of the kernels (assembly/multinomial.ts). */
const PANEL = 4;
/** Rows that are worked on at once: their scores stay in the cache. */
const ROWS = 64;
/** Bytes that one memory has at most: 4 GiB, less a page and the code's own. */
const MOST_BYTES = 2 ** 32 - 2 ** 20;
/** Intercept of classes that only fill up a panel; their probability is 0. */
const NOWHERE = -1e4;

/** How many features and classes a probe has. */
export interface Shape {
  readonly dimension: number;
  readonly classes: number;
}

const filled = (count: number) => Math.ceil(count / PANEL) * PANEL;

/** Where the weights of {@link BlockKernels} lie: one row per feature, filled up, then the intercepts; one column per class, filled up. */
export function weightLayout({ dimension, classes }: Shape) {
  const [features, columns] = [filled(dimension), filled(classes)];
  return { features, columns, length: (features + 1) * columns };
}

/** Classes x (dimension + 1), weights and then intercept of every class, as one matrix of {@link weightLayout}. */
export function spreadWeights(theta: Float64Array, shape: Shape): Float64Array {
  const { dimension: d, classes } = shape;
  const { features, columns, length } = weightLayout(shape);
  const out = new Float64Array(length);
  for (let k = 0; k < classes; k++) {
    for (let j = 0; j < d; j++) out[j * columns + k] = theta[k * (d + 1) + j];
    out[features * columns + k] = theta[k * (d + 1) + d];
  }
  return out;
}

/** Bytes of the kernels' memory. */
export function blockBytes(shape: Shape): number {
  return Object.values(sizes(shape)).reduce((sum, n) => sum + 8 * n, 0);
}

/** What lies in the memory, in numbers of 8 bytes. */
function sizes(shape: Shape) {
  const { dimension: d, classes } = shape;
  const { features, columns, length } = weightLayout(shape);
  return {
    w: (d + 1) * columns,
    gradient: length,
    center: features,
    scale: features,
    rows: Math.ceil((ROWS * d) / 2),
    across: ROWS * d,
    along: ROWS * features,
    p: ROWS * filled(classes),
    top: ROWS,
    sum: ROWS,
    room: 4 * ROWS,
  };
}

/** Byte offsets of what lies in the memory. */
type Rooms = Record<keyof ReturnType<typeof sizes>, number>;

/** Rows of a softmax regression: features as they are read, class and weight of every row. */
export interface WeightedRows {
  /** Rows x dimension. */
  readonly features: Float32Array;
  readonly labels: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Softmax regression on some rows at a time, in a memory of its own whose size does not depend on the rows. Everything
 * is added up in float64, in the order of the rows: the same numbers on every machine.
 */
export class BlockKernels {
  readonly #shape: Shape;
  readonly #code: Code;
  readonly #at: Rooms;
  readonly #f64: Float64Array;
  readonly #f32: Float32Array;

  /** @throws CellswapError for more features and classes than one memory can hold */
  constructor(shape: Shape) {
    const bytes = blockBytes(shape);
    if (bytes > MOST_BYTES)
      throw new CellswapError(
        `a probe of ${shape.classes} classes on ${shape.dimension} features takes ${(bytes / 1e9).toFixed(1)} GB a thread, and one may take 4.0 GB; name fewer "classes", or pool the encoder's map or tokens`,
      );
    this.#shape = shape;
    const { code, buffer, start } = instantiate(bytes);
    let next = start;
    const at = Object.entries(sizes(shape)).map(([name, n]) => [name, (next += 8 * n) - 8 * n]);
    this.#at = Object.fromEntries(at) as Rooms;
    this.#code = code;
    this.#f64 = new Float64Array(buffer);
    this.#f32 = new Float32Array(buffer);
  }

  /** Weights and intercepts as {@link weightLayout} has them, on standardized features. */
  setWeights(theta: Float64Array): void {
    const { dimension: d, classes } = this.#shape;
    const { features, columns } = weightLayout(this.#shape);
    let to = this.#at.w / 8;
    for (let c = 0; c < columns; c += PANEL) {
      for (let j = 0; j < d; j++, to += PANEL)
        this.#f64.set(theta.subarray(j * columns + c, j * columns + c + PANEL), to);
      const last = features * columns + c;
      for (let k = 0; k < PANEL; k++) this.#f64[to++] = c + k < classes ? theta[last + k] : NOWHERE;
    }
  }

  /** Features are taken as (x - center) / scale. */
  standardize(center: Float64Array, scale: Float64Array): void {
    this.#f64.set(center, this.#at.center / 8);
    this.#f64.set(scale, this.#at.scale / 8);
  }

  /** The gradient of the rows that were added since {@link clear}, as {@link weightLayout} has it; a view. */
  get gradient(): Float64Array {
    const { length } = weightLayout(this.#shape);
    return this.#f64.subarray(this.#at.gradient / 8, this.#at.gradient / 8 + length);
  }

  clear(): void {
    this.gradient.fill(0);
  }

  /** Adds the gradient of some rows' weighted cross-entropy, and returns that. */
  add({ features, labels, weights }: WeightedRows): number {
    const { features: wide, columns } = weightLayout(this.#shape);
    const { along, p, top, sum, room, gradient } = this.#at;
    const [f64, code, panels] = [this.#f64, this.#code, columns / PANEL];
    const sums = (gradient + 8 * wide * columns) / 8;
    let loss = 0;
    for (let from = 0; from < labels.length; from += ROWS) {
      const { count, rows } = this.#scored(features, from);
      const own = (r: number) => {
        const k = labels[from + r];
        return p / 8 + (Math.floor(k / PANEL) * rows + r) * PANEL + (k % PANEL);
      };
      const before = Float64Array.from({ length: count }, (_, r) => f64[own(r)]);
      code.exponentials(p, rows, panels, top, sum, room);
      for (let r = 0; r < rows; r++) {
        const total = f64[sum / 8 + r];
        const weight = r < count ? weights[from + r] : 0;
        if (r < count) loss += weight * (f64[top / 8 + r] + Math.log(total) - before[r]);
        f64[sum / 8 + r] = weight / total;
      }
      code.scaleRows(p, rows, panels, sum);
      for (let r = 0; r < count; r++) f64[own(r)] -= weights[from + r];
      code.addGradient(along, rows, wide / PANEL, p, panels, gradient);
    }
    // Classes that fill up a panel have no probability; nothing is to move them.
    for (let k = this.#shape.classes; k < columns; k++) f64[sums + k] = 0;
    return loss;
  }

  /** Calls `row` with the scores of every row in turn: one number per class, of a view. */
  scores(features: Float32Array, row: (scores: Float64Array, at: number) => void): void {
    const { dimension: d, classes } = this.#shape;
    const out = new Float64Array(classes);
    for (let from = 0; from < features.length / d; from += ROWS) {
      const { count, rows } = this.#scored(features, from);
      for (let r = 0; r < count; r++) {
        for (let k = 0, at = this.#at.p / 8 + r * PANEL; k < classes; k += PANEL, at += rows * PANEL)
          for (let i = k; i < Math.min(k + PANEL, classes); i++) out[i] = this.#f64[at + i - k];
        row(out, from + r);
      }
    }
  }

  /** Leaves the scores of up to {@link ROWS} rows from `from` on in the memory. */
  #scored(features: Float32Array, from: number): { count: number; rows: number } {
    const { dimension: d } = this.#shape;
    const { columns } = weightLayout(this.#shape);
    const at = this.#at;
    const count = Math.min(ROWS, features.length / d - from);
    const rows = filled(count);
    this.#f32.set(features.subarray(from * d, (from + count) * d), at.rows / 4);
    this.#code.packRows(at.rows, count, rows, d, at.center, at.scale, at.across, at.along);
    this.#code.classScores(at.across, rows, d, at.w, columns / PANEL, at.p);
    return { count, rows };
  }
}
