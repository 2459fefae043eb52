import type { InnerProducts, SolveRows } from "./inner-products.ts";

/** Free rows up to which float32 saves nothing, as it takes a round more. */
const SMALL = 256;
/**
 * Ridges of the factors in either precision, which keep them positive definite; rounds correct what they change. More is
 * needed where there are as many free rows as features, as K is in float32.
 */
const SINGLE = 1e-5;
const DOUBLE = [1e-10, 1e-8, 1e-6];

/** K + ridge I over the free rows, factored. */
export interface Factored {
  /** Its inverse is scale S^-1 scale, S^-1 being `solve`. */
  readonly scale: number;
  readonly solve: SolveRows;
  /** S^-1 of a vector of `scale`, and scale times the sum of its numbers. */
  readonly one: Float64Array;
  readonly along: number;
}

/** What was factored last. */
interface Last extends Factored {
  readonly free: Int32Array;
  readonly ridge: number;
  readonly single: boolean;
}

/** The systems of an active set, in float32 as long as that will do; what was factored last is kept. */
export class FreeSystem {
  readonly #inner: InnerProducts;
  readonly #size: number;
  #single = true;
  #last: Last | null = null;

  /** @param size mean squared norm of the rows */
  constructor(inner: InnerProducts, size: number) {
    this.#inner = inner;
    this.#size = size;
  }

  /** To be told when others may have used the memory. */
  reset(): void {
    this.#single = true;
    this.#last = null;
  }

  /** From now on in float64; false where that was so already. */
  refine(): boolean {
    const refined = this.#single;
    this.#single = false;
    return refined;
  }

  /** Factors K + ridge I over the free rows, unless they and all else are as they were; null where no precision allows it. */
  factor(free: Int32Array, places: Int32Array, ridge: number): Factored | null {
    const last = this.#last;
    if (last !== null && last.ridge === ridge && (!last.single || this.#single) && equal(last.free, free))
      return last;
    this.#last = null;
    const least = this.#single && free.length > SMALL ? [SINGLE, ...DOUBLE] : DOUBLE;
    for (const own of least) {
      const single = own === SINGLE;
      const scale = 1 / Math.sqrt(Math.max(ridge, own * this.#size));
      const one = new Float64Array(free.length).fill(scale);
      const solve = this.#inner.factor(places, one, single);
      if (solve === null) {
        this.#single = false;
        continue;
      }
      solve(one);
      let along = 0;
      for (let k = 0; k < one.length; k++) along += scale * one[k];
      const factored: Last = { free, ridge, single, scale, solve, one, along };
      this.#last = factored;
      return factored;
    }
    return null;
  }
}

function equal(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
