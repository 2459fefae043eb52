import { mulberry32, namedSeed, shuffle } from "../core/rng.ts";
import { BACKGROUND, NEIGHBOR } from "../types.ts";
import { cutCrops, type SimulatedCrop } from "./crops.ts";
import { checkLayout, type Layout, type PlannedField, planFields } from "./cultures.ts";
import { type FieldOptions, type SimulatedField, simulateField } from "./field.ts";
import type { Organism, OrganismName } from "./organism.ts";
import { ORGANISMS } from "./organisms.ts";
import type { Physics } from "./parameters.ts";
import { mixedProteins, type Protein, type SimulatedLocalization, singleProteins } from "./proteins.ts";

/** A whole screen: several proteins per localization, several fields per protein. */
export interface DatasetOptions extends Layout {
  /** Names everything that is drawn anew: fields, cells, plates, noise. */
  readonly seed: number;
  /** Names the proteins' traits; data sets that share it share their proteins. Standard 1. */
  readonly proteome?: number;
  /** Standard yeast. */
  readonly organism?: OrganismName;
  /** Of the organism; standard all. */
  readonly localizations?: readonly SimulatedLocalization[];
  /** Singly localized proteins of each localization. */
  readonly proteinsPerLocalization: number;
  /** Heterogeneous proteins. */
  readonly heterogeneous?: number;
  readonly cellsPerProtein: number;
  /** Cells of a heterogeneous protein; standard: as for the others. */
  readonly cellsPerHeterogeneous?: number;
  /** See `FieldOptions`. */
  readonly correlation?: number;
  /** See `FieldOptions`. */
  readonly patchiness?: number;
  /** The same cells, each imaged without all others of its field, which then are in no mask either. */
  readonly alone?: boolean;
  readonly physics?: Partial<Physics>;
}

/** A crop and where it belongs. */
export interface DatasetCell extends SimulatedCrop {
  readonly protein: Protein;
  /** Unique name of the field, `actin-1_0`. */
  readonly field: string;
  /** Unique name of the cell, `actin-1_0_12`. */
  readonly id: string;
  /** Plate of the field, from 0; null without plates. */
  readonly plate: number | null;
}

/** The organism of a data set. */
export function organismOf(options: DatasetOptions): Organism {
  return ORGANISMS[options.organism ?? "yeast"];
}

/** The proteins of a data set, singly localized ones first. */
export function datasetProteins(options: DatasetOptions): Protein[] {
  const { proteome = 1, localizations = organismOf(options).localizations } = options;
  return [
    ...singleProteins(options.proteinsPerLocalization, localizations, proteome),
    ...mixedProteins(options.heterogeneous ?? 0, localizations, proteome),
  ];
}

/** Number of cells of one protein. */
export function cellsOf(protein: Protein, options: DatasetOptions): number {
  const { cellsPerProtein, cellsPerHeterogeneous = cellsPerProtein } = options;
  return protein.shares.length > 1 ? cellsPerHeterogeneous : cellsPerProtein;
}

/** A field of a data set, and the cells that were drawn from it. */
export interface DatasetField extends PlannedField {
  readonly field: SimulatedField;
  readonly cells: readonly DatasetCell[];
}

/**
 * Simulates a data set field by field, with no more than one field in memory; fields come by protein where each has one.
 * A field gives at most its share of a protein's cells, drawn at random, in label order. Same options, same bytes.
 * @throws RangeError where 50 fields in a row hold no whole cell (fields too small for the crops) and as
 * {@link checkDataset}.
 */
export function* simulateFields(options: DatasetOptions): Generator<DatasetField> {
  const { organism = "yeast", seed, physics = {}, correlation = 0, patchiness = 0 } = options;
  const proteins = datasetProteins(options);
  checkLayout(proteins, options);
  const missing = new Map(proteins.map((protein) => [protein, cellsOf(protein, options)]));
  const fields = new Map(proteins.map((protein) => [protein, 0]));
  let barren = 0;
  for (const planned of planFields(proteins, options, missing)) {
    const { name, number, plate } = planned;
    const [protein, ...others] = planned.proteins;
    const onPlate = plate === null ? {} : { plate };
    const all = {
      organism,
      protein,
      others,
      field: number,
      seed,
      physics,
      correlation,
      patchiness,
      ...onPlate,
    };
    const field = simulateField(all);
    const crops = cutCrops(field, organismOf(options).side);
    const picked = planned.proteins.flatMap((own) => {
      const left = missing.get(own)!;
      if (left === 0) return [];
      const share = Math.ceil(left / Math.max(1, options.fieldsPerProtein - fields.get(own)!));
      const random = mulberry32(namedSeed(seed, "pick", own.name, number));
      const whole = shuffle(
        crops.filter(({ cell }) => cell.protein === own),
        random,
      );
      // A remainder of one or two cells would need a field of its own.
      const taken = whole.slice(0, left - share <= 2 ? left : share);
      missing.set(own, left - taken.length);
      fields.set(own, fields.get(own)! + 1);
      return taken;
    });
    barren = picked.length === 0 ? barren + 1 : 0;
    if (barren === 50) throw new RangeError("fields hold no whole cell; make them larger or denser");
    picked.sort((a, b) => a.cell.label - b.cell.label);
    const cells = picked.map((crop) => ({
      ...(options.alone === true ? cutAlone(all, crop.cell.label) : crop),
      protein: crop.cell.protein,
      field: name,
      id: `${name}_${crop.cell.label}`,
      plate,
    }));
    yield { ...planned, field, cells };
  }
}

/** @throws RangeError where the data set's proteins do not suffice for its co-cultures or plates. */
export function checkDataset(options: DatasetOptions): void {
  checkLayout(datasetProteins(options), options);
}

/** Cuts one cell from its field, imaged without the others. */
function cutAlone(field: FieldOptions, label: number): SimulatedCrop {
  const { side } = ORGANISMS[field.organism ?? "yeast"];
  const crop = cutCrops(simulateField({ ...field, alone: label }), side).find((c) => c.cell.label === label)!;
  for (const labels of [crop.mask, crop.nuclei])
    labels?.forEach((l, p) => {
      if (l === NEIGHBOR) labels[p] = BACKGROUND;
    });
  return crop;
}

/** The cells of {@link simulateFields}, one after the other. */
export function* simulateDataset(options: DatasetOptions): Generator<DatasetCell> {
  for (const { cells } of simulateFields(options)) yield* cells;
}
