import type { CellStore } from "../cells/store.ts";
import { groupRows } from "../core/group.ts";
import { DataError, SettingError, StudyError } from "../errors.ts";
import { AveragedFeatures } from "../features/averaged.ts";
import type { ExtractRequest } from "../features/extract.ts";
import type { CellTable } from "../features/feature-table.ts";
import type { FeatureSet } from "../features/features.ts";
import type { Unstructured } from "../files/h5ad.ts";
import { groupOf, measureScales, type Scales } from "../swap/intensity.ts";
import { recommendedFor } from "../swap/recommended.ts";
import type { Column, CompositeOptions } from "../types.ts";
import { type CellPlan, clearPlan, maskedPlan, recomposedPlan } from "./cell-plan.ts";
import { distanceOfCells, distanceOfClasses } from "./class-distance.ts";
import { DEFAULT_DONORS } from "./enough-donors.ts";
import { type Influences, measureInfluence } from "./influence.ts";
import { type CellClasses, cellClasses } from "./lenders.ts";
import { changedBy, parseRemedy, type Remedy } from "./name.ts";
import { type Surroundings, surroundingsOf } from "./neighbors.ts";
import { fitOwnProbes } from "./own-probability.ts";

/** Names donors, fills and lent medium. */
const SEED = 1;

type Between = () => Promise<void>;

/** What takes the neighbors out of the features of cells. */
export interface CellRemedy
  extends Pick<ExtractRequest, "plan" | "scales" | "composite">,
    Partial<Pick<ExtractRequest, "derived">> {
  readonly name: string;
  /** What becomes of the features of the plan. */
  finish(sets: readonly FeatureSet[], between: Between): Promise<Remedied>;
}

/** Features of cells without their neighbors, and what is said of the cells. */
export interface Remedied extends Pick<CellTable, "sets"> {
  /** Further columns, one entry per cell. */
  readonly columns: ReadonlyMap<string, Column>;
  readonly uns: Unstructured;
  /** Distance in feature space that counts as an influence of 1, by output; of `recompose` only. */
  readonly distance: Readonly<Record<string, number>>;
  /** What is not known, and why. */
  readonly notes: readonly string[];
}

/**
 * Prepares a remedy for the cells `rows` of a store: donors, intensity scales, what stands around every cell.
 * @param remedy from {@link cellRemedy}
 * @param column metadata column that holds the class, as {@link cellClasses} takes it
 * @throws CellswapError for masks that know too little, a column that is not there, fields whose levels cannot be measured
 */
export async function prepareRemedy(
  store: CellStore,
  rows: Int32Array,
  remedy: Remedy,
  column: string | undefined,
  between: Between,
): Promise<CellRemedy> {
  checkMasks(store, remedy);
  const classes = cellClasses(store.cells, column, store.path);
  const composite = recommendedFor(store, SEED);
  const scales = fieldScales(store, rows, composite);
  const around = store.masks === "full" ? await surroundingsOf(store, rows, between) : null;
  const made = cellPlan(store, rows, remedy, around, classes);
  const fields = Array.from(rows, (row) => store.cells.field[row]);
  return {
    name: remedy.name,
    plan: made.plan,
    ...(made.derived === undefined ? {} : { derived: made.derived }),
    scales,
    composite,
    finish: (sets, between) =>
      finish(sets, made, { remedy, around, classes: positions(store, rows, classes), fields }, between),
  };
}

/** Takes the name of a remedy apart that needs no study. @throws StudyError for others */
export function cellRemedy(text: string): Remedy {
  const remedy = parseRemedy(text);
  if (!remedy.retrained && changedBy(remedy) === "crops") return remedy;
  throw new StudyError(`--remedy ${remedy.name} does not change what the encoder sees: ${instead(remedy)}`);
}

/** How features are made with a remedy that is part of the encoder. */
function instead({ name, kind, retrained }: Remedy): string {
  if (retrained)
    return `give the retrained encoder as --encoder${kind === null ? "" : `, with --remedy ${name.replace(/^[^+]*[+]/, "")}`}`;
  if (kind === "augmented") return "its probes are of a study, the features stay as they are; leave it out";
  const from = kind === "pool" ? "--encoder ENCODER" : "STUDY.json --encoder NAME";
  return `\`cellswap export encoder ${from} --remedy ${name} --out FREE.json\` makes an encoder of it; give that as --encoder`;
}

function checkMasks({ masks, path }: CellStore, { name, kind }: Remedy): void {
  if (masks === "none")
    throw new DataError(
      `has no masks, and --remedy ${name} needs them; make them with \`cellswap segment\``,
      {
        path,
      },
    );
  if (masks === "center" && kind !== "masked")
    throw new DataError(
      `has masks that know the center cell only, and --remedy ${name} needs the neighbors; add them with \`cellswap segment --neighbors\`, or take --remedy masked`,
      { path },
    );
}

/** Levels of every field. @throws DataError for a field where they cannot be measured */
function fieldScales(store: CellStore, rows: Int32Array, composite: CompositeOptions): Scales {
  const { path, cells, channels } = store;
  let scales: Scales;
  try {
    scales = measureScales(store, composite, groupOf(cells, composite.intensity));
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    const [what] = error.reason.split(";");
    throw new DataError(
      `field ${what}; backgrounds are brought to the levels of a cell's field: leave this one out of the cells, or look at its masks`,
      { path },
    );
  }
  for (const row of rows)
    if (Number.isNaN(scales.cell[scales.groupOf[row] * channels.length]))
      throw new DataError(
        `field ${cells.field[row]} has no cell whose mask passed, so that its levels are unknown; a remedy for its cells needs them: leave --all out, take --allow where its masks are right, or segment it again`,
        { path },
      );
  return scales;
}

function cellPlan(
  store: CellStore,
  rows: Int32Array,
  { kind, value }: Remedy,
  around: Surroundings | null,
  classes: CellClasses,
): CellPlan {
  if (kind === "masked") return maskedPlan(rows, store, value ?? 0);
  if (kind === "clear") return clearPlan(rows, store);
  const beset = Int32Array.from(rows.keys()).filter((at) => around!.count[at] > 0);
  return recomposedPlan(rows, beset, store, { draws: value ?? DEFAULT_DONORS, classes, seed: SEED });
}

/** Positions among `rows` of the usable cells of every class that has any. */
function positions({ cells }: CellStore, rows: Int32Array, { names, of }: CellClasses) {
  const at = Int32Array.from(rows.keys()).filter((i) => cells.usable[rows[i]] === 1 && of[rows[i]] >= 0);
  const members = groupRows(at, (i) => of[rows[i]]);
  return {
    names: [...members.keys()].map((c) => names[c]),
    rows: [...members.values()].map((list) => Int32Array.from(list, (k) => at[k])),
  };
}

interface Known {
  readonly remedy: Remedy;
  readonly around: Surroundings | null;
  readonly classes: { readonly names: readonly string[]; readonly rows: readonly Int32Array[] };
  /** Of every cell. */
  readonly fields: readonly string[];
}

async function finish(
  sets: readonly FeatureSet[],
  { plan, influence, notes: planned }: CellPlan,
  known: Known,
  between: Between,
): Promise<Remedied> {
  const { remedy, around } = known;
  const columns = new Map<string, Column>();
  const notes = [...planned];
  const uns: Record<string, Unstructured | string | number | readonly string[]> = { remedy: remedy.name };
  if (around === null)
    notes.push(
      "The masks know the center cells only, so that the number and area of neighbors are not known; `cellswap segment --neighbors` adds them.",
    );
  else {
    columns.set("Metadata_Neighbors", around.count);
    columns.set("Metadata_NeighborArea", around.area);
  }
  if (influence === null) {
    notes.push(
      `--remedy ${remedy.name} shows no cell with its neighbors, so that there is no neighbor influence.`,
    );
    return { sets, columns, uns: { ...uns, notes }, distance: {}, notes };
  }
  const { count, draws } = influence;
  uns.donors = draws;
  const averaged = sets.map((set) => new AveragedFeatures(set.name, set, plan, { count, draws }));
  const distance: Record<string, number> = {};
  for (const [s, set] of sets.entries()) {
    const { found, yardstick, why } = await influenceOf(set, averaged[s], influence, known, between);
    for (const note of why) if (!notes.includes(note)) notes.push(note);
    uns.distance_between = yardstick.of;
    distance[set.name] = yardstick.distance;
    const name = `Metadata_NeighborInfluence${sets.length === 1 ? "" : `_${set.name}`}`;
    columns.set(name, found.influence);
    columns.set(`${name}_SE`, found.influenceError);
    columns.set(`${name}_Probability`, found.probability);
    columns.set(`${name}_Probability_SE`, found.probabilityError);
  }
  return { sets: averaged, columns, uns: { ...uns, distance, notes }, distance, notes };
}

async function influenceOf(
  set: FeatureSet,
  averaged: AveragedFeatures,
  plan: NonNullable<CellPlan["influence"]>,
  { classes, fields }: Known,
  between: Between,
): Promise<{ found: Influences; yardstick: ReturnType<typeof distanceOfCells>; why: string[] }> {
  const { count, draws } = plan;
  const why: string[] = [];
  await between();
  const yardstick =
    classes.rows.length > 1
      ? distanceOfClasses(averaged, classes.rows, (at) => fields[at])
      : distanceOfCells(
          averaged,
          Int32Array.from({ length: count }, (_, at) => at),
        );
  if (yardstick.of === "cells")
    why.push(
      "There are no two classes, so that neighbor influence is in units of the typical distance between two cells; --class names a column with classes.",
    );
  if (Number.isNaN(yardstick.distance))
    why.push(
      `The features of ${yardstick.of === "classes" ? "classes differ no more than by chance" : "cells do not differ"}, so that there is no distance to hold the influence of neighbors against: it is not known.`,
    );
  const probes = await fitOwnProbes(
    set,
    { count, draws },
    { names: classes.names, classes: classes.rows, field: fields },
    between,
  );
  if (typeof probes === "string")
    why.push(`What neighbors do to the class's probability is not known: ${probes}.`);
  if (draws < 3)
    why.push(
      draws < 2
        ? "One donor cannot tell what the neighbors do from what the medium does: neighbor influence is not known; take two or more, three for its standard error."
        : "The standard error of the neighbor influence takes three donors.",
    );
  const found = await measureInfluence(
    set,
    plan,
    { yardstick: yardstick.distance, probes: typeof probes === "string" ? null : probes },
    between,
  );
  return { found, yardstick, why };
}
