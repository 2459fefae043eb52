import { DataError } from "../../errors.ts";

/** Relative duality gap that every fit reaches. */
export const GAP_GOAL = 1e-6;

/** Where a row's multiplier is: at 0, between its bounds, or at 1. */
export const OUT = 0;
export const FREE = 1;
export const BOUND = 2;

/**
 * One two-class training set as the solvers see it: rows centered on their mean. The unpenalized bias makes the
 * machine invariant to the shift, and centered rows lose fewer digits.
 */
export interface Problem {
  /** Number of rows. */
  readonly rows: number;
  /** Features per row. */
  readonly dimension: number;
  /** Centered features, rows x dimension, row-major. */
  readonly x: Float64Array;
  /** +1 for the first class, -1 for the second. */
  readonly y: Int8Array;
}

/** A linear two-class machine: `x` is of the first class where `w . x + b > 0`, else of the second. */
export interface Machine {
  readonly w: Float64Array;
  /** For centered rows. */
  readonly b: number;
}

/** What a solver returns. */
export interface Fit extends Machine {
  /** Primal objective 1/2 |w|^2 + sum of hinge losses. */
  readonly objective: number;
  /** (primal - dual) / (1 + primal): a certificate that the optimum is no further away. */
  readonly gap: number;
  /** Steps, or rounds, that the solver took. */
  readonly iterations: number;
  /** Which solver it was: the active set, the interior point, or plain SMO. */
  readonly solver: "set" | "ipm" | "smo";
}

/** @throws DataError where a feature is NaN or infinite; `what` names the rows in the message. */
export function checkFinite(features: Float32Array | Float64Array, dimension: number, what: string): void {
  for (let i = 0; i < features.length; i++)
    if (!Number.isFinite(features[i]))
      throw new DataError(
        `feature ${i % dimension} of cell ${Math.floor(i / dimension)} of ${what} is ${features[i]}; encode that cell again or leave it out`,
      );
}
