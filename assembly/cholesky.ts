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

/** Numbers of one vector of 16 bytes. */
// @ts-ignore: decorator
@inline
function lanes<T>(): i32 {
  return 16 / (<i32>sizeof<T>());
}

/** Solves U'U v = v in place. */
// @ts-ignore: decorator
@inline
function solve<T>(u: usize, columns: i32, v: usize): void {
  const size = sizeof<T>();
  const stride = <usize>columns * size;
  for (let k = 0; k < columns; k++) {
    const row = u + <usize>k * stride;
    const at = v + <usize>k * size;
    const value = load<T>(at) / load<T>(row + <usize>k * size);
    store<T>(at, value);
    let j = k + 1;
    for (; (j & (lanes<T>() - 1)) != 0; j++) {
      const to = v + <usize>j * size;
      store<T>(to, load<T>(to) - value * load<T>(row + <usize>j * size));
    }
    const factor = v128.splat<T>(value);
    for (; j < columns; j += lanes<T>()) {
      const to = v + <usize>j * size;
      v128.store(to, v128.sub<T>(v128.load(to), v128.mul<T>(factor, v128.load(row + <usize>j * size))));
    }
  }
  for (let k = columns - 1; k >= 0; k--) {
    const row = u + <usize>k * stride;
    const at = v + <usize>k * size;
    let sum = load<T>(at);
    let j = k + 1;
    for (; (j & (lanes<T>() - 1)) != 0; j++) sum -= load<T>(v + <usize>j * size) * load<T>(row + <usize>j * size);
    let part = v128.splat<T>(<T>0);
    let other = part;
    for (; j + lanes<T>() < columns; j += 2 * lanes<T>()) {
      const to = v + <usize>j * size;
      const from = row + <usize>j * size;
      part = v128.add<T>(part, v128.mul<T>(v128.load(to), v128.load(from)));
      other = v128.add<T>(other, v128.mul<T>(v128.load(to, 16), v128.load(from, 16)));
    }
    if (j < columns)
      part = v128.add<T>(part, v128.mul<T>(v128.load(v + <usize>j * size), v128.load(row + <usize>j * size)));
    part = v128.add<T>(part, other);
    if (sizeof<T>() == 4)
      part = v128.add<T>(part, i8x16.shuffle(part, part, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    part = v128.add<T>(part, i8x16.shuffle(part, part, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    sum -= v128.extract_lane<T>(part, 0);
    store<T>(at, sum / load<T>(row + <usize>k * size));
  }
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
