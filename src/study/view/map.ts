import { MOST_PRODUCTS, type PrincipalPlane, principalPlane } from "../../core/principal.ts";
import type { FeatureSet } from "../../features/features.ts";

/** Original crops that a map is fitted on at most, and bytes of their features where these are wide. */
const MOST_CROPS = 8192;
const MOST_BYTES = 1 << 27;

/**
 * The map of one encoder: the first two principal components of its standardized features of original crops, onto which
 * all composites are projected, so that a line between two settings of a cell is how far its features move, seen from one
 * side. Of many originals evenly spaced ones are taken.
 *
 * @param originals rows of the plan
 * @returns null where there are fewer than three, or nothing in their features differs
 */
export function fitMap(
  set: Pick<FeatureSet, "dimension" | "read">,
  originals: Int32Array,
): PrincipalPlane | null {
  const { dimension } = set;
  const most =
    dimension > MOST_PRODUCTS
      ? Math.min(MOST_PRODUCTS, Math.max(3, Math.floor(MOST_BYTES / (4 * dimension))))
      : MOST_CROPS;
  const rows = Math.min(originals.length, most);
  const taken = Int32Array.from(
    { length: rows },
    (_, i) => originals[Math.floor((i * originals.length) / rows)],
  );
  return principalPlane({
    rows,
    dimension,
    read: (from, to, out) => set.read(taken.subarray(from, to), out),
  });
}
