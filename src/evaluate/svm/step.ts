import type { Code } from "./code.ts";

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

/** Each by its name; {@link Point} and docs/method-probes.md say what they are. */
export type StepVectors = Readonly<Record<(typeof STEP)[number], Float64Array>>;

/** Vectors of a direction: X dw, and the changes of alpha, s and xi. */
const DIRECTION = 4;
/** Vectors that {@link StepKernels} needs room for: those of a step, and two directions. */
export const STEP_VECTORS = STEP.length + 2 * DIRECTION;

/** Row by row arithmetic of one interior-point step at a time; assembly/step.ts has the equations. */
export class StepKernels {
  /** One number per row each. */
  readonly vectors: StepVectors;
  /** X dw of either direction. */
  readonly df: readonly [Float64Array, Float64Array];
  readonly #code: Code;
  readonly #base: number;
  readonly #stride: number;

  /** @param room for {@link STEP_VECTORS} vectors, @param stride bytes from one to the next */
  constructor(code: Code, room: Float64Array, stride: number) {
    this.#code = code;
    this.#base = room.byteOffset;
    this.#stride = stride;
    const vector = (k: number) => room.subarray((k * stride) / 8, ((k + 1) * stride) / 8);
    this.vectors = Object.fromEntries(STEP.map((name, k) => [name, vector(k)])) as unknown as StepVectors;
    this.df = [vector(first(0)), vector(first(1))];
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
}

function first(direction: number): number {
  return STEP.length + DIRECTION * direction;
}
