import { mulberry32, namedSeed, shuffle } from "../core/rng.ts";
import { LOCALIZATIONS, type Localization } from "../names.ts";
import { cutCrops, type SimulatedCrop } from "./crops.ts";
import { simulateField } from "./field.ts";
import type { Physics } from "./parameters.ts";
import { mixedProteins, type Protein, singleProteins } from "./proteins.ts";

/** A whole screen: several proteins per localization, several fields per protein. */
export interface DatasetOptions {
  /** Names everything that is drawn anew: fields, cells, noise. */
  readonly seed: number;
  /** Names the proteins' traits; data sets that share it share their proteins. Standard 1. */
  readonly proteome?: number;
  readonly localizations?: readonly Localization[];
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

/** Side of a crop, pixels. */
export const CROP_SIDE = 64;

/** The proteins of a data set, singly localized ones first. */
export function datasetProteins(options: DatasetOptions): Protein[] {
  const { proteome = 1, localizations = LOCALIZATIONS } = options;
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

/**
 * Simulates a data set field by field, with no more than one field in memory; cells come by protein, field and label.
 * A field gives at most its share of the protein's cells, drawn at random. Same options, same bytes.
 * @throws RangeError where 50 fields in a row hold no whole cell (fields too small for the crops).
 */
export function* simulateDataset(options: DatasetOptions): Generator<DatasetCell> {
  for (const protein of datasetProteins(options)) {
    let missing = cellsOf(protein, options);
    for (let field = 0, barren = 0; missing > 0; field++) {
      const share = Math.ceil(missing / Math.max(1, options.fieldsPerProtein - field));
      const crops = cutCrops(
        simulateField({
          protein,
          field,
          seed: options.seed,
          physics: options.physics ?? {},
          correlation: options.correlation ?? 0,
        }),
        CROP_SIDE,
      );
      barren = crops.length === 0 ? barren + 1 : 0;
      if (barren === 50) throw new RangeError("fields hold no whole cell; make them larger or denser");
      const random = mulberry32(namedSeed(options.seed, "pick", protein.name, field));
      // A remainder of one or two cells would need a field of its own.
      const picked = shuffle(crops, random).slice(0, missing - share <= 2 ? missing : share);
      picked.sort((a, b) => a.cell.label - b.cell.label);
      for (const crop of picked) {
        const name = `${protein.name}_${field}`;
        yield { ...crop, protein, field: name, id: `${name}_${crop.cell.label}` };
      }
      missing -= picked.length;
    }
  }
}
