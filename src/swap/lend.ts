import { addTo } from "../core/group.ts";
import { mulberry32, namedSeed } from "../core/rng.ts";
import { canonicalJson, sha256 } from "../files/hash.ts";
import { SETTINGS, traitsOf } from "../settings.ts";
import { BACKGROUND, type Cells, type CropSource, type Flag, type SwapPlan } from "../types.ts";

/** Raised whenever the same crops and masks lend other medium. */
const LEND_VERSION = 1;

/** Share of a crop that must be no cell for it to have a medium of its own; and for it to lend it before others. */
const OWN = 1 / 20;
const LENDS = 1 / 10;

/**
 * Says where the medium of a plan's cell-free composites comes from. A donor less than a twentieth of whose crop is no
 * cell, as in a closed sheet of cells, shows the medium of another crop of its field instead: one drawn by `seed` of
 * those that passed their quality checks and have a tenth free, or at least a twentieth where none has. A donor whose
 * field has none keeps its own crop. The plan itself is given back where no donor is so crowded.
 */
export function lendMedium(
  source: CropSource,
  plan: SwapPlan,
  { field, usable }: Pick<Cells, "field" | "usable">,
  seed: number,
): SwapPlan {
  if (source.masks !== "full") return plan;
  const rows = plan.setting.reduce((list, s, row) => {
    if (takesMedium(s) && plan.donor[row] >= 0) list.push(row);
    return list;
  }, [] as number[]);
  const mask = new Uint8Array(source.height * source.width);
  const shares = new Map<number, number>();
  const share = (cell: number) => {
    let known = shares.get(cell);
    if (known === undefined) {
      source.readMask(cell, mask);
      known = mask.reduce((n, label) => n + (label === BACKGROUND ? 1 : 0), 0) / mask.length;
      shares.set(cell, known);
    }
    return known;
  };
  const crowded = new Set(rows.map((row) => plan.donor[row]).filter((donor) => share(donor) < OWN));
  if (crowded.size === 0) return plan;
  const wanted = new Set(Array.from(crowded, (donor) => field[donor]));
  const lenders = new Map<string, number[]>();
  field.forEach((name, cell) => {
    if (wanted.has(name) && usable[cell] === 1 && share(cell) >= OWN) addTo(lenders, name, cell);
  });
  const of = new Int32Array(plan.count).fill(-1);
  const drawn = new Map<number, number>();
  for (const donor of crowded) {
    const able = lenders.get(field[donor]) ?? [];
    const free = able.filter((cell) => share(cell) >= LENDS);
    const own = free.length > 0 ? free : able;
    const random = mulberry32(namedSeed(seed, "medium", donor));
    drawn.set(donor, own.length === 0 ? donor : own[Math.floor(random() * own.length)]);
  }
  for (const row of rows) of[row] = drawn.get(plan.donor[row]) ?? -1;
  const lends = [...drawn].some(([donor, lender]) => lender !== donor);
  const key = sha256(canonicalJson([LEND_VERSION, field, [...usable]])).slice(0, 12);
  return { ...plan, medium: { of, key: lends ? key : null } };
}

function takesMedium(setting: number): boolean {
  return traitsOf(SETTINGS[setting]).removes === "all";
}

/** Share of the cell-free composites without any medium from which on they say nothing. */
const TOO_MANY = 0.5;

/** Says where the crops are so full of cells that medium is lent, or that there is none. */
export function crowdedDonors(plan: SwapPlan): Flag | null {
  if (plan.medium === undefined) return null;
  const { of } = plan.medium;
  const donors = { all: new Set<number>(), lent: new Set<number>(), bare: new Set<number>() };
  let rows = 0;
  let bare = 0;
  for (let row = 0; row < plan.count; row++) {
    const donor = plan.donor[row];
    if (!takesMedium(plan.setting[row]) || donor < 0) continue;
    rows++;
    donors.all.add(donor);
    if (of[row] < 0) continue;
    donors[of[row] === donor ? "bare" : "lent"].add(donor);
    if (of[row] === donor) bare++;
  }
  const share = (n: number) =>
    `${n} of ${donors.all.size} donors (${((100 * n) / donors.all.size).toFixed(0)} %)`;
  const lent =
    donors.lent.size === 0
      ? ""
      : `${share(donors.lent.size)} of \`cell-free\` are full of cells (less than 5 % of the crop is medium) and show the medium of another crop of their field, as the plan says in its column medium_id`;
  if (donors.bare.size === 0) return { id: "lent-medium", severity: "note", encoder: null, text: lent };
  return {
    id: "no-medium",
    severity: bare > TOO_MANY * rows ? "refuse" : "warning",
    encoder: null,
    text: `${share(donors.bare.size)} of \`cell-free\` are full of cells, and so is every other crop of their fields: what is shown as medium there is what lies between cells, or the dimmest of them; import crops from sparser places of the same fields too, or leave \`cell-free\` out of "settings"${lent === "" ? "" : `; ${lent}`}`,
  };
}
