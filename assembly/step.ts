// Row by row arithmetic of an interior-point step, on float64 vectors of `stride` bytes that lie one after the other.
//
// Two rows at a time; an odd last row goes through the same lines in the first lane of a vector. Names and equations
// are those of src/evaluate/svm/newton.ts.

/** Position of each vector, as in STEP of src/evaluate/svm/step.ts. */
const Y: usize = 0;
const F: usize = 1;
const ALPHA: usize = 2;
const BETA: usize = 3;
const S: usize = 4;
const XI: usize = 5;
const Z: usize = 6;
const STEADY: usize = 7;
const WEIGHT: usize = 8;
const ALPHA_INVERSE: usize = 9;
const BETA_INVERSE: usize = 10;
const C1: usize = 11;
const C2: usize = 12;
const Q: usize = 13;
const SIGNED: usize = 14;
/** Of a direction, from its first vector on. */
const DF: usize = 0;
const DALPHA: usize = 1;
const DS: usize = 2;
const DXI: usize = 3;

// @ts-ignore: decorator
@inline
function get(at: usize, pair: bool): v128 {
  return pair ? v128.load(at) : v128.load64_splat(at);
}

// @ts-ignore: decorator
@inline
function put(at: usize, value: v128, pair: bool): void {
  if (pair) v128.store(at, value);
  else v128.store64_lane(at, value, 0);
}

// @ts-ignore: decorator
@inline
function both(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

// @ts-ignore: decorator
@inline
function measureAt(p: usize, t: usize, b: v128, pair: bool): v128 {
  const y = get(p + Y * t, pair);
  const z = f64x2.sub(f64x2.splat(1), f64x2.mul(y, f64x2.add(get(p + F * t, pair), b)));
  put(p + Z * t, z, pair);
  return f64x2.max(z, f64x2.splat(0));
}

/** z = 1 - y(f + b); returns the sum of hinge losses. */
export function measure(base: usize, stride: usize, n: i32, b: f64): f64 {
  const shift = f64x2.splat(b);
  const end = base + ((<usize>(n >> 1)) << 4);
  let sum = f64x2.splat(0);
  for (let p = base; p < end; p += 16) sum = f64x2.add(sum, measureAt(p, stride, shift, true));
  const total = both(sum);
  return n & 1 ? total + f64x2.extract_lane(measureAt(end, stride, shift, false), 0) : total;
}

// @ts-ignore: decorator
@inline
function productsAt(p: usize, t: usize, pair: bool): v128 {
  return f64x2.add(
    f64x2.mul(get(p + ALPHA * t, pair), get(p + S * t, pair)),
    f64x2.mul(get(p + BETA * t, pair), get(p + XI * t, pair)),
  );
}

/** Sum of alpha s + beta xi. */
export function products(base: usize, stride: usize, n: i32): f64 {
  const end = base + ((<usize>(n >> 1)) << 4);
  let sum = f64x2.splat(0);
  for (let p = base; p < end; p += 16) sum = f64x2.add(sum, productsAt(p, stride, true));
  const total = both(sum);
  return n & 1 ? total + f64x2.extract_lane(productsAt(end, stride, false), 0) : total;
}

// @ts-ignore: decorator
@inline
function prepareAt(p: usize, t: usize, pair: bool): v128 {
  const one = f64x2.splat(1);
  const alpha = get(p + ALPHA * t, pair);
  const beta = get(p + BETA * t, pair);
  const s = get(p + S * t, pair);
  const xi = get(p + XI * t, pair);
  const a = f64x2.div(one, alpha);
  const b = f64x2.div(one, beta);
  const weight = f64x2.div(one, f64x2.add(f64x2.mul(s, a), f64x2.mul(xi, b)));
  put(p + ALPHA_INVERSE * t, a, pair);
  put(p + BETA_INVERSE * t, b, pair);
  put(p + WEIGHT * t, weight, pair);
  put(p + C1 * t, f64x2.neg(f64x2.mul(alpha, s)), pair);
  put(p + C2 * t, f64x2.neg(f64x2.mul(beta, xi)), pair);
  return weight;
}

/** Inverses, weights D and the predictor's targets c1, c2; returns the sum of the weights. */
export function prepare(base: usize, stride: usize, n: i32): f64 {
  const end = base + ((<usize>(n >> 1)) << 4);
  let sum = f64x2.splat(0);
  for (let p = base; p < end; p += 16) sum = f64x2.add(sum, prepareAt(p, stride, true));
  const total = both(sum);
  return n & 1 ? total + f64x2.extract_lane(prepareAt(end, stride, false), 0) : total;
}

// @ts-ignore: decorator
@inline
function goalAt(p: usize, t: usize, pair: bool): v128 {
  const q = f64x2.add(
    f64x2.sub(
      f64x2.mul(get(p + C1 * t, pair), get(p + ALPHA_INVERSE * t, pair)),
      f64x2.mul(get(p + C2 * t, pair), get(p + BETA_INVERSE * t, pair)),
    ),
    f64x2.add(f64x2.sub(get(p + S * t, pair), get(p + XI * t, pair)), get(p + Z * t, pair)),
  );
  const inner = f64x2.add(get(p + ALPHA * t, pair), f64x2.mul(get(p + WEIGHT * t, pair), q));
  const signed = f64x2.mul(get(p + Y * t, pair), inner);
  put(p + Q * t, q, pair);
  put(p + SIGNED * t, signed, pair);
  return signed;
}

/** q and y(alpha + Dq); returns the sum of the latter. */
export function goal(base: usize, stride: usize, n: i32): f64 {
  const end = base + ((<usize>(n >> 1)) << 4);
  let sum = f64x2.splat(0);
  for (let p = base; p < end; p += 16) sum = f64x2.add(sum, goalAt(p, stride, true));
  const total = both(sum);
  return n & 1 ? total + f64x2.extract_lane(goalAt(end, stride, false), 0) : total;
}

// @ts-ignore: decorator
@inline
function directAt(p: usize, t: usize, d: usize, db: v128, pair: bool): v128 {
  const y = get(p + Y * t, pair);
  const alpha = get(p + ALPHA_INVERSE * t, pair);
  const beta = get(p + BETA_INVERSE * t, pair);
  const s = get(p + S * t, pair);
  const xi = get(p + XI * t, pair);
  const a = f64x2.mul(
    get(p + WEIGHT * t, pair),
    f64x2.sub(get(p + Q * t, pair), f64x2.mul(y, f64x2.add(get(p + d + DF * t, pair), db))),
  );
  const ds = f64x2.mul(f64x2.sub(get(p + C1 * t, pair), f64x2.mul(s, a)), alpha);
  const dxi = f64x2.mul(f64x2.add(get(p + C2 * t, pair), f64x2.mul(xi, a)), beta);
  put(p + d + DALPHA * t, a, pair);
  put(p + d + DS * t, ds, pair);
  put(p + d + DXI * t, dxi, pair);
  return f64x2.max(
    f64x2.max(f64x2.mul(f64x2.neg(a), alpha), f64x2.mul(a, beta)),
    f64x2.max(f64x2.div(f64x2.neg(ds), s), f64x2.div(f64x2.neg(dxi), xi)),
  );
}

/** dalpha, ds, dxi for X dw and db; returns the inverse of the longest step, at most 1, that leaves nothing negative. */
export function direct(base: usize, stride: usize, n: i32, from: i32, db: f64): f64 {
  const d = <usize>from * stride;
  const shift = f64x2.splat(db);
  const end = base + ((<usize>(n >> 1)) << 4);
  let worst = f64x2.splat(1);
  for (let p = base; p < end; p += 16) worst = f64x2.max(worst, directAt(p, stride, d, shift, true));
  if (n & 1) worst = f64x2.max(worst, directAt(end, stride, d, shift, false));
  return max(f64x2.extract_lane(worst, 0), f64x2.extract_lane(worst, 1));
}

// @ts-ignore: decorator
@inline
function afterAt(p: usize, t: usize, d: usize, step: v128, pair: bool): v128 {
  const a = f64x2.mul(step, get(p + d + DALPHA * t, pair));
  const s = f64x2.add(get(p + S * t, pair), f64x2.mul(step, get(p + d + DS * t, pair)));
  const xi = f64x2.add(get(p + XI * t, pair), f64x2.mul(step, get(p + d + DXI * t, pair)));
  return f64x2.add(
    f64x2.mul(f64x2.add(get(p + ALPHA * t, pair), a), s),
    f64x2.mul(f64x2.sub(get(p + BETA * t, pair), a), xi),
  );
}

/** Sum of products behind a step. */
export function after(base: usize, stride: usize, n: i32, from: i32, step: f64): f64 {
  const d = <usize>from * stride;
  const length = f64x2.splat(step);
  const end = base + ((<usize>(n >> 1)) << 4);
  let sum = f64x2.splat(0);
  for (let p = base; p < end; p += 16) sum = f64x2.add(sum, afterAt(p, stride, d, length, true));
  const total = both(sum);
  return n & 1 ? total + f64x2.extract_lane(afterAt(end, stride, d, length, false), 0) : total;
}

// @ts-ignore: decorator
@inline
function correctAt(p: usize, t: usize, d: usize, target: v128, pair: bool): void {
  const a = get(p + d + DALPHA * t, pair);
  const first = f64x2.sub(target, f64x2.mul(a, get(p + d + DS * t, pair)));
  const second = f64x2.add(target, f64x2.mul(a, get(p + d + DXI * t, pair)));
  put(p + C1 * t, f64x2.add(get(p + C1 * t, pair), first), pair);
  put(p + C2 * t, f64x2.add(get(p + C2 * t, pair), second), pair);
}

/** The corrector's targets from the predictor's and its direction. */
export function correct(base: usize, stride: usize, n: i32, from: i32, target: f64): void {
  const d = <usize>from * stride;
  const aim = f64x2.splat(target);
  const end = base + ((<usize>(n >> 1)) << 4);
  for (let p = base; p < end; p += 16) correctAt(p, stride, d, aim, true);
  if (n & 1) correctAt(end, stride, d, aim, false);
}

/** What Gondzio's correction adds to a product that would stray from the target. */
// @ts-ignore: decorator
@inline
function toward(value: v128, target: f64): v128 {
  const inside = f64x2.min(f64x2.max(value, f64x2.splat(0.1 * target)), f64x2.splat(10 * target));
  return f64x2.max(f64x2.sub(inside, value), f64x2.splat(-10 * target));
}

// @ts-ignore: decorator
@inline
function centerAt(p: usize, t: usize, d: usize, step: v128, target: f64, pair: bool): void {
  const a = f64x2.mul(step, get(p + d + DALPHA * t, pair));
  const s = f64x2.add(get(p + S * t, pair), f64x2.mul(step, get(p + d + DS * t, pair)));
  const xi = f64x2.add(get(p + XI * t, pair), f64x2.mul(step, get(p + d + DXI * t, pair)));
  const first = f64x2.mul(f64x2.add(get(p + ALPHA * t, pair), a), s);
  const second = f64x2.mul(f64x2.sub(get(p + BETA * t, pair), a), xi);
  put(p + C1 * t, f64x2.add(get(p + C1 * t, pair), toward(first, target)), pair);
  put(p + C2 * t, f64x2.add(get(p + C2 * t, pair), toward(second, target)), pair);
}

/** Targets corrected toward the central path, for a step of the given length. */
export function center(base: usize, stride: usize, n: i32, from: i32, step: f64, target: f64): void {
  const d = <usize>from * stride;
  const length = f64x2.splat(step);
  const end = base + ((<usize>(n >> 1)) << 4);
  for (let p = base; p < end; p += 16) centerAt(p, stride, d, length, target, true);
  if (n & 1) centerAt(end, stride, d, length, target, false);
}

// @ts-ignore: decorator
@inline
function moveAt(p: usize, t: usize, d: usize, step: v128, fall: v128, pair: bool): void {
  const a = f64x2.mul(step, get(p + d + DALPHA * t, pair));
  const ds = f64x2.mul(step, get(p + d + DS * t, pair));
  const dxi = f64x2.mul(step, get(p + d + DXI * t, pair));
  const alpha = f64x2.add(get(p + ALPHA * t, pair), a);
  const beta = f64x2.sub(get(p + BETA * t, pair), a);
  const s = f64x2.add(get(p + S * t, pair), ds);
  const xi = f64x2.add(get(p + XI * t, pair), dxi);
  put(p + F * t, f64x2.add(get(p + F * t, pair), f64x2.mul(step, get(p + d + DF * t, pair))), pair);
  put(p + ALPHA * t, alpha, pair);
  put(p + BETA * t, beta, pair);
  put(p + S * t, s, pair);
  put(p + XI * t, xi, pair);
  const low = f64x2.add(ds, f64x2.mul(fall, s));
  const high = f64x2.add(dxi, f64x2.mul(fall, xi));
  put(p + STEADY * t, v128.bitselect(low, high, f64x2.lt(alpha, beta)), pair);
}

/** Moves f, alpha, beta, s and xi; `steady` is above 0 where the slack of the nearer bound lost less than `fall` of itself. */
export function move(base: usize, stride: usize, n: i32, from: i32, step: f64, fall: f64): void {
  const d = <usize>from * stride;
  const length = f64x2.splat(step);
  const share = f64x2.splat(fall);
  const end = base + ((<usize>(n >> 1)) << 4);
  for (let p = base; p < end; p += 16) moveAt(p, stride, d, length, share, true);
  if (n & 1) moveAt(end, stride, d, length, share, false);
}
