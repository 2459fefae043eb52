import type { Groups } from "../core/groups.ts";
import type { ShareRequest } from "./shares.ts";

/** A random part of the model. */
export interface Factor {
  readonly name: `${"own" | "donor"}-${"batch" | "cluster" | "protein" | "field"}` | "cell" | "donor";
  /** Whether it comes with the background. */
  readonly lent: boolean;
  /** Per composite. */
  readonly group: Int32Array;
  /** Why the design does not show it; null where it does. */
  readonly missing: string | null;
  /** Whether it is in the model; a part that cannot be told from another's may be, for both. */
  readonly modeled: boolean;
}

/**
 * The random parts of a study's composites, coarse before fine. Batches that a class has several of, proteins likewise, and
 * the column that the study names as its cluster are parts of their own: donors are of the cell's own closed group, and
 * where groups line up with batches, what a batch does to the cell would else be booked to the donor's field. Cell, donor and fields that the design cannot show are named with
 * the reason.
 */
export function chooseFactors(request: ShareRequest, block: Int32Array, unit: Groups["unit"]): Factor[] {
  const { cell, donor, field, cluster, protein, batch = null } = request;
  const through = (rows: Int32Array, names: Int32Array) => rows.map((row) => names[row]);
  const found = [false, true].flatMap((lent): Omit<Factor, "modeled">[] => {
    const rows = lent ? donor : cell;
    const side = lent ? "donor" : "own";
    const fields = through(rows, field);
    const coarse: Pick<Factor, "name" | "group">[] = [];
    for (const [name, of] of [
      ["cluster", unit === "cluster" ? cluster : null],
      ["batch", batch],
      ["protein", protein],
    ] as const) {
      if (of === null) continue;
      const group = through(rows, of);
      if (
        variesWithin(group, block) &&
        ![fields, ...coarse.map((f) => f.group)].some((g) => sameParts(g, group))
      )
        coarse.push({ name: `${side}-${name}`, group });
    }
    return [
      ...coarse.map((f) => ({ ...f, lent, missing: null })),
      { name: `${side}-field`, lent, group: fields, missing: whyMissing("field", fields, rows, block) },
      {
        name: lent ? "donor" : "cell",
        lent,
        group: rows,
        missing: whyMissing(lent ? "donor" : "cell", rows, null, block),
      },
    ];
  });
  // Where fields hold several classes and a closed group has two of them, the cell's tells the donor's.
  return found.map((f) => {
    const twin = found.find((g) => g.lent !== f.lent && sameParts(f.group, g.group));
    return twin === undefined || f.missing !== null
      ? { ...f, modeled: f.missing === null }
      : { ...f, modeled: !f.lent, missing: `all cells of a ${nounOf(f)} have donors of one and the same` };
  });
}

function nounOf({ name }: Pick<Factor, "name">): string {
  return name.replace(/^(?:own|donor)-/, "");
}

/** @param finer the next finer part of the same side, null for the finest */
function whyMissing(
  noun: string,
  group: Int32Array,
  finer: Int32Array | null,
  block: Int32Array,
): string | null {
  if (sameParts(group, Int32Array.from(group.keys())))
    return `every ${noun} is in one composite, so that its part and the residual are one`;
  if (finer !== null && sameParts(group, finer))
    return "every field holds one cell, so that their parts are one";
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
function sameParts(a: Int32Array, b: Int32Array): boolean {
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
