// Multinomial logistic regression on blocks of rows, float64: scores, probabilities, gradient.
//
// A panel is four numbers (32 bytes) wide. Rows are packed twice: across, four rows to a panel, one step per feature;
// and along, four features to a panel, one step per row. Weights and probabilities are panels of four classes.

/** Features whose products are summed before the next class, and panels of classes that stay in the cache. */
const DEEP: i32 = 256;
const WIDE: i32 = 24;

/** out (four rows, `stride` bytes apart) += the product of two panels of `k` steps, added up from what is there. */
// @ts-ignore: decorator
@inline
function tile(p: usize, q: usize, k: i32, out: usize, stride: usize): void {
  const out1 = out + stride;
  const out2 = out1 + stride;
  const out3 = out2 + stride;
  let c00 = v128.load(out);
  let c01 = v128.load(out, 16);
  let c10 = v128.load(out1);
  let c11 = v128.load(out1, 16);
  let c20 = v128.load(out2);
  let c21 = v128.load(out2, 16);
  let c30 = v128.load(out3);
  let c31 = v128.load(out3, 16);
  for (let i = 0; i < k; i++) {
    const b0 = v128.load(q);
    const b1 = v128.load(q, 16);
    let a = v128.load64_splat(p);
    c00 = f64x2.add(c00, f64x2.mul(a, b0));
    c01 = f64x2.add(c01, f64x2.mul(a, b1));
    a = v128.load64_splat(p, 8);
    c10 = f64x2.add(c10, f64x2.mul(a, b0));
    c11 = f64x2.add(c11, f64x2.mul(a, b1));
    a = v128.load64_splat(p, 16);
    c20 = f64x2.add(c20, f64x2.mul(a, b0));
    c21 = f64x2.add(c21, f64x2.mul(a, b1));
    a = v128.load64_splat(p, 24);
    c30 = f64x2.add(c30, f64x2.mul(a, b0));
    c31 = f64x2.add(c31, f64x2.mul(a, b1));
    p += 32;
    q += 32;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  v128.store(out1, c10);
  v128.store(out1, c11, 16);
  v128.store(out2, c20);
  v128.store(out2, c21, 16);
  v128.store(out3, c30);
  v128.store(out3, c31, 16);
}

/**
 * Packs float32 rows x as (x - center) / scale, across and along; rows from `count` up to `rows` become zeros.
 *
 * @param rows a multiple of 4
 * @param d features; those up to the next multiple of 4 become zeros in `along`
 */
export function packRows(
  x: usize,
  count: i32,
  rows: i32,
  d: i32,
  center: usize,
  scale: usize,
  across: usize,
  along: usize,
): void {
  for (let r = 0; r < rows; r++) {
    const row = x + (((<usize>r) * (<usize>d)) << 2);
    let to = across + (((<usize>(r >> 2)) * (<usize>d)) << 5) + ((<usize>(r & 3)) << 3);
    for (let j = 0; j < d; j++, to += 32) {
      const at = (<usize>j) << 3;
      const value =
        r < count ? (<f64>load<f32>(row + ((<usize>j) << 2)) - load<f64>(center + at)) / load<f64>(scale + at) : 0;
      store<f64>(to, value);
      store<f64>(along + (((<usize>(j >> 2)) * (<usize>rows) + (<usize>r)) << 5) + ((<usize>(j & 3)) << 3), value);
    }
    for (let j = d; (j & 3) != 0; j++)
      store<f64>(along + (((<usize>(j >> 2)) * (<usize>rows) + (<usize>r)) << 5) + ((<usize>(j & 3)) << 3), 0);
  }
}

/**
 * p = W z + b, feature after feature from b on: panels of classes, in each one step per row.
 *
 * @param w panels of classes, one step per feature, the intercepts behind the last
 */
export function classScores(across: usize, rows: i32, d: i32, w: usize, panels: i32, p: usize): void {
  const size = (<usize>(d + 1)) << 5;
  for (let c = 0; c < panels; c++) {
    const from = w + (<usize>c) * size + ((<usize>d) << 5);
    const low = v128.load(from);
    const high = v128.load(from, 16);
    let to = p + (((<usize>c) * (<usize>rows)) << 5);
    for (let r = 0; r < rows; r++, to += 32) {
      v128.store(to, low);
      v128.store(to, high, 16);
    }
  }
  const quads = rows >> 2;
  for (let block = 0; block < panels; block += WIDE) {
    const last = min(block + WIDE, panels);
    for (let start = 0; start < d; start += DEEP) {
      const deep = min(DEEP, d - start);
      for (let q = 0; q < quads; q++) {
        const from = across + (((<usize>q) * (<usize>d) + (<usize>start)) << 5);
        for (let c = block; c < last; c++)
          tile(
            from,
            w + (<usize>c) * size + ((<usize>start) << 5),
            deep,
            p + (((<usize>c) * (<usize>rows) + ((<usize>q) << 2)) << 5),
            32,
          );
      }
    }
  }
}

/** e^x for x <= 0; 0 below -708. */
// @ts-ignore: decorator
@inline
function exp(x: v128): v128 {
  const n = f64x2.nearest(f64x2.mul(f64x2.max(x, f64x2.splat(-708.0)), f64x2.splat(1.4426950408889634)));
  let r = f64x2.sub(f64x2.max(x, f64x2.splat(-708.0)), f64x2.mul(n, f64x2.splat(0.693147180369123816490)));
  r = f64x2.sub(r, f64x2.mul(n, f64x2.splat(1.90821492927058770002e-10)));
  // Taylor's series: |r| <= ln(2) / 2 leaves 4e-18.
  let v = f64x2.splat(1.0 / 6227020800.0);
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0 / 479001600.0));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0 / 39916800.0));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0 / 3628800.0));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0 / 362880.0));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0 / 40320.0));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0 / 5040.0));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0 / 720.0));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0 / 120.0));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0 / 24.0));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0 / 6.0));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(0.5));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0));
  v = f64x2.add(f64x2.mul(v, r), f64x2.splat(1.0));
  const power = i64x2.shl(
    i64x2.add(i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(n)), i64x2.splat(1023)),
    52,
  );
  return v128.and(f64x2.mul(v, power), f64x2.ge(x, f64x2.splat(-708.0)));
}

/**
 * Scores become their exponentials over that of the row's highest, which is left in `top`, their sum in `sum` (float64 each).
 *
 * @param room for 32 bytes a row
 */
export function exponentials(p: usize, rows: i32, panels: i32, top: usize, sum: usize, room: usize): void {
  const low = f64x2.splat(-Infinity);
  for (let r = 0; r < rows; r++) {
    v128.store(room + ((<usize>r) << 5), low);
    v128.store(room + ((<usize>r) << 5), low, 16);
  }
  let at = p;
  for (let c = 0; c < panels; c++)
    for (let r = 0; r < rows; r++, at += 32) {
      const to = room + ((<usize>r) << 5);
      v128.store(to, f64x2.max(v128.load(to), v128.load(at)));
      v128.store(to, f64x2.max(v128.load(to, 16), v128.load(at, 16)), 16);
    }
  for (let r = 0; r < rows; r++) {
    const to = room + ((<usize>r) << 5);
    const most = f64x2.max(v128.load(to), v128.load(to, 16));
    store<f64>(top + ((<usize>r) << 3), max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1)));
    v128.store(to, f64x2.splat(0));
    v128.store(to, f64x2.splat(0), 16);
  }
  at = p;
  for (let c = 0; c < panels; c++)
    for (let r = 0; r < rows; r++, at += 32) {
      const to = room + ((<usize>r) << 5);
      const most = v128.load64_splat(top + ((<usize>r) << 3));
      const a = exp(f64x2.sub(v128.load(at), most));
      const b = exp(f64x2.sub(v128.load(at, 16), most));
      v128.store(at, a);
      v128.store(at, b, 16);
      v128.store(to, f64x2.add(v128.load(to), a));
      v128.store(to, f64x2.add(v128.load(to, 16), b), 16);
    }
  for (let r = 0; r < rows; r++) {
    const to = room + ((<usize>r) << 5);
    const part = f64x2.add(v128.load(to), v128.load(to, 16));
    store<f64>(sum + ((<usize>r) << 3), f64x2.extract_lane(part, 0) + f64x2.extract_lane(part, 1));
  }
}

/** Every row of p times its factor (float64). */
export function scaleRows(p: usize, rows: i32, panels: i32, factor: usize): void {
  let at = p;
  for (let c = 0; c < panels; c++)
    for (let r = 0; r < rows; r++, at += 32) {
      const by = v128.load64_splat(factor + ((<usize>r) << 3));
      v128.store(at, f64x2.mul(v128.load(at), by));
      v128.store(at, f64x2.mul(v128.load(at, 16), by), 16);
    }
}

/**
 * Adds what the rows make of the gradient: g[j][k] += sum over rows of z[j] p[k], and in the row behind the last panel of
 * features the sum of p[k] alone.
 *
 * @param g (4 * features + 1) x (4 * panels), row-major
 */
export function addGradient(along: usize, rows: i32, features: i32, p: usize, panels: i32, g: usize): void {
  const stride = (<usize>panels) << 5;
  for (let c = 0; c < panels; c++) {
    const q = p + (((<usize>c) * (<usize>rows)) << 5);
    const out = g + ((<usize>c) << 5);
    for (let f = 0; f < features; f++)
      tile(along + (((<usize>f) * (<usize>rows)) << 5), q, rows, out + ((<usize>f) << 2) * stride, stride);
    const last = out + ((<usize>features) << 2) * stride;
    let low = v128.load(last);
    let high = v128.load(last, 16);
    for (let r = 0; r < rows; r++) {
      low = f64x2.add(low, v128.load(q + ((<usize>r) << 5)));
      high = f64x2.add(high, v128.load(q + ((<usize>r) << 5), 16));
    }
    v128.store(last, low);
    v128.store(last, high, 16);
  }
}
