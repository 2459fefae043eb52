import { addTo } from "../core/group.ts";
import { mulberry32, namedSeed } from "../core/rng.ts";
import { sharedBytes } from "../core/share.ts";
import { canonicalJson, sha256 } from "../files/hash.ts";
import { SETTINGS, traitsOf } from "../settings.ts";
import { BACKGROUND, type Cells, type CropSource, type Flag, type SwapPlan } from "../types.ts";

/** Raised whenever the same crops and masks lend other medium. */
const LEND_VERSION = 2;

/** Share of a crop that must be no cell for it to have a medium of its own; and for it to lend it before others. */
const OWN = 1 / 20;
const LENDS = 1 / 10;

/** What decides who may lend medium to whom; arrays have one entry per row of the cell store. */
export interface Lending extends Pick<Cells, "field" | "usable"> {
  /** Class of every cell, also of those that the study does not use. */
  readonly labels: readonly (string | null)[];
  /** Cluster of every cell (`closedGroups`), -1 where the study does not use it. */
  readonly cluster: ArrayLike<number>;
}

/**
 * Says where the medium of a plan's cell-free composites comes from. A donor less than a twentieth of whose crop is no
 * cell, as in a closed sheet of cells, shows the medium of another crop of its field and class instead: one drawn by
 * `seed` of those that passed their quality checks and have a tenth free, or at least a twentieth where none has. So
 * that what tests a probe has not helped to train it, the lender is of the donor's cluster or not used by the study; so
 * that the medium is another image's, it is never the crop of the center cell. A donor that nothing can be lent to keeps
 * its own crop. The plan itself is given back where no donor is so crowded.
 */
export function lendMedium(source: CropSource, plan: SwapPlan, lending: Lending, seed: number): SwapPlan {
  if (source.masks !== "full") return plan;
  const { field, usable, labels, cluster } = lending;
  const showing = plan.runs.filter(({ setting }) => takesMedium(setting));
  const mask = new Uint8Array(source.height * source.width);
  const shares = new Float64Array(field.length).fill(Number.NaN);
  const share = (cell: number) => {
    if (!Number.isNaN(shares[cell])) return shares[cell];
    source.readMask(cell, mask);
    let free = 0;
    for (const label of mask) if (label === BACKGROUND) free++;
    return (shares[cell] = free / mask.length);
  };
  const crowded = new Set<number>();
  for (const { start, end } of showing)
    for (let row = start; row < end; row++)
      if (plan.donor[row] >= 0 && share(plan.donor[row]) < OWN) crowded.add(plan.donor[row]);
  if (crowded.size === 0) return plan;
  const place = (cell: number) => JSON.stringify([field[cell], labels[cell]]);
  const wanted = new Set(Array.from(crowded, place));
  const lenders = new Map<string, number[]>();
  for (let cell = 0; cell < field.length; cell++) {
    const at = place(cell);
    if (wanted.has(at) && usable[cell] === 1 && share(cell) >= OWN) addTo(lenders, at, cell);
  }
  const drawn = new Map<number, { readonly from: readonly number[]; readonly first: number }>();
  for (const donor of crowded) {
    const able = (lenders.get(place(donor)) ?? []).filter(
      (cell) => cluster[cell] < 0 || cluster[cell] === cluster[donor],
    );
    const free = able.filter((cell) => share(cell) >= LENDS);
    const from = free.length > 0 ? free : able;
    const random = mulberry32(namedSeed(seed, "medium", donor));
    drawn.set(donor, { from, first: Math.floor(random() * from.length) });
  }
  const of = new Int32Array(sharedBytes(4 * plan.count)).fill(-1);
  let lends = false;
  for (const { start, end } of showing)
    for (let row = start; row < end; row++) {
      const donor = plan.donor[row];
      const lot = drawn.get(donor);
      if (lot === undefined) continue;
      const { from, first } = lot;
      const next = from[first] === plan.cell[row] ? (first + 1) % from.length : first;
      of[row] = from.length === 0 || from[next] === plan.cell[row] ? donor : from[next];
      lends ||= of[row] !== donor;
    }
  const key = sha256(canonicalJson([LEND_VERSION, field, [...usable], labels, Array.from(cluster)])).slice(
    0,
    12,
  );
  return { ...plan, medium: { of, key: lends ? key : null } };
}

const TAKES_MEDIUM = SETTINGS.map((setting) => traitsOf(setting).removes === "all");

function takesMedium(setting: number): boolean {
  return TAKES_MEDIUM[setting];
}

/** Share of the cell-free composites without any medium from which on they say nothing. */
const TOO_MANY = 0.5;

/** Says where the crops are so full of cells that medium is lent, or that there is none. */
export function crowdedDonors(plan: SwapPlan): Flag | null {
  if (plan.medium === undefined) return null;
  const { of } = plan.medium;
  const donors = { all: new Set<number>(), lent: new Set<number>(), bare: new Set<number>() };
  const lenders = new Set<number>();
  let rows = 0;
  let bare = 0;
  for (const { setting, start, end } of plan.runs)
    for (let row = start; takesMedium(setting) && row < end; row++) {
      const donor = plan.donor[row];
      if (donor < 0) continue;
      rows++;
      donors.all.add(donor);
      if (of[row] < 0) continue;
      donors[of[row] === donor ? "bare" : "lent"].add(donor);
      if (of[row] === donor) bare++;
      else lenders.add(of[row]);
    }
  const share = (n: number) =>
    `${n} of ${donors.all.size} donors (${((100 * n) / donors.all.size).toFixed(0)} %)`;
  const lent =
    donors.lent.size === 0
      ? ""
      : `${share(donors.lent.size)} of cell-free are full of cells (less than 5 % of the crop is medium) and show the medium of another crop of their field and class (${lenders.size} ${lenders.size === 1 ? "crop lends" : "crops lend"} it), as the plan says in its column medium_id; the neighbor effect then compares neighbors with the medium of another place in their field`;
  if (donors.bare.size === 0) return { id: "lent-medium", severity: "note", encoder: null, text: lent };
  return {
    id: "no-medium",
    severity: bare > TOO_MANY * rows ? "refuse" : "warning",
    encoder: null,
    text: `${share(donors.bare.size)} of cell-free are full of cells, and so is every other crop of their field and class: what is shown as medium there is what lies between cells, or the dimmest of them; import crops from sparser places of the same fields too, or leave cell-free out of "settings"${lent === "" ? "" : `; ${lent}`}`,
  };
}
