import { z } from "zod";
import { Incidence } from "../core/incidence.ts";
import { addForms, emptyForms, type Forms } from "../core/quadratic-forms.ts";
import { mean } from "../core/statistics.ts";
import type { Grouping } from "./estimate.ts";
import { STATED_NUMBER, type StatedNumber } from "./further.ts";
import { ClusterSums, invertExpectations, type Solved, solveVariances } from "./share-estimates.ts";
import { chooseFactors, type Factor } from "./share-factors.ts";

/** Who owns the variance of an encoder's features. */
export const SHARES = z.strictObject({
  id: z.literal("shares"),
  encoder: z.string(),
  numbers: z.array(STATED_NUMBER),
});
export type Shares = z.infer<typeof SHARES>;

/** Composites whose features are shared out: one class's cells on another class's backgrounds. */
export interface ShareRequest {
  /** Per composite: class of the cell and of the background, and rows of cell and donor in the store. */
  readonly own: Int32Array;
  readonly background: Int32Array;
  readonly cell: Int32Array;
  readonly donor: Int32Array;
  /** Number of classes. */
  readonly classes: number;
  /** Per row of the store: class (-1 for none), field and cluster. */
  readonly classOf: ArrayLike<number>;
  readonly field: Int32Array;
  readonly cluster: Int32Array;
  readonly dimension: number;
  /** Copies features of composites `from` to `from + count` - 1 into `out` (count x dimension). */
  readonly read: (from: number, count: number, out: Float32Array) => void;
  /** The cells as imaged and pasted back, in one order; null where the study lacks either. */
  readonly pasted: {
    readonly cell: Int32Array;
    readonly read: (setting: "original" | "self", from: number, count: number, out: Float32Array) => void;
  } | null;
}

/** How features are weighed: by their variance among composites of one class on one background, or as they are. */
const METRICS = [
  { prefix: "variance", weigh: (variance: number) => 1 / variance },
  { prefix: "variance-raw", weigh: () => 1 },
] as const;

/** Bytes of features in work at once, and composites that are read at once. */
const BYTES = 128 * 2 ** 20;
const PIECE = 256;
/** Clusters per class below which no interval is given. */
const FEWEST = 3;
const LEVEL = 0.95;

const METHOD =
  "method of moments on crossed parts, cluster variance of what composites move a share by, own and donor clusters crossed, on the scale of logarithms of mean squares, Student's t with Satterthwaite's degrees of freedom";

/**
 * Shares of the variance of features between composites of one class in `different`. Model, per feature:
 * mean of (class, background class) + own field + cell + donor's field + donor + residual, all random parts uncorrelated.
 * The quadratic forms of the factors are equated to their expectations, which are exact for any incidence (the method of
 * moments with the forms of MINQUE(0): Rao 1971; Searle, Casella and McCulloch 1992, chapter 11). A variance can come out
 * below zero by chance and is left so: cut estimates would be biased and shares would not sum to one. Yields between steps.
 */
export function* varianceShares(request: ShareRequest, grouping: Grouping): Generator<void, StatedNumber[]> {
  const { own, background, classes, cell, donor, cluster } = request;
  const block = own.map((a, i) => a * classes + background[i]);
  const sets = (of: (block: number) => number) => Int32Array.from({ length: classes ** 2 }, (_, b) => of(b));
  const partitions = [sets((b) => Math.floor(b / classes)), sets((b) => b % classes)];
  const factors = chooseFactors(request, block, grouping.unit);
  const present = factors.filter((f) => f.missing === null);
  const incidence = new Incidence({ block, blocks: classes ** 2, factors: present.map((f) => f.group) });
  const expected = incidence.expect(partitions);
  const inverse = untoldOf(factors) === null ? invertExpectations(expected.within, present.length + 1) : null;
  const of = { factors, request, grouping };
  if (inverse === null) return METRICS.flatMap(({ prefix }) => state(prefix, null, of));
  yield;
  const { forms, variance } = yield* sumForms(request, incidence, partitions);
  const pasted = METRICS.map(({ weigh }) =>
    pasteSquares(
      request,
      variance.map((v) => (v > 0 ? weigh(v) : 0)),
    ),
  );
  yield;
  const clusters = new ClusterSums({
    ...request,
    cluster: cell.map((row) => cluster[row]),
    donorCluster: donor.map((row) => cluster[row]),
  });
  return METRICS.flatMap(({ prefix }, m) => {
    const solved = solveVariances(incidence, expected, inverse, forms[m]);
    return state(prefix, { solved, pasted: pasted[m], clusters }, of);
  });
}

/** Forms of all features, slice by slice, so that memory does not grow with the dimension. */
function* sumForms(
  request: ShareRequest,
  incidence: Incidence,
  partitions: readonly Int32Array[],
): Generator<void, { forms: Forms[]; variance: Float64Array }> {
  const { dimension } = request;
  const rows = request.own.length;
  const forms = METRICS.map(() => emptyForms(incidence, partitions.length));
  const variance = new Float64Array(dimension);
  const held = rows + Math.max(0, ...incidence.factors.map((f) => f.groups));
  const width = Math.max(1, Math.min(dimension, Math.floor(BYTES / (8 * held))));
  const piece = new Float32Array(PIECE * dimension);
  for (let start = 0; start < dimension; start += width) {
    const w = Math.min(width, dimension - start);
    const x = new Float64Array(rows * w);
    for (let from = 0; from < rows; from += PIECE) {
      const count = Math.min(PIECE, rows - from);
      request.read(from, count, piece.subarray(0, count * dimension));
      for (let i = 0; i < count; i++)
        for (let j = 0; j < w; j++) x[(from + i) * w + j] = piece[i * dimension + start + j];
    }
    const metrics = METRICS.map((m) => m.weigh);
    variance.set(addForms(incidence, x, w, partitions, metrics, forms), start);
    yield;
  }
  return { forms, variance };
}

/** |self - original|^2 of every cell; null without the settings. */
function pasteSquares({ pasted, dimension }: ShareRequest, weights: Float64Array): Float64Array | null {
  if (pasted === null) return null;
  const squares = new Float64Array(pasted.cell.length);
  const [a, b] = [new Float32Array(PIECE * dimension), new Float32Array(PIECE * dimension)];
  for (let from = 0; from < squares.length; from += PIECE) {
    const count = Math.min(PIECE, squares.length - from);
    pasted.read("original", from, count, a.subarray(0, count * dimension));
    pasted.read("self", from, count, b.subarray(0, count * dimension));
    for (let i = 0, at = 0; i < count; i++)
      for (let j = 0; j < dimension; j++, at++) squares[from + i] += weights[j] * (b[at] - a[at]) ** 2;
  }
  return squares;
}

/** Why nothing can be told: what cell or donor own would be in the residual. */
function untoldOf(factors: readonly Factor[]): string | null {
  return (
    factors.find((f) => (f.name === "cell" || f.name === "donor" ? f.missing !== null : false))?.missing ??
    null
  );
}

/** What the numbers of one metric are made of. */
interface Found {
  readonly solved: Solved;
  readonly pasted: Float64Array | null;
  readonly clusters: ClusterSums;
}

interface About {
  readonly factors: readonly Factor[];
  readonly request: ShareRequest;
  readonly grouping: Grouping;
}

/** A number: the sum of some variances over their whole. */
interface Part {
  readonly name: string;
  /** Positions of the variances; null for the paste. */
  readonly of: readonly number[] | null;
  /** Compared with the whole, not a part of it. */
  readonly beside: boolean;
  readonly missing: string | null;
}

/** Parts in the order in which they are stated, and the positions of all that make the whole. */
function partsOf({ factors, request }: About): { parts: Part[]; whole: number[] } {
  const present = factors.filter((f) => f.missing === null);
  const at = (wanted: (f: Factor) => boolean) => [...present.keys()].filter((i) => wanted(present[i]));
  const [residual, background, ownClass] = [0, 1, 2].map((i) => present.length + i);
  const part = (name: string, of: readonly number[] | null, beside = false): Part => ({
    name,
    of,
    beside,
    missing: null,
  });
  const side = (lent: boolean): Part[] =>
    factors
      .filter((f) => f.lent === lent)
      .map((f) => ({
        ...part(
          f.name,
          at((p) => p === f),
        ),
        missing: f.missing,
      }));
  return {
    parts: [
      part(
        "own",
        at((f) => !f.lent),
      ),
      ...side(false),
      part("background", [...at((f) => f.lent), background]),
      ...side(true),
      part("background-class", [background]),
      part("residual", [residual]),
      part("own-class", [ownClass], true),
      ...(request.pasted === null ? [] : [part("paste", null, true)]),
    ],
    whole: [...present.keys(), residual, background],
  };
}

function state(prefix: string, found: Found | null, of: About): StatedNumber[] {
  const { unit, fewest, count } = of.grouping;
  const { parts, whole } = partsOf(of);
  const sizes = cellsOf(of.request);
  const sum = (values: Float64Array, at: readonly number[], from = 0) =>
    at.reduce((total, i) => total + values[from + i], 0);
  const total = found === null ? 0 : sum(found.solved.variance, whole);
  const why =
    untoldOf(of.factors) ??
    (found === null
      ? "the composites do not tell cell, donor and fields apart"
      : total > 0
        ? null
        : "the features do not vary");
  return parts.map((part): StatedNumber => {
    const missing = part.missing ?? why;
    const number = missing === null ? share(found!, part, whole, total, of.request) : null;
    const refused =
      missing ??
      (fewest < FEWEST
        ? `${fewest} ${unit}${fewest === 1 ? "" : "s"} a class are too few to see how much would change with others`
        : number?.interval === null
          ? `no ${unit} differs from the others, which does not tell how much would change with others`
          : null);
    const given = refused === null ? number?.interval : null;
    return {
      statement: `${prefix}/${part.name}`,
      kind: part.beside ? "ratio" : "share",
      class: null,
      estimate: number?.share ?? null,
      ...(given ?? { low: null, high: null, se: null, df: null }),
      p: null,
      q: null,
      cells: Math.min(...sizes),
      clusters: fewest,
      unit,
      groups: count,
      classes: sizes.length,
      level: LEVEL,
      method: METHOD,
      refused,
    };
  });
}

function share(
  { solved, pasted, clusters }: Found,
  { of }: Part,
  whole: readonly number[],
  total: number,
  { pasted: cells, cluster, classOf }: ShareRequest,
) {
  const { variance, noise, influence } = solved;
  const forms = variance.length;
  const moved = (at: readonly number[], row: number) => {
    let sum = 0;
    for (const i of at) sum += influence[row * forms + i];
    return sum;
  };
  if (of === null) {
    const middle = mean(pasted!);
    const paste = middle / total;
    const more = new Float64Array(clusters.size);
    cells!.cell.forEach((row, i) => {
      const at = clusters.at(classOf[row], cluster[row]);
      if (at >= 0) more[at] += (pasted![i] - middle) / pasted!.length / total;
    });
    const interval = clusters.interval(
      { share: paste, noise: 0 },
      (row) => (-paste * moved(whole, row)) / total,
      more,
      LEVEL,
    );
    return { share: paste, interval };
  }
  const value = of.reduce((sum, i) => sum + variance[i], 0) / total;
  const around = Math.max(0, ...of.map((i) => noise[i])) / total;
  const interval = clusters.interval(
    { share: value, noise: around },
    (row) => (moved(of, row) - value * moved(whole, row)) / total,
    null,
    LEVEL,
  );
  return { share: value, interval };
}

/** Cells of every class that has composites. */
function cellsOf({ own, cell }: ShareRequest): number[] {
  const cells = new Map<number, Set<number>>();
  own.forEach((a, i) => {
    cells.set(a, (cells.get(a) ?? new Set()).add(cell[i]));
  });
  return [...cells.values()].map((of) => of.size);
}
