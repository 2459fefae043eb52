import { addTo } from "./group.ts";

/** Rows (observations) with fixed means of blocks and crossed random factors. */
export interface CrossedDesign {
  /** Block of every row, 0 to `blocks` - 1; every block has a mean of its own. */
  readonly block: Int32Array;
  readonly blocks: number;
  /** Per factor: group of every row. Groups may span blocks, and factors may be nested or crossed in any way. */
  readonly factors: readonly Int32Array[];
  /** Further groupings whose forms are looked at, but that have no effects of their own. */
  readonly others?: readonly Int32Array[];
}

/** Groups of one factor, and where they meet blocks. */
export interface FactorGroups {
  /** Number of groups. */
  readonly groups: number;
  /** Per row: its group, numbered from 0 without gaps. */
  readonly group: Int32Array;
  /** Per row: its entry, a group in a block. */
  readonly entry: Int32Array;
  /** Per entry. */
  readonly entryGroup: Int32Array;
  readonly entryBlock: Int32Array;
  readonly counts: Float64Array;
}

/** Groups of two factors that share rows. */
interface Pairing {
  /** Per row: number of its pair of groups. */
  readonly pair: Int32Array;
  /** Per pair: rows in both, and the sum over blocks of the product of their counts over the block's. */
  readonly common: Float64Array;
  readonly met: Float64Array;
}

/** What the variances of factors and residual add to quadratic forms; see {@link Incidence.expect}. */
export interface Expectations {
  /**
   * Row k: expectation of form k per unit of the variance of each of the K factors and of the residual, K + 1 columns.
   * Rows: the factors, the sum of squares within blocks, the other groupings.
   */
  readonly within: Float64Array;
  /** Per partition of the blocks: the same for the sum of squares between the blocks' means, K + 1, and its degrees of freedom. */
  readonly between: readonly { readonly coefficients: Float64Array; readonly degrees: number }[];
}

/** Who shares what in a design, counted once, and what follows for the expectations of quadratic forms. */
export class Incidence {
  readonly design: CrossedDesign;
  /** The factors, then the other groupings. */
  readonly groupings: readonly FactorGroups[];
  /** Number of factors, K. */
  readonly factors: number;
  /** Rows of every block. */
  readonly sizes: Float64Array;
  /** Per grouping: with each factor. */
  readonly #pairings: readonly (readonly Pairing[])[];
  /** Pairs of blocks, first <= second, that share a group of any factor, and per factor the sum over groups of their counts' products. */
  readonly #first: Int32Array;
  readonly #second: Int32Array;
  readonly #shared: readonly Float64Array[];

  constructor(design: CrossedDesign) {
    this.design = design;
    this.sizes = count(design.block, design.blocks);
    const keys = new Map<number, number>();
    const grouped = [...design.factors, ...(design.others ?? [])].map((labels) =>
      groupFactor(labels, design, keys),
    );
    this.groupings = grouped.map(({ factor }) => factor);
    this.factors = design.factors.length;
    const pairs = [...keys.keys()];
    this.#first = Int32Array.from(pairs, (key) => Math.floor(key / design.blocks));
    this.#second = Int32Array.from(pairs, (key) => key % design.blocks);
    this.#shared = grouped.map(({ shared }) =>
      Float64Array.from({ length: pairs.length }, (_, i) => shared[i] ?? 0),
    );
    const factors = this.groupings.slice(0, this.factors);
    this.#pairings = this.groupings.map((one) => factors.map((two) => pairFactors(one, two, this.sizes)));
  }

  /** Row of a grouping's form: the sum of squares within blocks stands behind the factors. */
  formOf(grouping: number): number {
    return grouping < this.factors ? grouping : grouping + 1;
  }

  /**
   * Expectations under x = mean of the block + effects of the groups + residual, all uncorrelated, of
   * T_k = sum over groups g of grouping k of |sum over rows of g of (x - the block's mean of x)|^2, of the sum of squares
   * within blocks, and of the sums of squares of block means around the mean of their set.
   *
   * With Z the indicators of a grouping and M the centering of blocks, E T_k = sum over j of variance_j |Z_k' M Z_j|^2
   * (Rao 1971: MINQUE(0) has these forms), where Z_k' M Z_j = N - sum over blocks of a b' / n for the counts N of common
   * rows and a, b of groups in the block of n rows.
   *
   * @param partitions per partition, set of every block, -1 for none
   */
  expect(partitions: readonly Int32Array[]): Expectations {
    const K = this.factors;
    const within = new Float64Array((this.groupings.length + 1) * (K + 1));
    const taken = new Float64Array(this.groupings.length);
    for (let i = 0; i < this.#first.length; i++)
      if (this.#first[i] === this.#second[i])
        this.#shared.forEach((of, k) => {
          taken[k] += of[i] / this.sizes[this.#first[i]];
        });
    let rows = 0;
    let present = 0;
    this.sizes.forEach((n) => {
      rows += n;
      present += n > 0 ? 1 : 0;
    });
    this.#pairings.forEach((list, k) => {
      const row = this.formOf(k) * (K + 1);
      list.forEach(({ common, met }, j) => {
        within[row + j] = this.#product(this.#shared[k], this.#shared[j]);
        for (let p = 0; p < common.length; p++) within[row + j] += common[p] * (common[p] - 2 * met[p]);
      });
      within[row + K] = rows - taken[k];
      if (k < K) within[K * (K + 1) + k] = rows - taken[k];
    });
    within[K * (K + 1) + K] = rows - present;
    return { within, between: partitions.map((sets) => this.#between(sets)) };
  }

  /**
   * The part of a row in the expectations `within`, up to a factor per element that is 1 in balanced designs: exact but
   * for what the centering of other rows does to it. Into `out`, of the same shape.
   */
  ofRow(row: number, out: Float64Array): void {
    const K = this.factors;
    const n = this.sizes[this.design.block[row]];
    this.#pairings.forEach((list, k) => {
      const at = this.formOf(k) * (K + 1);
      list.forEach(({ pair, common, met }, j) => {
        out[at + j] = common[pair[row]] - met[pair[row]];
      });
      const { entry, counts } = this.groupings[k];
      out[at + K] = 1 - counts[entry[row]] / n;
      if (k < K) out[K * (K + 1) + k] = out[at + K];
    });
    out[K * (K + 1) + K] = 1 - 1 / n;
  }

  #product(a: Float64Array, b: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < a.length; i++) {
      const [p, q] = [this.#first[i], this.#second[i]];
      sum += ((p === q ? 1 : 2) * a[i] * b[i]) / (this.sizes[p] * this.sizes[q]);
    }
    return sum;
  }

  #between(sets: Int32Array) {
    const K = this.factors;
    const members = new Float64Array(sets.length);
    sets.forEach((s, b) => {
      if (s >= 0 && this.sizes[b] > 0) members[s]++;
    });
    const coefficients = new Float64Array(K + 1);
    for (let i = 0; i < this.#first.length; i++) {
      const [p, q] = [this.#first[i], this.#second[i]];
      const s = sets[p];
      if (s < 0 || sets[q] !== s) continue;
      const weight = (p === q ? 1 - 1 / members[s] : -2 / members[s]) / (this.sizes[p] * this.sizes[q]);
      for (let k = 0; k < K; k++) coefficients[k] += weight * this.#shared[k][i];
    }
    let degrees = 0;
    sets.forEach((s, b) => {
      if (s < 0 || this.sizes[b] === 0) return;
      coefficients[K] += (1 - 1 / members[s]) / this.sizes[b];
      degrees += 1 - 1 / members[s];
    });
    return { coefficients, degrees: Math.round(degrees) };
  }
}

/** How often each of `size` labels occurs. */
function count(labels: Int32Array, size: number): Float64Array {
  const out = new Float64Array(size);
  for (const label of labels) out[label]++;
  return out;
}

/** Equal keys get equal numbers, from 0 in order of appearance. */
function numbered(rows: number, key: (row: number) => number): { of: Int32Array; first: number[] } {
  const ids = new Map<number, number>();
  const first: number[] = [];
  const of = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const name = key(row);
    let id = ids.get(name);
    if (id === undefined) {
      ids.set(name, (id = ids.size));
      first.push(row);
    }
    of[row] = id;
  }
  return { of, first };
}

/** @param keys pairs of blocks (first x blocks + second) by number, added to */
function groupFactor(
  labels: Int32Array,
  { block, blocks }: CrossedDesign,
  keys: Map<number, number>,
): { factor: FactorGroups; shared: number[] } {
  const rows = labels.length;
  const { of: group, first: firstOfGroup } = numbered(rows, (row) => labels[row]);
  const { of: entry, first } = numbered(rows, (row) => group[row] * blocks + block[row]);
  const entryGroup = Int32Array.from(first, (row) => group[row]);
  const entryBlock = Int32Array.from(first, (row) => block[row]);
  const counts = count(entry, first.length);
  const shared: number[] = [];
  for (const list of entriesOf(entryGroup).values())
    for (const e of list)
      for (const f of list) {
        if (entryBlock[e] > entryBlock[f]) continue;
        const name = entryBlock[e] * blocks + entryBlock[f];
        let key = keys.get(name);
        if (key === undefined) keys.set(name, (key = keys.size));
        shared[key] = (shared[key] ?? 0) + counts[e] * counts[f];
      }
  return { factor: { groups: firstOfGroup.length, group, entry, entryGroup, entryBlock, counts }, shared };
}

function entriesOf(entryGroup: Int32Array): Map<number, number[]> {
  const lists = new Map<number, number[]>();
  entryGroup.forEach((g, e) => {
    addTo(lists, g, e);
  });
  return lists;
}

function pairFactors(one: FactorGroups, two: FactorGroups, sizes: Float64Array): Pairing {
  const { of: pair, first } = numbered(
    one.group.length,
    (row) => one.group[row] * two.groups + two.group[row],
  );
  const [mine, theirs] = [entriesOf(one.entryGroup), entriesOf(two.entryGroup)];
  const counted = new Map<number, ReadonlyMap<number, number>>();
  const countsOf = (group: number) => {
    let counts = counted.get(group);
    if (counts === undefined) {
      counts = new Map(theirs.get(group)!.map((e) => [two.entryBlock[e], two.counts[e]]));
      counted.set(group, counts);
    }
    return counts;
  };
  const met = Float64Array.from(first, (row) => {
    const counts = countsOf(two.group[row]);
    let sum = 0;
    for (const e of mine.get(one.group[row])!) {
      const block = one.entryBlock[e];
      sum += (one.counts[e] * (counts.get(block) ?? 0)) / sizes[block];
    }
    return sum;
  });
  return { pair, common: count(pair, first.length), met };
}
