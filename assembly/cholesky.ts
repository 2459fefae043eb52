// H = U'U in place on the upper triangle, and the solution of U'U v = g.
//
// Right-looking: a few rows are factored with row operations, and the rest is updated by the tiles of the rank update.

import { triangle, width } from "./rank-update";

/** Rows factored at a time. */
const STEP: i32 = 16;

/** Returns 0, or one more than the row whose pivot is not positive. `pack` has room for STEP * columns numbers. */
// @ts-ignore: decorator
@inline
function cholesky<T>(h: usize, columns: i32, pack: usize): i32 {
  const size = sizeof<T>();
  const stride = <usize>columns * size;
  const lanes: i32 = width<T>() / 2;
  for (let first = 0; first < columns; first += STEP) {
    const last = min(first + STEP, columns);
    for (let k = first; k < last; k++) {
      const row = h + <usize>k * stride;
      const pivot = load<T>(row + <usize>k * size);
      if (!(pivot > <T>0) || pivot == <T>Infinity) return k + 1;
      const inverse = v128.splat<T>(<T>1 / sqrt<T>(pivot));
      const start = k & ~(lanes - 1);
      for (let j = start; j < columns; j += lanes) {
        const at = row + <usize>j * size;
        v128.store(at, v128.mul<T>(v128.load(at), inverse));
      }
      for (let i = k + 1; i < last; i++) {
        const factor = v128.load_splat<T>(row + <usize>i * size);
        const other = h + <usize>i * stride;
        for (let j = i & ~(lanes - 1); j < columns; j += lanes) {
          const at = <usize>j * size;
          v128.store(other + at, v128.sub<T>(v128.load(other + at), v128.mul<T>(factor, v128.load(row + at))));
        }
      }
    }
    const panel = last / width<T>();
    const panels = columns / width<T>();
    const k = last - first;
    for (let p = panel; p < panels; p++)
      for (let r = 0; r < k; r++) {
        const from = h + <usize>(first + r) * stride + <usize>p * 32;
        const to = pack + <usize>((p - panel) * k + r) * 32;
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
      }
    triangle<T>(pack, panel, panels, k, h, stride, false);
  }
  return 0;
}

/** Solves U'U v = v in place; `v` is float64 and both sweeps add up in float64. */
// @ts-ignore: decorator
@inline
function solve<T>(u: usize, columns: i32, v: usize): void {
  const size = sizeof<T>();
  const stride = <usize>columns * size;
  for (let k = 0; k < columns; k++) {
    const row = u + <usize>k * stride;
    const at = v + ((<usize>k) << 3);
    const value = load<f64>(at) / <f64>load<T>(row + <usize>k * size);
    store<f64>(at, value);
    let j = k + 1;
    for (; j < columns && (j & 1) != 0; j++) {
      const to = v + ((<usize>j) << 3);
      store<f64>(to, load<f64>(to) - value * <f64>load<T>(row + <usize>j * size));
    }
    const factor = f64x2.splat(value);
    for (; j < columns; j += 2) {
      const to = v + ((<usize>j) << 3);
      v128.store(to, f64x2.sub(v128.load(to), f64x2.mul(factor, two<T>(row + <usize>j * size))));
    }
  }
  for (let k = columns - 1; k >= 0; k--) {
    const row = u + <usize>k * stride;
    const at = v + ((<usize>k) << 3);
    let sum = load<f64>(at);
    let j = k + 1;
    for (; j < columns && (j & 1) != 0; j++)
      sum -= load<f64>(v + ((<usize>j) << 3)) * <f64>load<T>(row + <usize>j * size);
    let pair = f64x2.splat(0);
    for (; j < columns; j += 2)
      pair = f64x2.add(pair, f64x2.mul(v128.load(v + ((<usize>j) << 3)), two<T>(row + <usize>j * size)));
    sum -= f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
    store<f64>(at, sum / <f64>load<T>(row + <usize>k * size));
  }
}

/** Two neighboring numbers as float64. */
// @ts-ignore: decorator
@inline
function two<T>(at: usize): v128 {
  if (sizeof<T>() == 4) return f64x2.promote_low_f32x4(v128.load64_zero(at));
  return v128.load(at);
}

export function cholesky32(h: usize, columns: i32, pack: usize): i32 {
  return cholesky<f32>(h, columns, pack);
}

export function cholesky64(h: usize, columns: i32, pack: usize): i32 {
  return cholesky<f64>(h, columns, pack);
}

export function solve32(u: usize, columns: i32, v: usize): void {
  solve<f32>(u, columns, v);
}

export function solve64(u: usize, columns: i32, v: usize): void {
  solve<f64>(u, columns, v);
}
