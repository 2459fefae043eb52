import { evenOut } from "./even-out.ts";

/** What a study offers to be split into closed groups; arrays without `rows` have one entry per row of the cell store. */
export interface GroupRequest {
  readonly classes: readonly string[];
  /** Rows of every class, in the order in which they are classified. */
  readonly rows: readonly ArrayLike<number>[];
  readonly field: ArrayLike<string>;
  readonly protein?: ArrayLike<string>;
  /** A column that the study names instead (plate, replicate); fields are then taken to lie within its values. */
  readonly cluster?: ArrayLike<string>;
}

/** What the number of clusters allows to be said. */
export type Reach =
  /** Every statement. */
  | "all"
  /** Every statement but those of `same`: a cell's donor would come from its own cluster. */
  | "without-same"
  /** Averages over classes only: two clusters leave one degree of freedom per class. */
  | "averages"
  /** Nothing beyond the cells at hand. */
  | "none";

/** Closed groups: no cluster, and with donors dealt within them no donor, is in two of them. */
export interface Groups {
  /** Number of groups, K; 0 where `reach` is `none`. */
  readonly count: number;
  /** Group of every row of the store, -1 where the cell is not part of the study. */
  readonly group: Int32Array;
  /** Cluster of every row of the store, numbered over all classes, -1 where the cell is not part of the study. */
  readonly cluster: Int32Array;
  /** Names of the clusters. */
  readonly names: readonly string[];
  /** What a cluster is. */
  readonly unit: "field" | "protein" | "cluster";
  /** Clusters of every class. */
  readonly perClass: readonly number[];
  /** The smallest of them, F. */
  readonly fewest: number;
  readonly reach: Reach;
  /** One sentence for everything that cannot be said, and why. */
  readonly notes: readonly string[];
}

/** Proteins per class from which they are the clusters: at least two in each of three groups. */
const PROTEINS = 6;
const MOST_GROUPS = 5;

/**
 * Splits the clusters of every class into K groups, cluster i (in order of first appearance) to group i mod K. With F
 * the smallest number of clusters of a class: K = min(floor(F / 2), 5) from F = 6, so that each group holds two
 * clusters of every class and a cell finds a donor of its own class in another one; K = F below, without `same`;
 * averages over classes only at F = 2; nothing at F = 1. Fewer groups where the clusters that classes share cannot be
 * split so.
 *
 * Clusters are the column that the study names; else proteins, where every class has six or more and no field holds
 * two groups' proteins; else fields. A cluster that several classes share is in one group for all of them.
 */
export function closedGroups(request: GroupRequest): Groups {
  const { protein, field } = request;
  if (request.cluster !== undefined) return split(request, request.cluster, "cluster", []);
  const proteins = protein === undefined ? [] : request.rows.map((rows) => distinct(rows, protein).length);
  const severalProteins = proteins.some((n) => n > 1);
  if (protein !== undefined && proteins.every((n) => n >= PROTEINS)) {
    const groups = split(request, protein, "protein", []);
    if (!crosses(request.rows, field, groups.group)) return groups;
  }
  return split(request, field, "field", severalProteins ? [THESE_PROTEINS] : []);
}

const THESE_PROTEINS =
  "What is said holds for other fields of these proteins, not for other proteins, for which every class would need six of its own.";

function split(
  { classes, rows }: GroupRequest,
  names: ArrayLike<string>,
  unit: Groups["unit"],
  notes: readonly string[],
): Groups {
  const size = names.length;
  const cluster = new Int32Array(size).fill(-1);
  const ids = new Map<string, number>();
  const perClass = rows.map((list) => {
    const seen = new Set<number>();
    for (let i = 0; i < list.length; i++) {
      const name = names[list[i]];
      let id = ids.get(name);
      if (id === undefined) ids.set(name, (id = ids.size));
      cluster[list[i]] = id;
      seen.add(id);
    }
    return [...seen];
  });
  const counts = perClass.map((list) => list.length);
  const fewest = Math.min(...counts);
  const { count, groupOf, smallest } = deal(perClass, ids.size, fewest);
  const reach: Reach =
    count === 0 || smallest === 0
      ? "none"
      : fewest === 2
        ? "averages"
        : smallest > 1
          ? "all"
          : "without-same";
  const kept = reach === "none" ? 0 : count;
  return {
    count: kept,
    group: cluster.map((id) => (id < 0 ? -1 : kept === 0 ? 0 : groupOf[id])),
    cluster,
    names: [...ids.keys()],
    unit,
    perClass: counts,
    fewest,
    reach,
    notes: [...notes, ...reasons(reach, unit, classes[counts.indexOf(fewest)], fewest)],
  };
}

/** Deals clusters to as many groups as F allows, or to fewer where the clusters that classes share ask for that. */
function deal(perClass: readonly number[][], clusters: number, fewest: number) {
  const most = fewest < 2 ? 0 : fewest < 6 ? fewest : Math.min(fewest >> 1, MOST_GROUPS);
  const dealt = (count: number) => {
    const groupOf = dealClusters(perClass, clusters, count);
    return { count, groupOf, smallest: Math.min(...perClass.map((list) => leastUsed(list, groupOf, count))) };
  };
  const tries = [dealt(most)];
  for (const wanted of fewest < 6 ? [1] : [2, 1])
    for (let k = 0; most - k >= Math.min(most, 3); k++) {
      tries[k] ??= dealt(most - k);
      if (tries[k].smallest >= wanted) return tries[k];
    }
  return tries[0];
}

/** Group of every cluster: in turn within each class; a cluster that an earlier class has placed keeps its group. */
function dealClusters(perClass: readonly number[][], clusters: number, count: number): Int32Array {
  const groupOf = new Int32Array(clusters).fill(-1);
  if (count === 0) return groupOf;
  for (const list of perClass) {
    const used = new Int32Array(count);
    for (const id of list) if (groupOf[id] >= 0) used[groupOf[id]]++;
    for (const id of list) {
      if (groupOf[id] >= 0) continue;
      const least = used.indexOf(Math.min(...used));
      groupOf[id] = least;
      used[least]++;
    }
  }
  evenOut(perClass, groupOf, count);
  return groupOf;
}

/** Clusters of a class in the group that has fewest of them. */
function leastUsed(list: readonly number[], groupOf: Int32Array, count: number): number {
  const used = new Int32Array(count);
  for (const id of list) used[groupOf[id]]++;
  return count === 0 ? 0 : Math.min(...used);
}

function reasons(reach: Reach, unit: string, name: string, fewest: number): string[] {
  const has = `class ${name} has ${fewest} ${unit}${fewest === 1 ? "" : "s"}`;
  if (reach === "without-same")
    return [
      `The setting same and the published drop are left out: ${has}, and a cell needs a donor of its class from another ${unit} of its group (six are enough).`,
    ];
  if (reach === "averages")
    return [
      `Only averages over classes are given, without the setting same: ${has}, which leaves one degree of freedom (three are enough for single classes).`,
    ];
  if (reach === "none")
    return [
      fewest < 2
        ? `What is said holds for these cells and probes with other donors only: ${has}, and no statement about other ${unit}s can be made from one.`
        : `What is said holds for these cells and probes with other donors only: the ${unit}s that classes share cannot be split so that each group has one of every class.`,
    ];
  return [];
}

function distinct(rows: ArrayLike<number>, names: ArrayLike<string>): string[] {
  const found = new Set<string>();
  for (let i = 0; i < rows.length; i++) found.add(names[rows[i]]);
  return [...found];
}

/** Whether cells of one field are in two groups. */
function crosses(rows: readonly ArrayLike<number>[], field: ArrayLike<string>, group: Int32Array): boolean {
  const groupOf = new Map<string, number>();
  for (const list of rows)
    for (let i = 0; i < list.length; i++) {
      const known = groupOf.get(field[list[i]]);
      if (known === undefined) groupOf.set(field[list[i]], group[list[i]]);
      else if (known !== group[list[i]]) return true;
    }
  return false;
}
