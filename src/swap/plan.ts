import { groupRows } from "../core/group.ts";
import { mulberry32, namedSeed } from "../core/rng.ts";
import { share, sharedBytes } from "../core/share.ts";
import { SettingError } from "../errors.ts";
import { hasSharedBackground, pastesBack, SETTINGS, type Setting, traitsOf } from "../settings.ts";
import type { PlanRun, SwapPlan } from "../types.ts";
import { dealDonors, mendPairs } from "./donors.ts";

/** Which cells of the own class may lend a background in `same`. */
export type SameDonor = "any" | "same-protein" | "other-protein";

/** What a swap plan is made from; arrays have one entry per row of the cell store. */
export interface PlanRequest {
  /** Class names; `classOf` points into them. */
  readonly classes: readonly string[];
  /** Class of each row, -1 where the cell is not part of the study. */
  readonly classOf: Int16Array;
  readonly field: readonly string[];
  /** Null where the cells have none; then `sameDonor` is `any`. */
  readonly protein: readonly string[] | null;
  /** 1 for cells that may be used, as center cell and as donor. */
  readonly usable: Uint8Array;
  readonly settings: readonly Setting[];
  /** Classes that lend backgrounds in `cell-free` and `different`; all by default. */
  readonly backgrounds?: readonly string[];
  readonly sameDonor: SameDonor;
  readonly seed: number;
  /** Closed group of each row: donors then come from the cell's own group. */
  readonly group?: Int32Array;
}

/**
 * Draws the swap plan: every usable cell of the study in every setting.
 *
 * `same` gives each cell one donor of its own class, `different` one of every other class of `backgrounds`,
 * `cell-free` one of every class of `backgrounds`. A cell has one donor per background class, whatever the setting,
 * so that `cell-free` and `different` differ by the neighbors alone. Donors come from another field wherever the
 * class has one, are used equally often, and no cell lends to itself. Each (center class, background class) has its
 * own named seed, with groups each (center class, background class, group): more settings or classes leave the other
 * draws as they are. With groups, "the class" above means its cells in the cell's group. Time and memory are linear in
 * the number of composites.
 *
 * @throws SettingError where a class has no usable cell or a cell has no possible donor.
 */
export function makePlan(request: PlanRequest): SwapPlan {
  const { classes, classOf, settings, sameDonor } = request;
  if (request.protein === null && sameDonor !== "any")
    throw new SettingError(
      `the cells have no protein, so there is no donor of ${sameDonor === "same-protein" ? "their own" : "another"}; choose "any" as sameDonor, or import them with a column Protein`,
    );
  const fieldOf = numbers(request.field);
  const members = classMembers(request);
  const lending = (request.backgrounds ?? classes).map((name) => {
    const b = classes.indexOf(name);
    if (b < 0)
      throw new SettingError(`background class ${name} is not among the classes (${classes.join(", ")})`);
    return b;
  });
  lending.sort((a, b) => a - b);
  const wanted = SETTINGS.filter((s) => settings.includes(s));
  const count = planRows(
    members.map((m) => m.length),
    wanted,
    lending,
  );
  const plan = planArrays(count);
  const { runs, lacking } = outline(plan, request, { members, lending, wanted });
  // One background at a time, so that no more than its donors are held beside the plan.
  const donorOf = new Int32Array(classOf.length);
  for (let b = 0; b < classes.length; b++) {
    const own = lacking.filter((rows) => rows.background === b);
    for (let a = 0; a < classes.length; a++) {
      if (!own.some(({ shows }) => shows === "all" || (shows === "own") === (a === b))) continue;
      dealClosed(request, fieldOf, members, a, b).forEach((donor, i) => {
        donorOf[members[a][i]] = donor;
      });
    }
    for (const { start, end } of own)
      for (let row = start; row < end; row++) plan.donor[row] = donorOf[plan.cell[row]];
  }
  return { seed: request.seed, count, classes: [...classes], runs, ...plan };
}

/** The arrays of a plan of `count` composites, in memory that threads share where there is such memory. */
export function planArrays(count: number): Pick<SwapPlan, "cell" | "donor"> {
  return {
    cell: new Int32Array(sharedBytes(4 * count)),
    donor: new Int32Array(sharedBytes(4 * count)),
  };
}

/** Rows of a plan of one setting with one background class, and whose cells they show. */
interface Outlined {
  readonly background: number;
  readonly shows: "own" | "others" | "all";
  readonly start: number;
  readonly end: number;
}

/** Fills in cells, and donors where they are the cell itself or none. @returns settings and backgrounds, and what lacks donors */
function outline(
  plan: ReturnType<typeof planArrays>,
  { classes, classOf }: PlanRequest,
  {
    members,
    lending,
    wanted,
  }: {
    readonly members: readonly Int32Array[];
    readonly lending: readonly number[];
    readonly wanted: readonly Setting[];
  },
): { readonly runs: PlanRun[]; readonly lacking: Outlined[] } {
  const studied = mergeRows(members);
  const runs: PlanRun[] = [];
  const lacking: Outlined[] = [];
  let at = 0;
  const add = (setting: Setting, background: number, shows: Outlined["shows"]) => {
    const start = at;
    const cells = shows === "own" ? members[background] : studied;
    for (const cell of cells) if (shows !== "others" || classOf[cell] !== background) plan.cell[at++] = cell;
    if (at > start) runs.push({ setting: SETTINGS.indexOf(setting), background, start, end: at });
    if (background >= 0) lacking.push({ background, shows, start, end: at });
    else if (!pastesBack(setting)) plan.donor.fill(-1, start, at);
    else plan.donor.set(plan.cell.subarray(start, at), start);
  };
  for (const setting of wanted) {
    const { background, ownClass } = traitsOf(setting);
    if (background === "own-class") for (let a = 0; a < classes.length; a++) add(setting, a, "own");
    else if (background !== "background-class") add(setting, -1, "all");
    else for (const b of lending) add(setting, b, ownClass === undefined ? "all" : "others");
  }
  return { runs, lacking };
}

/**
 * Composites of a plan.
 * @param sizes cells of every class; @param lending positions of the classes that lend backgrounds
 */
export function planRows(
  sizes: readonly number[],
  settings: readonly Setting[],
  lending: readonly number[],
): number {
  const own = sizes.reduce((n, size) => n + size, 0);
  const across = lending.reduce((n, b) => n + own - sizes[b], 0);
  return settings.reduce((n, setting) => {
    if (!hasSharedBackground(setting)) return n + own;
    return n + (traitsOf(setting).ownClass === undefined ? lending.length * own : across);
  }, 0);
}

/** Usable rows of each class, ascending. */
function classMembers({ classes, classOf, usable }: PlanRequest): Int32Array[] {
  const rows: number[][] = classes.map(() => []);
  for (let i = 0; i < classOf.length; i++) if (classOf[i] >= 0 && usable[i] === 1) rows[classOf[i]].push(i);
  rows.forEach((r, c) => {
    if (r.length === 0)
      throw new SettingError(
        `class ${classes[c]} has no usable cell; leave the class out or look at the quality of its masks`,
      );
  });
  return rows.map((r) => Int32Array.from(r));
}

function mergeRows(members: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(members.reduce((n, m) => n + m.length, 0));
  let at = 0;
  for (const m of members) {
    all.set(m, at);
    at += m.length;
  }
  return all.sort();
}

/** One donor of class `b`, of the cell's group where there are groups, for every member of class `a`. */
function dealClosed(
  request: PlanRequest,
  fieldOf: Int32Array,
  members: readonly Int32Array[],
  a: number,
  b: number,
): Int32Array {
  const { classes, seed, group } = request;
  const stream = namedSeed(seed, "donors", classes[a], classes[b]);
  if (group === undefined) return deal(request, fieldOf, members[a], members[b], a, b, stream);
  const out = new Int32Array(members[a].length);
  for (const [k, at] of groupRows(members[a], (row) => group[row])) {
    const cells = Int32Array.from(at, (i) => members[a][i]);
    const donors = members[b].filter((row) => group[row] === k);
    if (donors.length === 0)
      throw new SettingError(
        `class ${classes[b]} has no usable cell in group ${k} that could lend its background there; use fewer groups or leave the class out`,
      );
    deal(request, fieldOf, cells, donors, a, b, namedSeed(stream, "group", k)).forEach((donor, i) => {
      out[at[i]] = donor;
    });
  }
  return out;
}

/** One of `donors`, of class `b`, for each of `cells`, of class `a`. */
function deal(
  { classes, protein, sameDonor, group }: PlanRequest,
  fieldOf: Int32Array,
  cells: Int32Array,
  donors: Int32Array,
  a: number,
  b: number,
  stream: number,
): Int32Array {
  const where = group === undefined ? "" : ` in group ${group[cells[0]]}`;
  if (a !== b || sameDonor === "any" || protein === null) {
    if (a === b && cells.length < 2)
      throw new SettingError(
        `class ${classes[a]} has one usable cell${where}, so it has no donor of its own class; add cells or leave the class out`,
      );
    return dealOthers(cells, donors, fieldOf, stream);
  }
  if (sameDonor === "other-protein") {
    const names = new Set(Array.from(cells, (c) => protein[c]));
    if (names.size < 2)
      throw new SettingError(
        `class ${classes[a]} has one protein (${protein[cells[0]]})${where}, so no donor of another protein; choose "any" or "same-protein" as sameDonor`,
      );
    const out = new Int32Array(cells.length);
    const keys = numbers(Array.from(cells, (c) => protein[c]));
    dealDonors({ cells, donors, cellKey: keys, donorKey: keys }, stream, out);
    mendPairs(
      { cells, donors },
      out,
      {
        wrong: (c, d) => fieldOf[c] === fieldOf[d],
        forbidden: (c, d) => protein[c] === protein[d],
      },
      mulberry32(namedSeed(stream, "mend")),
    );
    return out;
  }
  const out = new Int32Array(cells.length);
  for (const [name, at] of groupRows(cells, (c) => protein[c])) {
    const group = Int32Array.from(at, (i) => cells[i]);
    if (group.length < 2)
      throw new SettingError(
        `protein ${name} of class ${classes[a]} has one usable cell${where}, so it has no donor of its own protein; choose "any" as sameDonor or leave the protein out`,
      );
    dealOthers(group, group, fieldOf, namedSeed(stream, name)).forEach((donor, i) => {
      out[at[i]] = donor;
    });
  }
  return out;
}

/** Deals donors of another field; of the same field, but never the cell itself, where all donors share one. */
export function dealOthers(
  cells: Int32Array,
  donors: Int32Array,
  fieldOf: Int32Array,
  seed: number,
): Int32Array {
  const out = new Int32Array(cells.length);
  const oneField = donors.every((d) => fieldOf[d] === fieldOf[donors[0]]);
  const key = (row: number) => (oneField ? row : fieldOf[row]);
  dealDonors({ cells, donors, cellKey: cells.map(key), donorKey: donors.map(key) }, seed, out);
  return out;
}

/** Equal names get equal numbers. */
export function numbers(names: readonly string[]): Int32Array {
  const ids = new Map<string, number>();
  return Int32Array.from(names, (name) => {
    let id = ids.get(name);
    if (id === undefined) ids.set(name, (id = ids.size));
    return id;
  });
}

/** The crop whose medium composite `row` shows: that of its donor, unless another one lends its own. */
export function mediumOf(plan: SwapPlan, row: number): number {
  const lent = plan.medium?.of[row] ?? -1;
  return lent < 0 ? plan.donor[row] : lent;
}

/** The plan with its arrays in shared memory, so that every worker reads the same copy. */
export function sharePlan(plan: SwapPlan): SwapPlan {
  return {
    ...plan,
    cell: share(plan.cell),
    donor: share(plan.donor),
    medium: plan.medium && { ...plan.medium, of: share(plan.medium.of) },
  };
}
