import { type Eigen, symmetricEigen } from "./eigen.ts";

/** A linear map of feature vectors onto two principal components. */
export interface PrincipalPlane {
  readonly dimension: number;
  /** 2 x (dimension + 1): weights on raw features, then offset; a component that there is none of is 0. */
  readonly weights: Float64Array;
  /** Share of each component in the variance of the standardized features of the rows that it was fitted on. */
  readonly shares: readonly [number, number];
  /** Rows that it was fitted on. */
  readonly rows: number;
}

/** Features, or rows, up to which the matrix of their products is made. */
export const MOST_PRODUCTS = 512;

/** Features of rows that are standardized at once, in numbers. */
const PIECE = 1 << 20;

/** Features whose products are added at once. */
const COLUMNS = 2048;

/** Rows of features, `dimension` each; `read` copies those at the given positions into `out`. */
export interface FeatureRows {
  readonly rows: number;
  readonly dimension: number;
  read(from: number, to: number, out: Float32Array): void;
}

/**
 * Principal component analysis of standardized features (mean 0, population SD 1; constant ones left): the first two
 * components, each with its largest weight positive. Products are made of features where these are at most
 * {@link MOST_PRODUCTS}, else of rows, which must not be more than that and are held.
 *
 * @returns null for fewer than three rows, features that are all constant, or one that is NaN or infinite
 */
export function principalPlane(from: FeatureRows): PrincipalPlane | null {
  const { rows, dimension: d } = from;
  const wide = d > MOST_PRODUCTS;
  if (wide && rows > MOST_PRODUCTS) throw new RangeError(`${rows} rows of ${d} features are too many`);
  if (rows < 3) return null;
  const { mean, scale, varying } = standards(from);
  if (varying === 0) return null;
  const held = wide ? new Float32Array(rows * d) : null;
  const products = new Float64Array((wide ? rows : d) ** 2);
  const size = wide ? rows : d;
  pieces(from, (raw, at) => {
    if (held !== null) standardize(raw, mean, scale, held.subarray(at * d));
    else {
      const z = standardize(raw, mean, scale, new Float64Array(raw.length));
      addProducts(transposed(z, d), raw.length / d, products);
    }
  });
  if (held !== null)
    for (let at = 0; at < d; at += COLUMNS) {
      const width = Math.min(COLUMNS, d - at);
      addProducts(columns(held, d, at, width), width, products);
    }
  const total = rows * varying;
  const { values, vectors } = eigen(products, size, total);
  const weights = new Float64Array(2 * (d + 1));
  const shares: [number, number] = [0, 0];
  for (const c of [0, 1] as const) {
    if (c >= size || !(values[c] > 1e-12 * total)) break;
    shares[c] = Math.min(1, values[c] / total);
    const vector = vectors.subarray(c * size, (c + 1) * size);
    const axis = held === null ? vector : axisOf(held, vector, Math.sqrt(values[c]));
    const sign = signOf(axis);
    const at = c * (d + 1);
    for (let j = 0; j < d; j++) {
      weights[at + j] = (sign * axis[j]) / scale[j];
      weights[at + d] -= weights[at + j] * mean[j];
    }
  }
  return { dimension: d, weights, shares, rows };
}

/** Mean and population standard deviation of every feature, 1 for a constant one; how many are not. */
function standards(from: FeatureRows) {
  const { rows, dimension: d } = from;
  const first = new Float32Array(d);
  from.read(0, 1, first);
  const mean = new Float64Array(d);
  const scale = new Float64Array(d);
  pieces(from, (raw) => {
    for (let i = 0, j = 0; i < raw.length; i++, j = j + 1 === d ? 0 : j + 1) {
      const off = raw[i] - first[j];
      mean[j] += off / rows;
      scale[j] += (off * off) / rows;
    }
  });
  let varying = 0;
  for (let j = 0; j < d; j++) {
    // What varies by the rounding of float32 counts as constant.
    const sd = Math.sqrt(Math.max(0, scale[j] - mean[j] ** 2));
    if (!Number.isFinite(sd)) return { mean, scale, varying: 0 };
    mean[j] += first[j];
    const varies = sd > 1e-7 * Math.abs(first[j]);
    scale[j] = varies ? sd : 1;
    if (varies) varying++;
  }
  return { mean, scale, varying };
}

function pieces(from: FeatureRows, visit: (raw: Float32Array, at: number) => void): void {
  const { rows, dimension } = from;
  const step = Math.max(1, Math.floor(PIECE / dimension));
  for (let at = 0; at < rows; at += step) {
    const raw = new Float32Array(Math.min(step, rows - at) * dimension);
    from.read(at, at + raw.length / dimension, raw);
    visit(raw, at);
  }
}

/** Standardizes rows of features into `out`, which it returns. */
function standardize<T extends Float32Array | Float64Array>(
  raw: Float32Array,
  mean: Float64Array,
  scale: Float64Array,
  out: T,
): T {
  const d = mean.length;
  for (let i = 0, j = 0; i < raw.length; i++, j = j + 1 === d ? 0 : j + 1)
    out[i] = (raw[i] - mean[j]) / scale[j];
  return out;
}

function transposed(z: Float64Array, d: number): Float64Array {
  const rows = z.length / d;
  const out = new Float64Array(z.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < d; j++) out[j * rows + i] = z[i * d + j];
  return out;
}

/** Columns `from` to `from + width - 1` of a matrix of `d` columns. */
function columns(z: Float32Array, d: number, from: number, width: number): Float64Array {
  const out = new Float64Array((z.length / d) * width);
  for (let at = 0, row = from; at < out.length; at += width, row += d)
    out.set(z.subarray(row, row + width), at);
  return out;
}

/** Adds the inner products of all pairs of rows (`width` numbers each) to a matrix of them. */
function addProducts(z: Float64Array, width: number, products: Float64Array): void {
  const size = z.length / width;
  for (let a = 0; a < size; a++)
    for (let b = 0; b <= a; b++) {
      const [i, k] = [a * width, b * width];
      let [p, q, r, s] = [0, 0, 0, 0];
      let j = 0;
      for (; j + 3 < width; j += 4) {
        p += z[i + j] * z[k + j];
        q += z[i + j + 1] * z[k + j + 1];
        r += z[i + j + 2] * z[k + j + 2];
        s += z[i + j + 3] * z[k + j + 3];
      }
      for (; j < width; j++) p += z[i + j] * z[k + j];
      products[a * size + b] += p + q + r + s;
      if (a !== b) products[b * size + a] = products[a * size + b];
    }
}

/** Eigenvalues and vectors of products whose trace is `total`. */
function eigen(products: Float64Array, size: number, total: number): Eigen {
  // Without the shift the eigenvalues of features that depend on each other are rounding, on which iterations stall.
  const shift = total / size;
  for (let i = 0; i < size; i++) products[i * size + i] += shift;
  const { values, vectors } = symmetricEigen(products, size);
  return { values: values.map((value) => value - shift), vectors };
}

/** Coordinates of rows of features (rows x dimension) in the plane, rows x 2. */
export function projectRows({ dimension: d, weights }: PrincipalPlane, features: Float32Array): Float32Array {
  const rows = features.length / d;
  const out = new Float32Array(2 * rows);
  for (let i = 0, at = 0; i < rows; i++, at += d) {
    let x = weights[d];
    let y = weights[2 * d + 1];
    for (let j = 0; j < d; j++) {
      const value = features[at + j];
      x += weights[j] * value;
      y += weights[d + 1 + j] * value;
    }
    out[2 * i] = x;
    out[2 * i + 1] = y;
  }
  return out;
}

/** The axis in features that a vector of rows stands for. */
function axisOf(z: Float32Array, vector: Float64Array, length: number): Float64Array {
  const d = z.length / vector.length;
  const axis = new Float64Array(d);
  vector.forEach((v, row) => {
    for (let j = 0, at = row * d; j < d; j++, at++) axis[j] += (v / length) * z[at];
  });
  return axis;
}

function signOf(axis: Float64Array): 1 | -1 {
  let most = 0;
  for (const value of axis) if (Math.abs(value) > Math.abs(most)) most = value;
  return most < 0 ? -1 : 1;
}
