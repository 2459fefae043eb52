import { dot } from "../../core/statistics.ts";
import { ConjugateGradients } from "./conjugate.ts";
import { factor, smallWeights, type Together } from "./factor.ts";
import type { Point } from "./point.ts";
import { System } from "./system.ts";

/**
 * Relative residual at which a linear system counts as solved, in units of mu: what is left enters the next step's
 * right-hand side, and only the last steps have to be exact.
 */
const RESIDUAL = 1;
const LARGEST_RESIDUAL = 0.03;
const SMALLEST_RESIDUAL = 1e-9;
/** For the predictor, which only says how far to go. */
const PREDICTOR_RESIDUAL = 0.1;
/**
 * A residual is also small against w: it becomes w - X'(y alpha), which the preconditioner's norm makes little of in
 * the directions where H is large.
 */
const PLAIN = 10;
/** Sum of weights times mean variance above which float32 cannot hold H (see docs/method-probes.md). */
export const SINGLE_LIMIT = 1e6;
/** Value of mu down to which products may be in float32: what they lose is made up for by later steps. */
const ROUGH = 1e-2;
/** As SINGLE_LIMIT, for the products of the conjugate gradients, where the residual asked for is not below LOOSE. */
const LOOSE_LIMIT = 5e3;
const LOOSE = 2e-5;
/** A slack that lost more than this share of itself in a step is not steady. */
export const FALL = 1;

/** Where a point would move; what belongs to rows lies in the kernels' memory. */
interface Direction {
  /** Number of its vectors there. */
  readonly number: 0 | 1;
  readonly db: number;
  /** Longest step, at most 1. */
  readonly longest: number;
}

/** Newton steps of the interior-point method of {@link solveInterior}; docs/method-probes.md has the equations. */
export class Newton {
  readonly #point: Point;
  readonly #scatter: Float32Array | null;
  readonly #system: System;
  readonly #solver: ConjugateGradients;
  /** Changes of w in either direction. */
  readonly #dw: readonly [Float64Array, Float64Array];
  /** Whether all rows entered the factor one by one. */
  #exact = false;
  /** Whether the factor, and the products, are in float32: as long as they can. */
  #single = true;
  #rough = true;

  constructor(point: Point, scatter: Float32Array | null) {
    this.#point = point;
    this.#scatter = scatter;
    const { length } = point.w;
    this.#system = new System(point);
    this.#solver = new ConjugateGradients(this.#system, length);
    this.#dw = [new Float64Array(length), new Float64Array(length)];
  }

  /** Moves the point by one step; false where rounding forbids any. */
  step(): boolean {
    const { mu, rows, step, vectors, w } = this.#point;
    if (this.#rough && mu <= ROUGH) {
      this.#rough = false;
      rows.scores(w, vectors.f);
      return true;
    }
    const tolerance = Math.min(LARGEST_RESIDUAL, Math.max(SMALLEST_RESIDUAL, RESIDUAL * mu));
    if (!this.#factor(tolerance)) return false;
    const predictor = this.#direct(0, PREDICTOR_RESIDUAL);
    const affine = step.after(rows.count, 0, predictor.longest);
    const target = (affine / (2 * rows.count * mu)) ** 3 * mu;
    step.correct(rows.count, 0, target);
    let best = this.#direct(0, tolerance);
    // Up to two corrections toward the central path, each kept where it lengthens the step.
    for (let round = 0; round < 2 && best.longest < 0.95; round++) {
      step.center(rows.count, best.number, Math.min(1, 1.08 * best.longest + 0.08), target);
      const next = this.#direct(best.number === 0 ? 1 : 0, tolerance);
      if (!(next.longest >= best.longest + 0.01)) break;
      best = next;
    }
    this.#move(best, Math.max(0.99, 1 - mu) * best.longest);
    return true;
  }

  #move({ number, db }: Direction, length: number): void {
    const point = this.#point;
    const dw = this.#dw[number];
    point.step.move(point.rows.count, number, length, FALL);
    for (let j = 0; j < dw.length; j++) point.w[j] += length * dw[j];
    point.b += length * db;
  }

  /** Factors I + X'DX, or what is close to it; false where no precision allows that. */
  #factor(tolerance: number): boolean {
    const { rows, step, vectors } = this.#point;
    const eta = step.prepare(rows.count);
    const size = eta * rows.kernels.variance;
    if (size > SINGLE_LIMIT) this.#single = false;
    const precision = { single: size < LOOSE_LIMIT && tolerance >= LOOSE };
    rows.combine(vectors.weight, this.#system.h, { single: this.#rough });
    for (;;) {
      const together = this.#together();
      const solve = factor(rows, vectors.weight, { single: this.#single, together });
      if (solve !== null) {
        this.#exact = together === null;
        this.#system.renew({ eta, solve, precision });
        this.#solver.reset();
        return true;
      }
      if (!this.#single) return false;
      this.#single = false;
    }
  }

  /** Which rows enter the factor together, if that saves work. */
  #together(): Together | null {
    const { rows, train, vectors } = this.#point;
    const scatter = this.#scatter;
    if (scatter === null || !this.#single || rows.few || 2 * rows.count < train.count) return null;
    return { scatter, ...smallWeights(vectors.weight, rows.count) };
  }

  /** Direction for the complementarity targets. */
  #direct(number: 0 | 1, tolerance: number): Direction {
    const { fixed, rows, step, vectors, w } = this.#point;
    const { h, eta } = this.#system;
    const dw = this.#dw[number];
    const precision = { single: this.#rough };
    const gamma = fixed.signs + step.goal(rows.count);
    rows.combine(vectors.signed, dw, precision);
    // The bias is eliminated: db = (gamma - h'dw) / eta.
    const slope = gamma / eta;
    for (let j = 0; j < dw.length; j++) dw[j] += fixed.sum[j] - w[j] - slope * h[j];
    this.#solve(dw, tolerance);
    const db = (gamma - dot(h, dw)) / eta;
    rows.scores(dw, step.df[number], precision);
    return { number, db, longest: step.direct(rows.count, number, db) };
  }

  #solve(v: Float64Array, tolerance: number): void {
    const predictor = tolerance === PREDICTOR_RESIDUAL;
    const { w } = this.#point;
    if (predictor && this.#exact) this.#solver.guess(v);
    else {
      const solved = this.#solver.solve(v, { tolerance, squares: (PLAIN * tolerance) ** 2 * dot(w, w) });
      if (!solved && !predictor) this.#single = false;
    }
  }
}
