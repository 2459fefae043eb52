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
