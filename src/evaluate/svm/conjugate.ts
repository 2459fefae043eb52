import { dot } from "../../core/statistics.ts";

/** A symmetric positive definite matrix A, and another, M, that is close to it and easily inverted. */
export interface Matrix {
  /** out = A v. */
  multiply(v: Float64Array, out: Float64Array): void;
  /** v = M^-1 v, in place. */
  precondition(v: Float64Array): void;
}

/** When a system counts as solved. */
export interface Accuracy {
  /** Largest norm of the residual (that of M^-1), relative to the first right-hand side. */
  readonly tolerance: number;
  /** Largest sum of squares of the residual. */
  readonly squares: number;
}

const STEPS = 30;

/** Preconditioned conjugate gradients for several right-hand sides, each from the solution of the last. */
export class ConjugateGradients {
  readonly #matrix: Matrix;
  readonly #u: Float64Array;
  readonly #along: Float64Array;
  readonly #product: Float64Array;
  /** The last right-hand side, its solution and what is left of it. */
  readonly #goal: Float64Array;
  readonly #solution: Float64Array;
  readonly #residual: Float64Array;
  /** Squared norm of the first right-hand side; -1 before it. */
  #scale = -1;

  constructor(matrix: Matrix, length: number) {
    this.#matrix = matrix;
    this.#goal = new Float64Array(length);
    this.#solution = new Float64Array(length);
    this.#residual = new Float64Array(length);
    this.#u = new Float64Array(length);
    this.#along = new Float64Array(length);
    this.#product = new Float64Array(length);
  }

  /** To be told when the matrix changed. */
  reset(): void {
    this.#goal.fill(0);
    this.#solution.fill(0);
    this.#residual.fill(0);
    this.#scale = -1;
  }

  /** v = M^-1 v alone, which is the first right-hand side. */
  guess(v: Float64Array): void {
    this.#product.set(v);
    this.#matrix.precondition(v);
    this.#scale = dot(v, this.#product);
  }

  /** v = A^-1 v; returns whether it is that accurate. */
  solve(v: Float64Array, { tolerance, squares }: Accuracy): boolean {
    const matrix = this.#matrix;
    const goal = this.#goal;
    const solution = this.#solution;
    const residual = this.#residual;
    const d = v.length;
    for (let j = 0; j < d; j++) {
      residual[j] += v[j] - goal[j];
      goal[j] = v[j];
    }
    const u = this.#u;
    const along = this.#along;
    const product = this.#product;
    /** u = M^-1 residual; returns their product. */
    const precondition = () => {
      u.set(residual);
      matrix.precondition(u);
      return dot(u, residual);
    };
    let rho = precondition();
    if (this.#scale < 0) this.#scale = rho;
    const stop = this.#scale * tolerance * tolerance;
    const open = () => rho > stop || dot(residual, residual) > squares;
    along.set(u);
    for (let round = 0; round < STEPS && open(); round++) {
      matrix.multiply(along, product);
      const curvature = dot(along, product);
      if (!(curvature > 0)) break;
      const step = rho / curvature;
      for (let j = 0; j < d; j++) {
        solution[j] += step * along[j];
        residual[j] -= step * product[j];
      }
      const next = precondition();
      const ratio = next / rho;
      rho = next;
      for (let j = 0; j < d; j++) along[j] = u[j] + ratio * along[j];
    }
    v.set(solution);
    return !open();
  }
}
