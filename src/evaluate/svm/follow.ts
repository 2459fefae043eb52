/** A point of an interior-point method. */
export interface Passed {
  /** Where the multipliers will end, as far as it tells, and where they are. */
  readonly roles: Int8Array;
  alpha(): Float64Array;
  readonly b: number;
  /** Whether it is as near the optimum as is asked for. */
  readonly near: boolean;
}

/** Whether the optimum was found from a point. */
export type Guess = (point: Passed) => boolean;

/** An interior-point method on its way. */
export interface Path {
  /** Sum of complementarity products, relative to 1 + primal objective; what is not finite ends the method. */
  measure(): number;
  /** Whether the optimum can be told from the point. */
  readonly guess: ((near: boolean) => boolean) | null;
  /** Whether the point is good enough; asked when the method believes so. */
  done(): boolean;
  /** How often `done` may disagree. */
  readonly patience: number;
  /** One step; false where rounding forbids it. */
  step(): boolean;
}

const STEPS = 80;
/** Measure at which `done` is asked. */
const CLOSE = 1e-6;
/** The same for `guess`, at every step from then on. */
const NEAR = 1e-3;
/** Steps that are taken beyond a point that is good enough where its optimum cannot be told yet. */
const MORE = 3;

/** Steps taken to the optimum, or to a point that is good enough; null where neither is reached. */
export function followPath({ measure, guess, done, patience, step }: Path): number | null {
  let refused = 0;
  let enough: number | undefined;
  for (let steps = 0; steps < STEPS; steps++) {
    const measured = measure();
    if (!Number.isFinite(measured)) break;
    if (measured <= NEAR && guess?.(measured <= CLOSE)) return steps;
    if (enough === undefined && measured <= CLOSE) {
      if (done()) enough = steps;
      else if (++refused > patience) return null;
    }
    if (enough !== undefined && (guess === null || steps - enough >= MORE)) return enough;
    if (!step()) break;
  }
  return enough ?? null;
}
