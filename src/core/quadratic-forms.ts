import type { Incidence } from "./incidence.ts";

/** A feature whose spread within blocks is below this part of its size is constant: float32 rounds there. */
const ROUNDING = 2 ** -21;
/** A feature whose spread is that of fewer rows, or of a smaller part of them, says nothing: a dead unit that fired once. */
const FEWEST = 5;
const RAREST = 0.005;

/** What a slice of features adds to, per metric. */
export interface Forms {
  /**
   * Per row and form (rows x forms, in the order of {@link Expectations}, then those between blocks): the row's part in
   * the form; for those between blocks, what the row moves the form by. The former sum to the forms.
   */
  readonly scores: Float64Array;
  /** Sums of squares between the blocks' means, per partition. */
  readonly between: Float64Array;
}

/** Forms of no features yet. */
export function emptyForms(incidence: Incidence, partitions: number): Forms {
  const rows = incidence.design.block.length;
  const forms = incidence.groupings.length + 1 + partitions;
  return { scores: new Float64Array(rows * forms), between: new Float64Array(partitions) };
}

/**
 * Adds a slice of features to the quadratic forms whose expectations {@link Incidence.expect} gives. A row's part in the
 * form of a grouping is the product of the row, centered, with the sum of its group less what its block has of it on
 * average, so that a pair of rows of one group counts half for either.
 *
 * @param x rows x width; overwritten
 * @param partitions per partition, set of every block, -1 for none
 * @param metrics what a feature counts, from its variance within blocks; features that are constant, or nearly always,
 *   count nothing
 * @param out per metric
 * @returns per feature, variance within blocks; 0 for features that count nothing
 */
export function addForms(
  incidence: Incidence,
  x: Float64Array,
  width: number,
  partitions: readonly Int32Array[],
  metrics: readonly ((variance: number) => number)[],
  out: readonly Forms[],
): Float64Array {
  const { sizes, groupings, factors, design } = incidence;
  const { block, blocks } = design;
  const rows = block.length;
  const { means, variance } = center(x, width, block, sizes);
  const weights = metrics.map((weigh) => variance.map((v) => (v > 0 ? weigh(v) : 0)));
  const forms = groupings.length + 1 + partitions.length;
  /** Adds to form `form` of every row its product with row `of` of `sums`, less that with its block's row of `less`. */
  const score = (form: number, sums: Float64Array, of: Int32Array, less: Float64Array | null) => {
    for (let row = 0; row < rows; row++) {
      const [at, from, lessFrom] = [row * width, of[row] * width, block[row] * width];
      for (let m = 0; m < weights.length; m++) {
        const weight = weights[m];
        let sum = 0;
        for (let j = 0; j < width; j++) {
          const other = less === null ? sums[from + j] : sums[from + j] - less[lessFrom + j];
          sum += weight[j] * x[at + j] * other;
        }
        out[m].scores[row * forms + form] += sum;
      }
    }
  };
  groupings.forEach(({ group, groups, entryGroup, entryBlock, counts }, k) => {
    const sums = new Float64Array(groups * width);
    for (let row = 0; row < rows; row++) add(sums, group[row] * width, x, row * width, width, 1);
    const average = new Float64Array(blocks * width);
    counts.forEach((n, e) => {
      const b = entryBlock[e];
      add(average, b * width, sums, entryGroup[e] * width, width, n / sizes[b]);
    });
    score(incidence.formOf(k), sums, group, average);
  });
  score(factors, x, Int32Array.from(block.keys()), null);
  partitions.forEach((sets, p) => {
    const away = new Float64Array(means.length);
    for (const members of membersOf(sets, sizes))
      for (let j = 0; j < width; j++) {
        let middle = 0;
        for (const b of members) middle += means[b * width + j] / members.length;
        for (const b of members) {
          const off = means[b * width + j] - middle;
          away[b * width + j] = (2 * off) / sizes[b];
          for (let m = 0; m < weights.length; m++) out[m].between[p] += weights[m][j] * off * off;
        }
      }
    score(groupings.length + 1 + p, away, block, null);
  });
  return variance;
}

/** Takes the blocks' means from `x`. */
function center(x: Float64Array, width: number, block: Int32Array, sizes: Float64Array) {
  const means = new Float64Array(sizes.length * width);
  const size = new Float64Array(width);
  for (let row = 0; row < block.length; row++) {
    add(means, block[row] * width, x, row * width, width, 1 / sizes[block[row]]);
    for (let j = 0; j < width; j++) size[j] = Math.max(size[j], Math.abs(x[row * width + j]));
  }
  const variance = new Float64Array(width);
  const fourth = new Float64Array(width);
  for (let row = 0; row < block.length; row++) {
    add(x, row * width, means, block[row] * width, width, -1);
    for (let j = 0; j < width; j++) {
      const square = x[row * width + j] ** 2;
      variance[j] += square;
      fourth[j] += square * square;
    }
  }
  const fewest = Math.max(FEWEST, RAREST * block.length);
  const degrees = block.length - sizes.reduce((n, v) => n + (v > 0 ? 1 : 0), 0);
  for (let j = 0; j < width; j++) {
    // Rows that would make the spread alone, each as far from the mean as the others.
    const moving = variance[j] ** 2 / fourth[j];
    variance[j] /= Math.max(1, degrees);
    if (Math.sqrt(variance[j]) <= ROUNDING * size[j] || moving < fewest) variance[j] = 0;
  }
  return { means, variance };
}

/** Blocks of every set that have rows. */
function membersOf(sets: Int32Array, sizes: Float64Array): Iterable<number[]> {
  const members = new Map<number, number[]>();
  sets.forEach((s, b) => {
    if (s < 0 || sizes[b] === 0) return;
    const list = members.get(s);
    if (list === undefined) members.set(s, [b]);
    else list.push(b);
  });
  return members.values();
}

function add(
  to: Float64Array,
  at: number,
  from: Float64Array,
  start: number,
  width: number,
  factor: number,
): void {
  for (let j = 0; j < width; j++) to[at + j] += factor * from[start + j];
}
