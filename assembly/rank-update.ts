// H += X' diag(scale^2) X on the upper triangle, in tiles of four rows by two SIMD vectors.
//
// T is f32 or f64. A panel is 32 bytes wide: 8 columns of f32, 4 of f64. Rows are packed panel by panel into blocks
// that stay in the first-level cache, so that a tile does 8 multiply-adds for 6 loads.

/** Rows per packed block. */
export const BLOCK: i32 = 256;

/** Columns of a panel. */
// @ts-ignore: decorator
@inline
export function width<T>(): i32 {
  return 32 / (<i32>sizeof<T>());
}

/** Adds (sign +1) or subtracts (-1) four rows of the product of two packed panels of `k` rows to `out`. */
// @ts-ignore: decorator
@inline
export function tile<T>(p: usize, q: usize, k: i32, out: usize, stride: usize, add: bool): void {
  const size = sizeof<T>();
  let c00 = v128.splat<T>(<T>0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  for (let i = 0; i < k; i++) {
    const b0 = v128.load(q);
    const b1 = v128.load(q, 16);
    let a = v128.load_splat<T>(p);
    c00 = v128.add<T>(c00, v128.mul<T>(a, b0));
    c01 = v128.add<T>(c01, v128.mul<T>(a, b1));
    a = v128.load_splat<T>(p + size);
    c10 = v128.add<T>(c10, v128.mul<T>(a, b0));
    c11 = v128.add<T>(c11, v128.mul<T>(a, b1));
    a = v128.load_splat<T>(p + 2 * size);
    c20 = v128.add<T>(c20, v128.mul<T>(a, b0));
    c21 = v128.add<T>(c21, v128.mul<T>(a, b1));
    a = v128.load_splat<T>(p + 3 * size);
    c30 = v128.add<T>(c30, v128.mul<T>(a, b0));
    c31 = v128.add<T>(c31, v128.mul<T>(a, b1));
    p += 32;
    q += 32;
  }
  put<T>(out, c00, c01, add);
  put<T>(out + stride, c10, c11, add);
  put<T>(out + 2 * stride, c20, c21, add);
  put<T>(out + 3 * stride, c30, c31, add);
}

// @ts-ignore: decorator
@inline
function put<T>(out: usize, low: v128, high: v128, add: bool): void {
  const a = v128.load(out);
  const b = v128.load(out, 16);
  v128.store(out, add ? v128.add<T>(a, low) : v128.sub<T>(a, low));
  v128.store(out, add ? v128.add<T>(b, high) : v128.sub<T>(b, high), 16);
}

/** Adds or subtracts the product of panels `from`.. with themselves, packed with `k` rows each. */
// @ts-ignore: decorator
@inline
export function triangle<T>(pack: usize, from: i32, panels: i32, k: i32, h: usize, stride: usize, add: bool): void {
  const step = <usize>k * 32;
  for (let i = from; i < panels; i++) {
    const p = pack + <usize>(i - from) * step;
    const row = h + <usize>(i * width<T>()) * stride;
    for (let j = i; j < panels; j++) {
      const q = pack + <usize>(j - from) * step;
      const out = row + <usize>j * 32;
      tile<T>(p, q, k, out, stride, add);
      if (sizeof<T>() == 4) tile<T>(p + 16, q, k, out + 4 * stride, stride, add);
    }
  }
}

/**
 * H += sum over r of scale[r]^2 x x', x = row rows[r] of the float32 matrix `x`.
 *
 * @param columns columns of x and H, a multiple of 8
 * @param rows int32 row numbers, `count` of them
 * @param scale float64
 * @param pack room for BLOCK * columns numbers
 */
// @ts-ignore: decorator
@inline
function rankUpdate<T>(
  x: usize,
  columns: i32,
  rows: usize,
  scale: usize,
  count: i32,
  h: usize,
  pack: usize,
): void {
  const panels = columns / width<T>();
  const stride = <usize>columns * sizeof<T>();
  for (let start = 0; start < count; start += BLOCK) {
    const k = min(BLOCK, count - start);
    for (let r = 0; r < k; r++) {
      let from = x + <usize>load<i32>(rows + ((<usize>(start + r)) << 2)) * ((<usize>columns) << 2);
      const s = load<f64>(scale + ((<usize>(start + r)) << 3));
      const factor = v128.splat<T>(<T>s);
      let to = pack + <usize>r * 32;
      for (let p = 0; p < panels; p++) {
        if (sizeof<T>() == 4) {
          v128.store(to, f32x4.mul(v128.load(from), factor));
          v128.store(to, f32x4.mul(v128.load(from, 16), factor), 16);
          from += 32;
        } else {
          v128.store(to, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(from)), factor));
          v128.store(to, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(from, 8)), factor), 16);
          from += 16;
        }
        to += <usize>k * 32;
      }
    }
    triangle<T>(pack, 0, panels, k, h, stride, true);
  }
}

export function rankUpdate32(
  x: usize,
  columns: i32,
  rows: usize,
  scale: usize,
  count: i32,
  h: usize,
  pack: usize,
): void {
  rankUpdate<f32>(x, columns, rows, scale, count, h, pack);
}

export function rankUpdate64(
  x: usize,
  columns: i32,
  rows: usize,
  scale: usize,
  count: i32,
  h: usize,
  pack: usize,
): void {
  rankUpdate<f64>(x, columns, rows, scale, count, h, pack);
}
