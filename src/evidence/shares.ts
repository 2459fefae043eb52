import { z } from "zod";
import { Incidence } from "../core/incidence.ts";
import { addForms, emptyForms, type Forms } from "../core/quadratic-forms.ts";
import type { Grouping } from "./estimate.ts";
import { STATED_NUMBER, type StatedNumber } from "./further.ts";
import { invertExpectations, solveVariances } from "./share-estimates.ts";
import { chooseFactors } from "./share-factors.ts";
import { ClusterSums } from "./share-intervals.ts";
import { state, untoldOf } from "./share-statements.ts";

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
  /** Per row of the store: class (-1 for none), field, cluster, and protein where there are any. */
  readonly classOf: ArrayLike<number>;
  readonly field: Int32Array;
  readonly cluster: Int32Array;
  readonly protein: Int32Array | null;
  /** Plate, day or whatever fields share beside their class; null or left out where nothing is known of it. */
  readonly batch?: Int32Array | null;
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

/**
 * Shares of the variance of features between composites of one class in `different`. Model, per feature:
 * mean of (class, background class) + own field + cell + donor's field + donor + residual, all random parts uncorrelated.
 * The quadratic forms of the factors are equated to their expectations, which are exact for any incidence (the method of
 * moments with the forms of MINQUE(0): Rao 1971; Searle, Casella and McCulloch 1992, chapter 11). A variance can come out
 * below zero by chance and is left so: cut estimates would be biased and shares would not sum to one. Yields between steps.
 */
export function* varianceShares(
  request: ShareRequest,
  grouping: Grouping,
  bytes = BYTES,
): Generator<void, StatedNumber[]> {
  const { own, background, classes, cell, donor, cluster } = request;
  const block = own.map((a, i) => a * classes + background[i]);
  const sets = (of: (block: number) => number) => Int32Array.from({ length: classes ** 2 }, (_, b) => of(b));
  const partitions = [sets((b) => Math.floor(b / classes)), sets((b) => b % classes)];
  const factors = chooseFactors(request, block, grouping.unit);
  const present = factors.filter((f) => f.modeled);
  const ownCluster = cell.map((row) => cluster[row]);
  const donorCluster = donor.map((row) => cluster[row]);
  const incidence = new Incidence({
    block,
    blocks: classes ** 2,
    factors: present.map((f) => f.group),
    others: present.map((f) => crossed(f.group, f.lent ? ownCluster : donorCluster)),
  });
  const expected = incidence.expect(partitions);
  const inverse = untoldOf(factors) === null ? invertExpectations(expected.within, present.length + 1) : null;
  const of = { factors, request, grouping };
  if (inverse === null) return METRICS.flatMap(({ prefix }) => state(prefix, null, of));
  yield;
  const { forms, variance } = yield* sumForms(request, incidence, partitions, bytes);
  const pasted = METRICS.map(({ weigh }) =>
    pasteSquares(
      request,
      variance.map((v) => (v > 0 ? weigh(v) : 0)),
    ),
  );
  yield;
  const clusters = new ClusterSums({ own, background, cluster: ownCluster, donorCluster, classes });
  const lent = present.map((f) => f.lent);
  return METRICS.flatMap(({ prefix }, m) => {
    const solved = solveVariances(incidence, lent, expected, inverse, forms[m]);
    const sums = clusters.sums(solved.influence, solved.variance.length);
    return state(prefix, { solved, pasted: pasted[m], clusters, sums }, of);
  });
}

/** Numbers of the pairs of two labels. */
function crossed(a: Int32Array, b: Int32Array): Int32Array {
  const pairs = new Map<string, number>();
  return a.map((label, row) => {
    const name = `${label} ${b[row]}`;
    const known = pairs.get(name) ?? pairs.size;
    pairs.set(name, known);
    return known;
  });
}

/** Forms of all features, slice by slice, so that memory does not grow with the dimension. */
function* sumForms(
  request: ShareRequest,
  incidence: Incidence,
  partitions: readonly Int32Array[],
  bytes: number,
): Generator<void, { forms: Forms[]; variance: Float64Array }> {
  const { dimension } = request;
  const rows = request.own.length;
  const forms = METRICS.map(() => emptyForms(incidence, partitions.length));
  const variance = new Float64Array(dimension);
  const held = rows + Math.max(0, ...incidence.groupings.map((f) => f.groups));
  const width = Math.max(1, Math.min(dimension, Math.floor(bytes / (8 * held))));
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
