// Inner products of rows of a float32 matrix, float32, and the systems that are made of them.

import { tile } from "./rank-update";

/** Features packed at a time, and panels of eight rows that stay in the second-level cache. */
const DEEP: i32 = 256;
const WIDE: i32 = 24;

/**
 * k[i][j] = row list[i] of x times row list[j], for i or j from `from` on, both below `count`, on both sides of the
 * diagonal. Sums of DEEP features each are added up.
 *
 * @param columns columns of x, a multiple of 8
 * @param count and `from` are multiples of 8
 * @param stride bytes from one row of k to the next
 * @param pack room for count * DEEP float32
 */
export function inner(
  x: usize,
  columns: i32,
  list: usize,
  count: i32,
  from: i32,
  k: usize,
  stride: usize,
  pack: usize,
): void {
  for (let i = from; i < count; i++) memory.fill(k + <usize>i * stride, 0, (<usize>((i | 7) + 1)) << 2);
  const first = from >> 3;
  const panels = count >> 3;
  for (let start = 0; start < columns; start += DEEP) {
    const deep = min(DEEP, columns - start);
    const size = (<usize>deep) << 5;
    for (let r = 0; r < count; r++) {
      const row = x + ((<usize>load<i32>(list + ((<usize>r) << 2)) * <usize>columns + <usize>start) << 2);
      let to = pack + <usize>(r >> 3) * size + ((<usize>(r & 7)) << 2);
      for (let j: usize = 0; j < (<usize>deep) << 2; j += 4, to += 32) store<f32>(to, load<f32>(row + j));
    }
    for (let block = 0; block < panels; block += WIDE)
      for (let i = max(first, block); i < panels; i++) {
        const last = min(block + WIDE, i + 1);
        const out = k + ((<usize>i) << 3) * stride;
        const p = pack + <usize>i * size;
        for (let j = block; j < last; j++) {
          const q = pack + <usize>j * size;
          const at = out + ((<usize>j) << 5);
          tile<f32>(p, q, deep, at, stride, true);
          tile<f32>(p + 16, q, deep, at + 4 * stride, stride, true);
        }
      }
  }
  for (let i = from; i < count; i++) {
    const row = k + <usize>i * stride;
    for (let j: usize = 0; j < <usize>i; j++) store<f32>(k + j * stride + ((<usize>i) << 2), load<f32>(row + (j << 2)));
  }
}

/** h = I + R K R on the upper triangle of rows and columns list[0..n-1] of k, R the diagonal matrix of the roots. */
// @ts-ignore: decorator
@inline
function weigh<T>(k: usize, stride: usize, list: usize, n: i32, width: i32, roots: usize, h: usize): void {
  const size = <usize>sizeof<T>();
  for (let i = 0; i < n; i++) {
    const row = k + <usize>load<i32>(list + ((<usize>i) << 2)) * stride;
    const root = load<f64>(roots + ((<usize>i) << 3));
    let out = h + (<usize>i * <usize>width + <usize>i) * size;
    for (let j = i; j < n; j++) {
      const value = <f64>load<f32>(row + ((<usize>load<i32>(list + ((<usize>j) << 2))) << 2));
      store<T>(out, <T>(root * load<f64>(roots + ((<usize>j) << 3)) * value));
      out += size;
    }
    for (let j = n; j < width; j++, out += size) store<T>(out, <T>0);
    const at = h + (<usize>i * <usize>width + <usize>i) * size;
    store<T>(at, load<T>(at) + <T>1);
  }
  for (let i = n; i < width; i++)
    for (let j = i; j < width; j++) store<T>(h + (<usize>i * <usize>width + <usize>j) * size, i == j ? <T>1 : <T>0);
}

export function weigh32(k: usize, stride: usize, list: usize, n: i32, width: i32, roots: usize, h: usize): void {
  weigh<f32>(k, stride, list, n, width, roots, h);
}

export function weigh64(k: usize, stride: usize, list: usize, n: i32, width: i32, roots: usize, h: usize): void {
  weigh<f64>(k, stride, list, n, width, roots, h);
}
