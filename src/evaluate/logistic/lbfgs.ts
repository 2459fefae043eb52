import { dot } from "../../core/statistics.ts";

/** A function of `x` that writes its gradient into the second argument. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

/** Multiplies a vector in place by an approximation of the inverse Hessian. */
export type Precondition = (v: Float64Array) => void;

export interface Minimum {
  readonly value: number;
  /** Largest absolute entry of the gradient. */
  readonly gradient: number;
  readonly iterations: number;
  /** Whether the gradient came below the tolerance. */
  readonly converged: boolean;
}

const MEMORY = 12;

/** A point whose value is asked for; its gradient goes into `gradient`. */
export interface Asked {
  readonly at: Float64Array;
  readonly gradient: Float64Array;
}

/** How {@link descend} goes on and ends. */
export interface DescentOptions {
  /** Whether a gradient is small enough to end. */
  readonly done: (gradient: Float64Array) => boolean;
  /** Number of iterations after which it gives up (a minimum that lies at infinity). */
  readonly limit: number;
  /** Steps that are remembered. */
  readonly memory?: number;
  /** As {@link minimize} has it. */
  readonly precondition?: (x: Float64Array, iteration: number) => Precondition | null;
}

/**
 * Minimizes a smooth convex function in place by limited-memory BFGS (Nocedal & Wright 2006, algorithm 7.5) with a
 * bisecting line search for the weak Wolfe conditions.
 *
 * @param tolerance largest absolute entry of the gradient to stop at
 * @param limit number of iterations after which it gives up (a minimum that lies at infinity)
 * @param precondition gives what stands for the inverse Hessian from `x` and an iteration on, null where the last one is
 * to go on; without any, a multiple of the identity does
 */
export function minimize(
  objective: Objective,
  x: Float64Array,
  tolerance: number,
  limit: number,
  precondition: (x: Float64Array, iteration: number) => Precondition | null = () => null,
): Minimum {
  const done = (gradient: Float64Array) => largest(gradient) <= tolerance;
  const steps = descend(x, { done, limit, precondition });
  let step = steps.next();
  while (step.done !== true) step = steps.next(objective(step.value.at, step.value.gradient));
  return step.value;
}

/** As {@link minimize}, in steps: what is yielded is to be answered with the value there. */
export function* descend(
  x: Float64Array,
  { done, limit, memory = MEMORY, precondition = () => null }: DescentOptions,
): Generator<Asked, Minimum, number> {
  const n = x.length;
  let gradient = new Float64Array(n);
  let next = new Float64Array(n);
  const trial = new Float64Array(n);
  let value = yield { at: x, gradient };
  const steps: { s: Float64Array; g: Float64Array; rho: number }[] = [];
  let iterations = 0;
  let solve: Precondition | null = null;
  for (; iterations < limit && !done(gradient); iterations++) {
    solve = precondition(x, iterations) ?? solve;
    let direction = descent(gradient, steps, solve);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      steps.length = 0;
      direction = gradient.map((g) => -g);
      slope = dot(direction, gradient);
    }
    let low = 0;
    let high = Infinity;
    let step = steps.length === 0 && solve === null ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    let found = Number.NaN;
    for (let tries = 0; tries < 60; tries++) {
      for (let i = 0; i < n; i++) trial[i] = x[i] + step * direction[i];
      found = yield { at: trial, gradient: next };
      // Near the minimum rounding hides the decrease; there the slope decides alone.
      const noise = 1e-14 * Math.abs(value);
      if (!(found <= value + 1e-4 * step * slope + noise)) high = step;
      else if (dot(direction, next) < 0.9 * slope) low = step;
      else break;
      step = high < Infinity ? (low + high) / 2 : 2 * low;
    }
    if (!(found <= value + 1e-14 * Math.abs(value))) break;
    const s = new Float64Array(n);
    const g = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      s[i] = trial[i] - x[i];
      g[i] = next[i] - gradient[i];
    }
    const curvature = dot(s, g);
    if (curvature > 0) {
      steps.push({ s, g, rho: 1 / curvature });
      if (steps.length > memory) steps.shift();
    } else if (steps.length > 0) steps.length = 0;
    else if (curvature === 0) break;
    x.set(trial);
    value = found;
    [gradient, next] = [next, gradient];
  }
  return { value, gradient: largest(gradient), iterations, converged: done(gradient) };
}

function descent(
  gradient: Float64Array,
  steps: { s: Float64Array; g: Float64Array; rho: number }[],
  solve: Precondition | null,
) {
  const q = gradient.slice();
  const a = new Float64Array(steps.length);
  for (let k = steps.length - 1; k >= 0; k--) {
    const { s, g, rho } = steps[k];
    a[k] = rho * dot(s, q);
    for (let i = 0; i < q.length; i++) q[i] -= a[k] * g[i];
  }
  if (solve === null) {
    const last = steps.at(-1);
    const scale = last === undefined ? 1 : 1 / (last.rho * dot(last.g, last.g));
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  } else solve(q);
  steps.forEach(({ s, g, rho }, k) => {
    const b = rho * dot(g, q);
    for (let i = 0; i < q.length; i++) q[i] += (a[k] - b) * s[i];
  });
  for (let i = 0; i < q.length; i++) q[i] = -q[i];
  return q;
}

export function largest(values: Float64Array): number {
  let top = 0;
  for (let i = 0; i < values.length; i++) top = Math.max(top, Math.abs(values[i]));
  return top;
}
