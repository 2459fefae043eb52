// Products of a float32 matrix with float64 vectors, added up in float64.

/** out[r] = row rows[r] of x, times w. */
export function scores(x: usize, columns: i32, rows: usize, count: i32, w: usize, out: usize): void {
  const stride = (<usize>columns) << 2;
  for (let r = 0; r < count; r++) {
    const row = x + <usize>load<i32>(rows + ((<usize>r) << 2)) * stride;
    let a = f64x2.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let j: usize = 0; j < <usize>columns; j += 8) {
      const at = row + (j << 2);
      const to = w + (j << 3);
      a = f64x2.add(a, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(at)), v128.load(to)));
      b = f64x2.add(b, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(at, 8)), v128.load(to, 16)));
      c = f64x2.add(c, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(at, 16)), v128.load(to, 32)));
      d = f64x2.add(d, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(at, 24)), v128.load(to, 48)));
    }
    a = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
    store<f64>(out + ((<usize>r) << 3), f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1));
  }
}

/** out += sum over r of c[r] times row rows[r] of x. */
export function combine(x: usize, columns: i32, rows: usize, count: i32, c: usize, out: usize): void {
  const stride = (<usize>columns) << 2;
  let r = 0;
  for (; r + 3 < count; r += 4) {
    const at = rows + ((<usize>r) << 2);
    const p0 = x + <usize>load<i32>(at) * stride;
    const p1 = x + <usize>load<i32>(at, 4) * stride;
    const p2 = x + <usize>load<i32>(at, 8) * stride;
    const p3 = x + <usize>load<i32>(at, 12) * stride;
    const from = c + ((<usize>r) << 3);
    const c0 = v128.load64_splat(from);
    const c1 = v128.load64_splat(from, 8);
    const c2 = v128.load64_splat(from, 16);
    const c3 = v128.load64_splat(from, 24);
    for (let j: usize = 0; j < <usize>columns; j += 2) {
      const k = j << 2;
      const to = out + (j << 3);
      const low = f64x2.add(
        f64x2.mul(c0, f64x2.promote_low_f32x4(v128.load64_zero(p0 + k))),
        f64x2.mul(c1, f64x2.promote_low_f32x4(v128.load64_zero(p1 + k))),
      );
      const high = f64x2.add(
        f64x2.mul(c2, f64x2.promote_low_f32x4(v128.load64_zero(p2 + k))),
        f64x2.mul(c3, f64x2.promote_low_f32x4(v128.load64_zero(p3 + k))),
      );
      v128.store(to, f64x2.add(v128.load(to), f64x2.add(low, high)));
    }
  }
  for (; r < count; r++) {
    const p = x + <usize>load<i32>(rows + ((<usize>r) << 2)) * stride;
    const factor = v128.load64_splat(c + ((<usize>r) << 3));
    for (let j: usize = 0; j < <usize>columns; j += 2) {
      const to = out + (j << 3);
      const row = f64x2.promote_low_f32x4(v128.load64_zero(p + (j << 2)));
      v128.store(to, f64x2.add(v128.load(to), f64x2.mul(factor, row)));
    }
  }
}

/** As `scores`, with w in float32 and added up in float32: for steps that later ones correct. */
export function scores32(x: usize, columns: i32, rows: usize, count: i32, w: usize, out: usize): void {
  const stride = (<usize>columns) << 2;
  let r = 0;
  for (; r + 1 < count; r += 2) {
    const at = rows + ((<usize>r) << 2);
    const p = x + <usize>load<i32>(at) * stride;
    const q = x + <usize>load<i32>(at, 4) * stride;
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let k: usize = 0; k < stride; k += 32) {
      const low = v128.load(w + k);
      const high = v128.load(w + k, 16);
      a = f32x4.add(a, f32x4.mul(v128.load(p + k), low));
      b = f32x4.add(b, f32x4.mul(v128.load(p + k, 16), high));
      c = f32x4.add(c, f32x4.mul(v128.load(q + k), low));
      d = f32x4.add(d, f32x4.mul(v128.load(q + k, 16), high));
    }
    store<f64>(out + ((<usize>r) << 3), total(f32x4.add(a, b)));
    store<f64>(out + ((<usize>r) << 3), total(f32x4.add(c, d)), 8);
  }
  if (r < count) {
    const p = x + <usize>load<i32>(rows + ((<usize>r) << 2)) * stride;
    let a = f32x4.splat(0);
    for (let k: usize = 0; k < stride; k += 16) a = f32x4.add(a, f32x4.mul(v128.load(p + k), v128.load(w + k)));
    store<f64>(out + ((<usize>r) << 3), total(a));
  }
}

// @ts-ignore: decorator
@inline
function total(v: v128): f64 {
  const low = f64x2.promote_low_f32x4(v);
  const high = f64x2.promote_low_f32x4(i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15));
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** As `combine`, with c and out in float32 and added up in float32. */
export function combine32(x: usize, columns: i32, rows: usize, count: i32, c: usize, out: usize): void {
  const stride = (<usize>columns) << 2;
  let r = 0;
  for (; r + 7 < count; r += 8) {
    const at = rows + ((<usize>r) << 2);
    const p0 = x + <usize>load<i32>(at) * stride;
    const p1 = x + <usize>load<i32>(at, 4) * stride;
    const p2 = x + <usize>load<i32>(at, 8) * stride;
    const p3 = x + <usize>load<i32>(at, 12) * stride;
    const p4 = x + <usize>load<i32>(at, 16) * stride;
    const p5 = x + <usize>load<i32>(at, 20) * stride;
    const p6 = x + <usize>load<i32>(at, 24) * stride;
    const p7 = x + <usize>load<i32>(at, 28) * stride;
    const from = c + ((<usize>r) << 2);
    const c0 = v128.load32_splat(from);
    const c1 = v128.load32_splat(from, 4);
    const c2 = v128.load32_splat(from, 8);
    const c3 = v128.load32_splat(from, 12);
    const c4 = v128.load32_splat(from, 16);
    const c5 = v128.load32_splat(from, 20);
    const c6 = v128.load32_splat(from, 24);
    const c7 = v128.load32_splat(from, 28);
    for (let k: usize = 0; k < stride; k += 16) {
      let a = f32x4.add(f32x4.mul(c0, v128.load(p0 + k)), f32x4.mul(c1, v128.load(p1 + k)));
      let b = f32x4.add(f32x4.mul(c2, v128.load(p2 + k)), f32x4.mul(c3, v128.load(p3 + k)));
      a = f32x4.add(a, f32x4.add(f32x4.mul(c4, v128.load(p4 + k)), f32x4.mul(c5, v128.load(p5 + k))));
      b = f32x4.add(b, f32x4.add(f32x4.mul(c6, v128.load(p6 + k)), f32x4.mul(c7, v128.load(p7 + k))));
      v128.store(out + k, f32x4.add(v128.load(out + k), f32x4.add(a, b)));
    }
  }
  for (; r < count; r++) {
    const p = x + <usize>load<i32>(rows + ((<usize>r) << 2)) * stride;
    const factor = v128.load32_splat(c + ((<usize>r) << 2));
    for (let k: usize = 0; k < stride; k += 16)
      v128.store(out + k, f32x4.add(v128.load(out + k), f32x4.mul(factor, v128.load(p + k))));
  }
}
