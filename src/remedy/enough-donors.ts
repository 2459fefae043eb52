import type { FeatureSet } from "../features/features.ts";
import { distanceOfClasses } from "./class-distance.ts";
import { askedFor, type DonorCurve } from "./donor-curve.ts";

/** Numbers of donors that are looked at. */
const TRIED_DONORS = [1, 2, 4, 8, 16] as const;
/** Donors where features cannot say how many are enough: there is no distance between classes. */
export const DEFAULT_DONORS = 4;
/** Values of features that are held at once. */
const HELD = 1 << 21;

/** Features of the same cells, each on the cell-free backgrounds of several donors. */
export interface ManyDonors {
  readonly set: Pick<FeatureSet, "dimension" | "read">;
  /** Per class: rows of `set`, one list for each donor, cell by cell in the same order. */
  readonly rows: readonly (readonly Int32Array[])[];
  /** Field of a row of `set`. */
  readonly field: (row: number) => string;
}

/**
 * Chooses the number of donors that cells are recomposed onto: of 2, 4 and 8 the smallest at which what donors still
 * move features by is at most a tenth of the distance between classes ({@link askedFor}), 8 where it is at none. The mean of k draws has a k-th of the variance of
 * one, which is estimated over the donors that every cell has; the distance is that between the centroids of the cells'
 * means over donors, less what centroids differ by chance.
 */
export function enoughDonors(many: ManyDonors): DonorCurve {
  const { set, rows, field } = many;
  const several = rows.filter((lists) => lists.length > 1 && lists[0].length > 0);
  // A mean over donors stands at the row of its first donor.
  const at = new Map(
    several.flatMap((lists) => Array.from(lists[0], (row, i) => [row, [lists, i] as const])),
  );
  const means = {
    dimension: set.dimension,
    read: (wanted: ArrayLike<number>, out: Float32Array) => {
      const places = Array.from(wanted, (row) => at.get(row)!);
      const one = new Float32Array(out.length);
      out.fill(0);
      const [[lists]] = places;
      for (const of of lists.keys()) {
        set.read(
          places.map(([own, i]) => own[of][i]),
          one,
        );
        for (let j = 0; j < out.length; j++) out[j] += one[j] / lists.length;
      }
    },
  };
  const { distance } = distanceOfClasses(
    means,
    several.map((lists) => lists[0]),
    field,
  );
  const spread = Math.sqrt(varianceOverDonors(set, several));
  const left = (donors: number) => {
    const residual = spread / Math.sqrt(donors) / distance;
    return Number.isFinite(residual) ? residual : null;
  };
  const residual = TRIED_DONORS.map((donors) => ({ donors, residual: left(donors) }));
  return { donors: askedFor(residual)?.donors ?? DEFAULT_DONORS, residual };
}

/** Variance over the donors of a cell, summed over features, on average over cells. */
function varianceOverDonors(set: ManyDonors["set"], rows: ManyDonors["rows"]): number {
  const { dimension } = set;
  let sum = 0;
  let cells = 0;
  for (const lists of rows) {
    const n = lists.length;
    const step = Math.max(1, Math.floor(HELD / (dimension * n)));
    for (let from = 0; from < lists[0].length; from += step) {
      const pieces = lists.map((list) => {
        const own = list.subarray(from, from + step);
        const piece = new Float32Array(own.length * dimension);
        set.read(own, piece);
        return piece;
      });
      for (let j = 0; j < pieces[0].length; j++) {
        let mean = 0;
        for (const piece of pieces) mean += piece[j] / n;
        for (const piece of pieces) sum += (piece[j] - mean) ** 2 / (n - 1);
      }
      cells += pieces[0].length / dimension;
    }
  }
  return sum / cells;
}
