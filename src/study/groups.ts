import { closedGroups, type Groups } from "../core/groups.ts";
import { groupSplit, type PairSplits, stratifiedPairs } from "../evaluate/split.ts";
import { traitsOf } from "../settings.ts";
import type { Cells, SwapPlan } from "../types.ts";
import type { FittedStudy, Study } from "./schema.ts";
import { metadataColumn, type Selection } from "./select.ts";

/** Folds where the number of fields allows no groups; nothing is said beyond the cells at hand then. */
const FOLDS = 5;

/** What the published split does to its numbers. */
const PUBLISHED =
  "Published folds and donors: cells of one field, and donors that serve both classes of a pair, stand on both sides of a fold, which moves accuracies by points either way and allows no interval (docs/validity.md).";

/**
 * Closed groups of the study's cells; of the published split only the clusters, and that nothing is said of others.
 * @throws StudyError for a column that the cells do not have
 */
export function studyGroups(cells: Cells, study: Study, selection: Selection): Groups {
  const groups = clustered(cells, study, selection);
  if (study.split === "groups") return groups;
  return { ...groups, count: 0, reach: "none", notes: [PUBLISHED] };
}

function clustered(cells: Cells, study: Study, { classes, rows }: Selection): Groups {
  const { field, protein } = cells;
  if (study.groupBy === undefined)
    return closedGroups({ classes, rows, field, ...(protein === null ? {} : { protein }) });
  const cluster = metadataColumn(cells, study.groupBy, "groupBy").map((value) => value ?? "unknown");
  return closedGroups({ classes, rows, field, cluster });
}

/**
 * Closed group of every row, those of proteins with several localizations (`multiple`) too: the group of the cells that
 * they share a cluster or a field with; fields that share neither are dealt in turn within their protein, the first of
 * each protein to the next group.
 */
export function multipleGroups(
  cells: Cells,
  study: Pick<Study, "groupBy">,
  { multiple }: Pick<Selection, "multiple">,
  { count, group, unit }: Pick<Groups, "count" | "group" | "unit">,
): Int32Array {
  const { field, protein } = cells;
  const names =
    unit === "cluster"
      ? metadataColumn(cells, study.groupBy!, "groupBy").map((value) => value ?? "unknown")
      : unit === "protein"
        ? protein!
        : field;
  const known = new Map<string, number>();
  for (const list of [field, names])
    group.forEach((k, row) => {
      if (k >= 0) known.set(list === names ? `cluster ${list[row]}` : `field ${list[row]}`, k);
    });
  const out = Int32Array.from(group);
  // Of a column that is named, cells of one value stay together.
  const dealt = unit === "cluster" ? names : field;
  const proteins = new Map<string, Set<string>>();
  for (const row of multiple) {
    const found = known.get(`cluster ${names[row]}`) ?? known.get(`field ${field[row]}`);
    if (found !== undefined) {
      out[row] = found;
      continue;
    }
    const name = protein?.[row] ?? "";
    let own = proteins.get(name);
    if (own === undefined) proteins.set(name, (own = new Set()));
    own.add(dealt[row]);
    out[row] = ([...proteins.keys()].indexOf(name) + own.size - 1) % count;
    known.set(unit === "cluster" ? `cluster ${names[row]}` : `field ${field[row]}`, out[row]);
  }
  return out;
}

/** The study without the settings that its groups are too small for. */
export function allowedSettings(study: FittedStudy, groups: Groups): FittedStudy {
  if (groups.reach === "all" || groups.reach === "none") return study;
  return { ...study, settings: study.settings.filter((s) => traitsOf(s).background !== "own-class") };
}

/** Groups of a study whose plan was made elsewhere: where donors cross them, nothing can be said beyond the cells at hand. */
export function checkClosed(groups: Groups, plan: SwapPlan): Groups {
  const crossing = plan.donor.reduce((n, donor, row) => {
    const own = groups.group[plan.cell[row]];
    // Cells of several localizations train no probe.
    return n + (donor >= 0 && own >= 0 && groups.group[donor] !== own ? 1 : 0);
  }, 0);
  if (crossing === 0 || groups.reach === "none") return groups;
  return {
    ...groups,
    reach: "none",
    notes: [
      `What is said holds for these cells, donors and probes only: ${crossing} donors of the given plan are of another group than their cell, so that what tests a probe has helped to train it.`,
    ],
  };
}

/** Folds of every pair of classes. */
export function foldsOf(study: Study, groups: Groups): number {
  return groups.count === 0 ? (study.folds ?? FOLDS) : groups.count;
}

/** Which cells train and test each pair of classes. */
export function studySplits(study: Study, groups: Groups, { classes, rows }: Selection): PairSplits {
  if (groups.count === 0) {
    const sizes = rows.map((list) => list.length);
    return stratifiedPairs(sizes, foldsOf(study, groups), classes);
  }
  const splits = groupSplit(
    rows.map((list) => list.map((row) => groups.group[row])),
    groups.count,
    classes,
  );
  return (first, second) => [splits[first], splits[second]];
}
