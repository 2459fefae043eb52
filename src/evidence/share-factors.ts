import type { Groups } from "../core/groups.ts";
import type { ShareRequest } from "./shares.ts";

/** A random part of the model. */
export interface Factor {
  readonly name: "own-field" | "own-cluster" | "cell" | "donor-field" | "donor-cluster" | "donor";
  /** Whether it comes with the background. */
  readonly lent: boolean;
  /** Per composite. */
  readonly group: Int32Array;
  /** Why the design does not show it; null where it does. */
  readonly missing: string | null;
}

/**
 * The random parts of a study's composites, coarse before fine. Clusters other than fields (proteins, a column that the
 * study names) are parts of their own. Parts that a design cannot show are named with the reason.
 */
export function chooseFactors(request: ShareRequest, block: Int32Array, unit: Groups["unit"]): Factor[] {
  const { cell, donor, field, cluster } = request;
  const through = (rows: Int32Array, names: Int32Array) => rows.map((row) => names[row]);
  const sides = [
    { of: "own", lent: false, rows: cell, finest: "cell" },
    { of: "donor", lent: true, rows: donor, finest: "donor" },
  ] as const;
  return sides.flatMap(({ of, lent, rows, finest }): Factor[] => {
    const fields = through(rows, field);
    const clusters = through(rows, cluster);
    const coarse: Pick<Factor, "name" | "group">[] = [{ name: `${of}-field`, group: fields }];
    if (unit !== "field" && !sameParts(clusters, fields))
      coarse.unshift({ name: `${of}-cluster`, group: clusters });
    const parts: Pick<Factor, "name" | "group">[] = [...coarse, { name: finest, group: rows }];
    return parts.map(({ name, group }, i) => ({
      name,
      lent,
      group,
      missing: whyMissing(name, group, parts[i + 1]?.group ?? null, block),
    }));
  });
}

const NOUNS = {
  "own-field": "field",
  "own-cluster": "cluster",
  cell: "cell",
  "donor-field": "donor's field",
  "donor-cluster": "donor's cluster",
  donor: "donor",
} as const satisfies Record<Factor["name"], string>;

/** @param finer the next finer part of the same side, null for the finest */
function whyMissing(
  name: Factor["name"],
  group: Int32Array,
  finer: Int32Array | null,
  block: Int32Array,
): string | null {
  const noun = NOUNS[name];
  const rows = Int32Array.from(group.keys());
  if (sameParts(group, rows))
    return `every ${noun} is in one composite, so that its part and the residual are one`;
  if (finer !== null && sameParts(group, finer))
    return `every ${noun} holds one cell, so that the parts of cell and ${noun} are one`;
  // Two blocks' rows of one group each: nothing differs within a block.
  if (!variesWithin(group, block)) return `no class has more than one ${noun} on a background`;
  return null;
}

function variesWithin(group: Int32Array, block: Int32Array): boolean {
  const first = new Map<number, number>();
  return block.some((b, row) => {
    const known = first.get(b);
    if (known === undefined) first.set(b, group[row]);
    return known !== undefined && known !== group[row];
  });
}

/** Whether two labelings part the rows alike. */
export function sameParts(a: Int32Array, b: Int32Array): boolean {
  const there = new Map<number, number>();
  const back = new Map<number, number>();
  return a.every((label, row) => {
    const other = b[row];
    const known = there.get(label) ?? other;
    const origin = back.get(other) ?? label;
    there.set(label, other);
    back.set(other, label);
    return known === other && origin === label;
  });
}
