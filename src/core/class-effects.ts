/** What values of pairs of classes are, beyond what their two classes bring. */
export interface ClassEffects {
  /** Per class: what it brings to its pairs, beyond half of the mean. */
  readonly effects: Float64Array;
  /** Sum of squares of what is left. */
  readonly residual: number;
  /** Its degrees of freedom: pairs less the rank of the classes' effects. */
  readonly df: number;
}

/** Squared length of what is left of the equations, of what it was. */
const SOLVED = 1e-20;

/**
 * Least squares of value = effect of the first class + effect of the second, over pairs of `classes` classes. The rank is
 * the number of classes in a pair, less one for each part of the graph whose pairs all lead from one side to another.
 */
export function fitClassEffects(
  first: Int32Array,
  second: Int32Array,
  values: Float64Array,
  classes: number,
): ClassEffects {
  const middle = values.reduce((sum, v) => sum + v, 0) / Math.max(1, values.length);
  const degree = new Float64Array(classes);
  const left = new Float64Array(classes);
  values.forEach((value, e) => {
    for (const a of [first[e], second[e]]) {
      degree[a]++;
      left[a] += value - middle;
    }
  });
  const effects = new Float64Array(classes);
  const direction = left.slice();
  const product = new Float64Array(classes);
  const start = dot(left, left);
  let size = start;
  for (let step = 0; step < 4 * classes && size > SOLVED * start; step++) {
    direction.forEach((v, a) => {
      product[a] = degree[a] * v;
    });
    for (let e = 0; e < values.length; e++) {
      product[first[e]] += direction[second[e]];
      product[second[e]] += direction[first[e]];
    }
    const length = size / dot(direction, product);
    for (let a = 0; a < classes; a++) {
      effects[a] += length * direction[a];
      left[a] -= length * product[a];
    }
    const next = dot(left, left);
    for (let a = 0; a < classes; a++) direction[a] = left[a] + (next / size) * direction[a];
    size = next;
  }
  let residual = 0;
  values.forEach((value, e) => {
    residual += (value - middle - effects[first[e]] - effects[second[e]]) ** 2;
  });
  return { effects, residual, df: values.length - rank(first, second, classes) };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function rank(first: Int32Array, second: Int32Array, classes: number): number {
  const near: number[][] = Array.from({ length: classes }, () => []);
  first.forEach((a, e) => {
    near[a].push(second[e]);
    near[second[e]].push(a);
  });
  const side = new Int8Array(classes);
  let found = 0;
  for (let start = 0; start < classes; start++) {
    if (side[start] !== 0 || near[start].length === 0) continue;
    side[start] = 1;
    const open = [start];
    let twoSided = true;
    for (let a = open.pop(); a !== undefined; a = open.pop()) {
      found++;
      for (const b of near[a]) {
        if (side[b] === side[a]) twoSided = false;
        if (side[b] !== 0) continue;
        side[b] = -side[a];
        open.push(b);
      }
    }
    if (twoSided) found--;
  }
  return found;
}
