/** What assembly/step.ts exports; vectors are `stride` bytes apart from `base` on. */
export interface StepExports {
  measure(base: number, stride: number, n: number, b: number): number;
  products(base: number, stride: number, n: number): number;
  prepare(base: number, stride: number, n: number): number;
  goal(base: number, stride: number, n: number): number;
  direct(base: number, stride: number, n: number, from: number, db: number): number;
  after(base: number, stride: number, n: number, from: number, step: number): number;
  correct(base: number, stride: number, n: number, from: number, target: number): void;
  center(base: number, stride: number, n: number, from: number, step: number, target: number): void;
  move(base: number, stride: number, n: number, from: number, step: number, fall: number): void;
}

/** Vectors of one number per row of an interior-point step, in the order of assembly/step.ts. */
const STEP = [
  "y",
  "f",
  "alpha",
  "beta",
  "s",
  "xi",
  "z",
  "steady",
  "weight",
  "alphaInverse",
  "betaInverse",
  "c1",
  "c2",
  "q",
  "signed",
] as const;
/** Vectors of a direction: X dw, and the changes of alpha, s and xi. */
const DIRECTION = 4;
/** Vectors that {@link StepKernels} needs room for: those of a step, and two directions. */
export const STEP_VECTORS = STEP.length + 2 * DIRECTION;

/** Row by row arithmetic of one interior-point step at a time; assembly/step.ts has the equations. */
export class StepKernels {
  readonly #code: StepExports;
  readonly #buffer: ArrayBuffer;
  readonly #base: number;
  readonly #stride: number;

  constructor(code: StepExports, buffer: ArrayBuffer, base: number, stride: number) {
    this.#code = code;
    this.#buffer = buffer;
    this.#base = base;
    this.#stride = stride;
  }

  /** A vector of one number per row. */
  vector(name: (typeof STEP)[number]): Float64Array {
    return this.#at(STEP.indexOf(name));
  }

  /** X dw of direction 0 or 1. */
  scores(direction: number): Float64Array {
    return this.#at(first(direction));
  }

  /** z = 1 - y(f + b) for the first `n` rows; returns the sum of hinge losses. */
  measure(n: number, b: number): number {
    return this.#code.measure(this.#base, this.#stride, n, b);
  }

  /** Sum of alpha s + beta xi. */
  products(n: number): number {
    return this.#code.products(this.#base, this.#stride, n);
  }

  /** Weights, inverses and the predictor's targets; returns the sum of the weights. */
  prepare(n: number): number {
    return this.#code.prepare(this.#base, this.#stride, n);
  }

  /** q and signed = y(alpha + D q) from the targets; returns the sum of `signed`. */
  goal(n: number): number {
    return this.#code.goal(this.#base, this.#stride, n);
  }

  /** Changes of alpha, s and xi from X dw and db; returns the longest step, at most 1, that leaves nothing negative. */
  direct(n: number, direction: number, db: number): number {
    return 1 / this.#code.direct(this.#base, this.#stride, n, first(direction), db);
  }

  /** What {@link products} would be after a step. */
  after(n: number, direction: number, step: number): number {
    return this.#code.after(this.#base, this.#stride, n, first(direction), step);
  }

  /** Targets of the corrector, from those of the predictor and its direction. */
  correct(n: number, direction: number, target: number): void {
    this.#code.correct(this.#base, this.#stride, n, first(direction), target);
  }

  /** Targets corrected toward the central path (Gondzio 1996), for a step of the given length. */
  center(n: number, direction: number, step: number, target: number): void {
    this.#code.center(this.#base, this.#stride, n, first(direction), step, target);
  }

  /** Takes the step; `steady` is above 0 where the nearer bound's slack lost less than `fall` of what is left of it. */
  move(n: number, direction: number, step: number, fall: number): void {
    this.#code.move(this.#base, this.#stride, n, first(direction), step, fall);
  }

  #at(k: number): Float64Array {
    return new Float64Array(this.#buffer, this.#base + k * this.#stride, this.#stride / 8);
  }
}

function first(direction: number): number {
  return STEP.length + DIRECTION * direction;
}
