import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import { quantileSorted } from "../../src/core/statistics.ts";

/** A value with its percentile interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface SettingInterval extends Interval {
  readonly setting: string;
  /** By class, in the order of the classes; NaN where the setting has no pair of the class. */
  readonly perClass: readonly Interval[];
}

/** `from` minus `to`, both evaluated on the same resampled fields. */
export interface DifferenceInterval extends Interval {
  readonly from: string;
  readonly to: string;
  readonly perClass: readonly Interval[];
}

export interface IntervalOptions {
  /** Default 1,000. */
  readonly resamples?: number;
  /** Default 0.95. */
  readonly level?: number;
  readonly seed?: number;
}

interface Scores {
  /** Per class: pairs x fields, summed over backgrounds: right predictions per field. */
  readonly right: Float64Array[];
  /** Number of backgrounds that were added, by pair. */
  readonly backgrounds: Int32Array;
}

/**
 * Percentile bootstrap over fields (Davison & Hinkley 1997, section 3.8): cells of one image share its batch, so whole
 * fields are drawn with replacement within each class, and every accuracy is recomputed from the out-of-fold
 * predictions of the drawn fields' cells. One draw serves all settings, so that differences are paired. Fits are not
 * repeated: the interval holds for the machines at hand. Averages as the even table does: over the rows (partner and
 * background) of each class, then over the classes.
 *
 * Right predictions are counted per field once; a resample then costs one product per pair, setting and field.
 */
export class FieldBootstrap {
  readonly #fieldOf: readonly Int32Array[];
  readonly #sizes: readonly Float64Array[];
  readonly #settings = new Map<string, Scores>();

  /** @param fields per class: the field of every row, in the order of its features (any names) */
  constructor(fields: readonly (readonly (string | number)[])[]) {
    this.#fieldOf = fields.map((names) => {
      const numbers = new Map<string | number, number>();
      return Int32Array.from(names, (n) => {
        const known = numbers.get(n);
        if (known !== undefined) return known;
        numbers.set(n, numbers.size);
        return numbers.size - 1;
      });
    });
    this.#sizes = this.#fieldOf.map((of) => {
      const counts = new Float64Array(of.reduce((a, b) => Math.max(a, b), -1) + 1);
      for (const f of of) counts[f]++;
      return counts;
    });
  }

  /** Number of fields of every class; with one, its interval has no width. */
  get fields(): number[] {
    return this.#sizes.map((s) => s.length);
  }

  /**
   * Adds the out-of-fold predictions of one pair in one setting with one background.
   *
   * @param first class of the first rows of `correct`
   * @param second class of the other rows
   * @param background class that both backgrounds come from, or null; one of the two classes: left out, as in the even table
   * @param correct one entry per row of `first`, then of `second`: 1 where the prediction is right
   */
  add(setting: string, first: number, second: number, background: number | null, correct: Uint8Array): void {
    if (background === first || background === second) return;
    const rows = this.#fieldOf[first].length + this.#fieldOf[second].length;
    if (correct.length !== rows)
      throw new RangeError(
        `${correct.length} predictions for the ${rows} rows of classes ${first}, ${second}`,
      );
    const classes = this.#fieldOf.length;
    let scores = this.#settings.get(setting);
    if (scores === undefined) {
      scores = {
        right: this.#sizes.map((s) => new Float64Array(classes * s.length)),
        backgrounds: new Int32Array(classes * classes),
      };
      this.#settings.set(setting, scores);
    }
    scores.backgrounds[first * classes + second]++;
    scores.backgrounds[second * classes + first]++;
    let row = 0;
    for (const [own, other] of [
      [first, second],
      [second, first],
    ]) {
      const at = other * this.#sizes[own].length;
      for (const f of this.#fieldOf[own]) scores.right[own][at + f] += correct[row++];
    }
  }

  /** Interval of every setting's accuracy, in the order in which settings were added, and of every difference asked for. */
  intervals(
    differences: readonly (readonly [from: string, to: string])[] = [],
    options: IntervalOptions = {},
  ): { settings: SettingInterval[]; differences: DifferenceInterval[] } {
    const { resamples = 1000, level = 0.95, seed = 0 } = options;
    for (const name of differences.flat())
      if (!this.#settings.has(name)) throw new RangeError(`no predictions were added for ${name}`);
    const names = [...this.#settings.keys()];
    const columns = this.#fieldOf.length + 1;
    const values = new Map(names.map((n) => [n, this.#accuracies(n, this.#unit())]));
    const draws = new Map(names.map((n) => [n, new Float64Array(resamples * columns)]));
    const random = mulberry32(namedSeed(seed, "bootstrap"));
    for (let r = 0; r < resamples; r++) {
      const times = this.#draw(random);
      for (const n of names) draws.get(n)!.set(this.#accuracies(n, times), r * columns);
    }
    const summary = (value: Float64Array, drawn: Float64Array) => {
      const each = Array.from(value, (v, c) => interval(v, column(drawn, c, columns), level));
      return { ...each[columns - 1], perClass: each.slice(0, -1) };
    };
    return {
      settings: names.map((setting) => ({ setting, ...summary(values.get(setting)!, draws.get(setting)!) })),
      differences: differences.map(([from, to]) => ({
        from,
        to,
        ...summary(minus(values.get(from)!, values.get(to)!), minus(draws.get(from)!, draws.get(to)!)),
      })),
    };
  }

  #unit(): Float64Array[] {
    return this.#sizes.map((s) => new Float64Array(s.length).fill(1));
  }

  /** How often every field of every class is drawn. */
  #draw(random: () => number): Float64Array[] {
    return this.#sizes.map((s) => {
      const times = new Float64Array(s.length);
      for (let i = 0; i < s.length; i++) times[Math.floor(random() * s.length)]++;
      return times;
    });
  }

  /** Mean accuracy of every class, then their mean. */
  #accuracies(setting: string, times: readonly Float64Array[]): Float64Array {
    const { right, backgrounds } = this.#settings.get(setting)!;
    const classes = this.#sizes.length;
    const rows = this.#sizes.map((s, c) => dot(s, 0, times[c]));
    const sum = new Float64Array(classes * classes);
    for (let c = 0; c < classes; c++)
      for (let p = 0; p < classes; p++)
        if (backgrounds[c * classes + p] > 0)
          sum[c * classes + p] = dot(right[c], p * this.#sizes[c].length, times[c]);
    const out = new Float64Array(classes + 1);
    let counted = 0;
    for (let c = 0; c < classes; c++) {
      let total = 0;
      let count = 0;
      for (let p = 0; p < classes; p++) {
        const n = backgrounds[c * classes + p];
        if (n === 0) continue;
        const [own, other] = [sum[c * classes + p], sum[p * classes + c]];
        // As the probes' accuracy: cells count where the classes are of one size, else the classes do.
        total +=
          this.#fieldOf[c].length === this.#fieldOf[p].length
            ? (own + other) / (rows[c] + rows[p])
            : (own / rows[c] + other / rows[p]) / 2;
        count += n;
      }
      out[c] = total / count;
      if (count > 0) {
        out[classes] += out[c];
        counted++;
      }
    }
    out[classes] /= counted;
    return out;
  }
}

/** Percentile interval of drawn values around a value. */
export function interval(value: number, drawn: ArrayLike<number>, level = 0.95): Interval {
  const sorted = Float64Array.from(drawn).sort();
  return {
    value,
    low: quantileSorted(sorted, (1 - level) / 2),
    high: quantileSorted(sorted, (1 + level) / 2),
  };
}

function dot(a: Float64Array, at: number, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[at + i] * b[i];
  return sum;
}

function column(values: Float64Array, at: number, width: number): Float64Array {
  return Float64Array.from({ length: values.length / width }, (_, r) => values[r * width + at]);
}

function minus(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((v, i) => v - b[i]);
}
