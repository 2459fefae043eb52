import { mulberry32, namedSeed, shuffle } from "../core/rng.ts";
import { BACKGROUND, NEIGHBOR } from "../types.ts";
import { cutCrops, type SimulatedCrop } from "./crops.ts";
import { type FieldOptions, type SimulatedField, simulateField } from "./field.ts";
import type { Organism, OrganismName } from "./organism.ts";
import { ORGANISMS } from "./organisms.ts";
import type { Physics } from "./parameters.ts";
import { mixedProteins, type Protein, type SimulatedLocalization, singleProteins } from "./proteins.ts";

/** A whole screen: several proteins per localization, several fields per protein. */
export interface DatasetOptions {
  /** Names everything that is drawn anew: fields, cells, noise. */
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
  /** Fields per protein; more are added where they hold too few cells. */
  readonly fieldsPerProtein: number;
  /** See `FieldOptions`. */
  readonly correlation?: number;
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
export interface DatasetField {
  readonly protein: Protein;
  /** Unique name, `actin-1_0`. */
  readonly name: string;
  readonly field: SimulatedField;
  readonly cells: readonly DatasetCell[];
}

/**
 * Simulates a data set field by field, with no more than one field in memory; fields come by protein. A field gives at
 * most its share of the protein's cells, drawn at random, in label order. Same options, same bytes.
 * @throws RangeError where 50 fields in a row hold no whole cell (fields too small for the crops).
 */
export function* simulateFields(options: DatasetOptions): Generator<DatasetField> {
  const { organism = "yeast", seed, physics = {}, correlation = 0 } = options;
  for (const protein of datasetProteins(options)) {
    let missing = cellsOf(protein, options);
    for (let number = 0, barren = 0; missing > 0; number++) {
      const share = Math.ceil(missing / Math.max(1, options.fieldsPerProtein - number));
      const all = { organism, protein, field: number, seed, physics, correlation };
      const field = simulateField(all);
      const crops = cutCrops(field, organismOf(options).side);
      barren = crops.length === 0 ? barren + 1 : 0;
      if (barren === 50) throw new RangeError("fields hold no whole cell; make them larger or denser");
      const random = mulberry32(namedSeed(seed, "pick", protein.name, number));
      // A remainder of one or two cells would need a field of its own.
      const picked = shuffle(crops, random).slice(0, missing - share <= 2 ? missing : share);
      picked.sort((a, b) => a.cell.label - b.cell.label);
      const name = `${protein.name}_${number}`;
      const cells = picked.map((crop) => ({
        ...(options.alone === true ? cutAlone(all, crop.cell.label) : crop),
        protein,
        field: name,
        id: `${name}_${crop.cell.label}`,
      }));
      yield { protein, name, field, cells };
      missing -= picked.length;
    }
  }
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
