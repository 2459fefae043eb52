import { mean } from "../core/statistics.ts";
import type { Grouping } from "./estimate.ts";
import type { StatedNumber } from "./further.ts";
import type { Solved } from "./share-estimates.ts";
import type { Factor } from "./share-factors.ts";
import type { ClusterSums, Summed } from "./share-intervals.ts";
import type { ShareRequest } from "./shares.ts";

/** Clusters per class below which no interval is given. */
const FEWEST = 3;
const LEVEL = 0.95;
/** What the residual's variance is multiplied by: fields of cell and donor, which few groups pair, leave more in it. */
const RESIDUAL = 1.5;

const METHOD =
  "method of moments on crossed parts, cluster variance of what composites move a share by, own and donor clusters crossed, on the scale of logarithms of mean squares, Student's t with Satterthwaite's degrees of freedom";

/** Why nothing can be told: what cell or donor own would be in the residual. */
export function untoldOf(factors: readonly Factor[]): string | null {
  return (
    factors.find((f) => (f.name === "cell" || f.name === "donor" ? f.missing !== null : false))?.missing ??
    null
  );
}

/** What the numbers of one metric are made of. */
export interface Found {
  readonly solved: Solved;
  readonly pasted: Float64Array | null;
  readonly clusters: ClusterSums;
  readonly sums: Summed;
}

export interface About {
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
  const present = factors.filter((f) => f.modeled);
  const at = (wanted: (f: Factor) => boolean) => [...present.keys()].filter((i) => wanted(present[i]));
  const [residual, background, ownClass] = [0, 1, 2].map((i) => present.length + i);
  const part = (name: string, of: readonly number[] | null, beside = false): Part => ({
    name,
    of,
    beside,
    missing: null,
  });
  /** Why neither side's sum can be told: a part of both is one. */
  const shared = present.find((f) => f.missing !== null)?.missing ?? null;
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
      {
        ...part(
          "own",
          at((f) => !f.lent),
        ),
        missing: shared,
      },
      ...side(false),
      { ...part("background", [...at((f) => f.lent), background]), missing: shared },
      ...side(true),
      part("background-class", [background]),
      part("residual", [residual]),
      part("own-class", [ownClass], true),
      ...(request.pasted === null ? [] : [part("paste", null, true)]),
    ],
    whole: [...present.keys(), residual, background],
  };
}

/** All numbers of one metric; without `found` none can be told. */
export function state(prefix: string, found: Found | null, of: About): StatedNumber[] {
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
      (part.name.endsWith("-batch") || (part.name.endsWith("-protein") && unit !== "protein")
        ? `clusters are ${unit}s of these ${part.name.endsWith("-batch") ? "batches" : "proteins"}, which does not tell how much would change with others`
        : fewest < FEWEST
          ? `${fewest} ${unit}${fewest === 1 ? "" : "s"} a class are too few to see how much would change with others`
          : number?.interval === null
            ? `${unit}s move this by nothing, or by far more than there is of it, which does not tell how much would change with others`
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
      method: prefix === "variance" ? METHOD : `${METHOD}; not simulated by itself`,
      refused,
    };
  });
}

function share(
  { solved, pasted, clusters, sums }: Found,
  { name, of }: Part,
  whole: readonly number[],
  total: number,
  { pasted: cells, cluster, classOf }: ShareRequest,
) {
  const { variance, noise } = solved;
  const moves = new Float64Array(variance.length);
  const less = (value: number) => {
    for (const i of whole) moves[i] -= value / total;
  };
  if (of === null) {
    const middle = mean(pasted!);
    const value = middle / total;
    const more = new Float64Array(clusters.size);
    cells!.cell.forEach((row, i) => {
      const at = clusters.at(classOf[row], cluster[row]);
      if (at >= 0) more[at] += (pasted![i] - middle) / pasted!.length / total;
    });
    less(value);
    return {
      share: value,
      interval: clusters.interval({ share: value, noise: 0 }, sums, moves, { level: LEVEL, more }),
    };
  }
  const value = of.reduce((sum, i) => sum + variance[i], 0) / total;
  for (const i of of) moves[i] += 1 / total;
  less(value);
  const around = Math.max(0, ...of.map((i) => noise[i])) / total;
  const factor = name === "residual" ? RESIDUAL : 1;
  return {
    share: value,
    interval: clusters.interval({ share: value, noise: around }, sums, moves, { level: LEVEL, factor }),
  };
}

/** Cells of every class that has composites. */
function cellsOf({ own, cell }: ShareRequest): number[] {
  const cells = new Map<number, Set<number>>();
  own.forEach((a, i) => {
    cells.set(a, (cells.get(a) ?? new Set()).add(cell[i]));
  });
  return [...cells.values()].map((of) => of.size);
}
